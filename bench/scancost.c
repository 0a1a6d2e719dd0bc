// SPDX-License-Identifier: GPL-2.0-only
/*
 * scancost.c - what does each way to learn what was accessed cost, by how much was?
 *
 *	scancost [--windows N] MIB PERCENT...
 *
 * A child holds an arena of MIB and touches PERCENT of its pages per window, in
 * turns watched by each tracker (with each way to clear accessed bits) and by
 * bare loops over pagemap, PAGEMAP_SCAN and the idle bitmap (lib/bare.h), of
 * which the first two learn what is there only, and one that has BPF read the page
 * tables and does nothing with them. What needs the companion kernel is left out on
 * others. Prints CPU time per page and window, both steps together, medians; and what
 * was seen.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/loader.h"
#include "bpf/young.h"
#include "lib/bare.h"
#include "lib/median.h"
#include "lib/touched.h"
#include "observe/pagemap.h"
#include "observe/target.h"
#include "observe/topology.h"
#include "observe/tracker.h"
#include "observe/vmas.h"
#include "observe/young_source.h"
#include "util/clock.h"

/* Odd, so that the median is a value that was measured; after some in which all is learnt. */
#define WARM_TURNS 2
#define TURNS 5
#define TURNS_MAX 99

struct bench {
	struct touched touched;
	struct bare *bare;
	struct bpf *bpf;
	struct topology *topology;
	uint64_t percent;
	uint64_t accessed;
	int turns;
	double ns[TURNS_MAX];
};

/**
 * struct method - one way
 * @tracker: or NULL
 * @clear: as in [tracker.young]
 * @mark: or NULL
 * @read: returns how many pages were accessed, or present
 * @counts: what it returns are accessed pages
 * @by_bpf: page tables are read, and not looked at
 */
struct method {
	const char *name;
	const char *tracker;
	const char *clear;
	void (*mark)(struct bare *bare);
	uint64_t (*read)(struct bare *bare);
	int counts;
	int needs_bitmap;
	int needs_companion;
	int by_bpf;
};

static const struct method methods[] = {
	{ "bare_pagemap", NULL, NULL, NULL, bare_pagemap, 0, 0, 0, 0 },
	{ "bare_pagemap_scan", NULL, NULL, NULL, bare_pagemap_scan, 0, 0, 0, 0 },
	{ "bare_bpf", NULL, NULL, NULL, NULL, 0, 0, 0, 1 },
	{ "bare_bitmap", NULL, NULL, bare_mark, bare_read, 1, 1, 0, 0 },
	{ "bare_young", NULL, NULL, bare_young_mark, bare_young_read, 1, 0, 1, 0 },
	{ "idle", "idle", "auto", NULL, NULL, 1, 1, 0, 0 },
	{ "young_idle", "young", "idle", NULL, NULL, 1, 1, 0, 0 },
	{ "young_clear_refs", "young", "clear_refs", NULL, NULL, 1, 0, 0, 0 },
	{ "young_companion", "young", "companion", NULL, NULL, 1, 0, 1, 0 },
};

static void die(const char *what, int err)
{
	fprintf(stderr, "scancost: %s: %s\n", what, strerror(-err));
	exit(1);
}

static void count(void *arg, const struct observation *observations, size_t n)
{
	struct bench *bench = arg;
	size_t i;

	for (i = 0; i < n; i++)
		if (observations[i].seen == SEEN_ACCESSED)
			bench->accessed += (uint64_t)observations[i].more + 1;
}

static void print(struct bench *bench, const struct method *method)
{
	const uint64_t expected = method->counts ? touched_count(&bench->touched, bench->percent)
						 : bench->touched.pages;

	printf("figure scancost_%s_touched_%" PRIu64 " %.2f ns/page\n", method->name,
	       bench->percent, median(bench->ns, (size_t)bench->turns));
	if (bench->accessed < expected * 98 / 100 ||
	    bench->accessed > expected * 102 / 100 + bench->touched.pages / 500)
		printf("# %s saw %" PRIu64 " of %" PRIu64 " pages\n", method->name, bench->accessed,
		       expected);
}

/* One window; the CPU time of both steps. */
static uint64_t turn_tracker(struct bench *bench, const struct tracker_ops *ops, void *state)
{
	const uint64_t marked_ns = clock_now_ns();
	uint64_t start_ns = clock_thread_cpu_ns(), ns;
	struct tracker_cost cost;

	if (ops->mark(state, UINT64_MAX, &cost) < 0)
		die("mark", -EIO);
	ns = clock_thread_cpu_ns() - start_ns;
	touched_run(&bench->touched, bench->percent);
	bench->accessed = 0;
	start_ns = clock_thread_cpu_ns();
	if (ops->read(state, clock_now_ns() - marked_ns, count, bench, &cost) < 0)
		die("read", -EIO);
	return ns + clock_thread_cpu_ns() - start_ns;
}

/* Pages of the tables that were read. */
static uint64_t read_tables(const struct bench *bench)
{
	const struct young_source *source = bpf_young(bench->bpf);
	const struct vma *vma = &bench->touched.target->vmas[0];
	struct young_request request = {
		.fd = bench->touched.target->pagemap_fd,
		.next = vma->start,
		.end = vma->end,
	};
	uint64_t blocks = 0;

	while (request.next < request.end) {
		request.start = request.next;
		request.blocks = YOUNG_BLOCKS;
		if (source->read(source->arg, &request) < 0)
			die("reading page tables", -EIO);
		blocks += request.blocks;
	}
	return blocks * YOUNG_BLOCK_PAGES;
}

static uint64_t turn_bare(struct bench *bench, const struct method *method)
{
	uint64_t start_ns = clock_thread_cpu_ns(), ns;

	if (method->mark)
		method->mark(bench->bare);
	ns = clock_thread_cpu_ns() - start_ns;
	touched_run(&bench->touched, bench->percent);
	start_ns = clock_thread_cpu_ns();
	bench->accessed = method->by_bpf ? read_tables(bench) : method->read(bench->bare);
	return ns + clock_thread_cpu_ns() - start_ns;
}

static void run(struct bench *bench, const struct method *method)
{
	struct young_setup setup = {
		.source = bpf_young(bench->bpf),
		.lock_max_ns = NSEC_PER_SEC,
		.lock_share_ppm = 1000000,
	};
	const struct tracker_env env = {
		.topology = bench->topology,
		.proc_root = "/proc",
		.sys_root = "/sys",
		.young = &setup,
	};
	const struct tracker_ops *ops = NULL;
	char why[512];
	void *state = NULL;
	int i;

	if (method->by_bpf && (!setup.source || !setup.source->read))
		return;
	if (method->needs_bitmap && access("/sys/kernel/mm/page_idle/bitmap", F_OK) < 0)
		return;
	if (method->needs_companion && pagemap_clear_probe("/proc") < 0)
		return;
	snprintf(setup.clear, sizeof(setup.clear), "%s", method->clear ? method->clear : "auto");
	if (method->tracker && tracker_choose(method->tracker, &env, &ops, why, sizeof(why)) < 0) {
		printf("# %s\n", why);
		return;
	}
	if (ops &&
	    (ops->start(&env, &state) < 0 || ops->retarget(state, &bench->touched.target, 1) < 0))
		die("start", -ENOMEM);
	for (i = -WARM_TURNS; i < bench->turns; i++) {
		uint64_t ns = ops ? turn_tracker(bench, ops, state) : turn_bare(bench, method);

		if (i >= 0)
			bench->ns[i] = (double)ns / (double)bench->touched.pages;
	}
	if (ops)
		ops->stop(state);
	print(bench, method);
}

int main(int argc, char **argv)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	uint64_t mib;
	char why[256];
	size_t j;
	int i;

	if (!bench)
		die("start", -ENOMEM);
	bench->turns = TURNS;
	if (argc > 2 && strcmp(argv[1], "--windows") == 0) {
		bench->turns = (int)strtoul(argv[2], NULL, 10);
		argv += 2;
		argc -= 2;
	}
	mib = argc > 2 ? strtoull(argv[1], NULL, 10) : 0;
	if (!mib || mib > UINT64_C(1) << 20 || bench->turns < 1 || bench->turns > TURNS_MAX) {
		fprintf(stderr, "usage: scancost [--windows N] MIB PERCENT...\n");
		return 2;
	}
	if (bpf_open(NULL, &bench->bpf, why, sizeof(why)) < 0)
		printf("# %s\n", why);
	if (topology_read("/sys", "/proc", NULL, 0, &bench->topology, why, sizeof(why)) < 0)
		die(why, -EINVAL);
	touched_start(&bench->touched, mib << 8);
	bench->bare = bare_new(bench->touched.target->pagemap_fd, bench->touched.arena,
			       bench->touched.pages);
	for (i = 2; i < argc; i++) {
		bench->percent = strtoull(argv[i], NULL, 10);
		for (j = 0; j < sizeof(methods) / sizeof(methods[0]); j++)
			run(bench, &methods[j]);
	}
	bare_free(bench->bare);
	touched_stop(&bench->touched);
	topology_free(bench->topology);
	bpf_close(bench->bpf);
	free(bench);
	return 0;
}
