// SPDX-License-Identifier: GPL-2.0-only
/* cmd_targets.c - tieredctl targets: one line for each managed process. */
#include <stdio.h>

#include "answer.h"
#include "ctl.h"
#include "limits_text.h"
#include "table.h"
#include "targets_text.h"
#include "verb.h"

enum { OPT_SORT, OPT_COMM, OPT_REVERSE };

static const struct verb_option options[] = {
	[OPT_SORT] = { "sort", "KEY", 's', "resident (default), hit, promoted, demoted or fast" },
	[OPT_COMM] = { "comm", "TEXT", 0, "only command names that contain TEXT" },
	[OPT_REVERSE] = { "reverse", NULL, 'r', "the smallest first" },
};

static const struct verb_usage usage = {
	.name = "targets",
	.arguments = "",
	.summary = "Lists the processes whose memory is managed: how much of what is "
		   "known of each is on the fastest tier, which share of its accesses "
		   "goes there, what was moved.",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.example = "Example:\n  tieredctl targets --sort promoted",
};

static int take(void *arg, size_t option, const char *value)
{
	struct targets_order *order = arg;

	switch (option) {
	case OPT_SORT:
		return targets_key_parse(value, &order->key);
	case OPT_COMM:
		order->filter = value;
		return 0;
	default:
		order->reverse = true;
		return 0;
	}
}

int cmd_targets(int argc, char **argv)
{
	struct targets_order order = { .key = TARGETS_RESIDENT };
	struct json_object *result, *sorted;
	struct verb_common common;
	int status;

	status = options_parse(&usage, argc, argv, take, &order, &common);
	if (status >= 0)
		return status;
	status = verb_ask(&common, "targets", NULL, &result);
	if (status != CTL_OK)
		return status;
	sorted = targets_sort(answer_at(result, "targets"), &order);
	if (common.json) {
		json_object_object_add(result, "targets", json_object_get(sorted));
		verb_print_json(result);
	} else {
		targets_print(sorted, stdout, TABLE_WIDTH);
		limits_print(result, stdout);
	}
	json_object_put(sorted);
	json_object_put(result);
	return verb_finish(status);
}
