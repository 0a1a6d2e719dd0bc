/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heat_page.h - the state of one page in four bytes, and its history of moves in one.
 *
 * How states are kept: heat_pack.h, to which the high byte is what few pages differ in.
 */
#ifndef TIERED_HEAT_PAGE_H
#define TIERED_HEAT_PAGE_H

#include <stdint.h>

#include "decide/filter.h"
#include "tiered/tracker.h"

/* The code of the rate says what kind of entry it is: of a head, it is rate - min + 2. */
#define PAGE_ABSENT 0u
#define PAGE_TAIL 1u
#define PAGE_RATE 2u

union page {
	struct {
		uint32_t code : 13;
		uint32_t n : 5;
		uint32_t sum : 6; /* biased by 32 */
		uint32_t node : 6;
		uint32_t shared : 1;
		uint32_t fixed : 1;
	};
	uint32_t word;
};

_Static_assert(sizeof(union page) == 4, "four bytes per page");
_Static_assert(FILTER_RATE_MAX - FILTER_RATE_MIN + (int)PAGE_RATE < 1 << 13, "rates fit");
_Static_assert(TIERED_NODES_MAX <= 64, "nodes fit");

static inline int page_is_head(union page page)
{
	return page.code >= PAGE_RATE;
}

static inline int page_is_tail(union page page)
{
	return page.code == PAGE_TAIL;
}

static inline int page_movable(union page page)
{
	return !page.shared && !page.fixed;
}

/* OBSERVED_*; that a page is of a file is not kept: nobody asks. */
static inline uint8_t page_flags(union page page)
{
	return (uint8_t)((page.shared ? OBSERVED_SHARED : 0) | (page.fixed ? OBSERVED_FIXED : 0));
}

static inline int page_rate(union page page)
{
	return (int)page.code - (int)PAGE_RATE + FILTER_RATE_MIN;
}

static inline struct filter page_filter(union page page)
{
	return (struct filter){ .rate = (int16_t)page_rate(page),
				.n = (uint8_t)page.n,
				.sum = (int8_t)((int)page.sum - 32) };
}

static inline void page_set_filter(union page *page, struct filter filter)
{
	page->code = (uint32_t)(filter.rate - FILTER_RATE_MIN) + PAGE_RATE;
	page->n = filter.n;
	page->sum = (uint32_t)(filter.sum + 32);
}

/* The same state and the same news give the same state: neighbours are often alike. */
struct page_memo {
	uint32_t before;
	uint32_t after;
	int accessed;
	int log_interval;
	uint64_t interval_ns;
	int valid;
};

/* The state after one known observation; @memo begins with zeros. */
union page page_learn(struct page_memo *memo, union page page, uint64_t interval_ns, int accessed);

/*
 * One byte of history: how often of late a page was moved, or refused to be, and
 * when: windows / 4, modulo 32, so that 128 windows can be told apart.
 */
union past {
	struct {
		uint8_t level : 3; /* PAST_* */
		uint8_t stamp : 5;
	};
	uint8_t byte;
};

#define PAST_MOVED 1u   /* 1 to 3: moved once, moved back, again and again */
#define PAST_REFUSED 5u /* 5 to 7: refused once, twice, for good reasons */
#define PAST_LEVELS 8

/* Windows a page is left alone, by level. */
extern const uint8_t past_cooldowns[PAST_LEVELS];

static inline union past past_stamp(unsigned int level, uint64_t window)
{
	return (union past){ .level = level & 7, .stamp = (window / 4) & 31 };
}

/* Windows since the last stamp, in steps of 4. */
static inline unsigned int past_age(union past past, uint64_t window)
{
	return (((unsigned int)(window / 4) - past.stamp) & 31) * 4;
}

/* Windows left during which the page should be left alone; at most 3 more than due. */
static inline uint8_t past_cooldown(union past past, uint64_t window)
{
	unsigned int age = past_age(past, window);
	unsigned int due = past_cooldowns[past.level] + 3u;

	if (past_cooldowns[past.level] == 0 || age >= due)
		return 0;
	return (uint8_t)(due - age);
}

#endif
