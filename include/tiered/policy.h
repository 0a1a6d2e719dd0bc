/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy.h - the contract of a placement policy.
 *
 * A policy is a pure function from a snapshot to a plan: no system call, no
 * clock, no I/O. Dry run, replay, simulation and fuzzing are the same code
 * as production.
 */
#ifndef TIERED_POLICY_H
#define TIERED_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "types.h"

struct heat; /* daemon/decide/heat.h */
struct plan; /* daemon/decide/plan.h */

/**
 * struct node_view - one memory node in a snapshot, in base pages
 * @tier: 0 is the fastest
 * @id: node number
 * @total: managed pages
 * @free: free now
 * @reserve: what must stay free: the sum of the high watermarks, plus headroom
 */
struct node_view {
	uint32_t id;
	uint32_t tier;
	uint64_t total;
	uint64_t free;
	uint64_t reserve;
};

/**
 * struct target_view - one target in a snapshot
 * @id: as in observations
 * @promote: may its pages be promoted
 * @demote: may its pages be demoted
 * @allowed_nodes: bit per node its cpuset allows
 */
struct target_view {
	uint32_t id;
	uint8_t promote;
	uint8_t demote;
	uint16_t reserved;
	uint64_t allowed_nodes;
};

/**
 * struct snapshot - all that a policy may look at
 * @window: number of the window that just ended, from 1
 * @interval_ns: how long it watched
 * @nodes: ascending tier, then id; @n_nodes of them
 * @targets: @n_targets of them, ascending id
 * @heat: what is known of every page
 * @budget_pages: base pages that may be moved in all (rate limit)
 */
struct snapshot {
	uint64_t window;
	uint64_t interval_ns;
	const struct node_view *nodes;
	size_t n_nodes;
	const struct target_view *targets;
	size_t n_targets;
	const struct heat *heat;
	uint64_t budget_pages;
};

/**
 * struct policy_ops - one way to decide
 * @name: as in `policy = NAME`
 * @summary: half a line for --help
 * @decide: fills @ret_plan, which the caller made empty, with moves; 0 or
 *	    -ENOMEM. @state is what the policy carries from window to window,
 *	    @state_size bytes, zeroed before the first.
 */
struct policy_ops {
	const char *name;
	const char *summary;
	size_t state_size;
	int (*decide)(void *state, const struct snapshot *snapshot, struct plan *ret_plan);
};

#endif
