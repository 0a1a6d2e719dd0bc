// SPDX-License-Identifier: GPL-2.0-only
/* main.c - tieredctl: finds the verb. */
#include <stdio.h>
#include <string.h>

#include "ctl.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *help;
} verbs[] = {
	{ "check", cmd_check, "what this machine can do, and what is in the way" },
	{ NULL, NULL, NULL }, /* verbs come here, in the order of --help */
};

static void print_help(void)
{
	size_t i;

	puts("Usage: tieredctl VERB [OPTION]...\n"
	     "Shows what tiered does and why, and tells it what to do.\n");
	for (i = 0; verbs[i].name; i++)
		printf("  %-10s %s\n", verbs[i].name, verbs[i].help);
	puts("\n'tieredctl VERB --help' says more of each; the manual is tieredctl(1).");
}

int main(int argc, char **argv)
{
	size_t i;

	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("tieredctl " TIERED_VERSION);
		return CTL_OK;
	}
	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		print_help();
		return CTL_OK;
	}
	for (i = 0; argc > 1 && verbs[i].name; i++)
		if (strcmp(argv[1], verbs[i].name) == 0)
			return verbs[i].run(argc - 1, argv + 1);
	if (argc > 1)
		fprintf(stderr, "tieredctl: no verb '%s'; 'tieredctl --help' lists them\n",
			argv[1]);
	else
		fputs("tieredctl: a verb is missing; 'tieredctl --help' lists them\n", stderr);
	return CTL_USAGE;
}
