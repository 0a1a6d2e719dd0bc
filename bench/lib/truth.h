/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * truth.h - the file in which a workload says what it really accesses.
 *
 * Shared memory between one writer (arena) and any number of readers
 * (hitshare): a header, then one float per page of the arena, summing to 1.
 */
#ifndef BENCH_TRUTH_H
#define BENCH_TRUTH_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#define TRUTH_MAGIC UINT64_C(0x6172656e61747231)

enum truth_phase { TRUTH_FILLING, TRUTH_RUNNING, TRUTH_DONE };

/**
 * struct truth - the head of the file
 * @magic: TRUTH_MAGIC, written last when the file is made
 * @base: address of the arena in the writer
 * @pages: base pages in it
 * @pid: the writer
 * @phase: enum truth_phase
 * @generation: even: weights are valid; odd: being written. Grows with each hot set.
 * @jumped_ns: CLOCK_MONOTONIC of the last change of the hot set, 0: none yet
 * @accesses: done so far
 */
struct truth {
	_Atomic uint64_t magic;
	uint64_t base;
	uint64_t pages;
	uint32_t pid;
	_Atomic uint32_t phase;
	_Atomic uint32_t generation;
	uint32_t reserved;
	_Atomic uint64_t jumped_ns;
	_Atomic uint64_t accesses;
	float weights[];
};

/* Makes the file for @pages pages; 0 or -errno. The mapping lasts as long as the process. */
int truth_create(const char *path, uint64_t base, uint64_t pages, struct truth **ret);

/* Maps an existing file to read; 0, -EAGAIN when its writer is not ready, -errno. */
int truth_open(const char *path, const struct truth **ret);

/*
 * Copies the weights; returns the generation they belong to, or -EAGAIN when
 * the writer would not let go within a second.
 */
int truth_weights(const struct truth *truth, float *ret_weights);

#endif
