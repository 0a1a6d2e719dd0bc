// SPDX-License-Identifier: GPL-2.0-only
#include "control/line.h"

#include <errno.h>
#include <string.h>

char *control_line_space(struct control_line *line, size_t *ret_room)
{
	*ret_room = sizeof(line->bytes) - line->used;
	return line->bytes + line->used;
}

void control_line_add(struct control_line *line, size_t n)
{
	line->used += n;
}

ssize_t control_line_next(const struct control_line *line)
{
	const char *newline = memchr(line->bytes, '\n', line->used);

	if (newline)
		return newline - line->bytes + 1;
	return line->used == sizeof(line->bytes) ? -EMSGSIZE : 0;
}

void control_line_drop(struct control_line *line, size_t n)
{
	memmove(line->bytes, line->bytes + n, line->used - n);
	line->used -= n;
}
