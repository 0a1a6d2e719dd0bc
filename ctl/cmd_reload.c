// SPDX-License-Identifier: GPL-2.0-only
/* cmd_reload.c - tieredctl reload: as SIGHUP, but says what came of it. */
#include <stdio.h>

#include "ctl.h"
#include "verb.h"

static const struct verb_usage usage = {
	.name = "reload",
	.arguments = "",
	.summary =
		"Makes the daemon read its conf again. A conf with faults leaves the old one in\n"
		"force: the first fault is told, the rest is in the daemon's log.",
	.example = "Example:\n  tieredctl reload && tieredctl status",
};

static void print(struct json_object *result)
{
	(void)result;
	puts("the conf was read again");
}

int cmd_reload(int argc, char **argv)
{
	struct verb_common common;
	int status;

	status = options_parse(&usage, argc, argv, NULL, NULL, &common);
	if (status >= 0)
		return status;
	return verb_show(&common, "reload", NULL, print);
}
