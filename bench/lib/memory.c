// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <linux/mempolicy.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

#define HUGE_BYTES (2UL << 20)

int memory_map(size_t bytes, enum memory_huge huge, uint64_t **ret_memory)
{
	char *map = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	uintptr_t start;

	if (map == MAP_FAILED)
		return -errno;
	start = ((uintptr_t)map + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1);
	if (start > (uintptr_t)map)
		munmap(map, start - (uintptr_t)map);
	munmap((void *)(start + bytes), (uintptr_t)map + HUGE_BYTES - start);
	if (huge != MEMORY_HUGE_DEFAULT &&
	    madvise((void *)start, bytes,
		    huge == MEMORY_HUGE_ALWAYS ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) &&
	    errno != EINVAL) /* a kernel without THP has no huge pages either way */
		return -errno;
	*ret_memory = (uint64_t *)start;
	return 0;
}

static uint64_t pattern(uint64_t seed, size_t page, unsigned int word)
{
	return (seed + page * MEMORY_PAGE_WORDS + word) * UINT64_C(0x9e3779b97f4a7c15);
}

static void write_pages(uint64_t *memory, size_t pages, uint64_t seed, int whole)
{
	for (size_t page = 0; page < pages; page++) {
		uint64_t *words = memory + page * MEMORY_PAGE_WORDS;

		words[0] = 0;
		for (unsigned int i = MEMORY_COUNTERS; whole && i < MEMORY_PAGE_WORDS; i++)
			words[i] = pattern(seed, page, i);
	}
}

/* A policy of the thread, not of the mapping: nothing of it stays on the pages. */
static int bind_thread(int node)
{
	unsigned long mask = node >= 0 ? 1UL << node : 0;

	if (syscall(SYS_set_mempolicy, node >= 0 ? MPOL_BIND : MPOL_DEFAULT,
		    node >= 0 ? &mask : NULL, node >= 0 ? 8 * sizeof(mask) : 0))
		return -errno;
	return 0;
}

int memory_fill(uint64_t *memory, size_t pages, uint64_t seed, int whole, int node)
{
	int r;

	if (node > 62)
		return -EINVAL;
	r = node >= 0 ? bind_thread(node) : 0;
	if (r)
		return r;
	write_pages(memory, pages, seed, whole);
	return node >= 0 ? bind_thread(-1) : 0;
}

uint64_t memory_verify(const uint64_t *memory, size_t pages, uint64_t seed,
		       const uint64_t *accesses)
{
	uint64_t counted[MEMORY_COUNTERS] = { 0 }, faults = 0;

	for (size_t page = 0; page < pages; page++) {
		const uint64_t *words = memory + page * MEMORY_PAGE_WORDS;

		for (unsigned int i = 0; i < MEMORY_COUNTERS; i++)
			counted[i] += words[i];
		for (unsigned int i = MEMORY_COUNTERS; i < MEMORY_PAGE_WORDS; i++)
			faults += words[i] != pattern(seed, page, i);
	}
	for (unsigned int i = 0; i < MEMORY_COUNTERS; i++)
		faults += counted[i] != accesses[i];
	return faults;
}
