// SPDX-License-Identifier: GPL-2.0-only
/* cmd_check.c - tieredctl check: what this machine can do, and what is in the way. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "ctl.h"
#include "tiered/control.h"
#include "util/cleanup.h"

#define DEFAULT_CONF TIERED_SYSCONFDIR "/tiered/tiered.conf"

struct check_options {
	const char *conf;
	int json;
};

static const char help[] =
	"Usage: tieredctl check [OPTION]...\n"
	"Looks at what this machine can do for tiered, and what is in the way. Needs no\n"
	"daemon; without root, what may not be looked at is unknown.\n"
	"\n"
	"  --config FILE  judge by FILE instead of " DEFAULT_CONF "\n"
	"  --json         one JSON object instead of a table\n"
	"  --help         print this, and exit\n"
	"\n"
	"Verdicts: ok, note (works, but less well), unknown (may not be looked at), warn\n"
	"(in the way), fail (tiered cannot do its main job).\n"
	"Status: 0, 1 when anything is warn or fail, 2 for a bad command line.\n";

/* Returns -1 to go on, else the exit status. */
static int parse_options(int argc, char **argv, struct check_options *options)
{
	static const struct option longs[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "json", no_argument, NULL, 'j' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	static char name[] = "tieredctl check"; /* as getopt is to say */
	int id;

	argv[0] = name;
	optind = 0;
	while ((id = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		switch (id) {
		case 'c':
			options->conf = optarg;
			break;
		case 'j':
			options->json = 1;
			break;
		case 'h':
			fputs(help, stdout);
			return CTL_OK;
		default:
			fputs("Try 'tieredctl check --help'.\n", stderr);
			return CTL_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	fprintf(stderr, "tieredctl check: unexpected argument '%s'; expected options only\n",
		argv[optind]);
	return CTL_USAGE;
}

/* https://no-color.org: set and not empty. */
static int wants_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

static int show(const struct check_options *options, const struct check_env *env)
{
	auto_free struct check *checks = calloc(CHECKS_MAX, sizeof(*checks));
	char summary[768];
	size_t n;
	int err = 0;

	if (!checks)
		return -ENOMEM;
	n = check_run(env, checks, CHECKS_MAX);
	check_summary(env, summary, sizeof(summary));
	if (options->json)
		err = check_print_json(stdout, checks, n, summary);
	else
		check_print_text(stdout, checks, n, summary, wants_colour());
	if (err < 0)
		return err;
	if (fflush(stdout) != 0)
		return -errno;
	return check_status(check_worst(checks, n));
}

int cmd_check(int argc, char **argv)
{
	struct check_options options = { 0 };
	auto_free struct check_env *env = NULL;
	int status = parse_options(argc, argv, &options);

	if (status >= 0)
		return status;
	status = -ENOMEM;
	env = calloc(1, sizeof(*env));
	if (env) {
		*env = (struct check_env){
			.proc_root = "/proc",
			.sys_root = "/sys",
			.conf_path = options.conf ? options.conf : DEFAULT_CONF,
			.conf_required = options.conf != NULL,
			.socket_path = TIERED_CONTROL_SOCKET,
			.bpf = check_bpf_here,
		};
		status = check_env_open(env);
	}
	if (status == 0) {
		status = show(&options, env);
		check_env_close(env);
	}
	if (status >= 0)
		return status;
	fprintf(stderr, "tieredctl check: %s\n", strerror(-status));
	return CTL_FAILED;
}
