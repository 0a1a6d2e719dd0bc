/* SPDX-License-Identifier: GPL-2.0-only */
/* view.h - the machine and its targets as a policy sees them. */
#ifndef TIERED_VIEW_H
#define TIERED_VIEW_H

#include "tiered/policy.h"

struct window;

/* @snapshot points into the rest and into the window: not to be copied, valid until it goes on. */
struct view {
	struct snapshot snapshot;
	struct node_view nodes[TIERED_NODES_MAX];
	struct target_view *targets;
};

/*
 * What can be decided on now. 0; -EAGAIN when it cannot be found out how much memory is
 * free; -ENOMEM.
 */
int view_take(const struct window *window, struct view *ret);
void view_done(struct view *view);

/* Base pages of the fastest tier. */
uint64_t view_fast_pages(const struct window *window);

/* Nodes of the fastest tier, a bit for each. */
uint64_t view_fast_nodes(const struct window *window);

#endif
