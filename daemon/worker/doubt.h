/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * doubt.h - can an idle page of this window be relied upon?
 *
 * Others clear accessed bits, too. While marks are read, it is asked again and again who did;
 * whose pages may only look idle, of those nothing is known.
 */
#ifndef TIERED_DOUBT_H
#define TIERED_DOUBT_H

#include <stdint.h>

#include "tiered/rivals.h"
#include "tiered/tracker.h"

struct rivals;

/**
 * struct doubt - all fields are its own
 * @rivals: who to ask; NULL: nobody else is there
 * @seen: of them as of the last reading of marks
 * @now: the same at the beginning of this one
 * @of: whose marks are not to be relied upon
 */
struct doubt {
	struct rivals *rivals;
	struct rivals_sample seen;
	struct rivals_sample now;
	struct rivals_doubt of;
	uint64_t glanced_ns;
	uint64_t glance_gap_ns;
};

/* @rivals is kept by the caller; may be NULL. */
void doubt_open(struct doubt *doubt, struct rivals *rivals);

/* Before marks are read, for each slice of what was read, and after the last one. */
void doubt_begin(struct doubt *doubt);
void doubt_glance(struct doubt *doubt);
void doubt_end(struct doubt *doubt);

/* Is there any? */
int doubt_any(const struct doubt *doubt);

/* Those who may have made this one look idle; a bit each, by enum rival. */
uint32_t doubt_of(const struct doubt *doubt, const struct observation *seen);

#endif
