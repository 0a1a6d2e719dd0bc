/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fake_tracker.h - what a window or a worker needs around it: a tracker that
 * does as it is told from outside its thread, a recorded machine with three
 * tiers, and children as targets.
 */
#ifndef TEST_FAKE_TRACKER_H
#define TEST_FAKE_TRACKER_H

#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "decide/policy.h"
#include "observe/proc.h"
#include "observe/target.h"
#include "observe/topology.h"
#include "util/clock.h"
#include "worker/worker.h"

/* Nodes 0, 1 and 2, a tier each, some 120,000 free pages on each. */
#define TREE "tests/data/topology/three-tier-7.2"

#define FAKE_PAGES 64
/* The first so many of them are accessed in each window, unless told otherwise. */
#define FAKE_HOT 32
#define SLOW_NODE 1

/* Set by the test, counted by the tracker; both at any time. */
static struct {
	atomic_int start_error, retarget_error, mark_error, read_error;
	atomic_int starts, stops, retargets, marks, reads, events;
	atomic_size_t targets;    /* of the last retarget() */
	atomic_size_t hot;        /* pages accessed in each window */
	atomic_uintptr_t address; /* where the pages of all targets are */
} fake;

struct fake_state {
	struct target *const *targets;
	size_t n;
};

static inline int fake_probe(const struct tracker_env *env, char *reason, size_t size)
{
	(void)env;
	(void)reason;
	(void)size;
	return 0;
}

static inline int fake_start(const struct tracker_env *env, void **ret_state)
{
	(void)env;
	fake.starts++;
	if (fake.start_error)
		return fake.start_error;
	*ret_state = calloc(1, sizeof(struct fake_state));
	return *ret_state ? 0 : -ENOMEM;
}

static inline int fake_retarget(void *arg, struct target *const *targets, size_t n)
{
	struct fake_state *state = arg;

	fake.retargets++;
	fake.targets = n;
	state->targets = targets;
	state->n = n;
	return fake.retarget_error;
}

static inline int fake_mark(void *arg, uint64_t max_pages, struct tracker_cost *ret_cost)
{
	struct fake_state *state = arg;

	(void)max_pages;
	fake.marks++;
	if (fake.mark_error)
		return fake.mark_error;
	*ret_cost = (struct tracker_cost){ .pages = state->n * FAKE_PAGES, .calls = 1 };
	return 0;
}

static inline void fake_marked_targets(void *arg, void (*each)(void *arg, struct target *target),
				       void *each_arg)
{
	struct fake_state *state = arg;
	size_t i;

	for (i = 0; i < state->n; i++)
		each(each_arg, state->targets[i]);
}

static inline int fake_read(void *arg, uint64_t interval_ns, observe_fn *observe, void *observe_arg,
			    struct tracker_cost *ret_cost)
{
	struct observation slice[FAKE_PAGES];
	struct fake_state *state = arg;
	size_t i, page;

	fake.reads++;
	if (fake.read_error)
		return fake.read_error;
	for (i = 0; i < state->n; i++) {
		for (page = 0; page < FAKE_PAGES; page++)
			slice[page] = (struct observation){
				.address = fake.address + page * TIERED_PAGE_SIZE,
				.interval_ns = interval_ns,
				.target = state->targets[i]->id,
				.node = SLOW_NODE,
				.seen = page < fake.hot ? SEEN_ACCESSED : SEEN_IDLE,
			};
		observe(observe_arg, slice, FAKE_PAGES);
	}
	*ret_cost = (struct tracker_cost){ .pages = state->n * FAKE_PAGES, .calls = 2 };
	return 0;
}

static inline void fake_on_event(void *state, const struct event_header *event)
{
	(void)state;
	fake.events += event->kind == EVENT_FAULTS;
}

static inline void fake_stop(void *state)
{
	fake.stops++;
	free(state);
}

static const struct tracker_ops fake_tracker = {
	.name = "fake",
	.summary = "does as a test tells it to",
	.probe = fake_probe,
	.start = fake_start,
	.retarget = fake_retarget,
	.mark = fake_mark,
	.marked_targets = fake_marked_targets,
	.read = fake_read,
	.on_event = fake_on_event,
	.stop = fake_stop,
};

static inline void fake_reset(void *pages)
{
	memset(&fake, 0, sizeof(fake));
	fake.address = (uintptr_t)pages;
	fake.hot = FAKE_HOT;
}

/* Windows of 10 ms on the recorded machine, nothing moved, no limit felt. */
static inline struct worker_config fake_config(const struct topology *topology)
{
	return (struct worker_config){
		.topology = topology,
		.tracker = &fake_tracker,
		.policy = &policy_heat,
		.proc_root = "/proc",
		.sys_root = TREE "/sys",
		.narrow = -1,
		.observe = 1,
		.window_ns = 10 * NSEC_PER_MSEC,
		.cpu_max_ppm = 8000000, /* more cores than are used */
		.memory_max = 1 << 26,
		.rate = 1 << 30,
	};
}

static inline struct topology *fake_topology(void)
{
	struct topology *topology;
	char why[160];

	if (topology_read(TREE "/sys", TREE "/proc", NULL, 0, &topology, why, sizeof(why)) < 0)
		return NULL;
	return topology;
}

/* Pages that children have at the same address; they are touched. */
static inline void *pages_make(void)
{
	size_t size = FAKE_PAGES * TIERED_PAGE_SIZE;
	void *pages = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (pages == MAP_FAILED)
		abort();
	memset(pages, 1, size);
	return pages;
}

/* A child that does nothing until it is killed, by us or by our end. */
static inline pid_t child_make(void)
{
	pid_t child = fork();

	if (child < 0)
		abort();
	if (child)
		return child;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;)
		pause();
}

static inline void child_end(pid_t child)
{
	if (child <= 0)
		return;
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}

static inline struct target_key child_key(pid_t child)
{
	struct target_key key = { .tgid = (uint32_t)child };
	struct proc_stat stat;

	assert_int_equal(proc_read_stat("/proc", key.tgid, &stat), 0);
	key.start_ns = stat.start_ns;
	return key;
}

#endif
