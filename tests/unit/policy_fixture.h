/* SPDX-License-Identifier: GPL-2.0-only */
/* policy_fixture.h - a machine and a load made by hand, and what the heat policy plans for them. */
#ifndef TEST_POLICY_FIXTURE_H
#define TEST_POLICY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "decide/heat.h"
#include "decide/plan.h"
#include "decide/policy.h"

#define S UINT64_C(1000000000)
#define PAGE UINT64_C(4096)
#define BASE UINT64_C(0x7f0000000000)

/* A machine: up to four nodes, up to three targets, and what was planned for it. */
struct desk {
	struct node_view nodes[4];
	size_t n_nodes;
	struct target_view targets[3];
	size_t n_targets;
	struct group_view groups[3];
	size_t n_groups;
	uint64_t budget;
	uint64_t window;
	struct heat *heat;
	struct plan plan;
};

/* Fast node 0 and slow node 1, both with room; target 1 may do all. */
static inline void open_desk(struct desk *desk)
{
	struct heat_config config = { .memory_max = 1 << 24 };

	*desk = (struct desk){
		.nodes = { { .id = 0, .tier = 0, .total = 10000, .free = 1000, .reserve = 100 },
			   { .id = 1, .tier = 1, .total = 90000, .free = 50000, .reserve = 100 } },
		.n_nodes = 2,
		.targets = { { .id = 1, .promote = 1, .demote = 1, .allowed_nodes = 0xff },
			     { .id = 2, .promote = 1, .demote = 1, .allowed_nodes = 0xff },
			     { .id = 3, .promote = 1, .demote = 1, .allowed_nodes = 0xff } },
		.n_targets = 1,
		.budget = UINT64_MAX,
	};
	assert_int_equal(heat_new(&config, &desk->heat), 0);
}

static inline void close_desk(struct desk *desk)
{
	heat_free(desk->heat);
	plan_done(&desk->plan);
}

/* A run of like folios, watched for some windows: @of_8 accesses in 8. */
struct pages {
	uint32_t target;
	uint64_t first; /* page number */
	unsigned int count;
	uint8_t node;
	uint8_t order;
	uint8_t flags;
	unsigned int of_8;
};

static inline void watch(struct desk *desk, const struct pages *pages, size_t n,
			 unsigned int windows)
{
	size_t r;
	unsigned int i;

	for (; windows > 0; windows--) {
		heat_window(desk->heat, ++desk->window);
		for (r = 0; r < n; r++) {
			for (i = 0; i < pages[r].count; i++) {
				struct observation one = {
					.address = BASE + (pages[r].first +
							   ((uint64_t)i << pages[r].order)) *
								  PAGE,
					.interval_ns = S,
					.target = pages[r].target,
					.order = pages[r].order,
					.node = pages[r].node,
					.flags = pages[r].flags,
					.seen = (desk->window * 3 + i) % 8 < pages[r].of_8
							? SEEN_ACCESSED
							: SEEN_IDLE,
				};

				assert_int_equal(heat_observe(desk->heat, &one, 1), 0);
			}
		}
	}
}

static inline struct snapshot view(const struct desk *desk)
{
	return (struct snapshot){ .window = desk->window,
				  .interval_ns = S,
				  .nodes = desk->nodes,
				  .n_nodes = desk->n_nodes,
				  .targets = desk->targets,
				  .n_targets = desk->n_targets,
				  .groups = desk->groups,
				  .n_groups = desk->n_groups,
				  .heat = desk->heat,
				  .budget_pages = desk->budget };
}

/* What any plan must keep to, whatever the load. */
static inline void assert_sane(const struct desk *desk)
{
	int64_t left[4];
	size_t i;

	for (i = 0; i < desk->n_nodes; i++)
		left[desk->nodes[i].id] =
			(int64_t)desk->nodes[i].free - (int64_t)desk->nodes[i].reserve;
	assert_true(desk->plan.pages <= desk->budget);
	for (i = 0; i < desk->plan.n_moves; i++) {
		const struct move *move = &desk->plan.moves[i];

		assert_true(move->from != move->to);
		left[move->from] += INT64_C(1) << move->order;
		left[move->to] -= INT64_C(1) << move->order;
		/* one batch of a tier in between may dip; the fast one never */
		if (move->reason == MOVE_PROMOTE_HOT || move->reason == MOVE_PROMOTE_SWAP)
			assert_true(left[move->to] >= 0);
		else
			assert_true(left[move->to] >= -512);
	}
}

static inline void decide(struct desk *desk)
{
	struct snapshot snapshot = view(desk);

	plan_clear(&desk->plan);
	assert_int_equal(policy_heat.decide(NULL, &snapshot, &desk->plan), 0);
	assert_int_equal(plan_seal(&desk->plan), 0);
	assert_sane(desk);
}

/* Base pages planned for one reason to one node. */
static inline uint64_t planned(const struct desk *desk, uint8_t reason, uint8_t to)
{
	uint64_t pages = 0;
	size_t i;

	for (i = 0; i < desk->plan.n_moves; i++)
		if (desk->plan.moves[i].reason == reason && desk->plan.moves[i].to == to)
			pages += UINT64_C(1) << desk->plan.moves[i].order;
	return pages;
}

static inline uint64_t planned_all(const struct desk *desk)
{
	return desk->plan.pages;
}

#endif
