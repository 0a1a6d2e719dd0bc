/* SPDX-License-Identifier: GPL-2.0-only */
/* output.h - bytes that wait until a client reads. */
#ifndef TIERED_CONTROL_OUTPUT_H
#define TIERED_CONTROL_OUTPUT_H

#include <stddef.h>
#include <sys/types.h>

/* Zeroed to begin with. The bytes from @start to @end wait. */
struct control_output {
	char *data;
	size_t start;
	size_t end;
	size_t size;
};

size_t control_output_waiting(const struct control_output *output);

/*
 * One line behind what waits. What is no UTF-8 in it (command names are any
 * bytes) becomes '?'. 0; -ENOBUFS when more than @max bytes would wait;
 * -ENOMEM. On failure all stays as it was.
 */
int control_output_add(struct control_output *output, const char *line, size_t length, size_t max);

/* Sends what the socket takes without waiting. How many bytes, or -errno. */
ssize_t control_output_send(struct control_output *output, int fd);

void control_output_free(struct control_output *output);

#endif
