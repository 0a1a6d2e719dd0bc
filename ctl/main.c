// SPDX-License-Identifier: GPL-2.0-only
/* main.c - tieredctl: finds the verb. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "tiered/control.h"
#include "util/cleanup.h"

/* In the order of --help. */
static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} verbs[] = {
	{ "check", cmd_check, "what this machine can do, and what is in the way" },
	{ "status", cmd_status, "what the daemon does, what came of it, what it costs" },
	{ "top", cmd_top, "the same, live" },
	{ "targets", cmd_targets, "the processes it manages" },
	{ "trace", cmd_trace, "pages as they move, whoever moves them" },
	{ "explain", cmd_explain, "why a process or a page is where it is" },
	{ "heatmap", cmd_heatmap, "address space by time: where it is hot, what is fast" },
	{ "plan", cmd_plan, "what would be moved now, and why" },
	{ "metrics", cmd_metrics, "all counters as OpenMetrics text" },
	{ "set", cmd_set, "changes a key while the daemon runs" },
	{ "pause", cmd_pause, "stops moving pages, of all or of one process" },
	{ "resume", cmd_pause, "goes on with that" },
	{ "reload", cmd_reload, "makes the daemon read its conf again" },
};

#define N_VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void print_help(void)
{
	size_t i;

	puts("Usage: tieredctl [--socket PATH] VERB [OPTION]...\n"
	     "Shows what tiered does and why, and tells it what to do.\n");
	for (i = 0; i < N_VERBS; i++)
		printf("  %-10s %s\n", verbs[i].name, verbs[i].help);
	puts("\n  --socket PATH  the daemon's socket (" TIERED_CONTROL_SOCKET ")\n"
	     "  --version      print the version, and exit\n"
	     "  --help         print this, and exit\n"
	     "\n'tieredctl VERB --help' says more of each; the manual is tieredctl(1).");
}

/* A --socket before the verb goes behind it, where each verb looks for it. */
static int run_verb(size_t verb, const char *socket, int argc, char **argv)
{
	auto_free char **own = calloc((size_t)argc + 3, sizeof(*own));
	auto_free char *option = NULL;
	int n = 0;

	if (!own || (socket && asprintf(&option, "--socket=%s", socket) < 0)) {
		fputs("tieredctl: out of memory\n", stderr);
		return CTL_FAILED;
	}
	own[n++] = *argv++;
	if (option)
		own[n++] = option;
	while (*argv)
		own[n++] = *argv++;
	return verbs[verb].run(n, own);
}

/* Reads what stands before the verb; returns -1 to go on, else the exit status. */
static int take_options(int argc, char **argv, int *ret_at, const char **ret_socket)
{
	int at;

	for (at = 1; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--version") == 0) {
			puts("tieredctl " TIERED_VERSION);
			return CTL_OK;
		}
		if (strcmp(argv[at], "--help") == 0) {
			print_help();
			return CTL_OK;
		}
		if (strncmp(argv[at], "--socket=", 9) == 0) {
			*ret_socket = argv[at] + 9;
		} else if (strcmp(argv[at], "--socket") == 0 && at + 1 < argc) {
			*ret_socket = argv[++at];
		} else {
			fprintf(stderr,
				"tieredctl: no option '%s' before the verb; 'tieredctl --help' "
				"lists them\n",
				argv[at]);
			return CTL_USAGE;
		}
	}
	*ret_at = at;
	return -1;
}

int main(int argc, char **argv)
{
	const char *socket = NULL;
	int at = 1, status;
	size_t i;

	status = take_options(argc, argv, &at, &socket);
	if (status >= 0)
		return status;
	for (i = 0; at < argc && i < N_VERBS; i++)
		if (strcmp(argv[at], verbs[i].name) == 0)
			return run_verb(i, socket, argc - at, argv + at);
	if (at < argc)
		fprintf(stderr, "tieredctl: no verb '%s'; 'tieredctl --help' lists them\n",
			argv[at]);
	else
		fputs("tieredctl: a verb is missing; 'tieredctl --help' lists them\n", stderr);
	return CTL_USAGE;
}
