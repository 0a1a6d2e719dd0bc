// SPDX-License-Identifier: GPL-2.0-only
/* server.c - the listening socket: who gets in. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/internal.h"
#include "util/clock.h"
#include "util/log.h"

/*
 * A request is short and written at once, so 5 s are for a machine that swaps.
 * Tools ask every second or so; a connection without a request for a minute was
 * forgotten. The worker looks at its mail every 10 ms, so after 10 s it hangs in
 * a call. A reader that took nothing for 10 s is stopped or gone.
 */
const struct control_limits control_limits = {
	.clients = CONTROL_CLIENTS_MAX,
	/* Whoever has to stop a runaway exporter gets in. */
	.for_root = 4,
	.line_ns = 5 * NSEC_PER_SEC,
	.idle_ns = 60 * NSEC_PER_SEC,
	.answer_ns = 10 * NSEC_PER_SEC,
	.stall_ns = 10 * NSEC_PER_SEC,
	/* A person who pages through a trace reads for a while; what is made meanwhile costs. */
	.stream_stall_ns = 300 * NSEC_PER_SEC,
	/* Descriptors come back when other clients go: no hurry. */
	.backoff_ns = 1 * NSEC_PER_SEC,
	.answer = TIERED_CONTROL_ANSWER_MAX,
	/* Some 5000 event lines: what comes between two polls of the ring in a storm. */
	.stream = 1 << 20,
	/* A handful of the longest answers; far below what heat takes. */
	.total = 16 << 20,
};

static void turn_away(struct control *control, int fd, const char *code, const char *sentence)
{
	char line[CONTROL_REFUSAL_MAX];
	size_t length = control_refusal(line, sizeof(line), code, sentence);

	control->stats.refused++;
	/* A new socket has room for a line. One who does not want it misses it. */
	if (send(fd, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
}

/* 1: a client now, who has the descriptor. */
static int let_in(struct control *control, int fd)
{
	int allowed = control_socket_allows(&control->socket, fd);
	char sentence[128];
	unsigned int places;

	if (allowed <= 0) {
		snprintf(sentence, sizeof(sentence), "only root%s%s may talk to the daemon",
			 control->socket.group[0] ? " and the group " : "", control->socket.group);
		turn_away(control, fd, CONTROL_REFUSED, sentence);
		return 0;
	}
	places = control->limits.clients;
	if (allowed != CONTROL_RIGHT_ROOT)
		places -= control->limits.for_root;
	if (control->stats.clients >= places) {
		snprintf(sentence, sizeof(sentence),
			 "%u clients are connected already, the most there may be", places);
		turn_away(control, fd, CONTROL_BUSY, sentence);
		return 0;
	}
	if (control_client_new(control, fd) < 0) {
		turn_away(control, fd, CONTROL_FAILED, "out of memory");
		return 0;
	}
	control->stats.accepted++;
	return 1;
}

/* Those that are about one connection, which is gone, not about the socket. */
static int is_passing(int error)
{
	return error == EAGAIN || error == EINTR || error == ECONNABORTED;
}

/* The connection stays in the queue, and the socket readable: not asked again for a while. */
static void back_off(struct control *control, int error)
{
	uint64_t usec = control->limits.backoff_ns / NSEC_PER_USEC;

	if (!control->accept_failed)
		log_warning("control socket: cannot accept clients: %s; trying again from time "
			    "to time",
			    strerror(error));
	control->accept_failed = 1;
	if (sd_event_source_set_time_relative(control->backoff, usec) >= 0 &&
	    sd_event_source_set_enabled(control->backoff, SD_EVENT_ONESHOT) >= 0)
		sd_event_source_set_enabled(control->listening, SD_EVENT_OFF);
}

static int on_backoff(sd_event_source *source, uint64_t usec, void *arg)
{
	struct control *control = arg;

	(void)source;
	(void)usec;
	return sd_event_source_set_enabled(control->listening, SD_EVENT_ON);
}

/* One client per turn of the loop, so that a crowd does not keep it from others. */
static int on_connection(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct control *control = arg;
	int client = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	(void)source;
	(void)events;
	if (client < 0 && !is_passing(errno))
		back_off(control, errno);
	if (client < 0)
		return 0;
	control->accept_failed = 0;
	if (!let_in(control, client))
		close(client);
	return 0;
}

static int add_sources(struct control *control)
{
	int ret = sd_event_add_io(control->loop, &control->listening, control->socket.fd, EPOLLIN,
				  on_connection, control);

	if (ret >= 0)
		ret = sd_event_add_time(control->loop, &control->backoff, CLOCK_MONOTONIC, 0, 0,
					on_backoff, control);
	return ret < 0 ? ret : sd_event_source_set_enabled(control->backoff, SD_EVENT_OFF);
}

int control_open_with(sd_event *loop, const struct control_setup *setup,
		      const struct control_verb *verbs, size_t n_verbs, void *arg,
		      struct control **ret, char *why, size_t why_size)
{
	struct control *control = calloc(1, sizeof(*control));
	int error;

	if (!control) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	control->limits = *setup->limits;
	control->verbs = verbs;
	control->n_verbs = n_verbs;
	control->arg = arg;
	error = control_socket_open(&control->socket, setup->path, setup->group, why, why_size);
	if (error < 0) {
		free(control);
		return error;
	}
	control->loop = sd_event_ref(loop);
	error = add_sources(control);
	if (error < 0) {
		snprintf(why, why_size, "event loop: %s", strerror(-error));
		control_close(control);
		return error;
	}
	*ret = control;
	return 0;
}

int control_open(sd_event *loop, const char *path, const struct control_verb *verbs, size_t n_verbs,
		 void *arg, struct control **ret, char *why, size_t why_size)
{
	const struct control_setup setup = {
		.path = path,
		.group = TIERED_CONTROL_GROUP,
		.limits = &control_limits,
	};

	return control_open_with(loop, &setup, verbs, n_verbs, arg, ret, why, why_size);
}

void control_close(struct control *control)
{
	size_t i;

	if (!control)
		return;
	sd_event_source_disable_unref(control->listening);
	sd_event_source_disable_unref(control->backoff);
	control_socket_close(&control->socket);
	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i])
			control_client_free(control->clients[i]);
	sd_event_unref(control->loop);
	free(control);
}

void control_stats(const struct control *control, struct control_stats *ret)
{
	*ret = control->stats;
}
