/* SPDX-License-Identifier: GPL-2.0-only */
/* tracker.h - the trackers there are, and which one to use here. */
#ifndef TIERED_OBSERVE_TRACKER_H
#define TIERED_OBSERVE_TRACKER_H

#include <stddef.h>

#include "tiered/tracker.h"

extern const struct tracker_ops tracker_idle;
extern const struct tracker_ops tracker_damon;
extern const struct tracker_ops tracker_young;
extern const struct tracker_ops tracker_stub;

/* Those for real use, in the order in which "auto" tries them; @ret_n of them. */
const struct tracker_ops *const *tracker_list(size_t *ret_n);

/**
 * struct tracker_verdict - what one tracker says of this machine
 * @usable: its probe() succeeded
 * @reason: why not, else how, where there are ways, or ""
 */
struct tracker_verdict {
	const struct tracker_ops *tracker;
	int usable;
	char reason[512];
};

/* All of tracker_list(), at most @room; returns how many. */
size_t tracker_judge(const struct tracker_env *env, struct tracker_verdict *ret, size_t room);

/**
 * tracker_choose() - the tracker of this name, or for "auto" the first that works here
 * @name: "auto", or as in tracker_ops.name; "stub" is only had by name
 * @ret: untouched unless the return is 0
 * @reasons: one sentence per tracker that was tried before and not taken, also on success:
 *	"tracker idle: ...; tracker damon: ..."
 *
 * Returns 0; -ENOENT when there is no tracker of this name (the sentence
 * lists those there are); -EOPNOTSUPP when none works here.
 */
int tracker_choose(const char *name, const struct tracker_env *env, const struct tracker_ops **ret,
		   char *reasons, size_t size);

/*
 * What the stub's next read() reports: the caller's, valid until then.
 * Observations of targets that are not among its targets are left out.
 */
void tracker_stub_script(void *state, const struct observation *script, size_t n);

#endif
