// SPDX-License-Identifier: GPL-2.0-only
/* shares.c - pages of several processes: who of the targets lets them move. */
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "observe/caps.h"
#include "observe/target.h"
#include "observe/targets.h"
#include "util/cleanup.h"
#include "util/log.h"
#include "worker/window.h"

int window_shared(const struct window *window, const struct target *target)
{
	const struct worker_config *config = window->config;

	if (!window->may_share)
		return TARGET_SHARED_NEVER;
	return target->rule < config->n_rules ? config->rules[target->rule].shared : TARGET_SHARED;
}

/* Without it a call that may move pages of several processes moves none at all. */
static int may_share(const char *proc_root)
{
	uint64_t caps;

	return caps_read(proc_root, &caps) < 0 || (caps >> CAP_SYS_NICE & 1);
}

void window_open_shares(struct window *window)
{
	int ret = sharers_open(&window->sharers, window->config->proc_root, window->guard);

	window->may_share = may_share(window->config->proc_root);

	if (ret < 0)
		log_warning("%s/kpagecount: %s; pages of several processes stay where they are, "
			    "but for shared = all",
			    window->config->proc_root, strerror(-ret));
}

int window_admit(void *arg, const struct target *target, struct move *moves, size_t n)
{
	struct window *window = arg;
	const struct roster *roster = &window->roster;
	int shared = window_shared(window, target);
	auto_free const struct target **willing = NULL;
	size_t i, n_willing = 0;

	if (shared == TARGET_SHARED_ALL)
		return 1;
	if (shared == TARGET_SHARED_NEVER)
		return 0;
	willing = calloc(roster->count + 1, sizeof(*willing));
	if (!willing)
		return 0;
	for (i = 0; i < roster->count; i++)
		if (!roster->seats[i].paused &&
		    window_shared(window, roster->targets[i]) != TARGET_SHARED_NEVER)
			willing[n_willing++] = roster->targets[i];
	sharers_filter(&window->sharers, target, willing, n_willing, moves, n);
	return 1;
}
