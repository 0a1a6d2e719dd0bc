/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * kdamond.h - the one kdamond of ours in DAMON's sysfs
 * (Documentation/admin-guide/mm/damon/usage.rst).
 *
 * The folders of all kdamonds are made, and thrown away, by one number in one
 * file. So there is one of ours only where nobody else has any, and before it
 * is taken away it must be known for ours: by its update interval, a number of
 * microseconds that nobody else would choose, noted in an undo record before
 * anything is made.
 */
#ifndef TIERED_UTIL_KDAMOND_H
#define TIERED_UTIL_KDAMOND_H

#include <stddef.h>
#include <stdint.h>

#define KDAMOND_FOLDER "kernel/mm/damon/admin/kdamonds"

/* A mark: ten seconds and some odd part of one. */
uint64_t kdamond_mark(void);

/* How many kdamonds are set up, running or not: 0 or -errno (-ENOENT: no DAMON here). */
int kdamond_count(const char *sys_root, uint64_t *ret);

/* 1 when there is one, and it is that of @mark. */
int kdamond_is_ours(const char *sys_root, uint64_t mark);

/*
 * Makes one with nothing in it but the mark. 0; -EBUSY: somebody has some; -errno: then nothing
 * is left.
 */
int kdamond_make(const char *sys_root, uint64_t mark);

/* Stops it and takes it away; 0 also when it is gone already, or somebody else's by now. */
int kdamond_remove(const char *sys_root, uint64_t mark);

/* Writes a file below its folder: 0 or -errno. */
int kdamond_set(const char *sys_root, const char *value, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
int kdamond_set_u64(const char *sys_root, uint64_t value, const char *file);

/* Its thread, or 0 while it does not run. */
uint32_t kdamond_thread(const char *sys_root);

#endif
