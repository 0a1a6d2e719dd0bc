// SPDX-License-Identifier: GPL-2.0-only
/* young_plain.c - reports what most memory is: single pages of one process. */
#include "young_batch.h"

/* What is the same in all observations of one page each in a group. */
static struct observation start_group(const struct young *young, const struct young_view *view,
				      unsigned int group)
{
	/* Where nothing was cleared only idleness could be seen: half of the truth. */
	const int told = view->seat->cleared && young_region_same(view->region, &view->look, group);

	return (struct observation){
		.address = view->block->address +
			   ((uint64_t)group * YOUNG_GROUP_PAGES << TIERED_PAGE_SHIFT),
		.interval_ns = young->interval_ns,
		.target = view->seat->id,
		.seen = told ? SEEN_IDLE : SEEN_UNKNOWN,
		.flags = young->ahead ? OBSERVED_AHEAD : 0,
	};
}

/* What a page that was accessed is reported as. */
static uint8_t hit_of(const struct observation *start)
{
	return start->seen == SEEN_IDLE ? SEEN_ACCESSED : SEEN_UNKNOWN;
}

/* Could it be one more, or some, of what the last observation is about? */
static int extends_last(const struct young *young, const struct observation *one)
{
	const struct observation *last;

	if (!young->n_batch)
		return 0;
	last = &young->batch[young->n_batch - 1];
	return last->seen == one->seen && last->node == one->node && !last->order &&
	       last->flags == one->flags && last->more < UINT32_MAX / 2 &&
	       last->address + (((uint64_t)last->more + 1) << TIERED_PAGE_SHIFT) == one->address;
}

/* A whole group of single pages on one node, of this process alone: as few instructions as can be. */
static void report_whole_group(struct young *young, const struct young_view *view,
			       unsigned int group)
{
	const unsigned int base = group * YOUNG_GROUP_PAGES;
	uint64_t accessed = view->look.accessed[base / 64] >> base % 64 & 0xffff;
	struct observation one = start_group(young, view, group), *out;
	const uint8_t hit = hit_of(&one);
	unsigned int i;

	one.node = young_node_of(young, young_frame(view, base));
	if (!accessed && extends_last(young, &one)) {
		young->batch[young->n_batch - 1].more += YOUNG_GROUP_PAGES;
		return;
	}
	if (young->n_batch + YOUNG_GROUP_PAGES > YOUNG_BATCH)
		young_hand_on(young);
	out = &young->batch[young->n_batch];
	if (!accessed) {
		one.more = YOUNG_GROUP_PAGES - 1;
		*out = one;
		young->n_batch++;
		return;
	}
	young->n_batch += YOUNG_GROUP_PAGES;
#pragma GCC unroll 16
	for (i = 0; i < YOUNG_GROUP_PAGES; i++) {
		out[i] = one;
		out[i].address = one.address + i * TIERED_PAGE_SIZE;
	}
	for (; accessed; accessed &= accessed - 1)
		out[__builtin_ctzll(accessed)].seen = hit;
}

/* The same with holes, or over the edge of a mapping; returns how many were present. */
static unsigned int report_group(struct young *young, const struct young_view *view,
				 unsigned int group)
{
	const unsigned int base = group * YOUNG_GROUP_PAGES, shift = base % 64;
	const uint64_t accessed = view->look.accessed[base / 64] >> shift;
	const uint64_t present = view->look.present[base / 64] >> shift & 0xffff;
	struct observation one = start_group(young, view, group);
	const uint8_t miss = one.seen, hit = hit_of(&one);
	unsigned int i, n = 0;

	for (i = 0; i < YOUNG_GROUP_PAGES; i++, one.address += TIERED_PAGE_SIZE) {
		if (!(present >> i & 1) || base + i < view->first || base + i >= view->end)
			continue;
		one.node = young_node_of(young, young_frame(view, base + i));
		one.seen = accessed >> i & 1 ? hit : miss;
		*young_next(young) = one;
		n++;
	}
	return n;
}

uint64_t young_report_plain(struct young *young, const struct young_view *view)
{
	unsigned int group;
	uint64_t n = 0;

	for (group = 0; group < YOUNG_GROUPS; group++) {
		const unsigned int base = group * YOUNG_GROUP_PAGES;
		const uint64_t present = view->look.present[base / 64] >> base % 64 & 0xffff;

		if (present == 0xffff && view->look.near >> group & 1 && base >= view->first &&
		    base + YOUNG_GROUP_PAGES <= view->end) {
			report_whole_group(young, view, group);
			n += YOUNG_GROUP_PAGES;
		} else if (present) {
			n += report_group(young, view, group);
		}
	}
	return n;
}
