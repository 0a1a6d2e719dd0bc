// SPDX-License-Identifier: GPL-2.0-only
/* cmd_metrics.c - tieredctl metrics: OpenMetrics text as the daemon makes it. */
#include <stdio.h>

#include "answer.h"
#include "ctl.h"
#include "verb.h"

enum { OPT_PROMETHEUS };

static const struct verb_option options[] = {
	[OPT_PROMETHEUS] = { "prometheus", NULL, 0, "the older text form, as promtool reads it" },
};

static const struct verb_usage usage = {
	.name = "metrics",
	.arguments = "",
	.summary = "Prints all counters as OpenMetrics text.",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.example = "Example:\n  tieredctl metrics --prometheus | promtool check metrics",
};

static int take(void *arg, size_t option, const char *value)
{
	(void)option;
	(void)value;
	*(int *)arg = 1;
	return 0;
}

static void print(struct json_object *result)
{
	fputs(answer_text(result, "text"), stdout);
}

int cmd_metrics(int argc, char **argv)
{
	struct json_object *args = NULL;
	struct verb_common common;
	int prometheus = 0, status;

	status = options_parse(&usage, argc, argv, take, &prometheus, &common);
	if (status >= 0)
		return status;
	if (prometheus) {
		args = json_object_new_object();
		json_object_object_add(args, "form", json_object_new_string("prometheus"));
	}
	return verb_show(&common, "metrics", args, print);
}
