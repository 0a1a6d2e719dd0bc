// SPDX-License-Identifier: GPL-2.0-only
/*
 * youngprobe.c - does a tracker see exactly what was touched?
 *
 *	youngprobe TRACKER CLEAR WINDOWS STRIDE
 *
 * A child process holds areas of single pages, large folios and huge pages, and
 * shares two of them with a sibling: one of shared memory, and one that it had
 * before it forked. In each window the child touches every STRIDE-th folio of
 * each area, another set each time; the sibling touches as many, others, of
 * what it shares. The tracker watches the child only. Nothing of huge pages
 * half unmapped, and of zero pages, is ever touched. Prints per area what was
 * right and what was not; CLEAR is as in [tracker.young]. Without BPF page tables are
 * read by PAGEMAP_SCAN, on a kernel that can.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bpf/loader.h"
#include "bpf/young.h"
#include "lib/hold.h"
#include "lib/scansource.h"
#include "observe/target.h"
#include "observe/topology.h"
#include "observe/tracker.h"
#include "observe/vmas.h"
#include "util/clock.h"

#define MIB (UINT64_C(1) << 20)
#define HUGE (2 * MIB)
#define LARGE (64 * 1024)

/* More pages than single-page flushes are used for: the kernel then flushes the whole TLB. */
#define CHURN_PAGES 64
/* The sibling's set is the child's, so many folios further on. */
#define SIBLING_SHIFT 3

enum area_id { SMALL, MIXED, LARGER, HUGER, PART, ZERO, SHARED, FORKED, AREAS };

/**
 * struct area - memory of one kind
 * @unit: what one observation is about; 0: pages and huge pages in turns
 * @touched: ever
 */
struct area {
	const char *name;
	uint64_t bytes;
	uint64_t unit;
	int advice;
	int touched;
	char *start;
	uint64_t hits, right, missed, invented, unknown, misshapen;
};

static struct area areas[AREAS] = {
	[SMALL] = { "small", 32 * MIB, TIERED_PAGE_SIZE, MADV_NOHUGEPAGE, 1, NULL },
	[MIXED] = { "mixed", 32 * MIB, 0, MADV_HUGEPAGE, 1, NULL },
	[LARGER] = { "large", 16 * MIB, LARGE, MADV_NORMAL, 1, NULL },
	[HUGER] = { "huge", 64 * MIB, HUGE, MADV_HUGEPAGE, 1, NULL },
	[PART] = { "part", 8 * MIB, HUGE / 2, MADV_HUGEPAGE, 0, NULL },
	[ZERO] = { "zero", 4 * MIB, TIERED_PAGE_SIZE, MADV_HUGEPAGE, 0, NULL },
	[SHARED] = { "shared", 16 * MIB, TIERED_PAGE_SIZE, MADV_NOHUGEPAGE, 1, NULL },
	[FORKED] = { "forked", 16 * MIB, TIERED_PAGE_SIZE, MADV_NOHUGEPAGE, 1, NULL },
};

struct probe {
	const struct tracker_ops *tracker;
	struct tracker_env env;
	struct young_setup setup;
	void *state;
	char *churn;
	uint64_t window, stride;
	int to_child, from_child;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "youngprobe: %s: %s\n", what, strerror(-err));
	exit(1);
}

static char *map(uint64_t bytes, int advice, int flags)
{
	char *raw = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE, flags | MAP_ANONYMOUS, -1, 0);
	char *start;

	if (raw == MAP_FAILED)
		die("mmap", -errno);
	start = (char *)(((uintptr_t)raw + HUGE - 1) & ~(HUGE - 1));
	if (advice != MADV_NORMAL)
		madvise(start, bytes, advice);
	return start;
}

/* In a mixed area every second 2 MiB is one page. */
static uint64_t unit_at(const struct area *area, uint64_t offset)
{
	if (area->unit)
		return area->unit;
	return offset / HUGE % 2 ? HUGE : TIERED_PAGE_SIZE;
}

/* Numbers of folios in a mixed area: those of 2 MiB count from a number of their own. */
static int in_set(const struct probe *probe, const struct area *area, uint64_t offset,
		  uint64_t shift)
{
	return (offset / unit_at(area, offset) + shift) % probe->stride ==
	       probe->window % probe->stride;
}

static void touch(const struct probe *probe, const struct area *area, uint64_t shift, int write)
{
	uint64_t at;

	for (at = 0; at < area->bytes; at += unit_at(area, at)) {
		volatile char *byte = area->start + at + 64;

		if (!in_set(probe, area, at, shift))
			continue;
		if (write)
			++*byte;
		else
			(void)*byte;
	}
}

static void churn(const struct probe *probe)
{
	uint64_t i;

	for (i = 0; i < CHURN_PAGES; i++)
		probe->churn[i * TIERED_PAGE_SIZE]++;
	mprotect(probe->churn, CHURN_PAGES * TIERED_PAGE_SIZE, PROT_READ);
	mprotect(probe->churn, CHURN_PAGES * TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE);
}

static void fill(void)
{
	uint64_t at;
	int i;

	for (at = 0; at < areas[MIXED].bytes; at += 2 * HUGE)
		madvise(areas[MIXED].start + at, HUGE, MADV_NOHUGEPAGE);
	madvise(areas[ZERO].start + HUGE, HUGE, MADV_NOHUGEPAGE);
	for (i = 0; i < AREAS; i++) {
		if (i != ZERO)
			memset(areas[i].start, 1, areas[i].bytes);
		else
			for (at = 0; at < areas[i].bytes; at += TIERED_PAGE_SIZE)
				(void)*(volatile char *)(areas[i].start + at);
		if (i != SHARED && i != FORKED)
			madvise(areas[i].start, areas[i].bytes, MADV_DONTFORK);
	}
	for (at = 0; at < areas[PART].bytes; at += HUGE)
		munmap(areas[PART].start + at, HUGE / 2);
}

/*
 * Windows of the sibling: reads only what it had before the fork, or it would be its own. All
 * of the shared area is mapped at the start: the kernel maps pages around the first one that is
 * read, and these count as accessed.
 */
static void serve_sibling(struct probe *probe, int in, int out)
{
	memset(areas[SHARED].start, 2, areas[SHARED].bytes);
	if (write(out, "r", 1) != 1)
		_exit(1);
	while (read(in, &probe->window, sizeof(probe->window)) == sizeof(probe->window)) {
		churn(probe);
		touch(probe, &areas[SHARED], SIBLING_SHIFT, 1);
		touch(probe, &areas[FORKED], SIBLING_SHIFT, 0);
		if (write(out, "d", 1) != 1)
			break;
	}
	_exit(0);
}

static void serve(struct probe *probe, int in, int out)
{
	int down[2], up[2], i;
	char byte;

	fill();
	if (pipe(down) < 0 || pipe(up) < 0)
		die("pipe", -errno);
	if (fork() == 0) {
		close(down[1]);
		serve_sibling(probe, down[0], up[1]);
	}
	close(down[0]);
	if (read(up[0], &byte, 1) != 1 || write(out, "r", 1) != 1)
		_exit(1);
	while (read(in, &probe->window, sizeof(probe->window)) == sizeof(probe->window)) {
		churn(probe);
		for (i = 0; i < AREAS; i++)
			if (areas[i].touched)
				touch(probe, &areas[i], 0, i != FORKED);
		if (write(down[1], &probe->window, sizeof(probe->window)) < 0 ||
		    read(up[0], &byte, 1) != 1 || write(out, "d", 1) != 1)
			_exit(1);
	}
	_exit(0);
}

static int was_touched(const struct probe *probe, const struct area *area, uint64_t offset)
{
	const int both = area == &areas[SHARED] || area == &areas[FORKED];

	if (!area->touched)
		return 0;
	return in_set(probe, area, offset, 0) ||
	       (both && in_set(probe, area, offset, SIBLING_SHIFT));
}

static void judge(const struct probe *probe, struct area *area, const struct observation *one)
{
	const uint64_t offset = one->address - (uintptr_t)area->start;
	const int touched = was_touched(probe, area, offset);

	if (UINT64_C(1) << one->order << TIERED_PAGE_SHIFT != unit_at(area, offset))
		area->misshapen++;
	else if (one->seen == SEEN_UNKNOWN)
		area->unknown++;
	else if (touched && one->seen == SEEN_IDLE)
		area->missed++;
	else if (!touched && one->seen == SEEN_ACCESSED)
		area->invented++;
	else
		area->right++;
	area->hits += touched && one->seen == SEEN_ACCESSED;
}

static void observe(void *arg, const struct observation *observations, size_t n)
{
	struct probe *probe = arg;
	struct observation one;
	uint64_t step;
	size_t i;
	int j;

	for (i = 0; i < n; i++) {
		one = observations[i];
		step = TIERED_PAGE_SIZE << one.order;
		/* A run of alike ones, one after the other. */
		for (; one.address <= observations[i].address + observations[i].more * step;
		     one.address += step)
			for (j = 0; j < AREAS; j++)
				if (one.address - (uintptr_t)areas[j].start < areas[j].bytes)
					judge(probe, &areas[j], &one);
	}
}

static void window(struct probe *probe)
{
	/* As long as it was; or next to nothing, and then read() cannot stand in for mark(). */
	const uint64_t start_ns = clock_now_ns();
	struct tracker_cost mark, read_cost;
	char done;
	int err = probe->tracker->mark(probe->state, UINT64_MAX, &mark);

	if (err)
		die("mark", err);
	if (write(probe->to_child, &probe->window, sizeof(probe->window)) < 0 ||
	    read(probe->from_child, &done, 1) != 1)
		die("the child is gone", -ECHILD);
	err = probe->tracker->read(probe->state, probe->window % 4 ? clock_now_ns() - start_ns : 1,
				   observe, probe, &read_cost);
	if (err)
		die("read", err);
	printf("# window %llu: mark %llu pages %llu calls, read %llu folios %llu calls\n",
	       (unsigned long long)probe->window, (unsigned long long)mark.marked,
	       (unsigned long long)mark.calls, (unsigned long long)read_cost.marked,
	       (unsigned long long)read_cost.calls);
}

/* What was touched and seen so, of all that was seen so, and of all that was touched. */
static void print(const struct probe *probe, const struct area *area, uint64_t windows)
{
	const uint64_t seen = area->hits + area->invented;
	uint64_t touched = 0, at;
	struct probe then = *probe;

	for (then.window = 0; then.window < windows; then.window++)
		for (at = 0; at < area->bytes; at += unit_at(area, at))
			touched += (uint64_t)was_touched(&then, area, at);
	printf("%s precision=%.4f recall=%.4f right=%llu missed=%llu invented=%llu unknown=%llu "
	       "misshapen=%llu\n",
	       area->name, seen ? (double)area->hits / (double)seen : 1.0,
	       touched ? (double)area->hits / (double)touched : 1.0,
	       (unsigned long long)area->right, (unsigned long long)area->missed,
	       (unsigned long long)area->invented, (unsigned long long)area->unknown,
	       (unsigned long long)area->misshapen);
}

static struct target *hold(pid_t pid)
{
	struct target *target;
	int err = hold_process(pid, &target);

	if (!err)
		err = vmas_refresh(target, "/proc", NULL, NULL);
	if (err)
		die("cannot hold the child", err);
	return target;
}

static void run(struct probe *probe, const char *name, uint64_t windows, pid_t pid)
{
	char text[512], ready;
	struct topology *topology;
	struct target *target;
	struct bpf *bpf = NULL;

	if (read(probe->from_child, &ready, 1) != 1)
		die("the child is gone", -ECHILD);
	if (topology_read("/sys", "/proc", NULL, 0, &topology, text, sizeof(text)) < 0)
		die(text, -EINVAL);
	if (bpf_open(NULL, &bpf, text, sizeof(text)) < 0)
		printf("# %s\n", text);
	probe->setup.source = bpf_young(bpf);
	/* Without BPF the other half of the tracker can still be looked at, where the kernel tells. */
	if (!bpf && scansource())
		probe->setup.source = scansource();
	probe->env = (struct tracker_env){
		.topology = topology,
		.proc_root = "/proc",
		.sys_root = "/sys",
		.young = &probe->setup,
	};
	if (tracker_choose(name, &probe->env, &probe->tracker, text, sizeof(text)) < 0) {
		printf("%s\n", text);
		exit(77);
	}
	target = hold(pid);
	if (probe->tracker->start(&probe->env, &probe->state) < 0 ||
	    probe->tracker->retarget(probe->state, &target, 1) < 0)
		die("start", -ENOMEM);
	for (; probe->window < windows; probe->window++)
		window(probe);
	probe->tracker->stop(probe->state);
	target_close(target);
	topology_free(topology);
	bpf_close(bpf);
}

int main(int argc, char **argv)
{
	struct probe probe = {
		.stride = argc == 5 ? strtoull(argv[4], NULL, 10) : 0,
		.setup = { .lock_max_ns = NSEC_PER_SEC, .lock_share_ppm = 1000000 },
	};
	uint64_t windows;
	int down[2], up[2], i;
	pid_t pid;

	if (!probe.stride || !young_clear_known(argv[2])) {
		fprintf(stderr, "usage: youngprobe TRACKER CLEAR WINDOWS STRIDE\n");
		return 2;
	}
	windows = strtoull(argv[3], NULL, 10);
	snprintf(probe.setup.clear, sizeof(probe.setup.clear), "%s", argv[2]);
	for (i = 0; i < AREAS; i++)
		areas[i].start = map(areas[i].bytes, areas[i].advice,
				     i == SHARED ? MAP_SHARED : MAP_PRIVATE);
	probe.churn = map(CHURN_PAGES * TIERED_PAGE_SIZE, MADV_NOHUGEPAGE, MAP_PRIVATE);
	if (pipe(down) < 0 || pipe(up) < 0)
		die("pipe", -errno);
	pid = fork();
	if (pid < 0)
		die("fork", -errno);
	if (!pid) {
		close(down[1]);
		serve(&probe, down[0], up[1]);
	}
	probe.to_child = down[1];
	probe.from_child = up[0];
	run(&probe, argv[1], windows, pid);
	for (i = 0; i < AREAS; i++)
		print(&probe, &areas[i], windows);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}
