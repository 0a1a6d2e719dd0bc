// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "resp.h"
#include "util/clock.h"

int resp_connect(struct resp *resp, const char *path, unsigned int wait_ms)
{
	uint64_t deadline = clock_now_ns() + wait_ms * NSEC_PER_MSEC;
	const struct timespec pause = { .tv_nsec = (long)(20 * NSEC_PER_MSEC) };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(path) >= sizeof(address.sun_path))
		return -ENAMETOOLONG;
	strcpy(address.sun_path, path);
	resp->start = resp->end = 0;
	resp->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (resp->fd < 0)
		return -errno;
	while (connect(resp->fd, (const struct sockaddr *)&address, sizeof(address))) {
		if ((errno != ENOENT && errno != ECONNREFUSED) || clock_now_ns() >= deadline)
			return -errno;
		nanosleep(&pause, NULL);
	}
	return 0;
}

int resp_send(struct resp *resp, const char *commands, size_t n)
{
	while (n) {
		ssize_t sent = send(resp->fd, commands, n, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return -errno;
		commands += sent;
		n -= (size_t)sent;
	}
	return 0;
}

/* Reads more into the buffer; 0 or -errno. */
static int fill(struct resp *resp)
{
	ssize_t got;

	if (resp->start && resp->end == sizeof(resp->buffer)) {
		memmove(resp->buffer, resp->buffer + resp->start, resp->end - resp->start);
		resp->end -= resp->start;
		resp->start = 0;
	}
	if (resp->end == sizeof(resp->buffer))
		return -EMSGSIZE;
	do
		got = read(resp->fd, resp->buffer + resp->end, sizeof(resp->buffer) - resp->end);
	while (got < 0 && errno == EINTR);
	if (got <= 0)
		return got ? -errno : -ECONNRESET;
	resp->end += (size_t)got;
	return 0;
}

/* Waits for a line that starts at resp->start; @ret_length without its \r\n. */
static int line_read(struct resp *resp, size_t *ret_length)
{
	const char *found;
	int r;

	while (!(found = memmem(resp->buffer + resp->start, resp->end - resp->start, "\r\n", 2))) {
		r = fill(resp);
		if (r)
			return r;
	}
	*ret_length = (size_t)(found - (resp->buffer + resp->start));
	return 0;
}

/* The buffer may have moved under a line that was waited for: only offsets are kept. */
static int bulk_read(struct resp *resp, size_t line, struct reply *ret)
{
	const char *start = resp->buffer + resp->start;
	char *end;
	long length = strtol(start + 1, &end, 10);
	size_t whole;
	int r;

	if (end != start + line || length < -1 || length > RESP_BUFFER_BYTES)
		return -EPROTO;
	ret->length = length;
	whole = line + 2 + (length < 0 ? 0 : (size_t)length + 2);
	while (resp->end - resp->start < whole) {
		r = fill(resp);
		if (r)
			return r;
	}
	ret->data = resp->buffer + resp->start + line + 2;
	resp->start += whole;
	return 0;
}

int resp_read(struct resp *resp, struct reply *ret)
{
	struct reply reply = { 0 };
	size_t line;
	int r;

	if (resp->start == resp->end)
		resp->start = resp->end = 0;
	r = line_read(resp, &line);
	if (r)
		return r;
	reply.kind = resp->buffer[resp->start];
	if (reply.kind == '$') {
		r = bulk_read(resp, line, &reply);
		if (r)
			return r;
	} else if (line && strchr("+-:", reply.kind)) {
		reply.length = (ssize_t)line - 1;
		reply.data = resp->buffer + resp->start + 1;
		resp->start += line + 2;
	} else {
		return -EPROTO;
	}
	*ret = reply;
	return 0;
}

int resp_peer(const struct resp *resp)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (getsockopt(resp->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size))
		return -errno;
	return peer.pid;
}
