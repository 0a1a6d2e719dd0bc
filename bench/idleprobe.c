// SPDX-License-Identifier: GPL-2.0-only
/*
 * idleprobe.c - does the idle tracker see exactly what was touched?
 *
 *	idleprobe WINDOWS STRIDE
 *
 * A child process holds three areas: 4 KiB pages, whole 2 MiB pages, and 2 MiB
 * pages of which only the second half is still mapped, so that their heads are
 * not; and a fourth that was only ever read, so that zero pages, a huge one and
 * small ones, are behind it. In each window it touches every STRIDE-th page of
 * the first two, another set each time, and nothing of the others. The tracker of the daemon marks
 * before and reads after. Prints per area what was right and what was not.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/hold.h"
#include "observe/target.h"
#include "observe/topology.h"
#include "observe/tracker.h"
#include "observe/vmas.h"

#define MIB (UINT64_C(1) << 20)
#define HUGE (2 * MIB)
#define SMALL_BYTES (64 * MIB)
#define HUGE_BYTES (64 * MIB)
#define PART_BYTES (8 * MIB)
#define ZERO_BYTES (4 * MIB)

/* More pages than single-page flushes are used for: the kernel then flushes the whole TLB. */
#define CHURN_PAGES 64

struct area {
	const char *name;
	char *start;
	uint64_t bytes;
	uint64_t unit; /* what one observation is about */
	uint64_t right, missed, invented, unknown, misshapen;
};

struct probe {
	struct area small, huge, part, zero;
	char *churn;
	uint64_t window, stride;
	uint64_t others;
};

static void die(const char *what, int err)
{
	fprintf(stderr, "idleprobe: %s: %s\n", what, strerror(-err));
	exit(1);
}

static char *map(uint64_t bytes, int advice)
{
	char *raw = mmap(NULL, bytes + HUGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	char *start;

	if (raw == MAP_FAILED)
		die("mmap", -errno);
	start = (char *)(((uintptr_t)raw + HUGE - 1) & ~(HUGE - 1));
	if (advice)
		madvise(start, bytes, advice);
	return start;
}

static void touch(const struct area *area, uint64_t first, uint64_t stride)
{
	uint64_t at;

	for (at = first; at < area->bytes / area->unit; at += stride)
		++*(volatile char *)(area->start + at * area->unit + 64);
}

static void churn(struct probe *probe)
{
	uint64_t i;

	for (i = 0; i < CHURN_PAGES; i++)
		probe->churn[i * TIERED_PAGE_SIZE]++;
	mprotect(probe->churn, CHURN_PAGES * TIERED_PAGE_SIZE, PROT_READ);
	mprotect(probe->churn, CHURN_PAGES * TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE);
}

/* The child: one window per byte received. */
static void serve(struct probe *probe, int in, int out)
{
	uint64_t window;
	char *at;

	memset(probe->small.start, 1, probe->small.bytes);
	memset(probe->huge.start, 1, probe->huge.bytes);
	memset(probe->part.start, 1, probe->part.bytes);
	madvise(probe->zero.start + HUGE, HUGE, MADV_NOHUGEPAGE);
	for (at = probe->zero.start; at < probe->zero.start + probe->zero.bytes;
	     at += TIERED_PAGE_SIZE)
		(void)*(volatile char *)at;
	for (at = probe->part.start; at < probe->part.start + probe->part.bytes; at += HUGE)
		munmap(at, HUGE / 2);
	if (write(out, "r", 1) != 1)
		exit(1);
	while (read(in, &window, sizeof(window)) == sizeof(window)) {
		churn(probe);
		touch(&probe->small, window % probe->stride, probe->stride);
		touch(&probe->huge, window % probe->stride, probe->stride);
		if (write(out, "d", 1) != 1)
			exit(1);
	}
	exit(0);
}

/* 1 when @observation lies in @area, with what was touched compared. */
static int judge(struct area *area, const struct observation *observation, int was_touched)
{
	if (observation->address < (uintptr_t)area->start ||
	    observation->address >= (uintptr_t)area->start + area->bytes)
		return 0;
	if (UINT64_C(1) << observation->order << TIERED_PAGE_SHIFT != area->unit)
		area->misshapen++;
	else if (observation->seen == SEEN_UNKNOWN)
		area->unknown++;
	else if (was_touched && observation->seen == SEEN_IDLE)
		area->missed++;
	else if (!was_touched && observation->seen == SEEN_ACCESSED)
		area->invented++;
	else
		area->right++;
	return 1;
}

static int touched(const struct probe *probe, const struct area *area,
		   const struct observation *observation)
{
	uint64_t unit = (observation->address - (uintptr_t)area->start) / area->unit;

	return unit % probe->stride == probe->window % probe->stride;
}

static void observe(void *arg, const struct observation *observations, size_t n)
{
	struct probe *probe = arg;
	size_t i;

	for (i = 0; i < n; i++) {
		const struct observation *one = &observations[i];

		if (!judge(&probe->small, one, touched(probe, &probe->small, one)) &&
		    !judge(&probe->huge, one, touched(probe, &probe->huge, one)) &&
		    !judge(&probe->part, one, 0) && !judge(&probe->zero, one, 0))
			probe->others++;
	}
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

static void window(struct probe *probe, void *tracker, int to_child, int from_child)
{
	struct tracker_cost mark, read_cost;
	char done;
	int err;

	err = tracker_idle.mark(tracker, UINT64_MAX, &mark);
	if (err)
		die("mark", err);
	if (write(to_child, &probe->window, sizeof(probe->window)) < 0 ||
	    read(from_child, &done, 1) != 1)
		die("the child is gone", -ECHILD);
	err = tracker_idle.read(tracker, 1, observe, probe, &read_cost);
	if (err)
		die("read", err);
	printf("# window %llu: mark %llu pages %llu calls, read %llu folios %llu calls\n",
	       (unsigned long long)probe->window, (unsigned long long)mark.marked,
	       (unsigned long long)mark.calls, (unsigned long long)read_cost.marked,
	       (unsigned long long)read_cost.calls);
}

static void print(const struct area *area)
{
	printf("%s right=%llu missed=%llu invented=%llu unknown=%llu misshapen=%llu\n", area->name,
	       (unsigned long long)area->right, (unsigned long long)area->missed,
	       (unsigned long long)area->invented, (unsigned long long)area->unknown,
	       (unsigned long long)area->misshapen);
}

static void run(struct probe *probe, uint64_t windows, pid_t pid, int to_child, int from_child)
{
	struct tracker_env env = { .proc_root = "/proc", .sys_root = "/sys" };
	char text[256], ready;
	struct topology *topology;
	struct target *target;
	void *tracker;

	if (read(from_child, &ready, 1) != 1)
		die("the child is gone", -ECHILD);
	if (topology_read("/sys", "/proc", NULL, 0, &topology, text, sizeof(text)) < 0)
		die(text, -EINVAL);
	printf("# %s\n", topology_describe(topology, text, sizeof(text)));
	env.topology = topology;
	if (tracker_idle.probe(&env, text, sizeof(text)) < 0) {
		printf("%s\n", text);
		exit(77);
	}
	target = hold(pid);
	if (tracker_idle.start(&env, &tracker) < 0 ||
	    tracker_idle.retarget(tracker, &target, 1) < 0)
		die("start", -ENOMEM);
	for (; probe->window < windows; probe->window++)
		window(probe, tracker, to_child, from_child);
	tracker_idle.stop(tracker);
	target_close(target);
	topology_free(topology);
}

int main(int argc, char **argv)
{
	struct probe probe = {
		.small = { .name = "small", .bytes = SMALL_BYTES, .unit = TIERED_PAGE_SIZE },
		.huge = { .name = "huge", .bytes = HUGE_BYTES, .unit = HUGE },
		.part = { .name = "part", .bytes = PART_BYTES, .unit = HUGE / 2 },
		.zero = { .name = "zero", .bytes = ZERO_BYTES, .unit = TIERED_PAGE_SIZE },
		.stride = argc == 3 ? strtoull(argv[2], NULL, 10) : 0,
	};
	int down[2], up[2];
	pid_t pid;

	if (!probe.stride) {
		fprintf(stderr, "usage: idleprobe WINDOWS STRIDE\n");
		return 2;
	}
	probe.small.start = map(SMALL_BYTES, MADV_NOHUGEPAGE);
	probe.huge.start = map(HUGE_BYTES, MADV_HUGEPAGE);
	probe.part.start = map(PART_BYTES, MADV_HUGEPAGE);
	probe.zero.start = map(ZERO_BYTES, MADV_HUGEPAGE);
	probe.churn = map(CHURN_PAGES * TIERED_PAGE_SIZE, MADV_NOHUGEPAGE);
	if (pipe(down) < 0 || pipe(up) < 0)
		die("pipe", -errno);
	pid = fork();
	if (pid < 0)
		die("fork", -errno);
	if (!pid) {
		close(down[1]);
		serve(&probe, down[0], up[1]);
	}
	run(&probe, strtoull(argv[1], NULL, 10), pid, down[1], up[0]);
	print(&probe.small);
	print(&probe.huge);
	print(&probe.part);
	print(&probe.zero);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return 0;
}
