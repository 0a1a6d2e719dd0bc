// SPDX-License-Identifier: GPL-2.0-only
/*
 * clearlatency.c - how long does a process wait while its accessed bits are cleared?
 *
 *	clearlatency METHOD MIB PERCENT [WINDOWS]
 *
 * A child holds an arena of MIB and touches PERCENT of its pages once per window. All
 * the time it takes page faults: new pages of a small mapping, one by one, and when that
 * is full, it unmaps it and maps another. Once per window its accessed bits are cleared
 * by METHOD (lib/clear.h) on another CPU. Both run before all that is not real-time, so
 * that the child waits for locks only, also on a busy machine. Prints what the clearing
 * took, and the worst and the 99.9 percentile of all faults and of all unmap/map pairs.
 */
#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clear.h"
#include "lib/cpus.h"
#include "lib/median.h"
#include "lib/options.h"
#include "tiered/types.h"
#include "util/clock.h"

/* The first one finds all bits set, and is not counted. */
#define WARM_ROUNDS 1
#define ROUNDS 15
#define ROUNDS_MAX 1000
#define WINDOW_NS NSEC_PER_SEC
#define GAP_NS (100 * NSEC_PER_USEC)
#define CHURN_PAGES 64
#define SAMPLES_MAX (1 << 18)

enum kind { FAULT, MAP, KINDS };

/* What the two processes share. */
struct shared {
	atomic_uint touch;   /* asked for so many times */
	atomic_uint touched; /* done */
	atomic_int counting;
	unsigned int n[KINDS];
	double ns[KINDS][SAMPLES_MAX];
};

struct bench {
	struct shared *shared;
	char *arena;
	uint64_t pages;
	unsigned int percent;
	int rounds;
};

static char *map(void *where, uint64_t bytes, int flags)
{
	char *start = mmap(where, bytes, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		options_fail(-errno, "mmap");
	madvise(start, bytes, MADV_NOHUGEPAGE);
	return start;
}

static void nap(uint64_t ns)
{
	struct timespec left = { .tv_sec = (time_t)(ns / NSEC_PER_SEC),
				 .tv_nsec = (long)(ns % NSEC_PER_SEC) };

	while (nanosleep(&left, &left) < 0 && errno == EINTR)
		;
}

static void note(struct shared *shared, enum kind kind, uint64_t start_ns)
{
	const uint64_t ns = clock_now_ns() - start_ns;

	if (atomic_load(&shared->counting) && shared->n[kind] < SAMPLES_MAX)
		shared->ns[kind][shared->n[kind]++] = (double)ns;
}

static void touch(const struct bench *bench)
{
	uint64_t page;

	for (page = 0; page < bench->pages; page++)
		if (clear_is_accessed(page, bench->percent))
			((volatile char *)bench->arena)[page * TIERED_PAGE_SIZE]++;
}

/* Below the arena: what comes first in the address space is locked for longest. */
static char *map_churn(const struct bench *bench)
{
	return map(bench->arena - 2 * CHURN_PAGES * TIERED_PAGE_SIZE,
		   CHURN_PAGES * TIERED_PAGE_SIZE, MAP_PRIVATE);
}

static char *map_again(const struct bench *bench, char *churn)
{
	if (munmap(churn, CHURN_PAGES * TIERED_PAGE_SIZE) < 0)
		options_fail(-errno, "munmap");
	return map_churn(bench);
}

/* On a CPU of its own, before all that is not real-time; the child before who clears. */
static void take_cpu(int cpu, int priority)
{
	const struct sched_param param = { .sched_priority = priority };

	cpus_pin(cpu);
	if (sched_setscheduler(0, SCHED_FIFO, &param) < 0)
		options_fail(-errno, "SCHED_FIFO");
}

/* The child. */
static void serve(const struct bench *bench)
{
	struct shared *shared = bench->shared;
	char *churn = map_churn(bench);
	unsigned int page = 0;
	uint64_t start_ns;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_TIMERSLACK, 1);
	take_cpu(1, 2);
	memset(bench->arena, 1, bench->pages * TIERED_PAGE_SIZE);
	for (;;) {
		if (atomic_load(&shared->touch) != atomic_load(&shared->touched)) {
			touch(bench);
			atomic_fetch_add(&shared->touched, 1);
		}
		nap(GAP_NS);
		start_ns = clock_now_ns();
		((volatile char *)churn)[page * TIERED_PAGE_SIZE]++;
		note(shared, FAULT, start_ns);
		if (++page < CHURN_PAGES)
			continue;
		page = 0;
		start_ns = clock_now_ns();
		churn = map_again(bench, churn);
		note(shared, MAP, start_ns);
	}
}

static void let_touch(const struct bench *bench)
{
	const unsigned int asked = atomic_fetch_add(&bench->shared->touch, 1) + 1;

	while (atomic_load(&bench->shared->touched) != asked)
		nap(GAP_NS);
}

/* One window; returns what the clearing took. */
static double turn(const struct bench *bench, struct clear *clear)
{
	uint64_t start_ns, ns;
	int err;

	let_touch(bench);
	start_ns = clock_now_ns();
	err = clear_run(clear);
	ns = clock_now_ns() - start_ns;
	if (err)
		options_fail(err, "clearing");
	if (ns < WINDOW_NS)
		nap(WINDOW_NS - ns);
	return (double)ns;
}

static void print_kind(struct bench *bench, const char *label, enum kind kind, const char *what)
{
	double *ns = bench->shared->ns[kind];
	const unsigned int n = bench->shared->n[kind];

	if (!n)
		options_fail(-ENODATA, "%s", what);
	values_sort(ns, n);
	printf("# %s: %u times %s\n", label, n, what);
	printf("figure clear_%s_%s_worst %.1f us\n", label, what, ns[n - 1] / 1000);
	printf("figure clear_%s_%s_p999 %.1f us\n", label, what, ns[n - 1 - n / 1000] / 1000);
}

static void run(struct bench *bench, const char *method, struct clear *clear)
{
	double ns[ROUNDS_MAX];
	char label[64];
	int i;

	take_cpu(0, 1);
	for (i = -WARM_ROUNDS; i < bench->rounds; i++) {
		double took = turn(bench, clear);

		if (i >= 0)
			ns[i] = took;
		atomic_store(&bench->shared->counting, 1);
	}
	snprintf(label, sizeof(label), "%s_%u", method, bench->percent);
	atomic_store(&bench->shared->counting, 0);
	print_kind(bench, label, FAULT, "fault");
	print_kind(bench, label, MAP, "map");
	printf("figure clear_%s_took %.1f us/GiB\n", label,
	       median(ns, bench->rounds) / 1000 * (1 << 18) / (double)bench->pages);
}

int main(int argc, char **argv)
{
	struct bench bench = { .rounds = ROUNDS };
	struct clear_range range;
	struct clear *clear;
	pid_t pid;
	int err;

	if (argc != 4 && argc != 5)
		options_die("usage: clearlatency none|idle|clear_refs|cold MIB PERCENT [WINDOWS]");
	bench.pages = options_number("MIB", argv[2], 1, 1 << 20) << 8;
	bench.percent = (unsigned int)options_number("PERCENT", argv[3], 1, 100);
	if (argc > 4)
		bench.rounds = (int)options_number("WINDOWS", argv[4], 1, ROUNDS_MAX);
	bench.shared = (struct shared *)map(NULL, sizeof(*bench.shared), MAP_SHARED);
	bench.arena = map(NULL, bench.pages * TIERED_PAGE_SIZE, MAP_PRIVATE);
	pid = fork();
	if (pid < 0)
		options_fail(-errno, "fork");
	if (!pid)
		serve(&bench);
	let_touch(&bench);
	range = (struct clear_range){ bench.arena, bench.pages, bench.percent };
	err = clear_open(argv[1], pid, &range, 1, &clear);
	if (!err) {
		run(&bench, argv[1], clear);
		clear_close(clear);
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	if (err == -EOPNOTSUPP)
		printf("# this kernel has no %s\n", argv[1]);
	else if (err)
		options_fail(err, "%s", argv[1]);
	return 0;
}
