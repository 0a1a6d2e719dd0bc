/* SPDX-License-Identifier: GPL-2.0-only */
/* internal.h - what the files of the control socket share. */
#ifndef TIERED_CONTROL_INTERNAL_H
#define TIERED_CONTROL_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <systemd/sd-event.h>

#include "control/control.h"
#include "control/line.h"
#include "control/output.h"
#include "control/socket.h"
#include "tiered/control.h"

/* A few people with `top` and a scraper are a dozen; each is a descriptor and some memory. */
#define CONTROL_CLIENTS_MAX 64

/**
 * struct control_limits - every bound; the tests have shorter ones
 * @clients: at the same time, CONTROL_CLIENTS_MAX at most
 * @for_root: of these, places that only root may take
 * @line_ns: from the first byte of a request to its newline
 * @idle_ns: without a request
 * @answer_ns: for a handler to answer
 * @stall_ns: a client may refuse to read while an answer waits
 * @stream_stall_ns: the same of a stream, whose lines are dropped meanwhile
 * @backoff_ns: until accept() is tried again when it failed for want of something
 * @answer: bytes of one answer
 * @stream: bytes waiting in one stream
 * @total: bytes waiting for all clients; short lines are let through
 */
struct control_limits {
	unsigned int clients;
	unsigned int for_root;
	uint64_t line_ns;
	uint64_t idle_ns;
	uint64_t answer_ns;
	uint64_t stall_ns;
	uint64_t stream_stall_ns;
	uint64_t backoff_ns;
	size_t answer;
	size_t stream;
	size_t total;
};

extern const struct control_limits control_limits;

/**
 * struct control_client - one connection
 * @id: never used twice until 2^32 clients came
 * @serial: of the last request
 * @events: what its event source waits for
 * @calling: a handler owes an answer to request @serial
 * @streaming: takes lines, sends nothing any more
 * @ended_input: the other side will send nothing any more
 * @closing: is closed once all output is sent
 * @ended: told at the end of a stream
 * @active_ns: when it connected, or got its last answer
 * @begun_ns: when the request began that is not complete yet; 0: none has
 * @called_ns: when the handler was called
 * @sent_ns: when it last read something of what waits, or output began to wait
 */
struct control_client {
	struct control *control;
	uint32_t id;
	uint32_t serial;
	int fd;
	sd_event_source *io;
	sd_event_source *timer;
	uint32_t events;
	int calling;
	int streaming;
	int ended_input;
	int closing;
	void (*ended)(void *arg, struct control_call call);
	uint64_t active_ns;
	uint64_t begun_ns;
	uint64_t called_ns;
	uint64_t sent_ns;
	struct control_line input;
	struct control_output output;
};

struct control {
	sd_event *loop;
	struct control_limits limits;
	const struct control_verb *verbs;
	size_t n_verbs;
	void *arg;
	struct control_socket socket;
	sd_event_source *listening;
	sd_event_source *backoff;
	uint32_t last_id;
	int accept_failed;
	struct control_client *clients[CONTROL_CLIENTS_MAX];
	struct control_stats stats;
};

/**
 * struct control_setup - how to listen
 * @group: name of the group that may use the socket; NULL: root only
 */
struct control_setup {
	const char *path;
	const char *group;
	const struct control_limits *limits;
};

/* control_open() with everything open to choice. */
int control_open_with(sd_event *loop, const struct control_setup *setup,
		      const struct control_verb *verbs, size_t n_verbs, void *arg,
		      struct control **ret, char *why, size_t why_size);

/* client.c: takes @fd over when it returns 0. */
int control_client_new(struct control *control, int fd);
/* Sends what can be sent, ends a stream, closes. */
void control_client_free(struct control_client *client);
/* The client with this id, or NULL. */
struct control_client *control_client_find(struct control *control, uint32_t id);
/* The one whose request @call still waits for its answer, or NULL. */
struct control_client *control_client_calling(struct control *control, struct control_call call);
/* The one whose stream was begun by @call, or NULL. */
struct control_client *control_client_streaming(struct control *control, struct control_call call);
/* Answers the request that waits. */
void control_client_answer(struct control_client *client, const char *line, size_t length);
/* One line of a stream. As control_stream_line(). */
int control_client_line(struct control_client *client, const char *line, size_t length);

/* reply.c: the line of a refusal, newline included; returns its length. */
size_t control_refusal(char *line, size_t size, const char *code, const char *sentence);
/* Longest line of a refusal. */
#define CONTROL_REFUSAL_MAX 2048

#endif
