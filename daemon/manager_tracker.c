// SPDX-License-Identifier: GPL-2.0-only
/* manager_tracker.c - which trackers there are for this machine, and which one is taken. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/damon.h"
#include "bpf/loader.h"
#include "bpf/young.h"
#include "manager_internal.h"
#include "observe/topology.h"
#include "observe/tracker.h"
#include "undo/undo.h"
#include "util/cleanup.h"
#include "util/kdamond.h"
#include "util/log.h"

/* More than there are. */
#define TRACKERS_MAX 16
/* Columns of a table for people. */
#define WIDTH 78

/* What trackers work with on this machine. */
static void set_up(struct manager *manager, uint64_t kdamond, struct tracker_env *ret)
{
	const struct config *config = manager->config;

	manager->damon = (struct damon_setup){
		.source = bpf_damon(manager->bpf),
		.mark = kdamond,
		.physical = config->damon_physical,
	};
	manager->young = (struct young_setup){
		.source = bpf_young(manager->bpf),
		.lock_max_ns = config->young_lock_max_ns,
		.lock_share_ppm = config->young_lock_share_ppm,
	};
	snprintf(manager->young.clear, sizeof(manager->young.clear), "%s", config->young_clear);
	*ret = (struct tracker_env){
		.topology = manager->topology,
		.proc_root = "/proc",
		.sys_root = "/sys",
		.damon = &manager->damon,
		.young = &manager->young,
	};
}

int manager_choose_tracker(struct manager *manager)
{
	const struct config *config = manager->config;
	struct worker_config *worker = &manager->worker_config;
	char *reasons = manager->idle_reason;
	struct tracker_env env;
	int ret;

	set_up(manager, manager->undo ? kdamond_mark() : 0, &env);
	ret = tracker_choose(config->tracker, &env, &worker->tracker, reasons,
			     sizeof(manager->idle_reason));
	if (ret == -ENOENT)
		log_error("tracker = %s", reasons);
	if (ret < 0)
		return ret == -ENOENT ? -EINVAL : 0;
	if (*reasons)
		log_info("tracker = %s: %s is the best that works here; %s", config->tracker,
			 worker->tracker->name, reasons);
	*reasons = '\0';
	return 1;
}

int manager_note_kdamond(struct manager *manager)
{
	int ret;

	if (manager->worker_config.tracker != &tracker_damon)
		return 0;
	ret = undo_note_kdamond(manager->undo, manager->damon.mark);
	if (ret < 0)
		log_error("tracker damon: no undo record can be written: %s; not starting a "
			  "kdamond that nobody would stop after a crash",
			  strerror(-ret));
	return ret;
}

/* Words of @text from the third column on, in lines that fit. */
static void print_words(const char *text)
{
	const int indent = 16;
	int column = indent;

	while (*text) {
		int length = (int)strcspn(text, " ");

		if (column > indent && column + 1 + length > WIDTH) {
			printf("\n%*s", indent, "");
			column = indent;
		}
		column += printf("%s%.*s", column > indent ? " " : "", length, text);
		text += length;
		text += strspn(text, " ");
	}
	putchar('\n');
}

/* What it is and, where that is more than one thing, how; or why not. */
static void print_verdict(const struct tracker_verdict *verdict)
{
	char text[sizeof(verdict->reason) + 128];

	if (verdict->usable && verdict->reason[0])
		snprintf(text, sizeof(text), "%s; %s", verdict->tracker->summary, verdict->reason);
	else
		snprintf(text, sizeof(text), "%s",
			 verdict->usable ? verdict->tracker->summary : verdict->reason);
	print_words(text);
}

static int print_verdicts(const struct config *config, const struct tracker_verdict *verdicts,
			  size_t n)
{
	const struct tracker_ops *taken = NULL;
	size_t i;

	printf("%-8s %-6s %s\n", "TRACKER", "USABLE", "REASON");
	for (i = 0; i < n; i++) {
		const struct tracker_verdict *verdict = &verdicts[i];
		int asked = !strcmp(config->tracker, "auto") ||
			    !strcmp(config->tracker, verdict->tracker->name);

		if (verdict->usable && asked && !taken)
			taken = verdict->tracker;
		printf("%-8s %-6s ", verdict->tracker->name, verdict->usable ? "yes" : "no");
		print_verdict(verdict);
	}
	if (taken)
		printf("\ntracker = %s takes %s\n", config->tracker, taken->name);
	else
		printf("\ntracker = %s finds none that works here\n", config->tracker);
	return taken != NULL;
}

int manager_check_tracker(const struct config *config)
{
	struct tracker_verdict verdicts[TRACKERS_MAX];
	auto_free struct manager *manager = calloc(1, sizeof(*manager));
	uint64_t noted = undo_noted_kdamond(UNDO_RUN_DIR);
	struct tracker_env env;
	char why[200] = "";
	int usable;

	if (!manager)
		return -ENOMEM;
	manager->config = config;
	if (config->bpf && bpf_open(NULL, &manager->bpf, why, sizeof(why)) < 0)
		log_warning("BPF is off: %s; going on without", why);
	/* That of a daemon at work is no reason against it. */
	set_up(manager, noted ? noted : kdamond_mark(), &env);
	usable = print_verdicts(config, verdicts, tracker_judge(&env, verdicts, TRACKERS_MAX));
	bpf_close(manager->bpf);
	return usable ? 0 : -EOPNOTSUPP;
}
