// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeds heat and the policy with anything: observations, results of moves, and
 * machines that make no sense. No crash, the bound of memory is kept, and a
 * plan never fills a faster node beyond its reserve or exceeds its budget.
 */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decide/heat.h"
#include "decide/plan.h"
#include "decide/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MEMORY_MAX (256 * 1024)
#define NODES 4

struct input {
	const uint8_t *data;
	size_t size;
};

static uint64_t next(struct input *input, size_t bytes)
{
	uint64_t value = 0;

	if (bytes > input->size)
		bytes = input->size;
	memcpy(&value, input->data, bytes);
	input->data += bytes;
	input->size -= bytes;
	return value;
}

static void feed(struct heat *heat, struct input *input)
{
	struct observation seen[16];
	uint32_t target = (uint32_t)next(input, 1) % 3;
	size_t n = next(input, 1) % 16 + 1;
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t bits = next(input, 4);

		seen[i] = (struct observation){
			.target = target,
			.address = (bits & 0x3fff) << 12,
			.interval_ns = bits >> 30 ? UINT64_C(1000000000) : next(input, 8),
			.order = (bits >> 14) % 4 ? 0 : (uint8_t)((bits >> 16) % 16),
			.node = (bits >> 20) % 16 ? (uint8_t)((bits >> 20) % NODES) : 0xff,
			.seen = (uint8_t)((bits >> 24) % 4),
			.flags = (bits >> 26) % 4 ? 0 : (uint8_t)((bits >> 28) % 8),
		};
	}
	heat_observe(heat, seen, n);
}

static void check_plan(const struct plan *plan, const struct snapshot *snapshot)
{
	int64_t left[NODES] = { 0 };
	size_t i;

	assert(plan->pages <= snapshot->budget_pages);
	for (i = 0; i < snapshot->n_nodes; i++)
		left[snapshot->nodes[i].id] =
			(int64_t)snapshot->nodes[i].free - (int64_t)snapshot->nodes[i].reserve;
	for (i = 0; i < plan->n_moves; i++) {
		const struct move *move = &plan->moves[i];

		assert(move->to < NODES && move->from < NODES && move->to != move->from);
		left[move->from] += INT64_C(1) << move->order;
		left[move->to] -= INT64_C(1) << move->order;
		if (move->reason == MOVE_PROMOTE_HOT || move->reason == MOVE_PROMOTE_SWAP)
			assert(left[move->to] >= 0);
	}
}

/* Of the folios that were explained, those that nothing holds. */
struct freed {
	const struct snapshot *snapshot;
	uint64_t folios;
	uint64_t met;
};

/* The first folio of each item, or all of them while there are few. */
#define EXPLAINED_MAX 32

static int explain_item(void *arg, const struct heat_item *item)
{
	struct freed *freed = arg;
	struct policy_verdict verdict;
	struct heat_item folio = *item;

	folio.count = 1;
	for (uint32_t i = 0; i < item->count && freed->met < EXPLAINED_MAX; i++, freed->met++) {
		policy_heat.explain(NULL, freed->snapshot, &folio, &verdict);
		assert(verdict.hold < HOLDS);
		freed->folios += verdict.hold == HOLD_NOTHING;
		folio.address += UINT64_C(4096) << item->order;
	}
	return freed->met >= EXPLAINED_MAX;
}

/* The policy explains what it decides: where all were asked for, as many are free as are planned. */
static void check_explained(const struct snapshot *snapshot, const struct plan *plan)
{
	static const struct heat_query everything = { UINT64_MAX, INT16_MIN, INT16_MAX };
	struct freed freed = { .snapshot = snapshot };
	uint32_t target;

	for (target = 0; target < 3; target++)
		heat_each(snapshot->heat, target, &everything, explain_item, &freed);
	assert(freed.folios <= plan->n_moves);
	assert(freed.met >= EXPLAINED_MAX || freed.folios == plan->n_moves);
}

static void decide(struct heat *heat, struct input *input, uint64_t window, struct plan *plan)
{
	struct target_view targets[3];
	struct node_view nodes[NODES];
	struct group_view groups[2];
	struct snapshot snapshot = { .window = window,
				     .interval_ns = next(input, 5),
				     .nodes = nodes,
				     .n_nodes = next(input, 1) % (NODES + 1),
				     .targets = targets,
				     .n_targets = next(input, 1) % 4,
				     .groups = groups,
				     .heat = heat,
				     .budget_pages = next(input, 2) };
	uint32_t tier = 0;
	uint32_t i;

	for (i = 0; i < NODES; i++) {
		nodes[i] = (struct node_view){
			.id = i, .tier = tier, .free = next(input, 2), .reserve = next(input, 1)
		};
		tier += next(input, 1) & 1;
	}
	for (i = 0; i < 3; i++)
		targets[i] = (struct target_view){ .id = i,
						   .promote = next(input, 1) & 1,
						   .demote = next(input, 1) & 1,
						   .group = (uint16_t)i,
						   .allowed_nodes = next(input, 1) };
	/* Behind all else, so that inputs of before mean what they meant. */
	snapshot.n_groups = next(input, 1) % 3;
	for (i = 0; i < snapshot.n_groups; i++)
		groups[i] = (struct group_view){ .fast_min = next(input, 2),
						 .fast_max = next(input, 1) % 2 ? next(input, 2)
										: UINT64_MAX,
						 .priority = 1 + (uint32_t)next(input, 1) * 3 };
	plan_clear(plan);
	if (policy_heat.decide(NULL, &snapshot, plan) || plan_seal(plan))
		return;
	check_plan(plan, &snapshot);
	/* It costs as much as deciding, for each folio. */
	if (window % 4 == 0)
		check_explained(&snapshot, plan);
	for (i = 0; i < plan->n_moves; i++) {
		plan->moves[i].result = (uint8_t)next(input, 1) % (MOVE_RESULTS + 1);
		plan->moves[i].landed = (uint8_t)next(input, 1);
	}
	heat_settle(heat, plan->moves, plan->n_moves);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct heat_config config = { .memory_max = MEMORY_MAX };
	struct input input = { data, size };
	struct plan plan = { 0 };
	struct heat_stats stats;
	struct heat *heat;
	uint64_t window = 0;

	if (heat_new(&config, &heat))
		return 0;
	while (input.size > 0) {
		switch (next(&input, 1) % 8) {
		case 0:
			decide(heat, &input, window, &plan);
			break;
		case 1:
			window += next(&input, 1) + 1;
			heat_window(heat, window);
			break;
		case 2:
			if (next(&input, 1) % 16 == 0)
				heat_forget(heat, (uint32_t)next(&input, 1) % 3);
			break;
		default:
			feed(heat, &input);
		}
	}
	heat_stats(heat, &stats);
	assert(stats.bytes <= MEMORY_MAX);
	plan_done(&plan);
	heat_free(heat);
	return 0;
}
