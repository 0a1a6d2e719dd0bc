// SPDX-License-Identifier: GPL-2.0-only
/* cmd_check.c - tieredctl check: what this machine can do, and what is in the way. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "ctl.h"
#include "options.h"
#include "util/cleanup.h"

#define DEFAULT_CONF TIERED_SYSCONFDIR "/tiered/tiered.conf"

enum { OPT_CONFIG };

static const struct verb_option options[] = {
	[OPT_CONFIG] = { "config", "FILE", 0, "judge by FILE instead of " DEFAULT_CONF },
};

static const struct verb_usage usage = {
	.name = "check",
	.arguments = "",
	.summary = "Looks at what this machine can do for tiered, and what is in the "
		   "way. Needs no daemon; without root, what may not be looked at is "
		   "unknown. Verdicts: ok, note (works, but less well), unknown (may not "
		   "be looked at), warn (in the way), fail (tiered cannot do its main "
		   "job).",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.colours = true,
	.statuses = "0, 1 when anything is warn or fail, 2 bad usage.",
	.example = "Example:\n  tieredctl check --json | jq '.checks[] | select(.verdict == "
		   "\"fail\")'",
};

static int take(void *arg, size_t option, const char *value)
{
	const char **conf = arg;

	(void)option;
	*conf = value;
	return 0;
}

static int show(const struct verb_common *common, const struct check_env *env)
{
	auto_free struct check *checks = calloc(CHECKS_MAX, sizeof(*checks));
	char summary[768];
	size_t n;
	int err = 0;

	if (!checks)
		return -ENOMEM;
	n = check_run(env, checks, CHECKS_MAX);
	check_summary(env, summary, sizeof(summary));
	if (common->json)
		err = check_print_json(stdout, checks, n, summary);
	else
		check_print_text(stdout, checks, n, summary, common->colour);
	if (err < 0)
		return err;
	if (fflush(stdout) != 0)
		return -errno;
	return check_status(check_worst(checks, n));
}

int cmd_check(int argc, char **argv)
{
	auto_free struct check_env *env = NULL;
	struct verb_common common;
	const char *conf = NULL;
	int status;

	status = options_parse(&usage, argc, argv, take, &conf, &common);
	if (status >= 0)
		return status;
	status = -ENOMEM;
	env = calloc(1, sizeof(*env));
	if (env) {
		*env = (struct check_env){
			.proc_root = "/proc",
			.sys_root = "/sys",
			.conf_path = conf ? conf : DEFAULT_CONF,
			.conf_required = conf != NULL,
			.socket_path = common.socket,
			.bpf = check_bpf_here,
			.open_bpf = bpf_open,
		};
		status = check_env_open(env);
	}
	if (status == 0) {
		status = show(&common, env);
		check_env_close(env);
	}
	if (status >= 0)
		return status;
	fprintf(stderr, "tieredctl check: %s\n", strerror(-status));
	return CTL_FAILED;
}
