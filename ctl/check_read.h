/* SPDX-License-Identifier: GPL-2.0-only */
/* check_read.h - what checks ask the files of the machine for. */
#ifndef TIERED_CTL_CHECK_READ_H
#define TIERED_CTL_CHECK_READ_H

#include <stddef.h>
#include <stdint.h>

#include "check.h"

/* The value of "NAME:" in /proc/self/status; 0 or -errno. */
int check_read_status(const struct check_env *env, const char *name, char *ret_value, size_t size);

/* "CapEff" or "CapBnd" as a mask; no capability at all when it cannot be read. */
uint64_t check_read_caps(const struct check_env *env, const char *name);

/* Is this capability (CAP_...) effective? */
int check_has_cap(const struct check_env *env, unsigned int cap);

/* Is a file system of this type mounted, at @where ("/sys/fs/bpf") or, with NULL, anywhere? */
int check_is_mounted(const struct check_env *env, const char *type, const char *where);

/*
 * A file of securityfs, by its name below /sys/kernel/security. 1 with the text; 0
 * when this kernel has no such file; -errno when nobody can tell, with the verdict
 * set.
 */
int check_read_security(const struct check_env *env, const char *name, char *text, size_t size,
			struct check *ret);

/* The word in brackets of "never [madvise] always"; the whole text when there is none. */
void check_choice(const char *text, char *ret_word, size_t size);

/* "0-1,3" of a mask of nodes; returns @buffer. */
const char *check_format_nodes(uint64_t mask, char *buffer, size_t size);

/* Says that @what may not be read, and which right is missing. */
void check_may_not(struct check *check, int error, const char *what, const char *right);

/* Appends as long as there is room. */
void check_append(char *buffer, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
