// SPDX-License-Identifier: GPL-2.0-only
#include "control/output.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "util/utf8.h"

/* Most answers are shorter: the memory of longer ones goes back once they are sent. */
#define KEEP_BYTES ((size_t)64 << 10)

size_t control_output_waiting(const struct control_output *output)
{
	return output->end - output->start;
}

/* Makes room for @n bytes behind @end. */
static int make_room(struct control_output *output, size_t n)
{
	size_t waiting = control_output_waiting(output), size = output->size;
	char *bigger;

	if (output->size - output->end >= n)
		return 0;
	if (output->start) {
		memmove(output->data, output->data + output->start, waiting);
		output->start = 0;
		output->end = waiting;
	}
	if (output->size - output->end >= n)
		return 0;
	/* Doubled, so that many short lines are not copied over and over. */
	size = size * 2 > waiting + n ? size * 2 : waiting + n;
	bigger = realloc(output->data, size);
	if (!bigger)
		return -ENOMEM;
	output->data = bigger;
	output->size = size;
	return 0;
}

int control_output_add(struct control_output *output, const char *line, size_t length, size_t max)
{
	int ret;

	if (length > max || control_output_waiting(output) > max - length)
		return -ENOBUFS;
	ret = make_room(output, length);
	if (ret < 0)
		return ret;
	memcpy(output->data + output->end, line, length);
	utf8_mend(output->data + output->end, length);
	output->end += length;
	return 0;
}

ssize_t control_output_send(struct control_output *output, int fd)
{
	size_t sent = 0;
	ssize_t n;

	while (control_output_waiting(output)) {
		n = send(fd, output->data + output->start, control_output_waiting(output),
			 MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n < 0)
			return -errno;
		output->start += (size_t)n;
		sent += (size_t)n;
	}
	if (!control_output_waiting(output)) {
		output->start = output->end = 0;
		if (output->size > KEEP_BYTES)
			control_output_free(output);
	}
	return (ssize_t)sent;
}

void control_output_free(struct control_output *output)
{
	free(output->data);
	*output = (struct control_output){ 0 };
}
