// SPDX-License-Identifier: GPL-2.0-only
/* cmd_plan.c - tieredctl plan: what would be moved now, without moving it. */
#include <inttypes.h>
#include <stdio.h>

#include "answer.h"
#include "ctl.h"
#include "format.h"
#include "table.h"
#include "verb.h"

/* Enough to see what kind of pages it is about. */
#define LIMIT_DEFAULT 10

/* More than the daemon tells in one answer. */
#define LIMIT_MAX 1000

enum { OPT_LIMIT };

static const struct verb_option options[] = {
	[OPT_LIMIT] = { "limit", "N", 'n', "how many moves to show one by one (10; 0: none)" },
};

static const struct verb_usage usage = {
	.name = "plan",
	.arguments = "",
	.summary = "A dry run of the policy: what it would move now, why, how long "
		   "that takes, for what gain. Nothing is moved by asking.",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.example = "Example:\n  tieredctl plan --limit 50",
};

static void print_groups(struct json_object *groups)
{
	static const struct table_column columns[] = {
		{ .title = "pid", .right = true },
		{ .title = "comm", .at_least = 8 },
		{ .title = "nodes" },
		{ .title = "reason", .at_least = 8 },
		{ .title = "moves", .right = true },
		{ .title = "pages", .right = true },
		{ .title = "size", .right = true },
	};
	struct table *table = table_new(columns, 7);
	size_t i;

	if (!table)
		return;
	for (i = 0; i < answer_length(groups); i++) {
		struct json_object *group = answer_element(groups, i);

		table_add(table, "%" PRIu64, answer_number(group, "pid"));
		table_add(table, "%s", TEXT(answer_text(group, "comm")));
		table_add(table, "%" PRIu64 " -> %" PRIu64, answer_number(group, "from"),
			  answer_number(group, "to"));
		table_add(table, "%s", WORD(answer_text(group, "reason")));
		table_add(table, "%" PRIu64, answer_number(group, "moves"));
		table_add(table, "%" PRIu64, answer_number(group, "pages"));
		table_add(table, "%s", PAGES(answer_number(group, "pages")));
	}
	table_print(table, stdout, "  ", TABLE_WIDTH);
	table_free(table);
}

/* More kinds of moves than the daemon tells in one answer. */
static void print_left(uint64_t pages)
{
	if (pages)
		printf("  and %" PRIu64 " pages (%s) in further groups\n", pages, PAGES(pages));
}

static void print_first(struct json_object *moves)
{
	static const struct table_column columns[] = {
		{ .title = "pid", .right = true },     { .title = "address" },
		{ .title = "pages", .right = true },   { .title = "nodes" },
		{ .title = "reason", .at_least = 8 },  { .title = "accesses/s", .right = true },
		{ .title = "against", .right = true },
	};
	struct table *table = table_new(columns, 7);
	size_t i;

	if (!table)
		return;
	for (i = 0; i < answer_length(moves); i++) {
		struct json_object *move = answer_element(moves, i);

		table_add(table, "%" PRIu64, answer_number(move, "pid"));
		table_add(table, "%#" PRIx64, answer_address(move, "address"));
		table_add(table, "%" PRIu64, UINT64_C(1) << (answer_number(move, "order") & 31));
		table_add(table, "%" PRIu64 " -> %" PRIu64, answer_number(move, "from"),
			  answer_number(move, "to"));
		table_add(table, "%s", WORD(answer_text(move, "reason")));
		table_add(table, "%s", RATE(answer_signed(move, "rate")));
		table_add(table, "%s", RATE(answer_signed(move, "bar")));
	}
	table_print(table, stdout, "  ", TABLE_WIDTH);
	table_free(table);
}

static void print(struct json_object *result)
{
	uint64_t moves = answer_number(result, "moves");
	size_t shown = answer_length(answer_at(result, "first"));

	printf("After window %" PRIu64 ": %" PRIu64 " moves, %" PRIu64 " pages (%s)\n",
	       answer_number(result, "window"), moves, answer_number(result, "pages"),
	       PAGES(answer_number(result, "pages")));
	if (answer_flag(result, "observe"))
		puts("  mode  observe: none of them is made");
	if (answer_flag(result, "paused"))
		puts("  mode  paused: none of them is made until 'tieredctl resume'");
	if (!moves)
		return;
	printf("  cost  about %s for %s, waits and the rate limit included\n"
	       "  gain  hit share %s -> %s, by estimate\n\n",
	       SPAN(answer_number(result, "cost.ns")),
	       PAGES(answer_number(result, "cost.bytes") >> 12),
	       PPM(answer_number(result, "gain.share_ppm_now")),
	       PPM(answer_number(result, "gain.share_ppm_then")));
	print_groups(answer_at(result, "groups"));
	print_left(answer_number(result, "groups_left"));
	if (!shown)
		return;
	printf("\nThe first %zu of them\n", shown);
	print_first(answer_at(result, "first"));
}

static int take(void *arg, size_t option, const char *value)
{
	(void)option;
	return options_number("--limit", value, 0, LIMIT_MAX, arg);
}

int cmd_plan(int argc, char **argv)
{
	uint64_t limit = LIMIT_DEFAULT;
	struct json_object *args, *result;
	struct verb_common common;
	int status;

	status = options_parse(&usage, argc, argv, take, &limit, &common);
	if (status >= 0)
		return status;
	args = json_object_new_object();
	/* To the daemon 0 is none given: ask for the least, and leave it out. */
	json_object_object_add(args, "limit", json_object_new_uint64(limit ? limit : 1));
	status = verb_ask(&common, "plan", args, &result);
	if (status != CTL_OK)
		return status;
	if (!limit)
		json_object_object_add(result, "first", json_object_new_array());
	if (common.json)
		verb_print_json(result);
	else
		print(result);
	json_object_put(result);
	return verb_finish(status);
}
