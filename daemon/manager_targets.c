// SPDX-License-Identifier: GPL-2.0-only
/* manager_targets.c - processes come and go: from /proc and BPF events to the worker. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/events.h"
#include "bpf/loader.h"
#include "manager_internal.h"
#include "observe/targets.h"
#include "util/clock.h"
#include "util/log.h"

/* New processes need about this long to become large; they are looked at a few times. */
#define LOOK_EVERY_NS NSEC_PER_SEC

/* It was paused before the reload. */
static void show_pause(struct manager *manager, const struct target_wanted *wanted)
{
	struct board_target *target = board_find(manager->board, wanted->id);

	if (target)
		target->paused = 1;
	log_info("target %u (pid %u) is still paused, as it was before the reload", wanted->id,
		 wanted->key.tgid);
}

/* Without memory for the message the target stays out until it execs. */
static void send_add(struct manager *manager, const struct target_wanted *wanted)
{
	struct worker_add *add = calloc(1, sizeof(*add));

	if (!add) {
		targets_refuse(manager->targets, wanted->id);
		return;
	}
	add->id = wanted->id;
	add->rule = wanted->rule;
	add->key = wanted->key;
	add->paused = manager_was_paused(manager, &wanted->key);
	manager_view_add(manager, wanted);
	bpf_manage(manager->bpf, wanted->key.tgid, true);
	log_debug("target %u: %s (pid %u), %llu MiB resident", wanted->id, wanted->comm,
		  wanted->key.tgid, (unsigned long long)wanted->rss_pages >> 8);
	if (add->paused)
		show_pause(manager, wanted);
	manager_sched_add(manager, wanted->key.tgid);
	worker_send(manager->worker, &add->message, WORKER_ADD);
}

static void send_remove(struct manager *manager, const struct target_removed *target)
{
	struct worker_remove *removed = calloc(1, sizeof(*removed));

	manager_view_remove(manager, target->id);
	manager_sched_remove(manager, target->tgid);
	bpf_manage(manager->bpf, target->tgid, false);
	if (!removed)
		return;
	removed->id = target->id;
	worker_send(manager->worker, &removed->message, WORKER_REMOVE);
}

static void apply(struct manager *manager, const struct targets_change *change)
{
	size_t i;

	for (i = 0; i < change->n_removed; i++)
		send_remove(manager, &change->removed[i]);
	for (i = 0; i < change->n_added; i++)
		send_add(manager, &change->added[i]);
}

void manager_sweep(struct manager *manager)
{
	struct targets_change change;
	int ret = targets_sweep(manager->targets, "/proc", &change);

	if (ret < 0) {
		log_warning("/proc cannot be listed: %s; keeping the targets of before",
			    strerror(-ret));
		return;
	}
	apply(manager, &change);
}

void manager_target_gone(struct manager *manager, const struct worker_gone *gone)
{
	const struct target_wanted *wanted = targets_find(manager->targets, gone->id);

	if (!wanted)
		return;
	manager_view_remove(manager, gone->id);
	manager_sched_remove(manager, wanted->key.tgid);
	bpf_manage(manager->bpf, wanted->key.tgid, false);
	if (gone->error == -ESRCH) {
		targets_on_gone(manager->targets, gone->id);
		return;
	}
	log_warning("%s (pid %u) cannot be managed: %s; leaving it alone until it execs",
		    wanted->comm, wanted->key.tgid, strerror(-gone->error));
	targets_refuse(manager->targets, gone->id);
}

static void on_lifecycle(void *arg, const struct event_lifecycle *event)
{
	struct manager *manager = arg;
	uint32_t tgid = event->header.tgid;

	manager->events[event->header.kind]++;
	switch (event->header.kind) {
	case EVENT_EXEC:
		targets_on_exec(manager->targets, tgid);
		break;
	case EVENT_EXIT:
		bpf_manage(manager->bpf, tgid, false);
		targets_on_exit(manager->targets, tgid);
		break;
	case EVENT_FORK:
		targets_on_fork(manager->targets, tgid);
		break;
	}
}

/* So many faults of one region in a second are worth a look at it. */
#define BURST_FAULTS 16

/* For the tracker, if it wants to know: of more regions than fit those with most faults. */
static void gather_faults(struct manager *manager, const struct event_faults *event)
{
	struct worker_faults *faults = manager->faults;
	size_t i, least = 0;

	if (!manager->worker || !manager->worker_config.tracker->on_event ||
	    event->count < BURST_FAULTS)
		return;
	/* Without memory for it, it is looked at when it has its turn. */
	if (!faults)
		faults = manager->faults = calloc(1, sizeof(*faults));
	if (!faults)
		return;
	if (faults->n < WORKER_FAULTS_MAX) {
		faults->list[faults->n++] = *event;
		return;
	}
	for (i = 1; i < faults->n; i++)
		if (faults->list[i].count < faults->list[least].count)
			least = i;
	if (event->count > faults->list[least].count)
		faults->list[least] = *event;
}

static void send_faults(struct manager *manager)
{
	struct worker_faults *faults = manager->faults;

	if (!faults)
		return;
	manager->faults = NULL;
	worker_send(manager->worker, &faults->message, WORKER_FAULTS);
}

/* What the kernel does to the memory of targets: booked as seen, beside what we asked for. */
static void on_faults(void *arg, const struct event_faults *event)
{
	struct manager *manager = arg;

	struct board_target *target = board_find_process(manager->board, event->header.tgid);

	manager->events[event->header.kind]++;
	manager->seen.faults += event->count;
	if (!target)
		return;
	target->new_faults += event->count;
	gather_faults(manager, event);
}

static void on_migration(void *arg, const struct event_migration *event)
{
	struct manager *manager = arg;

	manager->events[event->header.kind]++;
	verbs_on_migration(manager->verbs, event);
}

static void on_folio(void *arg, const struct event_folio *event)
{
	struct manager *manager = arg;

	manager->events[event->header.kind]++;
	verbs_on_folio(manager->verbs, event);
}

static void on_shootdowns(void *arg, const struct event_shootdowns *event)
{
	struct manager *manager = arg;
	struct board_target *target = board_find_process(manager->board, event->header.tgid);

	manager->events[event->header.kind]++;
	manager->seen.shootdowns += event->received;
	if (target)
		target->new_shootdowns += event->received;
}

void manager_consume(struct manager *manager)
{
	static const struct event_handler handler = {
		.lifecycle = on_lifecycle,
		.faults = on_faults,
		.migration = on_migration,
		.folio = on_folio,
		.shootdowns = on_shootdowns,
	};
	struct targets_change change;
	uint64_t now_ns = clock_now_ns();

	bpf_consume(manager->bpf, &handler, manager);
	verbs_on_round(manager->verbs);
	if (!manager->worker || now_ns - manager->last_look_ns < LOOK_EVERY_NS)
		return;
	manager->last_look_ns = now_ns;
	send_faults(manager);
	if (targets_look(manager->targets, "/proc", &change) == 0)
		apply(manager, &change);
}
