// SPDX-License-Identifier: GPL-2.0-only
/*
 * randread - reads at random from more memory than the fast node has.
 *
 *	randread --size SIZE --reads N --phases N [--threads N] [--read-only]
 *
 * Memory is written once and read from then on, as the tables of XSBench are:
 * nine of ten reads go to a window of a quarter of it, which moves on with each
 * phase, the others anywhere. What the kernel promotes and demotes for that is
 * its own affair. With --read-only it may not be written any more once it was.
 * Each page holds its number; a wrong one ends the program.
 */
#include <errno.h>
#include <getopt.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "lib/distribution.h"
#include "lib/memory.h"
#include "lib/options.h"

#define THREADS_MAX 16
#define WINDOW_PART 4

struct load {
	uint64_t *memory;
	uint64_t pages;
	uint64_t reads; /* of a thread in a phase */
	uint64_t phases;
	uint64_t threads;
	atomic_ullong wrong;
	pthread_barrier_t phase;
};

struct reader {
	pthread_t thread;
	struct load *load;
	unsigned int number;
};

static uint64_t pick(const struct load *load, uint64_t phase, uint64_t *state)
{
	const uint64_t window = load->pages / WINDOW_PART;
	uint64_t value = random_next(state) >> 8;

	if (value % 10 == 0)
		return value / 10 % load->pages;
	return (phase * window + value / 10 % window) % load->pages;
}

static void read_phase(struct load *load, uint64_t phase, uint64_t *state)
{
	uint64_t i, page, wrong = 0;

	for (i = 0; i < load->reads; i++) {
		page = pick(load, phase, state);
		wrong += ((volatile uint64_t *)load->memory)[page * MEMORY_PAGE_WORDS] != page;
	}
	atomic_fetch_add(&load->wrong, wrong);
}

static void *read_all(void *arg)
{
	struct reader *reader = arg;
	struct load *load = reader->load;
	uint64_t state = 88172645463325252ULL + reader->number, phase;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(reader->number, &set);
	sched_setaffinity(0, sizeof(set), &set);
	for (phase = 0; phase < load->phases; phase++) {
		read_phase(load, phase, &state);
		pthread_barrier_wait(&load->phase);
	}
	return NULL;
}

static void run(struct load *load)
{
	struct reader readers[THREADS_MAX];
	uint64_t i;

	pthread_barrier_init(&load->phase, NULL, (unsigned int)load->threads);
	for (i = 0; i < load->threads; i++) {
		readers[i] = (struct reader){ .load = load, .number = (unsigned int)i };
		if (pthread_create(&readers[i].thread, NULL, read_all, &readers[i]))
			options_die("cannot start a thread");
	}
	for (i = 0; i < load->threads; i++)
		pthread_join(readers[i].thread, NULL);
}

int main(int argc, char **argv)
{
	static const struct option options[] = {
		{ "size", required_argument, NULL, 's' },
		{ "reads", required_argument, NULL, 'r' },
		{ "phases", required_argument, NULL, 'p' },
		{ "threads", required_argument, NULL, 't' },
		{ "read-only", no_argument, NULL, 'o' },
		{ 0 },
	};
	struct load load = { .reads = 1000000, .phases = 4, .threads = 3 };
	uint64_t size = UINT64_C(256) << 20, i;
	int c, error, readonly = 0;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c == 's')
			size = options_size("--size", optarg);
		else if (c == 'r')
			load.reads = options_number("--reads", optarg, 1, UINT64_C(1) << 40);
		else if (c == 'p')
			load.phases = options_number("--phases", optarg, 1, 1000);
		else if (c == 't')
			load.threads = options_number("--threads", optarg, 1, THREADS_MAX);
		else if (c == 'o')
			readonly = 1;
		else
			options_die("usage: randread --size SIZE --reads N --phases N "
				    "[--threads N] [--read-only]");
	}
	load.pages = size / (MEMORY_PAGE_WORDS * sizeof(uint64_t));
	error = memory_map(size, MEMORY_HUGE_NEVER, &load.memory);
	if (error < 0)
		options_fail(error, "no memory for --size");
	for (i = 0; i < load.pages; i++)
		load.memory[i * MEMORY_PAGE_WORDS] = i;
	if (readonly && mprotect(load.memory, size, PROT_READ) < 0)
		options_fail(-errno, "mprotect() fails");
	run(&load);
	if (load.wrong)
		options_die("%llu reads were wrong", (unsigned long long)load.wrong);
	return 0;
}
