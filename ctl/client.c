// SPDX-License-Identifier: GPL-2.0-only
#include "client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "ctl.h"
#include "format.h"
#include "tiered/control.h"
#include "util/cleanup.h"
#include "util/clock.h"

/* The buffer begins with this and doubles up to the longest answer. */
#define BUFFER_FIRST 65536

/**
 * struct client
 * @buffer: what came; lines up to @taken were handed out, no newline up to @scanned
 */
struct client {
	int fd;
	int deadline_ms;
	char *buffer;
	size_t size;
	size_t used;
	size_t taken;
	size_t scanned;
	struct json_tokener *tokener;
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
	char why[CLIENT_WHY_MAX];
};

__attribute__((format(printf, 3, 4))) static int fail(char *why, int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, CLIENT_WHY_MAX, format, args);
	va_end(args);
	return error;
}

static int fail_connect(char *why, int error, const char *path)
{
	if (error == ENOENT || error == ECONNREFUSED)
		return fail(why, -error,
			    "no daemon listens on %s; start it with 'systemctl start tiered'",
			    path);
	if (error == EACCES || error == EPERM)
		return fail(why, -EACCES,
			    "you may not talk to the daemon on %s: be root or in the group "
			    "%s",
			    path, TIERED_CONTROL_GROUP);
	if (error == EAGAIN)
		return fail(why, -ETIMEDOUT, "the daemon on %s takes no connection; try again",
			    path);
	return fail(why, -error, "cannot connect to %s: %s", path, strerror(error));
}

/* A full backlog says EAGAIN, and nothing tells when it is not any more. */
#define CONNECT_AGAIN_MS 20

static int connect_within(int fd, const struct sockaddr_un *address, int wait_ms)
{
	uint64_t end = clock_now_ns() + (uint64_t)wait_ms * NSEC_PER_MSEC;

	while (connect(fd, (const struct sockaddr *)address, sizeof(*address)) < 0) {
		if (errno != EAGAIN || clock_now_ns() >= end)
			return -errno;
		poll(NULL, 0, CONNECT_AGAIN_MS);
	}
	return 0;
}

int client_open(const char *path, int wait_ms, struct client **ret, char *why)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct client *client;
	auto_close int fd = -1;
	int err;

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(why, -ENAMETOOLONG,
			    "the path of the socket is too long: %zu bytes; expected at most %zu",
			    strlen(path), sizeof(address.sun_path) - 1);
	strcpy(address.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return fail(why, -errno, "cannot make a socket: %s", strerror(errno));
	err = connect_within(fd, &address, wait_ms);
	if (err < 0)
		return fail_connect(why, -err, path);
	client = calloc(1, sizeof(*client));
	if (!client)
		return fail(why, -ENOMEM, "out of memory");
	client->fd = fd;
	fd = -1;
	client->deadline_ms = CLIENT_DEADLINE_MS;
	strcpy(client->path, path);
	*ret = client;
	return 0;
}

void client_close(struct client *client)
{
	if (!client)
		return;
	close(client->fd);
	if (client->tokener)
		json_tokener_free(client->tokener);
	free(client->buffer);
	free(client);
}

void client_set_deadline(struct client *client, int deadline_ms)
{
	client->deadline_ms = deadline_ms;
}

int client_fd(const struct client *client)
{
	return client->fd;
}

const char *client_why(const struct client *client)
{
	return client->why;
}

int client_status(int error)
{
	switch (error) {
	case 0:
		return CTL_OK;
	case -ENOENT:
	case -ECONNREFUSED:
	case -EACCES:
	case -ENOTDIR:
		return CTL_UNREACHABLE;
	default:
		return CTL_FAILED;
	}
}

/* 1: ready, 0: not within @wait_ms. Signals do not end the wait; their file descriptors do. */
static int wait_for(int fd, short events, int wait_ms)
{
	uint64_t end = clock_now_ns() + (uint64_t)wait_ms * NSEC_PER_MSEC;
	struct pollfd poll_fd = { .fd = fd, .events = events };
	int n, left = wait_ms;

	while ((n = poll(&poll_fd, 1, left)) < 0 && errno == EINTR) {
		uint64_t now = clock_now_ns();

		left = now < end ? (int)((end - now) / NSEC_PER_MSEC) : 0;
	}
	return n > 0;
}

/*
 * Writes the whole line. A daemon that closes at once has said why before, so
 * a broken pipe is not the end: the answer will tell.
 */
static int send_line(struct client *client, const char *line, size_t length)
{
	while (length) {
		ssize_t n = send(client->fd, line, length, MSG_NOSIGNAL);

		if (n >= 0) {
			line += n;
			length -= (size_t)n;
		} else if (errno == EPIPE || errno == ECONNRESET) {
			return 0;
		} else if (errno == EAGAIN) {
			if (!wait_for(client->fd, POLLOUT, client->deadline_ms))
				return fail(client->why, -ETIMEDOUT,
					    "the daemon on %s reads nothing; try again",
					    client->path);
		} else if (errno != EINTR) {
			return fail(client->why, -errno, "cannot write to %s: %s", client->path,
				    strerror(errno));
		}
	}
	return 0;
}

int client_send(struct client *client, const char *verb, struct json_object *args)
{
	struct json_object *request = json_object_new_object();
	auto_free char *line = NULL;
	int length;

	json_object_object_add(request, "version", json_object_new_int(TIERED_CONTROL_VERSION));
	json_object_object_add(request, "verb", json_object_new_string(verb));
	if (args)
		json_object_object_add(request, "args", args);
	length = asprintf(&line, "%s\n",
			  json_object_to_json_string_ext(request, JSON_C_TO_STRING_PLAIN));
	json_object_put(request);
	if (length < 0) {
		line = NULL;
		return fail(client->why, -ENOMEM, "out of memory");
	}
	if (length > TIERED_CONTROL_REQUEST_MAX)
		return fail(client->why, -E2BIG, "a request of %d bytes; expected at most %d",
			    length, TIERED_CONTROL_REQUEST_MAX);
	return send_line(client, line, (size_t)length);
}

/* Makes room for more: moves the rest of the last line to the front, then grows. */
static int make_room(struct client *client)
{
	size_t size = client->size ? client->size * 2 : BUFFER_FIRST;
	char *buffer;

	if (client->taken) {
		client->used -= client->taken;
		client->scanned -= client->taken;
		memmove(client->buffer, client->buffer + client->taken, client->used);
		client->taken = 0;
	}
	if (client->used < client->size)
		return 0;
	if (client->used >= TIERED_CONTROL_ANSWER_MAX)
		return fail(client->why, -EMSGSIZE,
			    "the daemon on %s answers more than %d bytes in one line", client->path,
			    TIERED_CONTROL_ANSWER_MAX);
	buffer = realloc(client->buffer, size);
	if (!buffer)
		return fail(client->why, -ENOMEM, "out of memory");
	client->buffer = buffer;
	client->size = size;
	return 0;
}

/* One read(): 0 when something came, -EAGAIN when nothing is there. */
static int read_more(struct client *client)
{
	ssize_t n;
	int err;

	err = make_room(client);
	if (err < 0)
		return err;
	n = read(client->fd, client->buffer + client->used, client->size - client->used);
	if (n > 0) {
		client->used += (size_t)n;
		return 0;
	}
	if (n == 0)
		return fail(client->why, -EPIPE, "the daemon on %s closed the connection",
			    client->path);
	if (errno == EAGAIN || errno == EINTR)
		return -EAGAIN;
	return fail(client->why, -errno, "cannot read from %s: %s", client->path, strerror(errno));
}

int client_parse(struct client *client, const char *text, size_t length,
		 struct json_object **ret_line)
{
	struct json_object *object;

	/* Kept: it is larger than most lines. */
	if (!client->tokener)
		client->tokener = json_tokener_new();
	if (!client->tokener)
		return fail(client->why, -ENOMEM, "out of memory");
	json_tokener_reset(client->tokener);
	object = json_tokener_parse_ex(client->tokener, text, (int)length);
	if (!object || json_tokener_get_parse_end(client->tokener) != length ||
	    !json_object_is_type(object, json_type_object)) {
		json_object_put(object);
		return fail(client->why, -EBADMSG,
			    "what answers on %s is no tiered: expected a line of JSON",
			    client->path);
	}
	*ret_line = object;
	return 0;
}

int client_text(struct client *client, int wait_ms, const char **ret_text, size_t *ret_length)
{
	uint64_t end = clock_now_ns() + (uint64_t)wait_ms * NSEC_PER_MSEC;

	for (;;) {
		uint64_t now;
		char *newline = NULL;
		int err;

		if (client->scanned < client->used)
			newline = memchr(client->buffer + client->scanned, '\n',
					 client->used - client->scanned);
		if (newline) {
			*ret_text = client->buffer + client->taken;
			*ret_length = (size_t)(newline - *ret_text);
			client->taken += *ret_length + 1;
			client->scanned = client->taken;
			return 0;
		}
		client->scanned = client->used;
		err = read_more(client);
		if (err < 0 && err != -EAGAIN)
			return err;
		now = clock_now_ns();
		if (err == -EAGAIN && (now >= end || !wait_for(client->fd, POLLIN,
							       (int)((end - now) / NSEC_PER_MSEC))))
			return -EAGAIN;
	}
}

int client_line(struct client *client, int wait_ms, struct json_object **ret_line)
{
	const char *text;
	size_t length;
	int err;

	err = client_text(client, wait_ms, &text, &length);
	return err < 0 ? err : client_parse(client, text, length, ret_line);
}

/* A refusal; its sentence is the daemon's, which quotes what it was given: escaped. */
static int refused(struct client *client, struct json_object *line)
{
	struct json_object *code = json_object_object_get(line, "code");
	struct json_object *error = json_object_object_get(line, "error");
	const char *sentence = json_object_get_string(error);

	format_text(sentence ? sentence : "the daemon refused, and does not say why", client->why,
		    sizeof(client->why));
	if (code && strcmp(json_object_get_string(code), CONTROL_REFUSED) == 0)
		return -EACCES;
	return -EREMOTEIO;
}

int client_answer(struct client *client, int wait_ms, struct json_object **ret_result)
{
	struct json_object *line, *version, *result;
	int err;

	err = client_line(client, wait_ms, &line);
	if (err < 0)
		return err;
	version = json_object_object_get(line, "version");
	if (!json_object_is_type(version, json_type_int) ||
	    json_object_get_int(version) != TIERED_CONTROL_VERSION) {
		err = fail(client->why, -EPROTO,
			   "the daemon on %s speaks version %.20s of the protocol, this tieredctl "
			   "%d: use those of one release",
			   client->path,
			   json_object_is_type(version, json_type_int)
				   ? json_object_get_string(version)
				   : "?",
			   TIERED_CONTROL_VERSION);
	} else if (!json_object_get_boolean(json_object_object_get(line, "ok"))) {
		err = refused(client, line);
	} else {
		result = json_object_object_get(line, "result");
		*ret_result = result ? json_object_get(result) : json_object_new_object();
	}
	json_object_put(line);
	return err;
}

int client_ask(struct client *client, const char *verb, struct json_object *args,
	       struct json_object **ret_result)
{
	int err;

	err = client_send(client, verb, args);
	if (err < 0)
		return err;
	err = client_answer(client, client->deadline_ms, ret_result);
	if (err == -EAGAIN)
		return fail(client->why, -ETIMEDOUT,
			    "the daemon on %s did not answer within %g s; try again", client->path,
			    client->deadline_ms / 1000.0);
	return err;
}
