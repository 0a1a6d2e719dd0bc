/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control.h - the control socket: requests in, answers and streams out.
 *
 * Knows the protocol (tiered/control.h) and nothing of the daemon: what can be
 * asked is a table of verbs that the manager hands in. All of it runs in the
 * main thread's event loop and never blocks. Bounded on every side: clients,
 * bytes of a request, bytes waiting for a slow client, time for a request to
 * be complete, time a client may refuse to read.
 */
#ifndef TIERED_DAEMON_CONTROL_H
#define TIERED_DAEMON_CONTROL_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

struct control;

/*
 * A request that waits for its answer. Handlers keep this value, not a pointer:
 * answering a client that has gone meanwhile does nothing.
 */
struct control_call {
	uint32_t client;
	uint32_t serial;
};

/**
 * struct control_verb - one thing that can be asked
 * @name: as in "verb"
 * @arguments: names of the arguments it knows, separated by blanks; a name that
 *	ends in "!" must be given, "#" behind a name says it is a number (whole, not
 *	negative, fits an int64_t), else a string: "pid#! columns#". Checked before @run.
 * @run: answers now or later, with exactly one of the functions below; @args is
 *	an object, valid during the call
 */
struct control_verb {
	const char *name;
	const char *arguments;
	void (*run)(void *arg, struct control_call call, struct json_object *args);
};

/**
 * control_open() - listens
 * @path: of the socket; made 0660, owned by root and the group, if there is one.
 *	A socket left over there is removed when nobody listens on it.
 * @why: on failure one sentence for a person
 *
 * 0; -EADDRINUSE when somebody listens there; or -errno.
 */
int control_open(sd_event *loop, const char *path, const struct control_verb *verbs, size_t n_verbs,
		 void *arg, struct control **ret, char *why, size_t why_size);

/* Ends all clients, removes the socket. Takes NULL. Not to be called by a handler. */
void control_close(struct control *control);

/* A good answer. Takes @result over; NULL counts as {}. */
void control_reply(struct control *control, struct control_call call, struct json_object *result);

/* A refusal: CONTROL_* and a sentence for a person. */
void control_refuse(struct control *control, struct control_call call, const char *code,
		    const char *format, ...) __attribute__((format(printf, 4, 5)));

/*
 * Turns the client into a reader of a stream: answers {} and from then on takes
 * control_stream_line(). @ended is called once, when the client is gone. 0;
 * -ENOENT when it is gone already: @ended is not called then.
 */
int control_stream(struct control *control, struct control_call call,
		   void (*ended)(void *arg, struct control_call call));

/*
 * One line for a stream, newline included; never waits. 0; -ENOBUFS when the
 * client is too slow and has no room (the line is dropped, the caller counts);
 * -ENOENT when it is gone.
 */
int control_stream_line(struct control *control, struct control_call call, const char *line,
			size_t length);

/*
 * Clients now; since the start: connections taken and turned away, requests, and
 * those that got no answer in time.
 */
struct control_stats {
	uint64_t clients;
	uint64_t accepted;
	uint64_t refused;
	uint64_t requests;
	uint64_t timed_out;
};
void control_stats(const struct control *control, struct control_stats *ret);

#endif
