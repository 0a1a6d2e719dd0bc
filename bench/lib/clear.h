/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * clear.h - the ways to clear accessed bits of another process, as bare as they can be:
 *
 *	none		not at all
 *	idle		single frames through the idle bitmap
 *	clear_refs	the whole address space through /proc/PID/clear_refs
 *	cold		ranges of accessed pages through process_madvise(MADV_COLD)
 */
#ifndef BENCH_CLEAR_H
#define BENCH_CLEAR_H

#include <stdint.h>
#include <sys/types.h>

#define CLEAR_RANGES_MAX 4

/**
 * struct clear_range - a mapping of the process, some of whose pages are accessed
 * @percent: of its pages, scattered; 100: all of them, in a row
 */
struct clear_range {
	char *start;
	uint64_t pages;
	unsigned int percent;
};

struct clear;

/* 0; -EOPNOTSUPP where the kernel does not have it; -EINVAL: no such way. */
int clear_open(const char *name, pid_t pid, const struct clear_range *ranges, unsigned int n,
	       struct clear **ret);
void clear_close(struct clear *clear);

/* Clears the bits of the accessed pages, or of more; 0 or -errno. */
int clear_run(struct clear *clear);

/* Is the page among those that are accessed? */
static inline int clear_is_accessed(uint64_t page, unsigned int percent)
{
	return page * 61 % 100 < percent;
}

#endif
