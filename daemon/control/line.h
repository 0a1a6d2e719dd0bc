/* SPDX-License-Identifier: GPL-2.0-only */
/* line.h - request lines out of the bytes that came. Pure. */
#ifndef TIERED_CONTROL_LINE_H
#define TIERED_CONTROL_LINE_H

#include <stddef.h>
#include <sys/types.h>

#include "tiered/control.h"

/* Zeroed to begin with. */
struct control_line {
	char bytes[TIERED_CONTROL_REQUEST_MAX];
	size_t used;
};

/* Where the next bytes go, and how many; none while a whole line is not taken. */
char *control_line_space(struct control_line *line, size_t *ret_room);

/* So many came. */
void control_line_add(struct control_line *line, size_t n);

/*
 * The first line is whole: its length, the newline included; it is at @bytes.
 * 0: not yet. -EMSGSIZE: it is longer than a request may be.
 */
ssize_t control_line_next(const struct control_line *line);

/* The first @n bytes are done with. */
void control_line_drop(struct control_line *line, size_t n);

#endif
