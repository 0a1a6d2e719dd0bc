/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trail.h - the moves of late, so that it can be told why a page is where it is.
 *
 * Pure. A ring: the newest move takes the place of the oldest one.
 */
#ifndef TIERED_TRAIL_H
#define TIERED_TRAIL_H

#include <stddef.h>
#include <stdint.h>

#include "decide/plan.h"

/*
 * 512 KiB, whatever the machine. Once placement has settled that is many windows of
 * moves; while it has not, at least the end of the last plan.
 */
#define TRAIL_MOVES 16384

/* @window: in which it was made, 0: an empty place. The rest as in struct move. */
struct trail_move {
	uint64_t address;
	uint64_t window;
	uint32_t target;
	int16_t rate;
	int16_t bar;
	uint8_t order;
	uint8_t from;
	uint8_t to;
	uint8_t reason;
	uint8_t result;
	uint8_t reserved[3];
};

_Static_assert(sizeof(struct trail_move) == 32, "two to a cache line");

struct trail {
	struct trail_move *moves;
	size_t next; /* where the next one goes */
};

/* 0 or -ENOMEM. */
int trail_open(struct trail *trail);
void trail_close(struct trail *trail);

/* Takes in what the migrator is done with; moves that were not tried, or void, left no trail. */
void trail_add(struct trail *trail, uint64_t window, const struct move *moves, size_t n);

/* Forgets a target. */
void trail_forget(struct trail *trail, uint32_t target);

/* The newest move of the folio around @address, or NULL. Valid until the next change. */
const struct trail_move *trail_find(const struct trail *trail, uint32_t target, uint64_t address);

#endif
