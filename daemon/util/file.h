/* SPDX-License-Identifier: GPL-2.0-only */
/* file.h - small files, read whole; those of /proc and /sys by printf-formatted paths. */
#ifndef TIERED_FILE_H
#define TIERED_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads at most @size - 1 bytes and ends them with NUL; a trailing newline is
 * cut off. Returns the length, or -errno; -E2BIG when the file is longer.
 */
int file_read_text(char *buffer, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/*
 * Reads a file of at most @max bytes whole, as it is, into memory that the
 * caller frees. Never waits: a FIFO is an empty file. 0, -EFBIG when it is
 * longer, or -errno.
 */
int file_read_whole(const char *path, size_t max, char **ret_text, size_t *ret_size);

/* As file_read_whole(), of a file that is open. */
int file_read_open(int fd, size_t max, char **ret_text, size_t *ret_size);

/* Reads one decimal (or 0x) number; 0 or -errno (-EINVAL: not a number). */
int file_read_u64(uint64_t *ret_value, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

#endif
