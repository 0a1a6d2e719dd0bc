// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any bytes to the control socket, in pieces of any size: the lines that come
 * out are those that went in, and each is refused in words or keeps what its
 * verb was promised.
 */
#include <assert.h>
#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "control/line.h"
#include "control/request.h"
#include "util/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct control_verb verbs[] = {
	{ "status", "pid#", NULL },
	{ "explain", "pid#! address", NULL },
	{ "heatmap", "pid#! columns#", NULL },
	{ "set", "key! value!", NULL },
	{ "reload", NULL, NULL },
};
#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void check_args(const struct control_request *request)
{
	const char *names = request->verb->arguments ? request->verb->arguments : "";

	assert(json_object_is_type(request->args, json_type_object));
	json_object_object_foreach(request->args, key, value)
	{
		const char *name = strstr(names, key);

		assert(name && *key);
		if (name[strlen(key)] == '#') {
			assert(json_object_is_type(value, json_type_int));
			assert(json_object_get_int64(value) >= 0);
		} else {
			assert(json_object_is_type(value, json_type_string));
			assert(strlen(json_object_get_string(value)) ==
			       (size_t)json_object_get_string_len(value));
		}
	}
	assert(!strstr(names, "pid#!") || json_object_object_get_ex(request->args, "pid", NULL));
}

static void check_request(const char *line, size_t length)
{
	struct control_request request = { 0 };
	char why[256];
	int error = control_request_parse(line, length, verbs, N_VERBS, &request, why, sizeof(why));

	if (error) {
		assert(error == -EINVAL && !request.verb && !request.args);
		assert(strlen(why) > 5 && strlen(why) < sizeof(why));
		return;
	}
	assert(utf8_check(line, length) == length && !memchr(line, '\0', length));
	assert(request.verb >= verbs && request.verb < verbs + N_VERBS);
	check_args(&request);
	json_object_put(request.args);
}

/* The lines, as memchr() finds them in the whole. Returns how many bytes of it are done with. */
static size_t take_lines(struct control_line *line, const uint8_t *data, size_t size)
{
	size_t done = 0;
	ssize_t n;

	while ((n = control_line_next(line)) > 0) {
		const uint8_t *newline = memchr(data + done, '\n', size - done);

		assert(newline && newline - (data + done) + 1 == n);
		assert(memcmp(line->bytes, data + done, (size_t)n) == 0);
		check_request(line->bytes, (size_t)n - 1);
		control_line_drop(line, (size_t)n);
		done += (size_t)n;
	}
	return done;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct control_line line;
	size_t came = 0, done = 0, room, n;
	char *space;

	line.used = 0;
	while (came < size) {
		space = control_line_space(&line, &room);
		/* Pieces as the data has it; the odd ones as long as there is room. */
		n = data[came] & 1 ? room : 1 + (size_t)data[came] % 61;
		if (n > room)
			n = room;
		if (n > size - came)
			n = size - came;
		memcpy(space, data + came, n);
		control_line_add(&line, n);
		came += n;
		done += take_lines(&line, data + done, size - done);
		assert(line.used == came - done);
		if (control_line_next(&line) < 0) {
			assert(!memchr(data + done, '\n', TIERED_CONTROL_REQUEST_MAX));
			break;
		}
	}
	/* What is left is a request as well to who forgets the newline. */
	check_request(line.bytes, line.used);
	return 0;
}
