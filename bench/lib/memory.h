/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * memory.h - memory of a workload: on the node it should start on, with
 * contents that can be verified after it was moved about.
 *
 * Of each page the first MEMORY_COUNTERS words count accesses, one word per
 * thread; the others hold a pattern made of the seed, the page and the word.
 */
#ifndef BENCH_MEMORY_H
#define BENCH_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define MEMORY_COUNTERS 8 /* one cache line: what an access touches */
#define MEMORY_PAGE_WORDS 512

enum memory_huge { MEMORY_HUGE_DEFAULT, MEMORY_HUGE_NEVER, MEMORY_HUGE_ALWAYS };

/*
 * Maps @bytes, aligned to 2 MiB, touching nothing; 0 or -errno. Never unmapped.
 */
int memory_map(size_t bytes, enum memory_huge huge, uint64_t **ret_memory);

/*
 * Writes every page: the pattern into all of it (@whole), or only its first
 * word. With @node >= 0 the pages come from that node, and the memory policy
 * of the caller is the default again afterwards. 0 or -errno.
 */
int memory_fill(uint64_t *memory, size_t pages, uint64_t seed, int whole, int node);

/*
 * Counts the words of a wholly filled memory that are not what they should
 * be, and checks that the counters of thread t add up to @accesses[t]. Returns the number of faults.
 */
uint64_t memory_verify(const uint64_t *memory, size_t pages, uint64_t seed,
		       const uint64_t *accesses);

#endif
