// SPDX-License-Identifier: GPL-2.0-only
/* reply.c - answers as JSON lines. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/internal.h"
#include "util/cleanup.h"
#include "util/utf8.h"

/* The longest sentence in a refusal; escaped it may be several times that. */
#define SENTENCE_MAX 320

#define JSON_FLAGS (JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE)

/* For when there is no memory for anything better. */
static const char no_memory[] =
	"{\"version\":1,\"ok\":false,\"code\":\"failed\",\"error\":\"out of memory\"}\n";

/* Adds @value, which is taken over also on failure. 0 or -ENOMEM. */
static int add(struct json_object *object, const char *key, struct json_object *value)
{
	if (object && value && json_object_object_add(object, key, value) == 0)
		return 0;
	json_object_put(value);
	return -ENOMEM;
}

/* The fields that every answer begins with. 0 or -ENOMEM; a NULL object counts as that. */
static int add_head(struct json_object *answer, int ok)
{
	if (add(answer, "version", json_object_new_int(TIERED_CONTROL_VERSION)) < 0)
		return -ENOMEM;
	return add(answer, "ok", json_object_new_boolean(ok));
}

size_t control_refusal(char *line, size_t size, const char *code, const char *sentence)
{
	struct json_object *answer = json_object_new_object();
	char mended[SENTENCE_MAX];
	const char *text = NULL;
	size_t length = 0;

	snprintf(mended, sizeof(mended), "%s", sentence);
	utf8_mend(mended, strlen(mended));
	if (add_head(answer, 0) == 0 && add(answer, "code", json_object_new_string(code)) == 0 &&
	    add(answer, "error", json_object_new_string(mended)) == 0)
		text = json_object_to_json_string_length(answer, JSON_FLAGS, &length);
	if (text && length + 1 < size)
		length = (size_t)snprintf(line, size, "%s\n", text);
	else
		length = (size_t)snprintf(line, size, "%s", no_memory);
	json_object_put(answer);
	return length;
}

void control_refuse(struct control *control, struct control_call call, const char *code,
		    const char *format, ...)
{
	struct control_client *client = control_client_calling(control, call);
	char sentence[SENTENCE_MAX], line[CONTROL_REFUSAL_MAX];
	va_list args;

	if (!client)
		return;
	va_start(args, format);
	vsnprintf(sentence, sizeof(sentence), format, args);
	va_end(args);
	control_client_answer(client, line, control_refusal(line, sizeof(line), code, sentence));
}

/* What waits for all clients together. */
static size_t total_waiting(const struct control *control)
{
	size_t i, total = 0;

	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (control->clients[i])
			total += control_output_waiting(&control->clients[i]->output);
	return total;
}

static void send_answer(struct control_client *client, struct json_object *answer)
{
	struct control *control = client->control;
	struct control_call call = { .client = client->id, .serial = client->serial };
	auto_free char *line = NULL;
	const char *text;
	size_t length;

	text = json_object_to_json_string_length(answer, JSON_FLAGS, &length);
	if (text && length + 1 > control->limits.answer) {
		control_refuse(control, call, CONTROL_FAILED,
			       "the answer would be longer than %zu bytes", control->limits.answer);
		return;
	}
	if (text && length > CONTROL_REFUSAL_MAX &&
	    total_waiting(control) + length > control->limits.total) {
		control_refuse(control, call, CONTROL_BUSY,
			       "%zu bytes wait for clients that do not read; try again later",
			       total_waiting(control));
		return;
	}
	line = text ? malloc(length + 1) : NULL;
	if (!line) {
		control_client_answer(client, no_memory, sizeof(no_memory) - 1);
		return;
	}
	memcpy(line, text, length);
	line[length] = '\n';
	control_client_answer(client, line, length + 1);
}

void control_reply(struct control *control, struct control_call call, struct json_object *result)
{
	struct control_client *client = control_client_calling(control, call);
	struct json_object *answer;

	if (!client) {
		json_object_put(result);
		return;
	}
	answer = json_object_new_object();
	if (!result)
		result = json_object_new_object();
	if (add_head(answer, 1) == 0 && add(answer, "result", result) == 0)
		send_answer(client, answer);
	else
		control_client_answer(client, no_memory, sizeof(no_memory) - 1);
	json_object_put(answer);
}

int control_stream(struct control *control, struct control_call call,
		   void (*ended)(void *arg, struct control_call call))
{
	static const char begun[] = "{\"version\":1,\"ok\":true,\"result\":{}}\n";
	struct control_client *client = control_client_calling(control, call);

	if (!client)
		return -ENOENT;
	/* Set first: what is idle otherwise may be closed. */
	client->streaming = 1;
	client->ended = ended;
	control_client_answer(client, begun, sizeof(begun) - 1);
	return 0;
}

int control_stream_line(struct control *control, struct control_call call, const char *line,
			size_t length)
{
	struct control_client *client = control_client_streaming(control, call);

	if (!client)
		return -ENOENT;
	/* Little is always let through: the sum is over all clients. */
	if (control_output_waiting(&client->output) > CONTROL_REFUSAL_MAX &&
	    total_waiting(control) + length > control->limits.total)
		return -ENOBUFS;
	return control_client_line(client, line, length);
}
