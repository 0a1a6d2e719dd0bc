// SPDX-License-Identifier: GPL-2.0-only
/*
 * scan.c - what does the idle tracker add to what the kernel costs anyway?
 *
 *	scan MIB [TOUCHED_PERCENT]
 *
 * A child holds an arena of MIB. In turns, a bare loop (lib/bare.h) and the
 * tracker of the daemon mark all of its pages idle, the child touches
 * TOUCHED_PERCENT of them (default 10), and the same one reads which were.
 *
 * Prints medians; a ratio above 1 is what the tracker is slower by.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bare.h"
#include "lib/median.h"
#include "lib/touched.h"
#include "observe/target.h"
#include "observe/topology.h"
#include "observe/tracker.h"
#include "util/clock.h"

/* Odd, so that the median is a value that was measured. */
#define TURNS 9

struct bench {
	struct touched touched;
	struct bare *bare;
	uint64_t percent;
	uint64_t accessed;
	double ns[4][TURNS]; /* per page: bare mark, bare read, tracker mark, tracker read */
};

enum { BARE_MARK, BARE_READ, TRACKER_MARK, TRACKER_READ };

static void die(const char *what, int err)
{
	fprintf(stderr, "scan: %s: %s\n", what, strerror(-err));
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

/* CPU time per page since @start_ns. */
static double per_page(const struct bench *bench, uint64_t start_ns)
{
	return (double)(clock_thread_cpu_ns() - start_ns) / (double)bench->touched.pages;
}

static void check(const struct bench *bench, const char *who)
{
	uint64_t expected = touched_count(&bench->touched, bench->percent);

	if (bench->accessed < expected * 98 / 100 ||
	    bench->accessed > expected * 102 / 100 + bench->touched.pages / 500)
		printf("# %s saw %" PRIu64 " of %" PRIu64 " touched pages\n", who, bench->accessed,
		       expected);
}

static void turn(struct bench *bench, void *tracker, int i)
{
	struct tracker_cost cost;
	uint64_t start_ns = clock_thread_cpu_ns();

	bare_mark(bench->bare);
	bench->ns[BARE_MARK][i] = per_page(bench, start_ns);
	touched_run(&bench->touched, bench->percent);
	start_ns = clock_thread_cpu_ns();
	bench->accessed = bare_read(bench->bare);
	bench->ns[BARE_READ][i] = per_page(bench, start_ns);
	check(bench, "the bare loop");

	start_ns = clock_thread_cpu_ns();
	if (tracker_idle.mark(tracker, UINT64_MAX, &cost) < 0)
		die("mark", -EIO);
	bench->ns[TRACKER_MARK][i] = per_page(bench, start_ns);
	touched_run(&bench->touched, bench->percent);
	bench->accessed = 0;
	start_ns = clock_thread_cpu_ns();
	if (tracker_idle.read(tracker, 1, count, bench, &cost) < 0)
		die("read", -EIO);
	bench->ns[TRACKER_READ][i] = per_page(bench, start_ns);
	check(bench, "the tracker");
	if (i == 0)
		printf("figure scan_read_calls_per_gib %.1f calls\n",
		       (double)cost.calls * (1 << 18) / (double)bench->touched.pages);
}

static void print(struct bench *bench)
{
	double ns[4];
	int i;

	for (i = 0; i < 4; i++)
		ns[i] = median(bench->ns[i], TURNS);
	printf("figure scan_bare_mark_pages_per_cpu_s %.0f pages/s\n", 1e9 / ns[BARE_MARK]);
	printf("figure scan_tracker_mark_pages_per_cpu_s %.0f pages/s\n", 1e9 / ns[TRACKER_MARK]);
	printf("figure scan_bare_read_pages_per_cpu_s %.0f pages/s\n", 1e9 / ns[BARE_READ]);
	printf("figure scan_tracker_read_pages_per_cpu_s %.0f pages/s\n", 1e9 / ns[TRACKER_READ]);
	printf("figure scan_mark_ratio %.3f ratio\n", ns[TRACKER_MARK] / ns[BARE_MARK]);
	printf("figure scan_read_ratio %.3f ratio\n", ns[TRACKER_READ] / ns[BARE_READ]);
}

static void run(struct bench *bench)
{
	struct tracker_env env = { .proc_root = "/proc", .sys_root = "/sys" };
	struct topology *topology;
	char why[256];
	void *tracker;
	int i;

	if (topology_read("/sys", "/proc", NULL, 0, &topology, why, sizeof(why)) < 0)
		die(why, -EINVAL);
	env.topology = topology;
	if (tracker_idle.probe(&env, why, sizeof(why)) < 0) {
		printf("1..0 # SKIP %s\n", why);
		exit(77);
	}
	if (tracker_idle.start(&env, &tracker) < 0 ||
	    tracker_idle.retarget(tracker, &bench->touched.target, 1) < 0)
		die("start", -ENOMEM);
	for (i = 0; i < TURNS; i++)
		turn(bench, tracker, i);
	tracker_idle.stop(tracker);
	topology_free(topology);
	print(bench);
}

int main(int argc, char **argv)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	uint64_t mib = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;

	if (!mib || mib > UINT64_C(1) << 20) {
		fprintf(stderr, "usage: scan MIB [TOUCHED_PERCENT]\n");
		return 2;
	}
	if (!bench)
		die("start", -ENOMEM);
	bench->percent = argc > 2 ? strtoull(argv[2], NULL, 10) : 10;
	touched_start(&bench->touched, mib << 8);
	bench->bare = bare_new(bench->touched.target->pagemap_fd, bench->touched.arena,
			       bench->touched.pages);
	run(bench);
	bare_free(bench->bare);
	touched_stop(&bench->touched);
	free(bench);
	return 0;
}
