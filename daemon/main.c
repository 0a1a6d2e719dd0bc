// SPDX-License-Identifier: GPL-2.0-only
/* main.c - the command line and the exit status; the work is the manager's. */
#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "manager.h"
#include "util/log.h"

#define DEFAULT_CONF TIERED_SYSCONFDIR "/tiered/tiered.conf"

/* Exit statuses, as in tiered(8). */
enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2 };

enum action { RUN, CHECK_CONFIG, CHECK_TRACKER, PRINT_DEFAULTS, UNDO };

struct options {
	enum action action;
	const char *config;
	int config_given;
	struct manager_options manager;
};

enum option_id {
	OPT_CONFIG = 256,
	OPT_CHECK_CONFIG,
	OPT_CHECK_TRACKER,
	OPT_PRINT_DEFAULTS,
	OPT_UNDO,
	OPT_FOREGROUND,
	OPT_OBSERVE,
	OPT_WINDOW_LOG,
	OPT_VERBOSE,
	OPT_VERSION,
	OPT_HELP,
};

static const struct {
	struct option option;
	const char *argument;
	const char *help;
} table[] = {
	{ { "config", required_argument, NULL, OPT_CONFIG },
	  "FILE",
	  "read FILE instead of " DEFAULT_CONF },
	{ { "check-config", required_argument, NULL, OPT_CHECK_CONFIG },
	  "FILE",
	  "say what is wrong with FILE, and exit (status 2 if anything is)" },
	{ { "check-tracker", no_argument, NULL, OPT_CHECK_TRACKER },
	  NULL,
	  "say how hot pages can be found here, and exit (status 1 if not at all)" },
	{ { "print-defaults", no_argument, NULL, OPT_PRINT_DEFAULTS },
	  NULL,
	  "write a conf with every default, and exit" },
	{ { "undo", no_argument, NULL, OPT_UNDO },
	  NULL,
	  "undo what a killed daemon has left changed, and exit" },
	{ { "foreground", no_argument, NULL, OPT_FOREGROUND },
	  NULL,
	  "for a person at a terminal: one line for every window" },
	{ { "observe", no_argument, NULL, OPT_OBSERVE },
	  NULL,
	  "do everything but move pages (as mode = observe)" },
	{ { "window-log", required_argument, NULL, OPT_WINDOW_LOG },
	  "FILE",
	  "append one CSV line per window to FILE" },
	{ { "verbose", no_argument, NULL, OPT_VERBOSE }, NULL, "log details too" },
	{ { "version", no_argument, NULL, OPT_VERSION }, NULL, "print the version, and exit" },
	{ { "help", no_argument, NULL, OPT_HELP }, NULL, "print this, and exit" },
};

#define N_OPTIONS (sizeof(table) / sizeof(table[0]))

static void print_help(void)
{
	char left[40];
	size_t i;

	puts("Usage: tiered [OPTION]...\n"
	     "Keeps hot pages in fast memory and cold ones in slow memory.\n");
	for (i = 0; i < N_OPTIONS; i++) {
		snprintf(left, sizeof(left), "--%s%s%s", table[i].option.name,
			 table[i].argument ? " " : "", table[i].argument ? table[i].argument : "");
		printf("  %-22s  %s\n", left, table[i].help);
	}
	puts("\nStops with status 0 on SIGTERM or SIGINT, reads its conf again on SIGHUP.");
}

/* Returns -1 to go on, else the exit status. */
static int take_option(int id, struct options *options)
{
	switch (id) {
	case OPT_CONFIG:
		options->config = optarg;
		options->config_given = 1;
		return -1;
	case OPT_CHECK_CONFIG:
		options->action = CHECK_CONFIG;
		options->config = optarg;
		return -1;
	case OPT_CHECK_TRACKER:
		options->action = CHECK_TRACKER;
		return -1;
	case OPT_PRINT_DEFAULTS:
		options->action = PRINT_DEFAULTS;
		return -1;
	case OPT_UNDO:
		options->action = UNDO;
		return -1;
	case OPT_FOREGROUND:
		options->manager.every_window = 1;
		return -1;
	case OPT_OBSERVE:
		options->manager.observe = 1;
		return -1;
	case OPT_WINDOW_LOG:
		options->manager.window_log = optarg;
		return -1;
	case OPT_VERBOSE:
		log_set_level(LOG_LEVEL_DEBUG);
		return -1;
	case OPT_VERSION:
		puts("tiered " TIERED_VERSION);
		return STATUS_OK;
	case OPT_HELP:
		print_help();
		return STATUS_OK;
	default:
		fputs("Try 'tiered --help'.\n", stderr);
		return STATUS_USAGE;
	}
}

static int parse_options(int argc, char **argv, struct options *options)
{
	struct option longs[N_OPTIONS + 1] = { 0 };
	size_t i;
	int id, status;

	for (i = 0; i < N_OPTIONS; i++)
		longs[i] = table[i].option;
	while ((id = getopt_long(argc, argv, "", longs, NULL)) != -1) {
		status = take_option(id, options);
		if (status >= 0)
			return status;
	}
	if (optind < argc) {
		fprintf(stderr, "tiered: unexpected argument '%s'; expected options only\n",
			argv[optind]);
		return STATUS_USAGE;
	}
	return -1;
}

static void print_fault(void *arg, const char *line)
{
	(void)arg;
	fprintf(stderr, "%s\n", line);
}

/* @arg: NULL, or where the first one is kept. */
struct first_fault {
	char *why;
	size_t size;
};

static void log_fault(void *arg, const char *line)
{
	const struct first_fault *first = arg;

	log_error("%s", line);
	if (first && !*first->why)
		snprintf(first->why, first->size, "%s", line);
}

static int load(const struct options *options, struct config *ret_config, config_fault_fn *fault,
		void *arg)
{
	char line[PATH_MAX + 200];
	int ret;

	/* Without a conf the defaults hold; one that was asked for must be there. */
	if (options->config_given)
		ret = config_load(options->config, ret_config, fault, arg);
	else
		ret = config_load_optional(options->config, ret_config, fault, arg);
	if (ret < 0) {
		snprintf(line, sizeof(line), "%s: %s; expected a readable conf file",
			 options->config, strerror(-ret));
		fault(arg, line);
	}
	return ret;
}

static int check_config(struct options *options, struct config *config)
{
	options->config_given = 1;
	if (load(options, config, print_fault, NULL) != 0)
		return STATUS_USAGE;
	printf("%s: ok\n", options->config);
	return STATUS_OK;
}

static int check_tracker(const struct options *options, struct config *config)
{
	if (load(options, config, print_fault, NULL) != 0)
		return STATUS_USAGE;
	return manager_check_tracker(config) < 0 ? STATUS_FAILED : STATUS_OK;
}

/* What a reload works on. */
struct confs {
	const struct options *options;
	struct config now;
	struct config next;
	struct config before;
	struct manager_kept kept;
};

/* A conf that is bad leaves the old one in force, and the manager running. */
static int reload(void *arg, const struct config **ret_next, char *why, size_t why_size)
{
	struct first_fault first = { .why = why, .size = why_size };
	struct confs *confs = arg;
	int ret;

	*why = '\0';
	ret = load(confs->options, &confs->next, log_fault, &first);
	if (ret != 0) {
		log_warning("conf not reloaded: going on with the old one");
		return -EINVAL;
	}
	*ret_next = &confs->next;
	return 0;
}

static int run(struct options *options, struct confs *confs)
{
	enum manager_end end;
	int ret, reloaded = 0;

	if (load(options, &confs->now, log_fault, NULL) != 0)
		return STATUS_USAGE;
	options->manager.reload = reload;
	options->manager.reload_arg = confs;
	options->manager.kept = &confs->kept;
	for (;;) {
		end = MANAGER_UNOPENED;
		ret = manager_run(&confs->now, &options->manager, &end);
		if (ret < 0 && end == MANAGER_UNOPENED && reloaded) {
			log_warning("the new conf cannot be run: going on with the old one");
			confs->now = confs->before;
			reloaded = 0;
			continue;
		}
		if (ret < 0)
			return STATUS_FAILED;
		if (end == MANAGER_STOP)
			return STATUS_OK;
		confs->before = confs->now;
		confs->now = confs->next;
		reloaded = 1;
	}
}

int main(int argc, char **argv)
{
	struct options options = { .config = DEFAULT_CONF };
	struct confs *confs;
	int status;

	status = parse_options(argc, argv, &options);
	if (status >= 0)
		return status;
	if (options.action == PRINT_DEFAULTS) {
		config_print_defaults(stdout);
		return STATUS_OK;
	}
	if (options.action == UNDO)
		return manager_undo() < 0 ? STATUS_FAILED : STATUS_OK;
	confs = calloc(1, sizeof(*confs));
	if (!confs) {
		log_error("out of memory at start");
		return STATUS_FAILED;
	}
	confs->options = &options;
	if (options.action == CHECK_CONFIG)
		status = check_config(&options, &confs->now);
	else if (options.action == CHECK_TRACKER)
		status = check_tracker(&options, &confs->now);
	else
		status = run(&options, confs);
	manager_kept_free(&confs->kept);
	free(confs);
	return status;
}
