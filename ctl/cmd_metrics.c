// SPDX-License-Identifier: GPL-2.0-only
/* cmd_metrics.c - tieredctl metrics: OpenMetrics text as the daemon makes it. */
#include <stdio.h>

#include "answer.h"
#include "ctl.h"
#include "verb.h"

static const struct verb_usage usage = {
	.name = "metrics",
	.arguments = "",
	.summary = "Prints all counters as OpenMetrics text.",
	.example = "Example:\n  tieredctl metrics | promtool check metrics",
};

static void print(struct json_object *result)
{
	fputs(answer_text(result, "text"), stdout);
}

int cmd_metrics(int argc, char **argv)
{
	struct verb_common common;
	int status;

	status = options_parse(&usage, argc, argv, NULL, NULL, &common);
	if (status >= 0)
		return status;
	return verb_show(&common, "metrics", NULL, print);
}
