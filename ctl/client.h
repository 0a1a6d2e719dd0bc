/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * client.h - one connection to the daemon's control socket.
 *
 * Every failure leaves one sentence for a person, see client_why(); nothing
 * here prints. Nothing waits longer than its deadline, and an answer takes at
 * most TIERED_CONTROL_ANSWER_MAX bytes, whatever the other side does.
 */
#ifndef TIERED_CTL_CLIENT_H
#define TIERED_CTL_CLIENT_H

#include <json-c/json.h>
#include <stddef.h>

struct client;

/* How long an answer may take: a busy worker gives up on a question before that. */
#define CLIENT_DEADLINE_MS 15000

#define CLIENT_WHY_MAX 512

/*
 * client_open() - connects
 * @path: of the socket
 * @wait_ms: how long to wait for a daemon that takes no connection at the moment
 * @why: on failure a sentence for a person; CLIENT_WHY_MAX bytes
 *
 * 0 or -errno; -ENOENT and -ECONNREFUSED mean that no daemon is there.
 */
int client_open(const char *path, int wait_ms, struct client **ret, char *why);
void client_close(struct client *client);

/* In place of CLIENT_DEADLINE_MS. */
void client_set_deadline(struct client *client, int deadline_ms);

/* For poll(): readable when an answer, or a part of one, is there. */
int client_fd(const struct client *client);

/* What the last call that failed says to a person. */
const char *client_why(const struct client *client);

/* The exit status that a failure means. */
int client_status(int error);

/* Sends a request; takes @args over, NULL is none. 0 or -errno. */
int client_send(struct client *client, const char *verb, struct json_object *args);

/*
 * The next line, whatever it says, of a stream; waits for at most @wait_ms. 0;
 * -EAGAIN when there was none; -EPIPE when the daemon closed; or -errno. The
 * caller puts @ret_line.
 */
int client_line(struct client *client, int wait_ms, struct json_object **ret_line);

/* The same as text: @ret_length bytes without the newline, good until the next call. */
int client_text(struct client *client, int wait_ms, const char **ret_text, size_t *ret_length);

/* Makes an object of such a line; 0 or -EBADMSG. */
int client_parse(struct client *client, const char *text, size_t length,
		 struct json_object **ret_line);

/*
 * The answer to a request: its "result". 0; -EAGAIN as above; -EREMOTEIO when
 * the daemon refused, with its sentence; -EPROTO when it is not of our version;
 * -EACCES when it does not talk to us; or -errno. The caller puts @ret_result.
 */
int client_answer(struct client *client, int wait_ms, struct json_object **ret_result);

/* client_send() and client_answer(); -ETIMEDOUT beyond the deadline. */
int client_ask(struct client *client, const char *verb, struct json_object *args,
	       struct json_object **ret_result);

#endif
