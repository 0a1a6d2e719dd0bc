// SPDX-License-Identifier: GPL-2.0-only
/* Requests to the control socket: what is taken, what is refused, and in which words. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control/line.h"
#include "control/request.h"
#include "util/utf8.h"

static const struct control_verb verbs[] = {
	{ "status", "pid#", NULL },
	{ "explain", "pid#! address", NULL },
	{ "set", "key! value!", NULL },
	{ "reload", NULL, NULL },
};
#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static int parse(const char *line, size_t length, struct control_request *ret, char why[256])
{
	/* Of the exact size, so that a sanitizer sees the first byte beyond it. */
	char *copy = malloc(length ? length : 1);
	int error;

	assert_non_null(copy);
	memcpy(copy, line, length);
	error = control_request_parse(copy, length, verbs, N_VERBS, ret, why, 256);
	free(copy);
	return error;
}

static void taken(const char *line, const char *verb, const char *args)
{
	struct control_request request;
	char why[256];

	if (parse(line, strlen(line), &request, why) != 0)
		fail_msg("%s: %s", line, why);
	assert_string_equal(request.verb->name, verb);
	assert_string_equal(json_object_to_json_string_ext(request.args, JSON_C_TO_STRING_PLAIN),
			    args);
	json_object_put(request.args);
}

static void refused_bytes(const char *line, size_t length, const char *words)
{
	struct control_request request = { 0 };
	char why[256];

	if (parse(line, length, &request, why) != -EINVAL)
		fail_msg("taken: %.100s", line);
	if (!strstr(why, words))
		fail_msg("%.100s: '%s' has no '%s'", line, why, words);
	assert_null(request.verb);
	assert_null(request.args);
}

static void refused(const char *line, const char *words)
{
	refused_bytes(line, strlen(line), words);
}

#define V1 "{\"version\":1,\"verb\":"

static void test_taken(void **state)
{
	(void)state;
	taken(V1 "\"status\"}", "status", "{}");
	taken(V1 "\"status\",\"args\":{}}", "status", "{}");
	taken(V1 "\"status\",\"args\":{\"pid\":12}}", "status", "{\"pid\":12}");
	taken(" { \"args\" : { } , \"verb\":\"reload\",\t\"version\":1 } \r", "reload", "{}");
	taken(V1 "\"explain\",\"args\":{\"address\":\"0x7f\",\"pid\":0}}", "explain",
	      "{\"address\":\"0x7f\",\"pid\":0}");
	taken(V1 "\"set\",\"args\":{\"key\":\"a\\\"b\",\"value\":\"\xc3\xa9 {:}\"}}", "set",
	      "{\"key\":\"a\\\"b\",\"value\":\"\xc3\xa9 {:}\"}");
	/* An escaped backslash before u0000 is no NUL. */
	taken(V1 "\"set\",\"args\":{\"key\":\"\\\\u0000\",\"value\":\"\"}}", "set",
	      "{\"key\":\"\\\\u0000\",\"value\":\"\"}");
}

static void test_not_json(void **state)
{
	(void)state;
	refused("", "expected one JSON object");
	refused("hello", "expected one JSON object");
	refused("[]", "expected a JSON object");
	refused("\"status\"", "expected a JSON object");
	refused("1", "JSON object");
	refused("null", "JSON object");
	refused("{", "ends early");
	refused(V1 "\"status\"", "ends early");
	refused(V1 "\"status\"} {}", "expected one JSON object");
	refused(V1 "\"status\"}x", "expected one JSON object");
	refused(V1 "\"status\",}", "expected one JSON object");
	refused("{'version':1,'verb':'status'}", "0x27 outside of strings");
	refused("{\"version\":1,/*c*/\"verb\":\"status\"}", "outside of strings");
	refused(V1 "\"st\x01tus\"}", "control character");
	refused(V1 "\"status\",\"args\":{\"pid\":{\"a\":{\"b\":1}}}}", "nesting too deep");
	refused(V1 "\"st\xff\"}", "not UTF-8");
	refused(V1 "\"st\xed\xa0\x80\"}", "not UTF-8");
	refused_bytes("\0\0\0", 3, "0x00 outside of strings");
	refused_bytes(V1 "\"a\0b\"}", sizeof(V1 "\"a\0b\"}") - 1, "control character");
	refused(V1 "\"set\",\"args\":{\"key\":\"\\u0000\",\"value\":\"\"}}", "without NUL");
	refused(V1 "\"status\",\"args\":{\"pid\\u0000x\":1}}", "without NUL");
}

static void test_members(void **state)
{
	(void)state;
	refused("{}", "version: expected the number 1");
	refused("{\"version\":\"1\",\"verb\":\"status\"}", "version: expected the number 1");
	refused("{\"version\":1.0,\"verb\":\"status\"}", "version: expected the number 1");
	refused("{\"version\":2,\"verb\":\"status\"}", "version 2 is not spoken here; expected 1");
	refused("{\"version\":1}", "verb: expected a string");
	refused(V1 "7}", "verb: expected a string");
	refused(V1 "\"stat\"}", "no verb 'stat'");
	refused(V1 "\"\"}", "no verb ''");
	refused(V1 "\"status\",\"args\":null}", "args: expected an object");
	refused(V1 "\"status\",\"args\":[]}", "args: expected an object");
	refused(V1 "\"status\",\"user\":1}", "'user' in the request");
	refused(V1 "\"status\",\"verb\":\"reload\"}", "a name comes twice");
	refused(V1 "\"status\",\"args\":{\"pid\":1,\"pid\":2}}", "a name comes twice");
	refused(V1 "\"status\",\"args\":{\"pid\":1},\"args\":{}}", "a name comes twice");
}

static void test_arguments(void **state)
{
	(void)state;
	refused(V1 "\"status\",\"args\":{\"limit\":1}}",
		"status: no argument 'limit'; expected pid");
	refused(V1 "\"status\",\"args\":{\"pi\":1}}", "no argument 'pi'");
	refused(V1 "\"status\",\"args\":{\"pid#\":1}}", "no argument 'pid#'");
	refused(V1 "\"status\",\"args\":{\"\":1}}", "no argument ''");
	refused(V1 "\"reload\",\"args\":{\"pid\":1}}", "reload: no argument 'pid'; expected none");
	refused(V1 "\"set\",\"args\":{\"x\":1}}", "expected key, value");
	refused(V1 "\"explain\"}", "explain: pid is missing");
	refused(V1 "\"set\",\"args\":{\"key\":\"a\"}}", "set: value is missing");
	refused(V1 "\"explain\",\"args\":{\"pid\":1,\"address\":2}}", "address: expected a string");
	refused(V1 "\"explain\",\"args\":{\"pid\":1,\"address\":null}}", "expected a string");
	refused(V1 "\"status\",\"args\":{\"pid\":\"1\"}}", "pid: expected a whole number");
	refused(V1 "\"status\",\"args\":{\"pid\":1.5}}", "pid: expected a whole number");
	refused(V1 "\"status\",\"args\":{\"pid\":1e3}}", "pid: expected a whole number");
	refused(V1 "\"status\",\"args\":{\"pid\":true}}", "pid: expected a whole number");
	refused(V1 "\"status\",\"args\":{\"pid\":-1}}", "pid: expected a whole number from 0");
	refused(V1 "\"status\",\"args\":{\"pid\":99999999999999999999}}", "a whole number");
	refused(V1 "\"status\",\"args\":{\"pid\":NaN}}", "whole number");
}

/* Sentences are bounded, whatever they quote. */
static void test_long_names(void **state)
{
	char line[4000];
	int n;

	(void)state;
	n = snprintf(line, sizeof(line), V1 "\"%03000d\"}", 0);
	refused_bytes(line, (size_t)n, "no verb '0000");
	n = snprintf(line, sizeof(line), V1 "\"status\",\"args\":{\"%03000d\":1}}", 0);
	refused_bytes(line, (size_t)n, "no argument '0000");
	n = snprintf(line, sizeof(line), "{\"version\":1%03000d}", 0);
	refused_bytes(line, (size_t)n, "is not spoken here");
}

static void add(struct control_line *line, const char *text)
{
	size_t room;
	char *space = control_line_space(line, &room);

	assert_true(strlen(text) <= room);
	memcpy(space, text, strlen(text));
	control_line_add(line, strlen(text));
}

static void test_lines(void **state)
{
	struct control_line line = { 0 };
	size_t room;
	char *space;

	(void)state;
	assert_int_equal(control_line_next(&line), 0);
	add(&line, "ab");
	assert_int_equal(control_line_next(&line), 0);
	add(&line, "c\n\nde");
	assert_int_equal(control_line_next(&line), 4);
	control_line_drop(&line, 4);
	assert_int_equal(control_line_next(&line), 1);
	control_line_drop(&line, 1);
	assert_int_equal(control_line_next(&line), 0);
	assert_memory_equal(line.bytes, "de", 2);
	space = control_line_space(&line, &room);
	memset(space, 'x', room);
	assert_int_equal(room, TIERED_CONTROL_REQUEST_MAX - 2);
	control_line_add(&line, room - 1);
	assert_int_equal(control_line_next(&line), 0);
	/* The last byte that has room decides. */
	add(&line, "\n");
	assert_int_equal(control_line_next(&line), TIERED_CONTROL_REQUEST_MAX);
	line.bytes[TIERED_CONTROL_REQUEST_MAX - 1] = 'x';
	assert_int_equal(control_line_next(&line), -EMSGSIZE);
	control_line_space(&line, &room);
	assert_int_equal(room, 0);
}

static void mended(const char *text, const char *expected)
{
	char copy[64];

	snprintf(copy, sizeof(copy), "%s", text);
	utf8_mend(copy, strlen(text));
	assert_string_equal(copy, expected);
	assert_int_equal(utf8_check(copy, strlen(copy)), strlen(copy));
}

static void test_utf8(void **state)
{
	(void)state;
	mended("", "");
	mended("plain", "plain");
	mended("\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80", "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	mended("a\xff\xfe z", "a?? z");
	/* Cut off, overlong, a surrogate, beyond the last character. */
	mended("ab\xe2\x82", "ab??");
	mended("\xe2\x82z\xf0\x9f\x98z", "??z???z");
	mended("\xc0\xaf\xe0\x80\xaf", "?????");
	mended("\xed\xa0\x80", "???");
	mended("\xf4\x90\x80\x80", "????");
	assert_int_equal(utf8_check("ab\xc3", 3), 2);
	assert_int_equal(utf8_check("a\0b", 3), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_taken),      cmocka_unit_test(test_not_json),
		cmocka_unit_test(test_members),    cmocka_unit_test(test_arguments),
		cmocka_unit_test(test_long_names), cmocka_unit_test(test_lines),
		cmocka_unit_test(test_utf8),
	};

	return cmocka_run_group_tests_name("control requests", tests, NULL, NULL);
}
