// SPDX-License-Identifier: GPL-2.0-only
#include "tracker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The cheapest that sees well comes first. */
static const struct tracker_ops *const trackers[] = {
	&tracker_young,
	&tracker_idle,
};

#define N_TRACKERS (sizeof(trackers) / sizeof(trackers[0]))
#define REASON_SIZE_BYTES 512

const struct tracker_ops *const *tracker_list(size_t *ret_n)
{
	*ret_n = N_TRACKERS;
	return trackers;
}

/* @what: goes before the name, or "". */
static void add_reason(char *reasons, size_t size, const char *what, const char *name,
		       const char *reason)
{
	size_t used = strnlen(reasons, size);

	if (used < size)
		snprintf(reasons + used, size - used, "%s%s%s: %s", used ? "; " : "", what, name,
			 reason);
}

static int try_tracker(const struct tracker_ops *tracker, const struct tracker_env *env,
		       const struct tracker_ops **ret, char *reasons, size_t size)
{
	char reason[REASON_SIZE_BYTES] = "";
	int err = tracker->probe(env, reason, sizeof(reason));

	if (err < 0) {
		add_reason(reasons, size, "tracker ", tracker->name,
			   reason[0] ? reason : strerror(-err));
		return err;
	}
	*ret = tracker;
	return 0;
}

static const struct tracker_ops *by_name(const char *name)
{
	size_t i;

	for (i = 0; i < N_TRACKERS; i++)
		if (strcmp(trackers[i]->name, name) == 0)
			return trackers[i];
	return strcmp(tracker_stub.name, name) == 0 ? &tracker_stub : NULL;
}

int tracker_choose(const char *name, const struct tracker_env *env, const struct tracker_ops **ret,
		   char *reasons, size_t size)
{
	const struct tracker_ops *tracker;
	size_t i;

	if (size)
		reasons[0] = '\0';
	if (strcmp(name, "auto") != 0) {
		tracker = by_name(name);
		if (tracker)
			return try_tracker(tracker, env, ret, reasons, size);
		add_reason(reasons, size, "", name, "there is no such tracker; expected auto");
		for (i = 0; i < N_TRACKERS; i++)
			add_reason(reasons, size, "", trackers[i]->name, trackers[i]->summary);
		return -ENOENT;
	}
	for (i = 0; i < N_TRACKERS; i++)
		if (try_tracker(trackers[i], env, ret, reasons, size) == 0)
			return 0;
	return -EOPNOTSUPP;
}
