// SPDX-License-Identifier: GPL-2.0-only
/* What is kept of pages is what was known of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decide/heat_pack.h"

static union page head(unsigned int code, unsigned int n, unsigned int node, unsigned int shared)
{
	return (union page){ .code = (uint16_t)code & 0x1fff,
			     .n = n & 31,
			     .sum = (n * 7) & 63,
			     .node = node & 63,
			     .shared = shared & 1,
			     .fixed = (n ^ node) & 1 };
}

static void assert_kept(const union page pages[PACK_PAGES])
{
	union page back[PACK_PAGES];
	struct pack pack;

	memset(&pack, 0xa5, sizeof(pack));
	assert_int_equal(pages_pack(pages, &pack), 0);
	pages_unpack(&pack, back);
	assert_memory_equal(back, pages, sizeof(back));
}

/* Every code, on two nodes, with all else changing: heads, tails and pages without a state. */
static void test_all_codes(void **state)
{
	union page pages[PACK_PAGES];
	unsigned int code, i;

	(void)state;
	for (code = 0; code < 1u << 13; code += PACK_PAGES) {
		for (i = 0; i < PACK_PAGES; i++) {
			pages[i] = head(code + i, i, i & 1 ? 63 : 0, i >> 1 & 1);
			if (code + i < PAGE_RATE)
				pages[i].word = code + i;
		}
		assert_kept(pages);
	}
}

/* A large folio, on a node that is not the first, after pages without a state. */
static void test_tails(void **state)
{
	union page pages[PACK_PAGES] = { 0 };
	unsigned int i;

	(void)state;
	pages[16] = head(4000, 5, 9, 1);
	for (i = 17; i < 32; i++)
		pages[i].word = PAGE_TAIL;
	pages[PACK_PAGES - 1] = head(8191, 31, 62, 1);
	assert_kept(pages);
	memset(pages, 0, sizeof(pages));
	assert_kept(pages);
}

/* As many kinds as there is room for, with one more among pages that have no state. */
static void test_kinds(void **state)
{
	union page pages[PACK_PAGES];
	struct pack pack;
	unsigned int i;

	(void)state;
	for (i = 0; i < PACK_PAGES; i++)
		pages[i] = head(100 + i, 0, (i * 2) % (PACK_KINDS * 2), 0);
	assert_kept(pages);
	pages[300] = head(100, 0, 63, 1);
	assert_int_equal(pages_pack(pages, &pack), -E2BIG);
	pages[300].word = PAGE_TAIL;
	assert_kept(pages);
	/* The last place that one can have. */
	pages[PACK_PAGES - 1] = head(100, 0, 63, 1);
	assert_int_equal(pages_pack(pages, &pack), -E2BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_all_codes),
		cmocka_unit_test(test_tails),
		cmocka_unit_test(test_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
