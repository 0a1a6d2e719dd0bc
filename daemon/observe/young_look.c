// SPDX-License-Identifier: GPL-2.0-only
/* young_look.c - a page table at one glance: with its copying, most of what cold memory costs. */
#include <string.h>

#include "young_region.h"

/* What tells one frame, as it is mapped, from another. */
#define FRAME_BITS (YOUNG_FRAME | YOUNG_PRESENT | YOUNG_WRITABLE)

/* Frames that are alike in these bits lie in the same 2 MiB. */
#define NOT_NEAR (YOUNG_FRAME & ~(YOUNG_BLOCK_BYTES - 1))

/* What a group has in common: most need no look at single pages. */
struct group {
	uint64_t all;
	uint64_t any;
};

/* Two entries at a time: this is most of what a look costs. */
typedef uint64_t pair __attribute__((vector_size(16), may_alias));

static uint64_t mixed(uint64_t value)
{
	value *= UINT64_C(0x9e3779b97f4a7c15);
	return value ^ value >> 32;
}

/* Fletcher's, of even and of odd entries: the order counts. */
static uint16_t sum_group(const __u64 *entries, struct group *ret)
{
	const pair *at = (const pair *)entries, mask = { FRAME_BITS, FRAME_BITS };
	pair first = { 0, 0 }, second = { 0, 0 }, all = at[0], any = at[0];
	unsigned int i;

#pragma GCC unroll 8
	for (i = 0; i < YOUNG_GROUP_PAGES / 2; i++) {
		all &= at[i];
		any |= at[i];
		first += at[i] & mask;
		second += first;
	}
	ret->all = all[0] & all[1];
	ret->any = any[0] | any[1];
	return (uint16_t)mixed(mixed(mixed(mixed(second[0]) + first[0]) + second[1]) + first[1]);
}

static uint64_t bits_of(const __u64 *entries, uint64_t wanted)
{
	uint64_t bits = 0;
	unsigned int i;

	for (i = 0; i < YOUNG_GROUP_PAGES; i++)
		bits |= (uint64_t)((entries[i] & wanted) == wanted) << i;
	return bits;
}

void young_look_at(const struct young_table *table, struct young_look *ret)
{
	uint64_t all_writable = YOUNG_WRITABLE;
	struct group group;
	unsigned int i;

	memset(ret, 0, sizeof(*ret));
	for (i = 0; i < YOUNG_GROUPS; i++) {
		const __u64 *entries = &table->entries[i * YOUNG_GROUP_PAGES];
		const unsigned int word = i / 4, shift = i % 4 * YOUNG_GROUP_PAGES;
		uint64_t accessed = 0, present = 0xffff;

		ret->sums[i] = sum_group(entries, &group);
		if (!(group.all & YOUNG_PRESENT))
			present = group.any & YOUNG_PRESENT ? bits_of(entries, YOUNG_PRESENT) : 0;
		if (group.all & YOUNG_PRESENT && group.all & YOUNG_ACCESSED)
			accessed = 0xffff;
		else if (present && group.any & YOUNG_ACCESSED)
			accessed = bits_of(entries, YOUNG_PRESENT | YOUNG_ACCESSED);
		if (present)
			all_writable &= group.all;
		/* Their frames differ in nothing above 2 MiB. */
		ret->near |= (uint32_t) !((group.any ^ group.all) & NOT_NEAR) << i;
		ret->present[word] |= present << shift;
		ret->accessed[word] |= accessed << shift;
		ret->any_accessed |= accessed;
	}
	ret->read_only = !all_writable;
}

void young_look_at_huge(uint64_t entry, struct young_look *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->sums[0] = (uint16_t)mixed(entry & FRAME_BITS);
	ret->present[0] = 1;
	ret->accessed[0] = ret->any_accessed = (entry & YOUNG_ACCESSED) != 0;
	ret->read_only = !(entry & YOUNG_WRITABLE);
}
