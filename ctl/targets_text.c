// SPDX-License-Identifier: GPL-2.0-only
#include "targets_text.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "format.h"
#include "options.h"
#include "table.h"
#include "util/cleanup.h"

static const struct {
	const char *name;
	const char *path; /* NULL: computed */
} keys[TARGETS_KEYS] = {
	[TARGETS_RESIDENT] = { "resident", "resident_pages" },
	[TARGETS_HIT] = { "hit", "asked.share_ppm" },
	[TARGETS_PROMOTED] = { "promoted", "asked.promoted" },
	[TARGETS_DEMOTED] = { "demoted", "asked.demoted" },
	[TARGETS_FAST] = { "fast", NULL },
};

const char *targets_key_name(unsigned int key)
{
	return key < TARGETS_KEYS ? keys[key].name : NULL;
}

int targets_key_parse(const char *text, enum targets_key *ret_key)
{
	unsigned int i;

	for (i = 0; i < TARGETS_KEYS; i++) {
		if (strcmp(text, targets_key_name(i)) == 0) {
			*ret_key = (enum targets_key)i;
			return 0;
		}
	}
	options_complain("--sort %s: expected resident, hit, promoted, demoted or fast", text);
	return -1;
}

uint64_t targets_fast_ppm(struct json_object *target)
{
	return format_share(answer_number(target, "asked.fast_pages"),
			    answer_number(target, "asked.tracked_pages"));
}

struct sorted {
	struct json_object *target;
	uint64_t value;
	uint64_t pid;
	bool reverse;
};

/* Equal ones stand in order of their pids, so that a live view does not flicker. */
static int compare(const void *left, const void *right)
{
	const struct sorted *a = left, *b = right;

	if (a->value != b->value)
		return (a->value < b->value) == a->reverse ? -1 : 1;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static bool chosen(struct json_object *target, const char *filter)
{
	return !filter || !*filter || strstr(answer_text(target, "comm"), filter);
}

struct json_object *targets_sort(struct json_object *targets, const struct targets_order *order)
{
	struct json_object *result = json_object_new_array();
	size_t n = 0, i, length = answer_length(targets);
	auto_free struct sorted *sorted = calloc(length + 1, sizeof(*sorted));

	for (i = 0; sorted && i < length; i++) {
		struct json_object *target = answer_element(targets, i);
		const char *path = keys[order->key].path;

		if (!chosen(target, order->filter))
			continue;
		sorted[n].target = target;
		sorted[n].value = path ? answer_number(target, path) : targets_fast_ppm(target);
		sorted[n].pid = answer_number(target, "pid");
		sorted[n++].reverse = order->reverse;
	}
	if (n)
		qsort(sorted, n, sizeof(*sorted), compare);
	for (i = 0; i < n; i++)
		json_object_array_add(result, json_object_get(sorted[i].target));
	return result;
}

/* A target of which nothing is known has no shares yet. */
static void add_share(struct table *table, struct json_object *target, uint64_t ppm)
{
	if (answer_number(target, "asked.tracked_pages"))
		table_add(table, "%.1f%%", (double)ppm / 10000);
	else
		table_add(table, "-");
}

/* What keeps it from being managed. */
static void add_state(struct table *table, struct json_object *target)
{
	if (answer_flag(target, "paused"))
		table_add(table, "paused");
	else if (answer_at(target, "set_aside"))
		table_add(table, "%s", TEXT(answer_text(target, "set_aside.why")));
	else
		table_add(table, "%s", "");
}

void targets_print(struct json_object *targets, FILE *out, size_t width)
{
	static const struct table_column columns[] = {
		{ .title = "pid", .right = true },
		{ .title = "comm", .at_least = 6 },
		{ .title = "resident", .right = true },
		{ .title = "fast", .right = true },
		{ .title = "hit", .right = true },
		{ .title = "asked", .right = true },
		{ .title = "promoted", .right = true },
		{ .title = "demoted", .right = true },
		{ .title = "state" },
	};
	struct table *table = table_new(columns, 9);
	size_t i;

	if (!table)
		return;
	for (i = 0; i < answer_length(targets); i++) {
		struct json_object *target = answer_element(targets, i);

		table_add(table, "%" PRIu64, answer_number(target, "pid"));
		table_add(table, "%s", TEXT(answer_text(target, "comm")));
		table_add(table, "%s", PAGES(answer_number(target, "resident_pages")));
		add_share(table, target, targets_fast_ppm(target));
		add_share(table, target, answer_number(target, "asked.share_ppm"));
		table_add(table, "%s", COUNT(answer_number(target, "asked.requested")));
		table_add(table, "%s", COUNT(answer_number(target, "asked.promoted")));
		table_add(table, "%s", COUNT(answer_number(target, "asked.demoted")));
		add_state(table, target);
	}
	table_print(table, out, "", width);
	table_free(table);
}
