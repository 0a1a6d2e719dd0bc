// SPDX-License-Identifier: GPL-2.0-only
/* cmd_pause.c - tieredctl pause and resume, of everything or of one process. */
#include <stdio.h>
#include <string.h>

#include "answer.h"
#include "ctl.h"
#include "verb.h"

static const struct verb_usage pause_usage = {
	.name = "pause",
	.arguments = "[PID]",
	.summary = "Stops looking at and moving pages: of all processes, or of PID. What "
		   "the kernel does is still counted.",
	.max = 1,
	.example = "Example:\n  tieredctl pause 4711; perf stat ...; tieredctl resume 4711",
};

static const struct verb_usage resume_usage = {
	.name = "resume",
	.arguments = "[PID]",
	.summary = "Moves pages again, after 'pause': of all processes, or of PID.",
	.max = 1,
	.example = "Example:\n  tieredctl resume",
};

int cmd_pause(int argc, char **argv)
{
	const struct verb_usage *usage = strcmp(argv[0], "resume") ? &pause_usage : &resume_usage;
	struct verb_common common;
	struct json_object *args, *result;
	int status;

	status = options_parse(usage, argc, argv, NULL, NULL, &common);
	if (status >= 0)
		return status;
	args = verb_pid_args(&common);
	if (!args)
		return CTL_USAGE;
	status = verb_ask(&common, usage->name, args, &result);
	if (status != CTL_OK)
		return status;
	if (common.json)
		verb_print_json(result);
	else
		printf("%s%s: %s\n", common.n_arguments ? "pid " : "all processes",
		       common.n_arguments ? common.arguments[0] : "",
		       answer_flag(result, "paused") ? "paused" : "not paused");
	json_object_put(result);
	return verb_finish(status);
}
