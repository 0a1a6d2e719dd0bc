/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * backoff.h - when a target that only costs is left alone, and for how long.
 *
 * Pure. The first time is short; each further one lasts twice as long, up to some
 * minutes. A window without trouble halves what has built up, so who gets better
 * is forgiven, and who does not costs next to nothing.
 */
#ifndef TIERED_BACKOFF_H
#define TIERED_BACKOFF_H

#include <stdint.h>

#include "tiered/types.h"

#define BACKOFF_WHY_LIST(X)                                                                        \
	X(BACKOFF_NONE, none)                                                                      \
	X(BACKOFF_BLOCKED, blocked) /* calls on its memory do not come back */                     \
	X(BACKOFF_FAILING, failing) /* most of its pages do not move */

enum backoff_why {
	BACKOFF_WHY_LIST(TIERED_LIST_VALUE) BACKOFF_WHYS,
};

/**
 * struct backoff - of one target; begins as zeroes
 * @why: it is set aside, until @until_ns; BACKOFF_NONE: it is not
 * @level: what the next time will last, as a power of two of the first
 * @times: how often it was set aside in all
 */
struct backoff {
	enum backoff_why why;
	unsigned int level;
	uint64_t until_ns;
	uint64_t times;
};

/* "blocked", "failing", "none"; "?" beyond the last. */
const char *backoff_name(unsigned int why);

/* Sets it aside from @now_ns on. */
void backoff_begin(struct backoff *backoff, enum backoff_why why, uint64_t now_ns);

/* 1 when it is set aside and its time is over. */
int backoff_due(const struct backoff *backoff, uint64_t now_ns);

/* It comes back. */
void backoff_end(struct backoff *backoff);

/* A window in which it was looked at went well. */
void backoff_well(struct backoff *backoff);

/*
 * Do most pages fail to move? Of folios that were asked for in a window, @failed could not be
 * moved for a reason that lies with the target.
 */
int backoff_failing(uint64_t requested, uint64_t failed);

#endif
