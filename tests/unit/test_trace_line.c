// SPDX-License-Identifier: GPL-2.0-only
/* test_trace_line.c - lines of a trace are JSON, with the fields of tiered/control.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <json-c/json.h>

#include "verbs/trace_line.h"

static struct json_object *parse(const char *line, size_t length)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	assert_in_range(length, 2, TRACE_LINE_MAX);
	assert_int_equal(line[length - 1], '\n');
	object = json_tokener_parse_ex(tokener, line, (int)length - 1);
	assert_non_null(object);
	assert_int_equal(json_tokener_get_parse_end(tokener), length - 1);
	json_tokener_free(tokener);
	return object;
}

static void number_is(struct json_object *object, const char *name, uint64_t expected)
{
	struct json_object *field = json_object_object_get(object, name);

	assert_true(json_object_is_type(field, json_type_int));
	assert_true(json_object_get_uint64(field) == expected);
}

static void text_is(struct json_object *object, const char *name, const char *expected)
{
	assert_string_equal(json_object_get_string(json_object_object_get(object, name)), expected);
}

static void flag_is(struct json_object *object, const char *name, int expected)
{
	struct json_object *field = json_object_object_get(object, name);

	assert_true(json_object_is_type(field, json_type_boolean));
	assert_int_equal(json_object_get_boolean(field), expected);
}

/* The largest and the smallest of all numbers, and names that need escaping. */
static void test_mapping(void **state)
{
	static const struct {
		struct event_folio event;
		uint32_t pid;
		uint64_t cgroup_id;
		const char *comm, *cgroup, *comm_told, *cgroup_told, *address, *reason_told;
	} cases[] = {
		{ { .header = { .time_ns = UINT64_MAX, .flags = EVENT_F_OURS | EVENT_F_UNDONE },
		    .address = UINT64_MAX,
		    .order = 18,
		    .from = 63,
		    .to = 62,
		    .reason = SEEN_TIERED },
		  4194304,
		  UINT64_MAX,
		  "a\"b\\c\n",
		  "/x\xff\"",
		  "a\"b\\c?",
		  "/x?\"",
		  "0xffffffffffffffff",
		  "tiered" },
		{ { .reason = SEEN_SYSCALL }, 0, 0, "", "", "", "", "0x0", "syscall" },
	};
	char line[TRACE_LINE_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct event_folio *event = &cases[i].event;
		struct trace_name name = { .pid = cases[i].pid, .cgroup_id = cases[i].cgroup_id };
		struct json_object *object;

		strcpy(name.comm, cases[i].comm);
		strcpy(name.cgroup, cases[i].cgroup);
		trace_name_write(&name);
		object = parse(line, trace_line_mapping(line, event, &name));
		text_is(object, "event", "mapping");
		number_is(object, "time_ns", event->header.time_ns);
		number_is(object, "pid", cases[i].pid);
		text_is(object, "comm", cases[i].comm_told);
		number_is(object, "cgroup_id", cases[i].cgroup_id);
		text_is(object, "cgroup", cases[i].cgroup_told);
		text_is(object, "address", cases[i].address);
		number_is(object, "order", event->order);
		number_is(object, "from", event->from);
		number_is(object, "to", event->to);
		number_is(object, "from", event->from);
		number_is(object, "to", event->to);
		text_is(object, "reason", cases[i].reason_told);
		flag_is(object, "ours", (event->header.flags & EVENT_F_OURS) != 0);
		flag_is(object, "undone", (event->header.flags & EVENT_F_UNDONE) != 0);
		assert_int_equal(json_object_object_length(object), 13);
		json_object_put(object);
	}
}

static void test_call(void **state)
{
	static const struct event_migration event = { .header = { .time_ns = 5,
								  .flags = EVENT_F_ATTRIBUTED },
						      .reason = SEEN_COMPACTION,
						      .succeeded = UINT64_MAX,
						      .failed = 7 };
	struct trace_name name = { .pid = 12, .comm = "redis-server" };
	char line[TRACE_LINE_MAX];
	struct json_object *object;

	(void)state;
	trace_name_write(&name);
	object = parse(line, trace_line_call(line, &event, &name));
	text_is(object, "event", "call");
	number_is(object, "time_ns", 5);
	number_is(object, "pid", 12);
	text_is(object, "comm", "redis-server");
	flag_is(object, "attributed", 1);
	flag_is(object, "ours", 0);
	text_is(object, "reason", "compaction");
	number_is(object, "succeeded", UINT64_MAX);
	number_is(object, "failed", 7);
	assert_int_equal(json_object_object_length(object), 9);
	json_object_put(object);
}

/* The longest names leave room for all that follows. */
static void test_longest(void **state)
{
	static const struct event_folio event = { .header = { .time_ns = UINT64_MAX },
						  .address = UINT64_MAX };
	struct trace_name name = { .pid = UINT32_MAX, .cgroup_id = UINT64_MAX };
	char line[TRACE_LINE_MAX];

	(void)state;
	memset(name.comm, '"', sizeof(name.comm) - 1);
	memset(name.cgroup, '\\', sizeof(name.cgroup) - 1);
	trace_name_write(&name);
	json_object_put(parse(line, trace_line_mapping(line, &event, &name)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_mapping),
		cmocka_unit_test(test_call),
		cmocka_unit_test(test_longest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
