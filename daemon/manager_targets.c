// SPDX-License-Identifier: GPL-2.0-only
/* manager_targets.c - processes come and go: from /proc and BPF events to the worker. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/events.h"
#include "bpf/loader.h"
#include "manager_internal.h"
#include "observe/targets.h"
#include "util/log.h"

static void send(struct manager *manager, struct message *message, unsigned int kind)
{
	message->kind = kind;
	/* A full mailbox means a worker stuck in the kernel: the next sweep says it again. */
	if (mailbox_send(manager->worker_end, message) < 0)
		free(message);
}

static void send_add(struct manager *manager, const struct target_wanted *wanted)
{
	struct worker_add *add = calloc(1, sizeof(*add));

	if (!add)
		return;
	add->id = wanted->id;
	add->rule = wanted->rule;
	add->key = wanted->key;
	bpf_manage(manager->bpf, wanted->key.tgid, true);
	log_debug("target %u: %s (pid %u), %llu MiB resident", wanted->id, wanted->comm,
		  wanted->key.tgid, (unsigned long long)wanted->rss_pages >> 8);
	send(manager, &add->message, WORKER_ADD);
}

static void send_remove(struct manager *manager, uint32_t id)
{
	struct worker_remove *removed = calloc(1, sizeof(*removed));

	if (!removed)
		return;
	removed->id = id;
	send(manager, &removed->message, WORKER_REMOVE);
}

static void apply(struct manager *manager, const struct targets_change *change)
{
	size_t i;

	for (i = 0; i < change->n_removed; i++)
		send_remove(manager, change->removed[i]);
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

void manager_target_gone(struct manager *manager, uint32_t id)
{
	const struct target_wanted *wanted = targets_find(manager->targets, id);

	if (wanted)
		bpf_manage(manager->bpf, wanted->key.tgid, false);
	targets_on_gone(manager->targets, id);
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

/* What the kernel does to the memory of targets: booked as seen, beside what we asked for. */
static void on_faults(void *arg, const struct event_faults *event)
{
	struct manager *manager = arg;

	manager->events[event->header.kind]++;
	manager->seen.faults += event->count;
}

static void on_migration(void *arg, const struct event_migration *event)
{
	struct manager *manager = arg;

	manager->events[event->header.kind]++;
	if (!(event->header.flags & EVENT_F_OURS))
		manager->seen.moved_by_others += event->succeeded;
}

static void on_shootdowns(void *arg, const struct event_shootdowns *event)
{
	struct manager *manager = arg;

	manager->events[event->header.kind]++;
	manager->seen.shootdowns += event->received;
}

void manager_consume(struct manager *manager)
{
	static const struct event_handler handler = {
		.lifecycle = on_lifecycle,
		.faults = on_faults,
		.migration = on_migration,
		.shootdowns = on_shootdowns,
	};
	struct targets_change change;

	bpf_consume(manager->bpf, &handler, manager);
	if (manager->worker && targets_look(manager->targets, "/proc", &change) == 0)
		apply(manager, &change);
}
