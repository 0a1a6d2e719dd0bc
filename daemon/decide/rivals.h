/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rivals.h - others who clear accessed bits: was one of them at work?
 *
 * Pure: what was seen of them at two times goes in, and out comes whose pages
 * may look idle though they were accessed. Unknown is not cold.
 */
#ifndef TIERED_DECIDE_RIVALS_H
#define TIERED_DECIDE_RIVALS_H

#include "tiered/rivals.h"

/* What happened from @before to @now. */
struct rivals_doubt rivals_judge(const struct rivals_sample *before,
				 const struct rivals_sample *now);

/* "reclaim"; "?" beyond the last. */
const char *rivals_name(unsigned int rival);

#endif
