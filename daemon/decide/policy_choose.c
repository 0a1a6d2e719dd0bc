// SPDX-License-Identifier: GPL-2.0-only
/* policy_choose.c - the cuts through the candidates of both sides. */
#include "decide/policy_choose.h"

#include <string.h>

#include "decide/filter.h"
#include "decide/policy_shrink.h"

/*
 * Hot and cold must be apart by half an octave, their doubts taken off. Less
 * and the noise of the filter swaps pages of one rate for ever (bench/simulate:
 * waste); more and the slope of a flat Zipf is never climbed.
 */
#define MARGIN_BINS (FILTER_OCTAVE / 2 >> HEAT_BIN_SHIFT)

/*
 * Where noise explains all that tells the pages apart there is no slope to climb, and
 * three times as much is asked for; by the square of its part, because a flat Zipf is a
 * third noise.
 */
#define CHANCE_PARTS 3

/*
 * Pages that may or may not belong up get half of the free memory in each
 * window. The first windows know little, and what is full of mistakes is not
 * free for the better founded choices of the next ones. For the same reason
 * room is kept for candidates that are too young to be chosen: where a window
 * sees a slice of memory only, the first slices must not take it all.
 */
#define DOUBTFUL_PART 2

static uint64_t doubtful_room(const struct choice *choice, uint64_t room)
{
	uint64_t all = choice->young + choice->grown;

	if (!all)
		return 0;
	return (uint64_t)((unsigned __int128)((room + DOUBTFUL_PART - 1) / DOUBTFUL_PART) *
			  choice->grown / all);
}

static unsigned int margin_bins(const struct choice *choice)
{
	unsigned int squared = choice->chance * choice->chance / SHRINK_ALL;

	return MARGIN_BINS + (CHANCE_PARTS - 1) * MARGIN_BINS * squared / SHRINK_ALL;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Pages of @bin that were not taken yet. */
static uint64_t waiting(const struct side *side, unsigned int bin)
{
	return side->bins[bin] - (bin == side->cut ? side->chosen - side->beyond : 0);
}

/* Bins are taken from in one direction only. */
static uint64_t take(struct side *side, unsigned int bin, uint64_t pages)
{
	uint64_t taken = least(pages, waiting(side, bin));

	if (taken == 0)
		return 0;
	if (bin != side->cut) {
		side->beyond = side->chosen;
		side->cut = bin;
	}
	side->chosen += taken;
	return taken;
}

/* The coldest, whatever comes; returns the bin that was reached. */
static unsigned int take_pressed(struct choice *choice)
{
	uint64_t left = least(choice->pressure, choice->budget);
	unsigned int bin = 0;

	choice->budget -= left;
	while (left > 0 && bin < HEAT_BINS) {
		left -= take(&choice->cold, bin, left);
		if (left > 0)
			bin++;
	}
	choice->budget += left;
	return bin;
}

/*
 * Swaps the pages of one hot bin for the coldest; 0 when no more swaps pay.
 * @cold is the bin that was reached on the other side.
 */
static int swap_bin(struct choice *choice, unsigned int hot, unsigned int *cold)
{
	unsigned int apart = margin_bins(choice);

	while (waiting(&choice->hot, hot)) {
		uint64_t pages;

		while (*cold < HEAT_BINS && !waiting(&choice->cold, *cold))
			(*cold)++;
		if (*cold == HEAT_BINS || *cold + apart > hot)
			return 0;
		pages = least(waiting(&choice->hot, hot), waiting(&choice->cold, *cold));
		pages = least(pages, choice->budget / 2);
		if (pages == 0)
			return 0;
		choice->budget -= take(&choice->hot, hot, pages);
		choice->budget -= take(&choice->cold, *cold, pages);
	}
	return 1;
}

void choice_reset(struct choice *choice)
{
	memset(&choice->hot, 0, sizeof(choice->hot));
	memset(&choice->cold, 0, sizeof(choice->cold));
	choice->hot.cut = choice->cold.cut = HEAT_BINS;
	choice->young = choice->grown = 0;
}

void choice_make(struct choice *choice)
{
	unsigned int cold = take_pressed(choice);
	uint64_t room = choice->room;
	unsigned int hot;
	int doubtful = 0;

	choice->filled = 0;
	for (hot = HEAT_BINS; hot-- > 0;) {
		uint64_t filled;

		if (!doubtful && heat_bin_rate(hot) < choice->bar) {
			doubtful = 1;
			room = doubtful_room(choice, room);
		}
		filled = take(&choice->hot, hot, least(room, choice->budget));
		room -= filled;
		choice->filled += filled;
		choice->budget -= filled;
		if (!swap_bin(choice, hot, &cold))
			break;
	}
}
