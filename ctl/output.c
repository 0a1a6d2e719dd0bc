// SPDX-License-Identifier: GPL-2.0-only
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

/* 1: takes some, 0: the signal came first, or -errno. */
static int wait_for_room(const struct output *output)
{
	struct pollfd fds[] = {
		{ .fd = output->fd, .events = POLLOUT },
		{ .fd = output->stop->fd, .events = POLLIN },
	};

	while (poll(fds, 2, -1) < 0)
		if (errno != EINTR)
			return -errno;
	return fds[0].revents != 0;
}

/* Of fopencookie(): what is taken; less is an error to the FILE. */
static ssize_t output_write(void *cookie, const char *bytes, size_t size)
{
	struct output *output = cookie;
	size_t done = 0;

	while (done < size && !output->error) {
		/* A pipe with room takes as much at once without waiting. */
		size_t piece = size - done < PIPE_BUF ? size - done : PIPE_BUF;
		int room = wait_for_room(output);
		ssize_t n;

		if (room <= 0) {
			output->error = room ? room : -ECANCELED;
			break;
		}
		n = write(output->fd, bytes + done, piece);
		if (n >= 0)
			done += (size_t)n;
		else if (errno != EAGAIN && errno != EINTR)
			output->error = -errno;
		else if (stop_came(output->stop))
			output->error = -ECANCELED;
	}
	return (ssize_t)done;
}

/*
 * A terminal that has room for one byte says it has room, and then waits for
 * all of them. O_NONBLOCK would hold for whoever shares the descriptor, the
 * shell for one: so it is opened once more. Where that is not allowed, pieces
 * that fit must do.
 */
static int open_again(void)
{
	struct stat stat;

	if (fstat(STDOUT_FILENO, &stat) < 0)
		return -errno;
	if (!S_ISFIFO(stat.st_mode) && !isatty(STDOUT_FILENO))
		return -ENOTTY;
	return open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

int output_open(struct output *output, const struct stop *stop)
{
	static const cookie_io_functions_t functions = { .write = output_write };
	int fd = open_again();

	*output = (struct output){ .stop = stop, .fd = fd, .own = fd >= 0 };
	if (fd < 0)
		output->fd = STDOUT_FILENO;
	fflush(stdout);
	output->file = fopencookie(output, "w", functions);
	if (output->file)
		return 0;
	if (output->own)
		close(output->fd);
	return -ENOMEM;
}

int output_close(struct output *output)
{
	fclose(output->file);
	if (output->own)
		close(output->fd);
	return output->error;
}
