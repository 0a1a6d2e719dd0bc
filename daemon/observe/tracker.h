/* SPDX-License-Identifier: GPL-2.0-only */
/* tracker.h - the trackers there are, and which one to use here. */
#ifndef TIERED_OBSERVE_TRACKER_H
#define TIERED_OBSERVE_TRACKER_H

#include <stddef.h>

#include "tiered/tracker.h"

extern const struct tracker_ops tracker_idle;
extern const struct tracker_ops tracker_young;
extern const struct tracker_ops tracker_stub;

/* Those for real use, in the order in which "auto" tries them; @ret_n of them. */
const struct tracker_ops *const *tracker_list(size_t *ret_n);

/**
 * tracker_choose() - the tracker of this name, or for "auto" the first that works here
 * @name: "auto", or as in tracker_ops.name; "stub" is only had by name
 * @ret: untouched unless the return is 0
 * @reasons: one sentence per tracker that was not taken: "idle: ...; damon: ..."
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
