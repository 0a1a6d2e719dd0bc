// SPDX-License-Identifier: GPL-2.0-only
#include "decide/backoff.h"

#include "util/clock.h"

/* Two windows or so: a process that was only busy for a moment loses nothing. */
#define FIRST_NS (2 * NSEC_PER_SEC)
/* 2 s << 7 = 256 s: an operator who cured it does not wait for longer. */
#define LEVEL_MAX 7
/* Fewer moves say nothing; more than half of them failing is not bad luck. */
#define REQUESTED_MIN 64

static const char *const names[] = { BACKOFF_WHY_LIST(TIERED_LIST_NAME) };

const char *backoff_name(unsigned int why)
{
	return why < BACKOFF_WHYS ? names[why] : "?";
}

void backoff_begin(struct backoff *backoff, enum backoff_why why, uint64_t now_ns)
{
	backoff->why = why;
	backoff->until_ns = now_ns + (FIRST_NS << backoff->level);
	backoff->times++;
	if (backoff->level < LEVEL_MAX)
		backoff->level++;
}

int backoff_due(const struct backoff *backoff, uint64_t now_ns)
{
	return backoff->why != BACKOFF_NONE && now_ns >= backoff->until_ns;
}

void backoff_end(struct backoff *backoff)
{
	backoff->why = BACKOFF_NONE;
}

void backoff_well(struct backoff *backoff)
{
	backoff->level /= 2;
}

int backoff_failing(uint64_t requested, uint64_t failed)
{
	return requested >= REQUESTED_MIN && failed * 2 > requested;
}
