// SPDX-License-Identifier: GPL-2.0-only
/* Where the heat of a target is: cells of equal size, and the hottest regions. */
#include "window_fixture.h"

static struct worker_answer *heatmap(const struct stage *stage, uint32_t count)
{
	struct worker_answer *answer = ask(
		stage,
		(struct worker_query){ .kind = QUERY_HEATMAP, .target = TARGET, .count = count });

	assert_int_equal(answer->error, 0);
	return answer;
}

/* 128 pages in ten cells: 13 pages each, the last one has 11, the eighth spans the gap. */
static void test_heatmap_cells(void **state)
{
	struct stage *stage = *state;
	struct worker_answer *answer;
	uint64_t known = 0, fast = 0;
	size_t i;

	stage->window.ended = 1;
	stage_map(stage, two_mappings, 2);
	stage_see(stage, MAP_BASE, 10, 0, 0, SEEN_ACCESSED);
	stage_see(stage, MAP_BASE + 98 * PAGE, 1, 0, 1, SEEN_ACCESSED);
	stage_see(stage, MAP_BASE + 99 * PAGE, 1, 0, 0, SEEN_IDLE);
	stage_see(stage, MAP_BASE + 200 * PAGE, 1, 0, 0, SEEN_ACCESSED); /* no mapping any more */
	stage_see(stage, MAP_BASE + 1027 * PAGE, 1, 0, 2, SEEN_ACCESSED);
	answer = heatmap(stage, 10);
	assert_int_equal(answer->n_cells, 10);
	assert_int_equal(answer->cells[0].start, MAP_BASE);
	assert_int_equal(answer->cells[0].end, MAP_BASE + 13 * PAGE);
	assert_int_equal(answer->cells[0].known, 10);
	assert_int_equal(answer->cells[0].fast, 10);
	assert_int_equal(answer->cells[7].start, MAP_BASE + 91 * PAGE);
	assert_int_equal(answer->cells[7].end, MAP_BASE + 1004 * PAGE);
	assert_int_equal(answer->cells[7].known, 2);
	assert_int_equal(answer->cells[7].fast, 1);
	assert_int_equal(answer->cells[9].start, MAP_BASE + 1017 * PAGE);
	assert_int_equal(answer->cells[9].end, MAP_BASE + 1028 * PAGE);
	for (i = 0; i < 10; i++) {
		known += answer->cells[i].known;
		fast += answer->cells[i].fast;
	}
	assert_int_equal(known, 13);
	assert_int_equal(fast, 11);
	worker_answer_free(answer);
}

/* The mean is of accesses, not of their logarithms. */
static void test_heatmap_rates(void **state)
{
	struct stage *stage = *state;
	struct worker_answer *answer;
	uint64_t sum;

	stage->window.ended = 1;
	stage_map(stage, two_mappings, 2);
	stage_see(stage, MAP_BASE, 1, 0, 0, SEEN_ACCESSED);
	stage_see(stage, MAP_BASE + PAGE, 3, 0, 0, SEEN_IDLE);
	stage_see(stage, MAP_BASE + PAGE, 3, 0, 0, SEEN_IDLE);
	sum = heat_weight(rate_at(stage, MAP_BASE)) +
	      3 * heat_weight(rate_at(stage, MAP_BASE + PAGE));
	answer = heatmap(stage, 1);
	assert_int_equal(answer->n_cells, 1);
	assert_int_equal(answer->cells[0].known, 4);
	assert_int_equal(answer->cells[0].rate, heat_weight_rate(sum / 4));
	assert_true(answer->cells[0].rate > rate_at(stage, MAP_BASE + PAGE));
	worker_answer_free(answer);
	answer = heatmap(stage, 128);
	assert_int_equal(answer->cells[0].rate,
			 heat_weight_rate(heat_weight(rate_at(stage, MAP_BASE))));
	worker_answer_free(answer);
}

static void test_heatmap_bounds(void **state)
{
	static const struct {
		uint32_t count;
		size_t cells;
	} cases[] = {
		{ 0, 1 }, { 1, 1 }, { 2, 2 }, { 100, 64 }, { 128, 128 }, { UINT32_MAX, 128 }
	};
	struct stage *stage = *state;
	struct vma large = { MAP_BASE, MAP_BASE + (UINT64_C(1) << 40) };
	struct worker_answer *answer;
	size_t i;

	stage->window.ended = 1;
	answer = heatmap(stage, 10);
	assert_int_equal(answer->n_cells, 0);
	worker_answer_free(answer);
	stage_map(stage, two_mappings, 2);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		answer = heatmap(stage, cases[i].count);
		assert_int_equal(answer->n_cells, cases[i].cells);
		worker_answer_free(answer);
	}
	stage_map(stage, &large, 1);
	/* A folio of 2 MiB and one of 64 KiB in a mapping of 1 TiB. */
	stage_see(stage, MAP_BASE + (UINT64_C(1) << 39), 1, 9, 0, SEEN_ACCESSED);
	stage_see(stage, MAP_BASE + (UINT64_C(1) << 40) - 16 * PAGE, 1, 4, 1, SEEN_ACCESSED);
	answer = heatmap(stage, UINT32_MAX);
	assert_int_equal(answer->n_cells, QUERY_CELLS_MAX);
	assert_int_equal(answer->cells[QUERY_CELLS_MAX / 2].known, 512);
	assert_int_equal(answer->cells[QUERY_CELLS_MAX / 2].fast, 512);
	assert_int_equal(answer->cells[QUERY_CELLS_MAX - 1].known, 16);
	assert_int_equal(answer->cells[QUERY_CELLS_MAX - 1].end, large.end);
	worker_answer_free(answer);
}

/* A folio that a mapping has only a part of counts with that part, in all cells that it lies in. */
static void test_heatmap_cut_folio(void **state)
{
	static const struct vma part[] = { { MAP_BASE + 256 * PAGE, MAP_BASE + 260 * PAGE },
					   { MAP_BASE + 508 * PAGE, MAP_BASE + 520 * PAGE } };
	struct stage *stage = *state;
	struct worker_answer *answer;

	stage->window.ended = 1;
	stage_map(stage, part, 2);
	stage_see(stage, MAP_BASE, 1, 9, 0, SEEN_ACCESSED);
	answer = heatmap(stage, 8);
	assert_int_equal(answer->n_cells, 8);
	assert_int_equal(answer->cells[0].known, 2);
	assert_int_equal(answer->cells[3].known, 2);
	assert_int_equal(answer->cells[4].known, 0);
	worker_answer_free(answer);
}

/* Twelve regions, more pages of each accessed than of the one before: the last ten are told. */
static void test_hottest_regions(void **state)
{
	const uint64_t region = 512 * PAGE;
	struct stage *stage = *state;
	struct worker_answer *answer;
	size_t i;

	stage->window.ended = 1;
	for (i = 0; i < 12; i++)
		stage_see(stage, MAP_BASE + (i * 5 % 12) * region, i + 1, 0, i % 2, SEEN_ACCESSED);
	answer = ask(stage, (struct worker_query){ .kind = QUERY_EXPLAIN, .target = TARGET });
	assert_int_equal(answer->error, 0);
	assert_int_equal(answer->n_cells, 10);
	for (i = 0; i < 10; i++) {
		const struct query_cell *cell = &answer->cells[i];

		assert_true(i == 0 || cell->start >= answer->cells[i - 1].end);
		assert_int_equal(cell->end - cell->start, region);
		assert_true(cell->known >= 3);
		assert_int_equal(cell->fast, cell->known % 2 ? cell->known : 0);
		assert_int_equal(cell->start, MAP_BASE + ((cell->known - 1) * 5 % 12) * region);
	}
	worker_answer_free(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE(test_heatmap_cells),   STAGE(test_heatmap_rates),
		STAGE(test_heatmap_bounds),  STAGE(test_heatmap_cut_folio),
		STAGE(test_hottest_regions),
	};

	return cmocka_run_group_tests_name("query_heatmap", tests, NULL, NULL);
}
