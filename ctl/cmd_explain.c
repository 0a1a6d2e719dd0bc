// SPDX-License-Identifier: GPL-2.0-only
/* cmd_explain.c - tieredctl explain: why a process, or one of its pages, is where it is. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "ctl.h"
#include "format.h"
#include "table.h"
#include "tiered/types.h"
#include "verb.h"

static const struct verb_usage usage = {
	.name = "explain",
	.arguments = "PID [ADDRESS]",
	.summary =
		"Says in sentences what is known of a process and of its hottest regions, or of "
		"the\n"
		"page at ADDRESS (hexadecimal): how hot it is, where it is, what keeps it there.",
	.min = 1,
	.max = 2,
	.example = "Example:\n  tieredctl explain 4711 0x7f1000234000",
};

static void print_target(struct json_object *target)
{
	const char *rule = answer_text(target, "rule");
	char list[160];

	if (!*rule)
		printf("A target by the defaults");
	else
		printf("A target by [target %s]", TEXT(rule));
	printf(", user %" PRIu64 ", %s resident%s.\n", answer_number(target, "uid"),
	       PAGES(answer_number(target, "resident_pages")),
	       answer_flag(target, "paused") ? ", paused: nothing of it is moved" : "");
	if (answer_at(target, "set_aside"))
		printf("Set aside for %" PRIu64 " s more, for the %" PRIu64 ". time: %s.\n",
		       answer_number(target, "set_aside.left_ns") / 1000000000,
		       answer_number(target, "set_aside.times"),
		       strcmp(answer_text(target, "set_aside.why"), "blocked") == 0
			       ? "calls on its memory do not come back"
			       : "most of its pages do not move");
	printf("Watched for %" PRIu64 " windows; %s of its memory is known, %s of that on the\n"
	       "fastest tier, which gets %s of its accesses (%s at first), by estimate.\n",
	       answer_number(target, "asked.windows"),
	       PAGES(answer_number(target, "asked.tracked_pages")),
	       PPM(format_share(answer_number(target, "asked.fast_pages"),
				answer_number(target, "asked.tracked_pages"))),
	       PPM(answer_number(target, "asked.share_ppm")),
	       PPM(answer_number(target, "asked.first_share_ppm")));
	printf("Asked: %" PRIu64 " pages; %" PRIu64 " moved (promoted %" PRIu64 ", demoted %" PRIu64
	       "), %" PRIu64 " not.\n",
	       answer_number(target, "asked.requested"),
	       answer_number(target, "asked.results.moved"),
	       answer_number(target, "asked.promoted"), answer_number(target, "asked.demoted"),
	       answer_sum(target, "asked.results", "moved"));
	if (answer_sum(target, "asked.results", "moved")) {
		fputs("  not moved:  ", stdout);
		table_print_list(stdout,
				 answer_list(target, "asked.results", "moved", list, sizeof(list)),
				 14);
	}
	if (!answer_at(target, "seen"))
		return;
	printf("Seen in the kernel: %" PRIu64 " pages moved, whoever asked; %" PRIu64
	       " mappings put back.\n  by reason:  ",
	       answer_number(target, "seen.moved_pages"), answer_number(target, "seen.undone"));
	table_print_list(stdout, answer_list(target, "seen.by_reason", NULL, list, sizeof(list)),
			 14);
}

static void print_last_move(struct json_object *move)
{
	if (!move) {
		puts("  last move   none is remembered");
		return;
	}
	printf("  last move   in window %" PRIu64 ", node %" PRIu64 " -> %" PRIu64 ", %s: %s\n"
	       "              (%s accesses/s against %s)\n",
	       answer_number(move, "window"), answer_number(move, "from"),
	       answer_number(move, "to"), WORD(answer_text(move, "reason")),
	       WORD(answer_text(move, "result")), RATE(answer_signed(move, "rate")),
	       RATE(answer_signed(move, "bar")));
}

static void print_rate(struct json_object *page)
{
	if (!answer_flag(page, "known")) {
		puts("  rate        unknown: nothing was seen there yet");
		return;
	}
	printf("  rate        %s accesses/s, from %" PRIu64 " observations, the last in window "
	       "%" PRIu64 "\n"
	       "  bar         %s accesses/s is what it is compared with there\n",
	       RATE(answer_signed(page, "rate")), answer_number(page, "observations"),
	       answer_number(page, "last_seen_window"), RATE(answer_signed(page, "bar")));
}

/* A line of a page, or more when it is long. */
static void print_item(const char *name, const char *head, const char *sentence)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s", head, TEXT(sentence));
	printf("  %-11s ", name);
	table_print_text(stdout, text, 14);
}

static void print_page(struct json_object *page)
{
	uint64_t node = answer_number(page, "node");
	char holder[64];

	printf("\nPage %#" PRIx64 ", %s", answer_address(page, "address"),
	       PAGES(UINT64_C(1) << (answer_number(page, "order") & 31)));
	if (answer_at(page, "node") && node < TIERED_NODES_MAX)
		printf(", on node %" PRIu64 ", tier %" PRIu64, node, answer_number(page, "tier"));
	puts("");
	if (answer_text(page, "mapping")[0])
		print_item("mapping", "not watched: ", answer_text(page, "mapping"));
	print_rate(page);
	if (answer_flag(page, "shared"))
		puts("  shared      other processes map it, too");
	if (answer_flag(page, "fixed"))
		puts("  fixed       it must stay where it is");
	if (answer_number(page, "rests_windows"))
		printf("  rests       for %" PRIu64 " more windows\n",
		       answer_number(page, "rests_windows"));
	print_last_move(answer_at(page, "last_move"));
	snprintf(holder, sizeof(holder), "%s: ", WORD(answer_text(page, "held_by")));
	print_item("held by", holder, answer_text(page, "why"));
}

static void print_regions(struct json_object *regions)
{
	static const struct table_column columns[] = {
		{ .title = "from" },
		{ .title = "to" },
		{ .title = "known", .right = true },
		{ .title = "fast", .right = true },
		{ .title = "accesses/s per page", .right = true },
	};
	struct table *table = table_new(columns, 5);
	size_t i;

	if (!table)
		return;
	for (i = 0; i < answer_length(regions); i++) {
		struct json_object *region = answer_element(regions, i);
		uint64_t pages = answer_number(region, "pages");

		table_add(table, "%#" PRIx64, answer_address(region, "start"));
		table_add(table, "%#" PRIx64, answer_address(region, "end"));
		table_add(table, "%s", PAGES(pages));
		table_add(table, "%s",
			  PPM(format_share(answer_number(region, "fast_pages"), pages)));
		if (answer_at(region, "rate"))
			table_add(table, "%s", RATE(answer_signed(region, "rate")));
		else
			table_add(table, "unknown");
	}
	puts("\nIts hottest regions");
	table_print(table, stdout, "  ", TABLE_WIDTH);
	table_free(table);
}

static void print_excluded(const char *why)
{
	char text[512];

	snprintf(text, sizeof(text), "No target: %s.", TEXT(why));
	table_print_text(stdout, text, 0);
}

static void print(struct json_object *result)
{
	printf("%s, pid %" PRIu64 "\n", TEXT(answer_text(result, "comm")),
	       answer_number(result, "pid"));
	if (answer_at(result, "target"))
		print_target(answer_at(result, "target"));
	else
		print_excluded(answer_text(result, "excluded"));
	if (answer_at(result, "page"))
		print_page(answer_at(result, "page"));
	else if (answer_length(answer_at(result, "regions")))
		print_regions(answer_at(result, "regions"));
}

/* Hexadecimal, with or without 0x. */
static int parse_address(const char *text, uint64_t *ret_address)
{
	unsigned long long value = 0;
	char *end = NULL;

	errno = 0;
	if (isxdigit((unsigned char)text[0]))
		value = strtoull(text, &end, 16);
	if (!end || *end || errno || !value) {
		options_complain(
			"address '%s': expected a hexadecimal number such as 0x7f1000234000", text);
		return -1;
	}
	*ret_address = value;
	return 0;
}

int cmd_explain(int argc, char **argv)
{
	struct verb_common common;
	struct json_object *args;
	uint64_t address = 0;
	char text[24];
	int status;

	status = options_parse(&usage, argc, argv, NULL, NULL, &common);
	if (status >= 0)
		return status;
	if (common.n_arguments > 1 && parse_address(common.arguments[1], &address) < 0)
		return CTL_USAGE;
	args = verb_pid_args(&common);
	if (!args)
		return CTL_USAGE;
	if (address) {
		snprintf(text, sizeof(text), "%#" PRIx64, address);
		json_object_object_add(args, "address", json_object_new_string(text));
	}
	return verb_show(&common, "explain", args, print);
}
