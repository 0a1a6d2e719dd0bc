// SPDX-License-Identifier: GPL-2.0-only
#include "tracker.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The cheapest that sees well comes first. */
static const struct tracker_ops *const trackers[] = {
	&tracker_young,
	&tracker_idle,
	&tracker_damon,
};

#define N_TRACKERS (sizeof(trackers) / sizeof(trackers[0]))

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

static int judge(const struct tracker_ops *tracker, const struct tracker_env *env,
		 struct tracker_verdict *ret)
{
	int err;

	*ret = (struct tracker_verdict){ .tracker = tracker };
	err = tracker->probe(env, ret->reason, sizeof(ret->reason));
	ret->usable = err == 0;
	if (err < 0 && !ret->reason[0])
		snprintf(ret->reason, sizeof(ret->reason), "%s", strerror(-err));
	return err;
}

size_t tracker_judge(const struct tracker_env *env, struct tracker_verdict *ret, size_t room)
{
	size_t i;

	for (i = 0; i < N_TRACKERS && i < room; i++)
		judge(trackers[i], env, &ret[i]);
	return i;
}

static int try_tracker(const struct tracker_ops *tracker, const struct tracker_env *env,
		       const struct tracker_ops **ret, char *reasons, size_t size)
{
	struct tracker_verdict verdict;
	int err = judge(tracker, env, &verdict);

	if (err < 0) {
		add_reason(reasons, size, "tracker ", tracker->name, verdict.reason);
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
