/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * load.h - threads that access the pages of a memory (lib/memory.h) as a
 * distribution says, at full speed or at a given rate.
 */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#include "distribution.h"
#include "memory.h"

#define LOAD_THREADS_MAX MEMORY_COUNTERS

struct load;

struct load_worker {
	struct load *load;
	unsigned int index;
	pthread_t thread;
	uint64_t accesses;
	const struct sampler *_Atomic used; /* the sampler it drew from last */
};

/**
 * struct load - to be zeroed, then the first six filled in, by the caller
 * @memory: of memory_map(), filled
 * @seed: of the random draws
 * @rate: accesses per second of all threads together, 0: as fast as they can
 * @threads: 1 to LOAD_THREADS_MAX
 * @busy: threads that are ahead of their rate spin instead of sleeping, and so stay on their CPU
 * @accesses: where the accesses of all threads are counted
 */
struct load {
	uint64_t *memory;
	uint64_t seed;
	uint64_t rate;
	unsigned int threads;
	int busy;
	_Atomic uint64_t *accesses;

	unsigned int switches;
	struct sampler samplers[2];
	const struct sampler *_Atomic sampler;
	atomic_int running, stop;
	struct load_worker workers[LOAD_THREADS_MAX];
};

/* From now on pages are drawn by @weights, and by no others; 0 or -errno. */
int load_switch(struct load *load, const float *weights, uint32_t pages);

/* Starts the threads; after the first load_switch(). 0 or -errno. */
int load_start(struct load *load);

/* Ends them; @ret_accesses has room for LOAD_THREADS_MAX and gets those of each thread. */
void load_stop(struct load *load, uint64_t *ret_accesses);

#endif
