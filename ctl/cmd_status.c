// SPDX-License-Identifier: GPL-2.0-only
/* cmd_status.c - tieredctl status: one screen about the daemon, or about one process. */
#include <stdio.h>

#include "answer.h"
#include "ctl.h"
#include "status_text.h"
#include "verb.h"

static const struct verb_usage usage = {
	.name = "status",
	.arguments = "[PID]",
	.summary = "Shows what the daemon does, what was asked of the kernel and what "
		   "was seen of it, what it cost, and the processes whose pages moved "
		   "most; or PID alone of these.",
	.max = 1,
	.example = "Example:\n  tieredctl status --json | jq .asked.results",
};

static void print_all(struct json_object *result)
{
	status_print_daemon(result, stdout);
	status_print_processes(result, stdout);
	status_print_cgroups(result, stdout);
}

static void print_one(struct json_object *result)
{
	struct json_object *process = answer_element(answer_at(result, "processes"), 0);

	if (process)
		status_print_process(process, stdout);
	else
		puts("It was not seen to have pages moved.");
}

int cmd_status(int argc, char **argv)
{
	struct verb_common common;
	struct json_object *args;
	int status;

	status = options_parse(&usage, argc, argv, NULL, NULL, &common);
	if (status >= 0)
		return status;
	args = verb_pid_args(&common);
	if (!args)
		return CTL_USAGE;
	return verb_show(&common, "status", args, common.n_arguments ? print_one : print_all);
}
