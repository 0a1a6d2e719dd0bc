// SPDX-License-Identifier: GPL-2.0-only
/*
 * schednarrow MODE AWAKE ROUNDS - what does it save to keep the threads of a process where they
 * are while its pages are being moved?
 *
 * Four threads of a child wake each other up in turns, AWAKE of them at a time, and write to
 * memory of theirs meanwhile. ROUNDS times all of it is moved to the other node, in batches of
 * 512 pages. MODE: off (the kernel's own scheduler), on (the daemon's), narrow (the same, told
 * before and after each batch whose pages these are: sched.h). Prints pages moved, TLB interrupts of all
 * CPUs by /proc/interrupts, turns, and the median and longest time from waking a thread up to
 * its run, in microseconds, while pages were moved.
 */
#include <errno.h>
#include <numaif.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "bpf/sched_class.h"
#include "bpf/scheduler.h"
#include "lib/cpus.h"
#include "lib/memory.h"
#include "lib/options.h"
#include "observe/cpus.h"
#include "tiered/types.h"
#include "util/clock.h"

#define THREADS 4
#define PAGES 8192
#define BATCH 512
/* Pages that a thread writes to in its turn: some tenths of a millisecond. */
#define TURN_PAGES 64
/* Latencies in steps of a quarter of an octave. */
#define STEPS 256

struct shared {
	_Atomic uint64_t turns;
	_Atomic uint64_t worst_ns;
	_Atomic uint64_t late[STEPS];
};

struct ring {
	struct shared *shared;
	uint64_t *memory;
	int pipes[THREADS][2];
	_Atomic int next;
};

static unsigned int step_of(uint64_t ns)
{
	unsigned int octave = 63 - (unsigned int)__builtin_clzll(ns | 8);

	return octave * 4 < STEPS ? octave * 4 + (unsigned int)(ns >> (octave - 2) & 3) : STEPS - 1;
}

static uint64_t step_ns(unsigned int step)
{
	return (4ULL + step % 4) << (step / 4 - 2);
}

static void note(struct shared *shared, uint64_t late_ns)
{
	uint64_t worst_ns = shared->worst_ns;

	shared->turns++;
	shared->late[step_of(late_ns)]++;
	while (late_ns > worst_ns &&
	       !atomic_compare_exchange_weak(&shared->worst_ns, &worst_ns, late_ns))
		;
}

/* A turn: the time when it was given. */
static void *take_turns(void *arg)
{
	struct ring *ring = arg;
	int own = ring->next++;
	uint64_t at_ns, page = (uint64_t)own * (PAGES / THREADS);

	while (read(ring->pipes[own][0], &at_ns, sizeof(at_ns)) == sizeof(at_ns)) {
		note(ring->shared, clock_now_ns() - at_ns);
		for (unsigned int i = 0; i < TURN_PAGES; i++)
			((volatile uint64_t *)
				 ring->memory)[(page + i) % PAGES * MEMORY_PAGE_WORDS]++;
		page += TURN_PAGES;
		at_ns = clock_now_ns();
		if (write(ring->pipes[(own + 1) % THREADS][1], &at_ns, sizeof(at_ns)) < 0)
			break;
	}
	_exit(1);
}

static void child_run(struct ring *ring, unsigned int awake, int ready)
{
	uint64_t at_ns = clock_now_ns();
	pthread_t thread;
	int r = memory_fill(ring->memory, PAGES, 1, 0, 0);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (r)
		options_fail(r, "cannot fill the memory on node 0");
	for (unsigned int i = 0; i < THREADS; i++)
		if (pipe(ring->pipes[i]) < 0)
			options_fail(-errno, "pipe");
	for (unsigned int i = 0; i < THREADS; i++)
		if (pthread_create(&thread, NULL, take_turns, ring))
			options_fail(-EAGAIN, "cannot start a thread");
	for (unsigned int i = 0; i < awake; i++)
		if (write(ring->pipes[i * THREADS / awake][1], &at_ns, sizeof(at_ns)) < 0)
			options_fail(-errno, "pipe");
	if (write(ready, "", 1) != 1)
		_exit(1);
	for (;;)
		pause();
}

static pid_t child_start(struct ring *ring, unsigned int awake)
{
	int ready[2], r = memory_map(PAGES << TIERED_PAGE_SHIFT, MEMORY_HUGE_NEVER, &ring->memory);
	pid_t child;
	char byte;

	if (r || pipe(ready))
		options_fail(r ? r : -errno, "cannot map the memory");
	child = fork();
	if (child < 0)
		options_fail(-errno, "cannot fork");
	if (!child)
		child_run(ring, awake, ready[1]);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		options_fail(0, "the child has ended");
	close(ready[0]);
	return child;
}

static struct scheduler *schedule(pid_t child, int narrow)
{
	struct scheduler *scheduler;
	char why[256] = "";
	struct cpus cpus;
	int r = cpus_read("/sys", &cpus, why, sizeof(why));

	cpus.setup.partial = 1;
	cpus.setup.narrow = (uint32_t)narrow;
	if (!r)
		r = scheduler_open(&cpus.setup, &scheduler, why, sizeof(why));
	if (!r)
		r = scheduler_add(scheduler, (uint32_t)child);
	if (!r && sched_class_enter("/proc", (uint32_t)child) < THREADS + 1)
		r = -EPERM;
	if (r)
		options_fail(r, "no scheduler: %s", why);
	return scheduler;
}

/* Pages that moved. */
static size_t move(pid_t child, uint64_t *memory, int to, int narrow)
{
	void *addresses[BATCH];
	int nodes[BATCH], status[BATCH];
	size_t moved = 0;

	for (size_t done = 0; done < PAGES; done += BATCH) {
		for (size_t i = 0; i < BATCH; i++) {
			addresses[i] = memory + (done + i) * MEMORY_PAGE_WORDS;
			nodes[i] = to;
		}
		scheduler_narrow(narrow, (uint32_t)child);
		if (move_pages(child, BATCH, addresses, nodes, status, MPOL_MF_MOVE) < 0)
			options_fail(-errno, "move_pages");
		scheduler_narrow(narrow, 0);
		for (size_t i = 0; i < BATCH; i++)
			moved += status[i] == to;
	}
	return moved;
}

static double median_us(const struct shared *shared)
{
	uint64_t sum = 0;
	unsigned int step = 0;

	for (; step < STEPS - 1 && (sum += shared->late[step]) * 2 < shared->turns;)
		step++;
	return (double)step_ns(step) / 1000;
}

int main(int argc, char **argv)
{
	struct shared *shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct ring ring = { .shared = shared };
	struct scheduler *scheduler = NULL;
	int narrow, told = -1;
	uint64_t before, rounds, moved = 0;
	pid_t child;

	if (argc != 4 || shared == MAP_FAILED)
		options_die("usage: schednarrow off|on|narrow AWAKE ROUNDS");
	narrow = strcmp(argv[1], "narrow") == 0;
	child = child_start(&ring, (unsigned int)options_number("AWAKE", argv[2], 1, THREADS));
	rounds = options_number("ROUNDS", argv[3], 1, 1000);
	if (strcmp(argv[1], "off") != 0)
		scheduler = schedule(child, narrow);
	if (narrow)
		told = scheduler_narrow_open(scheduler);
	/* The child's threads have the others, and this one when it is idle. */
	cpus_pin(0);
	/* Once there and back, so that all has been used once. */
	move(child, ring.memory, 1, -1);
	move(child, ring.memory, 0, -1);
	memset(shared, 0, sizeof(*shared));
	before = cpus_tlb_interrupts(0);
	for (uint64_t round = 0; round < rounds; round++)
		moved += move(child, ring.memory, !(round & 1), told);
	printf("%llu %llu %llu %.1f %.1f\n", (unsigned long long)moved,
	       (unsigned long long)(cpus_tlb_interrupts(0) - before),
	       (unsigned long long)shared->turns, median_us(shared),
	       (double)shared->worst_ns / 1000);
	kill(child, SIGKILL);
	sched_class_leave_all("/proc");
	scheduler_close(scheduler);
	return 0;
}
