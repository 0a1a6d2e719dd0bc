// SPDX-License-Identifier: GPL-2.0-only
/* cmd_set.c - tieredctl set: changes a key while the daemon runs. */
#include <stdio.h>

#include "answer.h"
#include "ctl.h"
#include "format.h"
#include "verb.h"

static const struct verb_usage usage = {
	.name = "set",
	.arguments = "SECTION.NAME VALUE",
	.summary =
		"Changes one key of the conf in the running daemon, until its next start or "
		"reload.\n"
		"Which keys there are, and what they take, is in tiered.conf(5); the daemon says\n"
		"so of those that can not change while it runs.",
	.min = 2,
	.max = 2,
	.example = "Example:\n  tieredctl set migration.rate 100M/s",
};

static void print(struct json_object *result)
{
	printf("%s: %s -> %s\n", TEXT(answer_text(result, "key")), TEXT(answer_text(result, "old")),
	       TEXT(answer_text(result, "new")));
}

int cmd_set(int argc, char **argv)
{
	struct verb_common common;
	struct json_object *args;
	int status;

	status = options_parse(&usage, argc, argv, NULL, NULL, &common);
	if (status >= 0)
		return status;
	args = json_object_new_object();
	json_object_object_add(args, "key", json_object_new_string(common.arguments[0]));
	json_object_object_add(args, "value", json_object_new_string(common.arguments[1]));
	return verb_show(&common, "set", args, print);
}
