// SPDX-License-Identifier: GPL-2.0-only
/* manager_sched.c - the optional scheduler: its life, who is in it, and where their homes are. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "bpf/pins.h"
#include "bpf/sched_class.h"
#include "bpf/scheduler.h"
#include "manager_internal.h"
#include "observe/targets.h"
#include "undo/undo.h"
#include "util/log.h"

/*
 * In one look, of threads that forks brought in, or that a walk comes by: 4 us each or so. The rest
 * waits for the next look.
 */
#define STRAYS_WORK 4096

static int scope_is_managed(const struct manager *manager)
{
	return !manager->config->scheduler_all;
}

static void say_state(struct manager *manager, const char *state)
{
	snprintf(manager->sched.state, sizeof(manager->sched.state), "%s", state);
}

/*
 * Whoever has the policy before has it from somebody else, and nobody could tell these threads from
 * ours at the end. 1; 0: with the reason in @why.
 */
static int class_is_free(char *why, size_t why_size)
{
	int threads = sched_class_count("/proc");

	if (threads > 0)
		snprintf(why, why_size,
			 "%d threads have the policy SCHED_EXT already, by somebody else's doing; "
			 "expected none",
			 threads);
	else if (threads < 0)
		snprintf(why, why_size, "threads cannot be looked at: %s", strerror(-threads));
	return threads == 0;
}

static int start(struct manager *manager, char *why, size_t why_size)
{
	struct manager_sched *sched = &manager->sched;
	int managed = scope_is_managed(manager), ret;

	if (manager->worker_config.observe) {
		snprintf(why, why_size, "observing changes nothing");
		return -EOPNOTSUPP;
	}
	ret = cpus_read("/sys", &sched->cpus, why, why_size);
	if (ret < 0)
		return ret;
	if (sched->cpus.setup.slots < 2) {
		snprintf(why, why_size,
			 "all CPUs are of node %u; expected CPUs on two nodes or more, as on one "
			 "all memory is as near to each of them",
			 sched->cpus.node[0]);
		return -EOPNOTSUPP;
	}
	sched->cpus.setup.partial = (uint32_t)managed;
	sched->cpus.setup.narrow = (uint32_t)manager->config->scheduler_narrow;
	if (managed && !class_is_free(why, why_size))
		return -EBUSY;
	if (managed && !manager->undo) {
		snprintf(why, why_size, "there are no undo records");
		return -EOPNOTSUPP;
	}
	ret = scheduler_open(&sched->cpus.setup, &sched->scheduler, why, why_size);
	if (ret < 0 || !managed)
		return ret;
	ret = undo_note_class(manager->undo);
	if (ret == 0)
		return 0;
	snprintf(why, why_size, "no undo record can be written: %s", strerror(-ret));
	scheduler_close(sched->scheduler);
	sched->scheduler = NULL;
	return ret;
}

/* The worker, which is not at work now, uses it for as long as it is, whatever becomes of the rest. */
static void open_narrow(struct manager_sched *sched)
{
	if (sched->narrow >= 0)
		close(sched->narrow);
	sched->narrow = scheduler_narrow_open(sched->scheduler);
	if (sched->narrow < 0 && sched->narrow != -ENOENT)
		log_warning("scheduler is not told whose pages are being moved: %s; going on "
			    "without",
			    strerror(-sched->narrow));
}

void manager_open_scheduler(struct manager *manager)
{
	struct manager_sched *sched = &manager->sched;
	char why[256] = "";
	int ret;

	if (sched->scheduler)
		return;
	say_state(manager, manager->config->scheduler ? "off" : "");
	if (!manager->config->scheduler)
		return;
	ret = start(manager, why, sizeof(why));
	if (ret < 0) {
		snprintf(sched->state, sizeof(sched->state), "off: %s",
			 *why ? why : strerror(-ret));
		log_warning("scheduler is %s; going on without", sched->state);
		return;
	}
	manager->worker_config.cpus = &sched->cpus;
	open_narrow(sched);
	say_state(manager, "on");
	log_info("scheduler on, for %s, on %u nodes with CPUs",
		 scope_is_managed(manager) ? "managed processes" : "all processes",
		 sched->cpus.setup.slots);
}

void manager_pin_scheduler(struct manager *manager)
{
	int ret = manager->pinned ? scheduler_pin(manager->sched.scheduler, BPF_PIN_DIR) : 0;

	if (ret < 0)
		log_warning("counters of the scheduler are not pinned: %s; going on without",
			    strerror(-ret));
}

void manager_sched_add(struct manager *manager, uint32_t tgid)
{
	struct manager_sched *sched = &manager->sched;
	int ret = 0;

	if (!sched->scheduler)
		return;
	ret = scheduler_add(sched->scheduler, tgid);
	if (ret == 0 && scope_is_managed(manager))
		ret = sched_class_enter("/proc", tgid);
	if (ret < 0 && ret != -ESRCH)
		log_warning("pid %u is not scheduled by tiered: %s; leaving it to the kernel", tgid,
			    strerror(-ret));
}

void manager_sched_remove(struct manager *manager, uint32_t tgid)
{
	struct manager_sched *sched = &manager->sched;
	int ret;

	if (!sched->scheduler)
		return;
	scheduler_remove(sched->scheduler, tgid);
	if (!scope_is_managed(manager))
		return;
	ret = sched_class_leave("/proc", tgid);
	/* Its threads are strays that nobody has noted. */
	if (ret < 0 && ret != -ESRCH)
		sched->strays.again = 1;
}

void manager_sched_figures(struct manager *manager, const struct worker_figures *figures)
{
	struct manager_sched *sched = &manager->sched;
	size_t i;

	for (i = 0; sched->scheduler && i < figures->n; i++) {
		const struct worker_figure *figure = &figures->figures[i];
		const struct board_target *target = board_find(manager->board, figure->id);

		/* One that is gone has no entry, and gets none. */
		if (target)
			scheduler_set_home(sched->scheduler, target->key.tgid, figure->home);
	}
}

static int next_stray(void *arg, uint32_t *ret_tgid)
{
	return scheduler_take_stray(((struct manager *)arg)->sched.scheduler, ret_tgid);
}

static int is_managed(void *arg, uint32_t tgid)
{
	return board_find_process(((struct manager *)arg)->board, tgid) != NULL;
}

/* What a managed process has forked is none, until the rules say so. */
static void put_strays_back(struct manager *manager)
{
	const struct sched_strays_env env = {
		.proc_root = "/proc",
		.next = next_stray,
		.is_managed = is_managed,
		.arg = manager,
	};
	struct manager_sched *sched = &manager->sched;
	struct stats_sched counts;

	if (scheduler_counts(sched->scheduler, &counts) < 0)
		counts.strays_lost = sched->strays.lost;
	sched_strays_look(&sched->strays, &env, counts.strays_lost, STRAYS_WORK);
}

/* It is at work no more; what it counted goes with it. */
static void let_go(struct manager *manager)
{
	struct manager_sched *sched = &manager->sched;

	sched_strays_end(&sched->strays);
	if (manager->pinned)
		scheduler_unpin(BPF_PIN_DIR);
	scheduler_close(sched->scheduler);
	sched->scheduler = NULL;
}

/* Every thread is the kernel's again; only the names of their policies are left. */
static void put_all_back(struct manager *manager)
{
	if (!scope_is_managed(manager))
		return;
	undo_put_back(manager->undo, "sched_class");
}

static void take_end(struct manager *manager, const struct sched_ended *end)
{
	struct manager_sched *sched = &manager->sched;

	snprintf(sched->state, sizeof(sched->state), "ended by the kernel: %.63s%s%.127s",
		 end->reason, *end->message ? ": " : "", end->message);
	log_warning("scheduler %s; all threads are with the kernel's own again; it stays off "
		    "until a reload",
		    sched->state);
	let_go(manager);
	put_all_back(manager);
}

void manager_sched_look(struct manager *manager)
{
	struct manager_sched *sched = &manager->sched;
	struct sched_ended end;

	if (!sched->scheduler)
		return;
	if (scheduler_ended(sched->scheduler, &end) > 0) {
		take_end(manager, &end);
		return;
	}
	if (scope_is_managed(manager))
		put_strays_back(manager);
}

void manager_close_scheduler(struct manager *manager)
{
	if (manager->sched.narrow >= 0)
		close(manager->sched.narrow);
	manager->sched.narrow = -1;
	if (!manager->sched.scheduler)
		return;
	/* First: threads that are born meanwhile are looked for afterwards. */
	let_go(manager);
	put_all_back(manager);
}
