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

struct heat;      /* daemon/decide/heat.h */
struct heat_item; /* daemon/decide/heat.h */
struct plan;      /* daemon/decide/plan.h */

/**
 * struct node_view - one memory node in a snapshot, in base pages
 * @tier: 0 is the fastest
 * @id: node number
 * @total: managed pages
 * @free: free now
 * @reserve: what must stay free: the sum of the high watermarks, plus headroom
 * @leaving: not 0: its memory is going away, nothing may be moved there
 */
struct node_view {
	uint32_t id;
	uint32_t tier;
	uint64_t total;
	uint64_t free;
	uint64_t reserve;
	uint32_t leaving;
	uint32_t reserved;
};

/* Of those who did not ask for another; and the most. */
#define GROUP_PRIORITY 100
#define GROUP_PRIORITY_MAX 1000

/**
 * struct group_view - what targets that belong together get of the fastest tier, in base pages
 * @fast_min: they are not pushed below, and are promoted up to it when there is something warm
 * @fast_max: they are not promoted beyond, and what is there beyond it leaves; UINT64_MAX: none
 * @priority: weight against pages of others that are about as hot; GROUP_PRIORITY by default
 */
struct group_view {
	uint64_t fast_min;
	uint64_t fast_max;
	uint32_t priority;
	uint32_t reserved;
};

/**
 * struct target_view - one target in a snapshot
 * @id: as in observations
 * @promote: may its pages be promoted
 * @demote: may its pages be demoted
 * @group: index of its group; beyond the last: none
 * @allowed_nodes: bit per node its cpuset allows
 */
struct target_view {
	uint32_t id;
	uint8_t promote;
	uint8_t demote;
	uint16_t group;
	uint64_t allowed_nodes;
};

/**
 * struct snapshot - all that a policy may look at
 * @window: number of the window that just ended, from 1
 * @interval_ns: how long it watched
 * @nodes: ascending tier, then id; @n_nodes of them
 * @targets: @n_targets of them, ascending id
 * @groups: @n_groups of them
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
	const struct group_view *groups;
	size_t n_groups;
	const struct heat *heat;
	uint64_t budget_pages;
};

/**
 * enum query_hold - what keeps a page where it is
 * @HOLD_NOTHING: the next plan moves it
 * @HOLD_PLACED: it is where it belongs: hot enough for its tier, not for a faster one
 * @HOLD_UNMAPPED: no mapping there
 * @HOLD_NOT_WATCHED: a mapping that is not looked at (huge pages, devices, bound by a policy)
 * @HOLD_UNKNOWN: watched, but nothing was seen there yet
 * @HOLD_SHARED, @HOLD_FIXED: must not move
 * @HOLD_RESTS: moved, or refused to move, a short while ago
 * @HOLD_DOUBT: hot (or cold) enough by its estimate, which is not sure enough yet
 * @HOLD_NODES: the process may not use a node it should go to
 * @HOLD_ROOM: no room where it should go, and nothing there that is colder beyond doubt
 * @HOLD_BUDGET: its turn comes in a later window: the rate is used up
 * @HOLD_OBSERVE: nothing is moved in observe mode
 * @HOLD_PAUSED: the daemon, or this target, was told to pause
 * @HOLD_FLOOR: others are hotter, but fast_min keeps it on the fastest tier
 * @HOLD_CEILING: hot enough for the fastest tier, of which fast_max gives no more
 * @HOLD_RULE: promote = no, or demote = no, of its [target]
 * @HOLD_ASIDE: its target is set aside for a while: it blocks, or most of its pages do not move
 */
enum query_hold {
	HOLD_NOTHING = 0,
	HOLD_PLACED,
	HOLD_UNMAPPED,
	HOLD_NOT_WATCHED,
	HOLD_UNKNOWN,
	HOLD_SHARED,
	HOLD_FIXED,
	HOLD_RESTS,
	HOLD_DOUBT,
	HOLD_NODES,
	HOLD_ROOM,
	HOLD_BUDGET,
	HOLD_OBSERVE,
	HOLD_PAUSED,
	HOLD_FLOOR,
	HOLD_CEILING,
	HOLD_RULE,
	HOLD_ASIDE,
	HOLDS,
};

/**
 * struct policy_verdict - why a folio is where it is
 * @hold: what keeps it there, as far as a policy can know
 * @bar: rate at which it would change its tier, in 1/256 octaves; with HOLD_NOTHING that of
 *	 its move
 */
struct policy_verdict {
	enum query_hold hold;
	__s16 bar;
};

/**
 * struct policy_ops - one way to decide
 * @name: as in `policy = NAME`
 * @summary: half a line for --help
 * @decide: fills @ret_plan, which the caller made empty, with moves; 0 or
 *	    -ENOMEM. @state is what the policy carries from window to window,
 *	    @state_size bytes, zeroed before the first.
 * @explain: what decide() would do with one folio that @heat knows: HOLD_NOTHING exactly
 *	     when it would plan it; changes nothing. NULL: the policy cannot tell
 */
struct policy_ops {
	const char *name;
	const char *summary;
	size_t state_size;
	int (*decide)(void *state, const struct snapshot *snapshot, struct plan *ret_plan);
	void (*explain)(const void *state, const struct snapshot *snapshot,
			const struct heat_item *folio, struct policy_verdict *ret);
};

#endif
