/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control_fixture.h - a control socket in a temporary folder, its event loop,
 * and clients, all in one thread: the loop turns while a test waits.
 */
#ifndef TEST_CONTROL_FIXTURE_H
#define TEST_CONTROL_FIXTURE_H

#include <errno.h>
#include <json-c/json.h>
#include <limits.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/internal.h"
#include "tree.h"
#include "util/clock.h"

/* What does not happen in this time does not happen at all. */
#define LOST_NS (UINT64_C(30) * NSEC_PER_SEC)
#define NEVER_NS (UINT64_C(3600) * NSEC_PER_SEC)
#define SOON_NS (UINT64_C(20) * NSEC_PER_MSEC)

#define CALLS_MAX 16

/* What the handlers of the test saw. */
struct fixture {
	struct tree tree;
	char path[100];
	sd_event *loop;
	struct control *control;
	struct control_limits limits;
	struct control_call calls[CALLS_MAX];
	size_t n_calls;
	size_t n_ended;
};

static inline void run_echo(void *arg, struct control_call call, struct json_object *args)
{
	struct fixture *f = arg;

	control_reply(f->control, call, json_object_get(args));
}

/* Answered by the test, when it likes. */
static inline void run_later(void *arg, struct control_call call, struct json_object *args)
{
	struct fixture *f = arg;

	(void)args;
	if (f->n_calls == CALLS_MAX)
		abort();
	f->calls[f->n_calls++] = call;
}

static inline void run_big(void *arg, struct control_call call, struct json_object *args)
{
	struct fixture *f = arg;
	size_t n = (size_t)json_object_get_int64(json_object_object_get(args, "bytes"));
	char *text = malloc(n + 1);

	if (!text)
		abort();
	memset(text, 'x', n);
	control_reply(f->control, call, json_object_new_string_len(text, (int)n));
	free(text);
}

static inline void run_ended(void *arg, struct control_call call)
{
	struct fixture *f = arg;

	(void)call;
	f->n_ended++;
}

static inline void run_stream(void *arg, struct control_call call, struct json_object *args)
{
	struct fixture *f = arg;

	run_later(arg, call, args);
	if (control_stream(f->control, call, run_ended) < 0)
		abort();
}

static inline void run_refuse(void *arg, struct control_call call, struct json_object *args)
{
	struct fixture *f = arg;

	(void)args;
	control_refuse(f->control, call, CONTROL_NOT_FOUND, "no target has pid %d", 12);
}

static const struct control_verb fixture_verbs[] = {
	{ "echo", "pid# name key", run_echo }, { "later", NULL, run_later },
	{ "big", "bytes#!", run_big },         { "stream", "", run_stream },
	{ "refuse", "", run_refuse },
};
#define N_VERBS (sizeof(fixture_verbs) / sizeof(fixture_verbs[0]))

static inline int fixture_open(struct fixture *f, const char *group, char *why, size_t why_size)
{
	struct control_setup setup = { .path = f->path, .group = group, .limits = &f->limits };

	return control_open_with(f->loop, &setup, fixture_verbs, N_VERBS, f, &f->control, why,
				 why_size);
}

/* No limit of time is ever reached, unless a test makes it short before fixture_start(). */
static inline int fixture_setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	tree_make(&f->tree);
	/* Others come in as well: what keeps them out is the socket. */
	if (chmod(f->tree.root, 0755) || sd_event_new(&f->loop) < 0)
		return -1;
	snprintf(f->path, sizeof(f->path), "%s/run/control", f->tree.root);
	f->limits = control_limits;
	f->limits.line_ns = f->limits.idle_ns = NEVER_NS;
	f->limits.answer_ns = f->limits.stall_ns = f->limits.stream_stall_ns = NEVER_NS;
	*state = f;
	return 0;
}

static inline int fixture_teardown(void **state)
{
	struct fixture *f = *state;

	control_close(f->control);
	sd_event_unref(f->loop);
	tree_remove(&f->tree, "");
	free(f);
	return 0;
}

static inline void fixture_start(struct fixture *f)
{
	char why[256] = "";

	assert_int_equal(fixture_open(f, NULL, why, sizeof(why)), 0);
	assert_string_equal(why, "");
}

/* Turns the loop once, waiting a little at most. */
static inline void turn(struct fixture *f)
{
	assert_true(sd_event_run(f->loop, 1000) >= 0);
}

#define turn_until(f, condition)                                                                   \
	do {                                                                                       \
		uint64_t lost_ns = clock_now_ns() + LOST_NS;                                       \
                                                                                                   \
		while (!(condition)) {                                                             \
			assert_true(clock_now_ns() < lost_ns);                                     \
			turn(f);                                                                   \
		}                                                                                  \
	} while (0)

static inline int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		int error = errno;

		if (fd >= 0)
			close(fd);
		return -error;
	}
	return fd;
}

static inline struct control_stats stats_of(struct fixture *f)
{
	struct control_stats stats;

	control_stats(f->control, &stats);
	return stats;
}

/* Connected and accepted. */
static inline int client_open(struct fixture *f)
{
	uint64_t before = stats_of(f).accepted;
	int fd = connect_to(f->path);

	assert_true(fd >= 0);
	turn_until(f, stats_of(f).accepted > before);
	return fd;
}

static inline void client_send(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads a line, without its newline; "" when the connection ended first. Turns the loop. */
static inline void client_line(struct fixture *f, int fd, char *line, size_t size)
{
	uint64_t lost_ns = clock_now_ns() + LOST_NS;
	size_t n = 0;

	for (;;) {
		ssize_t got = recv(fd, line + n, 1, 0);

		assert_true(clock_now_ns() < lost_ns);
		if (got == 1 && line[n] == '\n')
			break;
		if (got == 0 || (got < 0 && errno == ECONNRESET)) {
			n = 0;
			break;
		}
		if (got < 0) {
			assert_int_equal(errno, EAGAIN);
			turn(f);
			continue;
		}
		n++;
		assert_true(n < size);
	}
	line[n] = '\0';
}

static inline void expect_line(struct fixture *f, int fd, const char *expected)
{
	char line[8192];

	client_line(f, fd, line, sizeof(line));
	assert_string_equal(line, expected);
}

/* A refusal with this code, whose sentence has @words in it. */
static inline void expect_refusal(struct fixture *f, int fd, const char *code, const char *words)
{
	char line[8192], head[128];

	snprintf(head, sizeof(head), "{\"version\":1,\"ok\":false,\"code\":\"%s\",\"error\":\"",
		 code);
	client_line(f, fd, line, sizeof(line));
	assert_memory_equal(line, head, strlen(head));
	if (!strstr(line, words))
		fail_msg("'%s' has no '%s'", line, words);
}

/* The daemon closed the connection, and says no more. */
static inline void expect_end(struct fixture *f, int fd)
{
	expect_line(f, fd, "");
	close(fd);
}

#define ECHO(args) "{\"version\":1,\"verb\":\"echo\",\"args\":" args "}\n"
#define ASK(verb) "{\"version\":1,\"verb\":\"" verb "\"}\n"
#define OK(result) "{\"version\":1,\"ok\":true,\"result\":" result "}"

#endif
