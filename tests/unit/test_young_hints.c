// SPDX-License-Identifier: GPL-2.0-only
/* The young tracker told where something happens: it looks there first, and at nothing twice. */
#include "fake_young.h"

#include "tiered/event.h"

static void tell(uint32_t tgid, uint64_t block)
{
	struct event_faults faults = {
		.header = { .kind = EVENT_FAULTS, .size = sizeof(faults), .tgid = tgid },
		.region = PAGE(block * BLOCK),
		.count = 100,
	};

	tracker_young.on_event(fake.tracker, &faults.header);
}

/* A budget of four and a bit goes to the first four, if nothing else is known. */
#define FEW (4 * BLOCK + 16)

static void test_first_where_something_happens(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i;

	(void)state;
	young_start();
	tell(TGID, 6);
	tell(TGID, 6);
	tell(TGID + 5, 7); /* nobody's */
	young_window(FEW, seen, ahead);
	for (i = 0; i < BLOCKS; i++) {
		assert_int_equal(seen[i], i < 3 || i == 6);
		assert_int_equal(ahead[i], i == 6);
	}
	/* Once: the next window is as ever, and goes on where the round stopped. */
	young_window(FEW, seen, ahead);
	for (i = 0; i < BLOCKS; i++) {
		assert_int_equal(seen[i], i >= 3 && i < 7);
		assert_int_equal(ahead[i], 0);
	}
}

static void test_nothing_twice(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i, turn;

	(void)state;
	young_start();
	/* In the second window it is what read() has done of the work already. */
	for (turn = 0; turn < 3; turn++) {
		tell(TGID, 2);
		tell(TGID, 5);
		young_window(UINT64_MAX, seen, ahead);
		for (i = 0; i < BLOCKS; i++) {
			assert_int_equal(seen[i], 1);
			assert_int_equal(ahead[i], i == 2 || i == 5);
		}
	}
}

/* However much happens, three quarters of the budget are for all the others. */
static void test_others_have_their_turn(void **state)
{
	unsigned int seen[BLOCKS], ahead[BLOCKS], i, n = 0;

	(void)state;
	young_start();
	for (i = 0; i < BLOCKS; i++)
		tell(TGID, BLOCKS - 1 - i);
	young_window(FEW, seen, ahead);
	for (i = 0; i < BLOCKS; i++)
		n += ahead[i];
	assert_int_equal(n, 1);
	assert_int_equal(ahead[BLOCKS - 1], 1);
	for (i = 0; i < 3; i++)
		assert_int_equal(seen[i], 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		YOUNG(test_first_where_something_happens),
		YOUNG(test_nothing_twice),
		YOUNG(test_others_have_their_turn),
	};

	return cmocka_run_group_tests_name("young_hints", tests, NULL, NULL);
}
