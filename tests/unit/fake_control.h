/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * fake_control.h - a daemon that answers from files, for tests of tieredctl.
 *
 * The answer to a verb is what FOLDER/VERB.json says; an array of answers is
 * given one after the other, the last of them again and again. "trace" gets {}
 * and then the array as lines. It lives in a thread, or in a program of its
 * own (tests/ctl/fake_daemon.c).
 */
#ifndef TIERED_TESTS_FAKE_CONTROL_H
#define TIERED_TESTS_FAKE_CONTROL_H

#include <errno.h>
#include <json-c/json.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tiered/control.h"

#define FAKE_VERBS 16

/**
 * struct fake_control
 * @folder: of the answers
 * @suffix: "explain" with "-page" is answered from explain-page.json
 * @raw: sent as it is in place of an answer, when set; then the connection ends,
 *	unless @hold
 * @piece: bytes per write(); 0: all at once
 * @storm: the lines of a trace come again and again, as fast as they are read
 * @requests: the last request, as it came
 */
struct fake_control {
	char path[108];
	const char *folder;
	const char *suffix;
	const char *raw;
	size_t raw_length;
	size_t piece;
	bool hold;
	bool storm;
	int listener;
	pthread_t thread;
	char request[TIERED_CONTROL_REQUEST_MAX + 1];
	struct {
		char verb[32];
		size_t asked;
	} turns[FAKE_VERBS];
};

static inline size_t fake_turn(struct fake_control *fake, const char *verb)
{
	size_t i;

	for (i = 0; i < FAKE_VERBS - 1 && fake->turns[i].verb[0]; i++)
		if (strcmp(fake->turns[i].verb, verb) == 0)
			break;
	snprintf(fake->turns[i].verb, sizeof(fake->turns[i].verb), "%s", verb);
	return fake->turns[i].asked++;
}

/* 0, or -1 when the client is gone. */
static inline int fake_write(struct fake_control *fake, int fd, const char *bytes, size_t length)
{
	while (length) {
		size_t piece = fake->piece && fake->piece < length ? fake->piece : length;
		ssize_t n = send(fd, bytes, piece, MSG_NOSIGNAL);

		if (n <= 0)
			return -1;
		bytes += n;
		length -= (size_t)n;
	}
	return 0;
}

static inline void fake_line(struct fake_control *fake, int fd, struct json_object *object)
{
	const char *text = json_object_to_json_string_ext(object, JSON_C_TO_STRING_PLAIN);
	size_t length = strlen(text);
	char *line = malloc(length + 1);

	memcpy(line, text, length);
	line[length] = '\n';
	fake_write(fake, fd, line, length + 1);
	free(line);
}

/* Takes @result over. */
static inline void fake_answer(struct fake_control *fake, int fd, struct json_object *result)
{
	struct json_object *answer = json_object_new_object();

	json_object_object_add(answer, "version", json_object_new_int(TIERED_CONTROL_VERSION));
	json_object_object_add(answer, "ok", json_object_new_boolean(result != NULL));
	if (result) {
		json_object_object_add(answer, "result", result);
	} else {
		json_object_object_add(answer, "code", json_object_new_string(CONTROL_NOT_FOUND));
		json_object_object_add(answer, "error",
				       json_object_new_string("no target has pid 99\x1b[2J"));
	}
	fake_line(fake, fd, answer);
	json_object_put(answer);
}

/* In blocks: whoever parses them is slower. */
static inline void fake_storm(struct fake_control *fake, int fd, struct json_object *lines)
{
	char *block = NULL;
	size_t length, i;
	FILE *out = open_memstream(&block, &length);

	for (i = 0; i < 1000; i++)
		fprintf(out, "%s\n",
			json_object_to_json_string_ext(
				json_object_array_get_idx(lines,
							  i % json_object_array_length(lines)),
				JSON_C_TO_STRING_PLAIN));
	fclose(out);
	while (fake_write(fake, fd, block, length) == 0)
		;
	free(block);
}

static inline void fake_trace(struct fake_control *fake, int fd, struct json_object *lines)
{
	size_t i;

	fake_answer(fake, fd, json_object_new_object());
	if (fake->storm)
		fake_storm(fake, fd, lines);
	for (i = 0; i < json_object_array_length(lines); i++)
		fake_line(fake, fd, json_object_array_get_idx(lines, i));
	json_object_put(lines);
}

static inline void fake_request(struct fake_control *fake, int fd)
{
	struct json_object *request = json_tokener_parse(fake->request);
	const char *verb = json_object_get_string(json_object_object_get(request, "verb"));
	struct json_object *file, *result;
	char path[512];

	snprintf(path, sizeof(path), "%s/%s%s.json", fake->folder, verb ? verb : "",
		 fake->suffix ? fake->suffix : "");
	file = json_object_from_file(path);
	if (file && verb && strcmp(verb, "trace") == 0) {
		fake_trace(fake, fd, file);
	} else if (json_object_is_type(file, json_type_array)) {
		size_t turn = fake_turn(fake, verb), n = json_object_array_length(file);

		result = json_object_array_get_idx(file, turn < n ? turn : n - 1);
		fake_answer(fake, fd, json_object_get(result));
		json_object_put(file);
	} else {
		fake_answer(fake, fd, file);
	}
	json_object_put(request);
}

/* Until the client goes. */
static inline void fake_serve(struct fake_control *fake, int fd)
{
	FILE *in = fdopen(dup(fd), "r");

	while (in && fgets(fake->request, sizeof(fake->request), in)) {
		if (!fake->raw) {
			fake_request(fake, fd);
			continue;
		}
		fake_write(fake, fd, fake->raw, fake->raw_length);
		if (!fake->hold)
			break;
	}
	if (in)
		fclose(in);
	close(fd);
}

static inline void *fake_run(void *arg)
{
	struct fake_control *fake = arg;
	int fd;

	while ((fd = accept(fake->listener, NULL, NULL)) >= 0)
		fake_serve(fake, fd);
	return NULL;
}

static inline int fake_listen(struct fake_control *fake)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", fake->path);
	fake->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(fake->path);
	if (bind(fake->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    listen(fake->listener, 8) < 0)
		return -errno;
	return 0;
}

static inline int fake_start(struct fake_control *fake)
{
	int err = fake_listen(fake);

	if (err < 0)
		return err;
	return -pthread_create(&fake->thread, NULL, fake_run, fake);
}

static inline void fake_stop(struct fake_control *fake)
{
	shutdown(fake->listener, SHUT_RDWR);
	pthread_join(fake->thread, NULL);
	close(fake->listener);
	unlink(fake->path);
}

#endif
