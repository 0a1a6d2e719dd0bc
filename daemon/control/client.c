// SPDX-License-Identifier: GPL-2.0-only
/*
 * client.c - one connection.
 *
 * It is in one of four states, each with a time limit: output waits to be
 * read; a handler owes an answer; a request has begun; nothing. Input is taken
 * in the last two only, so a client never has more than one answer coming.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/internal.h"
#include "control/request.h"
#include "util/clock.h"

/* Timers may be late by this, so that several make one wake-up. */
#define TIMER_SLACK_USEC 10000

#define STRING(x) #x
#define NUMBER(x) STRING(x)

static const char too_long[] = "the request is too long; expected a line of at most " NUMBER(
	TIERED_CONTROL_REQUEST_MAX) " bytes";

static int has_output(const struct control_client *client)
{
	return control_output_waiting(&client->output) > 0;
}

static int takes_input(const struct control_client *client)
{
	return !client->calling && !client->streaming && !client->closing && !has_output(client);
}

/* Is there something to do with the input that came already? */
static int has_input(const struct control_client *client)
{
	return control_line_next(&client->input) != 0 ||
	       (client->ended_input && client->input.used);
}

static uint32_t wanted_events(const struct control_client *client)
{
	if (has_output(client))
		return EPOLLOUT;
	if (!takes_input(client))
		return 0;
	/* A socket with nothing to send is writable: this comes back at once, after others. */
	if (has_input(client) || client->ended_input)
		return EPOLLOUT;
	return EPOLLIN;
}

/* When patience with the present state ends; UINT64_MAX: never. */
static uint64_t deadline_ns(const struct control_client *client)
{
	const struct control_limits *limits = &client->control->limits;

	if (has_output(client))
		return client->sent_ns +
		       (client->streaming ? limits->stream_stall_ns : limits->stall_ns);
	if (client->calling)
		return client->called_ns + limits->answer_ns;
	if (client->streaming)
		return UINT64_MAX;
	if (client->begun_ns)
		return client->begun_ns + limits->line_ns;
	return client->active_ns + limits->idle_ns;
}

static int set_timer(struct control_client *client, uint64_t at_ns)
{
	int ret;

	if (at_ns == UINT64_MAX)
		return sd_event_source_set_enabled(client->timer, SD_EVENT_OFF);
	ret = sd_event_source_set_time(client->timer, at_ns / NSEC_PER_USEC + 1);
	return ret < 0 ? ret : sd_event_source_set_enabled(client->timer, SD_EVENT_ONESHOT);
}

/* After anything changed: waits for the right things, and no longer than the limits say. */
static void update(struct control_client *client)
{
	uint32_t events = wanted_events(client);
	int ret = 0;

	if (!takes_input(client) || !client->input.used)
		client->begun_ns = 0;
	else if (!client->begun_ns)
		client->begun_ns = clock_now_ns();
	if (events != client->events)
		ret = sd_event_source_set_io_events(client->io, events);
	if (ret >= 0)
		ret = set_timer(client, deadline_ns(client));
	if (ret < 0) {
		/* Out of memory: hung up, which is always waited for, and then closed. */
		shutdown(client->fd, SHUT_RDWR);
		return;
	}
	client->events = events;
}

/* 0, or -errno when the other side is gone. */
static int send_output(struct control_client *client)
{
	ssize_t sent = control_output_send(&client->output, client->fd);

	if (sent < 0)
		return (int)sent;
	if (sent > 0)
		client->sent_ns = clock_now_ns();
	return 0;
}

static int add_output(struct control_client *client, const char *line, size_t length, size_t max)
{
	int waited = has_output(client);
	int ret = control_output_add(&client->output, line, length, max);

	if (ret == 0 && !waited)
		client->sent_ns = clock_now_ns();
	return ret;
}

static struct control_call call_of(const struct control_client *client)
{
	return (struct control_call){ .client = client->id, .serial = client->serial };
}

static struct control_call begin_call(struct control_client *client)
{
	client->serial++;
	client->calling = 1;
	client->called_ns = clock_now_ns();
	return call_of(client);
}

/* For input that is no request, and after which none can be found. */
static void refuse_input(struct control_client *client, const char *sentence)
{
	client->closing = 1;
	control_refuse(client->control, begin_call(client), CONTROL_BAD_REQUEST, "%s", sentence);
}

static void run_request(struct control_client *client, size_t length)
{
	struct control *control = client->control;
	struct control_request request;
	struct control_call call;
	char why[256];
	int ret;

	ret = control_request_parse(client->input.bytes, length - 1, control->verbs,
				    control->n_verbs, &request, why, sizeof(why));
	control_line_drop(&client->input, length);
	control->stats.requests++;
	call = begin_call(client);
	if (ret < 0) {
		control_refuse(control, call, ret == -EINVAL ? CONTROL_BAD_REQUEST : CONTROL_FAILED,
			       "%s", why);
		return;
	}
	request.verb->run(control->arg, call, request.args);
	json_object_put(request.args);
}

/* 0, or -errno when the other side is gone. */
static int read_input(struct control_client *client)
{
	size_t room;
	char *space = control_line_space(&client->input, &room);
	ssize_t n = recv(client->fd, space, room, MSG_DONTWAIT);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (n == 0)
		client->ended_input = 1;
	else
		control_line_add(&client->input, (size_t)n);
	return 0;
}

/* At most one request, so that all clients have their turn. */
static void use_input(struct control_client *client)
{
	ssize_t length = control_line_next(&client->input);

	if (length > 0)
		run_request(client, (size_t)length);
	else if (length < 0)
		refuse_input(client, too_long);
	else if (client->ended_input && client->input.used)
		refuse_input(client, "the request has no end; expected a newline behind it");
}

static int is_done(const struct control_client *client)
{
	if (has_output(client) || client->calling || client->streaming)
		return 0;
	return client->closing || (client->ended_input && !client->input.used);
}

/* 0, or other than 0 when the client is to be closed. */
static int serve(struct control_client *client, uint32_t events)
{
	int ret = send_output(client);

	if (ret == 0 && takes_input(client)) {
		if (!has_input(client) && (events & EPOLLIN))
			ret = read_input(client);
		if (ret == 0)
			use_input(client);
		if (ret == 0)
			ret = send_output(client);
	}
	return ret < 0 ? ret : is_done(client);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct control_client *client = arg;

	(void)source;
	(void)fd;
	/* Told once both directions are closed: nobody is there to read an answer. */
	if ((events & (EPOLLHUP | EPOLLERR)) || serve(client, events))
		control_client_free(client);
	else
		update(client);
	return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *arg)
{
	struct control_client *client = arg;
	struct control *control = client->control;

	(void)source;
	(void)usec;
	if (clock_now_ns() < deadline_ns(client)) {
		update(client);
	} else if (has_output(client)) {
		control_client_free(client);
	} else if (client->calling) {
		control->stats.timed_out++;
		control_refuse(control, call_of(client), CONTROL_BUSY,
			       "no answer in time; try again later");
	} else if (client->begun_ns) {
		refuse_input(client, "the request did not come to its end in time; expected a "
				     "newline behind it");
	} else {
		control_client_free(client);
	}
	return 0;
}

void control_client_answer(struct control_client *client, const char *line, size_t length)
{
	client->calling = 0;
	client->active_ns = clock_now_ns();
	/* Nothing else waits, so only memory can be short: then no answer may pass for the next. */
	if (add_output(client, line, length, SIZE_MAX) < 0)
		shutdown(client->fd, SHUT_RDWR);
	update(client);
}

int control_client_line(struct control_client *client, const char *line, size_t length)
{
	size_t max = client->control->limits.stream;
	int waited = has_output(client);
	int ret = add_output(client, line, length, max);

	/* The client may have read all the while: nobody looked. */
	if (ret == -ENOBUFS && send_output(client) == 0)
		ret = add_output(client, line, length, max);
	/* While something waits, nothing about the client changes. */
	if (!waited)
		update(client);
	return ret < 0 ? -ENOBUFS : 0;
}

struct control_client *control_client_find(struct control *control, uint32_t id)
{
	size_t i;

	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i] && control->clients[i]->id == id)
			return control->clients[i];
	return NULL;
}

struct control_client *control_client_calling(struct control *control, struct control_call call)
{
	struct control_client *client = control_client_find(control, call.client);

	return client && client->calling && client->serial == call.serial ? client : NULL;
}

struct control_client *control_client_streaming(struct control *control, struct control_call call)
{
	struct control_client *client = control_client_find(control, call.client);

	return client && client->streaming && client->serial == call.serial ? client : NULL;
}

static uint32_t next_id(struct control *control)
{
	do
		control->last_id++;
	while (!control->last_id || control_client_find(control, control->last_id));
	return control->last_id;
}

static struct control_client **free_slot(struct control *control)
{
	size_t i;

	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (!control->clients[i])
			return &control->clients[i];
	return NULL;
}

int control_client_new(struct control *control, int fd)
{
	struct control_client **slot = free_slot(control);
	struct control_client *client = slot ? calloc(1, sizeof(*client)) : NULL;
	int ret;

	if (!client)
		return -ENOMEM;
	client->control = control;
	client->events = EPOLLIN;
	client->active_ns = clock_now_ns();
	ret = sd_event_add_io(control->loop, &client->io, fd, EPOLLIN, on_io, client);
	if (ret >= 0)
		ret = sd_event_add_time(control->loop, &client->timer, CLOCK_MONOTONIC, 0,
					TIMER_SLACK_USEC, on_timer, client);
	if (ret >= 0)
		ret = set_timer(client, deadline_ns(client));
	if (ret < 0) {
		sd_event_source_unref(client->timer);
		sd_event_source_unref(client->io);
		free(client);
		return ret;
	}
	client->fd = fd;
	client->id = next_id(control);
	*slot = client;
	control->stats.clients++;
	return 0;
}

void control_client_free(struct control_client *client)
{
	struct control *control = client->control;
	struct control_call call = call_of(client);
	size_t i;

	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i] == client)
			control->clients[i] = NULL;
	control->stats.clients--;
	sd_event_source_disable_unref(client->timer);
	sd_event_source_disable_unref(client->io);
	/* Last words: an answer given while the daemon stops is one, too. */
	send_output(client);
	close(client->fd);
	if (client->streaming)
		client->ended(control->arg, call);
	control_output_free(&client->output);
	free(client);
}
