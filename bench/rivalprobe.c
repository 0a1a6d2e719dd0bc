// SPDX-License-Identifier: GPL-2.0-only
/*
 * rivalprobe.c - is a page called cold that was touched, while others clear accessed bits?
 *
 *	rivalprobe TRACKER CLEAR WINDOWS RIVAL CGROUP guarded|plain
 *
 * A child touches a third of its pages in each window, and the tracker is held against that.
 * In two of four windows a rival (lib/contender.h) works beside: it has come to an end at least
 * twice between the touching and the reading, and goes on while marks are read. "guarded":
 * as in the daemon, idle pages that its rivals may have made so are unknown (worker/doubt.h);
 * "plain": the tracker alone, for comparison. Prints what was right and what was not, for
 * windows with the rival and for those that had none, and none before.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/loader.h"
#include "bpf/young.h"
#include "lib/options.h"
#include "lib/contender.h"
#include "lib/touched.h"
#include "observe/rivals.h"
#include "observe/topology.h"
#include "observe/tracker.h"
#include "observe/young_source.h"
#include "util/clock.h"
#include "worker/doubt.h"

#define PAGES 8192
#define PERCENT 33
#define ROUNDS 2

struct tally {
	const char *name;
	uint64_t windows, right, missed, invented, unknown;
};

struct probe {
	const struct tracker_ops *tracker;
	struct tracker_env env;
	struct young_setup setup;
	void *state;
	struct touched touched;
	struct contender *contender;
	struct rivals *rivals;
	struct doubt doubt;
	struct tally *tally;
};

static void judge(const struct probe *probe, uint64_t page, uint8_t seen)
{
	const int touched = touched_is(page, PERCENT);
	struct tally *tally = probe->tally;

	if (seen == SEEN_UNKNOWN)
		tally->unknown++;
	else if (touched && seen == SEEN_IDLE)
		tally->missed++;
	else if (!touched && seen == SEEN_ACCESSED)
		tally->invented++;
	else
		tally->right++;
}

static void observe(void *arg, const struct observation *observations, size_t n)
{
	struct probe *probe = arg;
	uint64_t page, more;
	uint8_t seen;
	size_t i;

	doubt_glance(&probe->doubt);
	for (i = 0; i < n; i++) {
		page = (observations[i].address - (uintptr_t)probe->touched.arena) /
		       TIERED_PAGE_SIZE;
		seen = observations[i].seen;
		if (seen == SEEN_IDLE && doubt_of(&probe->doubt, &observations[i]))
			seen = SEEN_UNKNOWN;
		for (more = 0; more <= observations[i].more; more++)
			judge(probe, page + more, seen);
	}
}

static void window(struct probe *probe, int works)
{
	const uint64_t start_ns = clock_now_ns();
	struct tracker_cost cost;
	int err;

	contender_work(probe->contender, works);
	err = probe->tracker->mark(probe->state, UINT64_MAX, &cost);
	if (err < 0)
		options_fail(err, "mark");
	touched_run(&probe->touched, PERCENT);
	if (works)
		contender_await(probe->contender, ROUNDS);
	doubt_begin(&probe->doubt);
	err = probe->tracker->read(probe->state, clock_now_ns() - start_ns, observe, probe, &cost);
	if (err < 0)
		options_fail(err, "read");
	doubt_end(&probe->doubt);
	probe->tally->windows++;
}

static void run(struct probe *probe, uint64_t windows)
{
	struct tally beside = { .name = "beside" }, after = { .name = "after" },
		     calm = { .name = "calm" };
	/* What has been cleared before counts for the first window without the rival. */
	struct tally *const turns[] = { &after, &calm, &beside, &beside };
	uint64_t i;

	for (i = 0; i < windows; i++) {
		probe->tally = turns[i % 4];
		window(probe, probe->tally == &beside);
	}
	for (i = 0; i < 3; i++) {
		const struct tally *tally = turns[i];

		printf("%s windows=%" PRIu64 " right=%" PRIu64 " missed=%" PRIu64
		       " invented=%" PRIu64 " unknown=%" PRIu64 "\n",
		       tally->name, tally->windows, tally->right, tally->missed, tally->invented,
		       tally->unknown);
	}
	printf("rounds=%" PRIu64 "\n", contender_rounds(probe->contender));
}

static void start(struct probe *probe, const char *name, struct topology **ret_topology,
		  struct bpf **ret_bpf)
{
	struct target **targets = &probe->touched.target;
	char text[512];

	if (topology_read("/sys", "/proc", NULL, 0, ret_topology, text, sizeof(text)) < 0)
		options_die("%s", text);
	if (bpf_open(NULL, ret_bpf, text, sizeof(text)) < 0)
		printf("# %s\n", text);
	probe->setup.source = bpf_young(*ret_bpf);
	probe->env = (struct tracker_env){
		.topology = *ret_topology,
		.proc_root = "/proc",
		.sys_root = "/sys",
		.young = &probe->setup,
	};
	if (tracker_choose(name, &probe->env, &probe->tracker, text, sizeof(text)) < 0)
		options_die("%s", text);
	if (probe->tracker->start(&probe->env, &probe->state) < 0 ||
	    probe->tracker->retarget(probe->state, targets, 1) < 0)
		options_fail(-ENOMEM, "start");
}

int main(int argc, char **argv)
{
	struct probe probe = {
		.setup = { .lock_max_ns = NSEC_PER_SEC, .lock_share_ppm = 1000000 },
	};
	struct topology *topology = NULL;
	struct bpf *bpf = NULL;
	uint64_t windows;

	if (argc != 7 || !young_clear_known(argv[2]))
		options_die("usage: rivalprobe TRACKER CLEAR WINDOWS RIVAL CGROUP guarded|plain");
	windows = options_number("WINDOWS", argv[3], 1, 1000);
	snprintf(probe.setup.clear, sizeof(probe.setup.clear), "%s", argv[2]);
	probe.contender = contender_start(argv[4], argv[5]);
	touched_start(&probe.touched, PAGES);
	if (strcmp(argv[6], "guarded") == 0 && rivals_new("/proc", "/sys", &probe.rivals) < 0)
		options_fail(-ENOMEM, "rivals");
	start(&probe, argv[1], &topology, &bpf);
	doubt_open(&probe.doubt, probe.rivals);
	run(&probe, windows);
	probe.tracker->stop(probe.state);
	contender_stop(probe.contender);
	rivals_free(probe.rivals);
	touched_stop(&probe.touched);
	topology_free(topology);
	bpf_close(bpf);
	return 0;
}
