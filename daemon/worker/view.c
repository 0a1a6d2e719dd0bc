// SPDX-License-Identifier: GPL-2.0-only
#include "worker/view.h"

#include <errno.h>
#include <stdlib.h>

#include "observe/target.h"
#include "observe/topology.h"
#include "worker/window.h"

/* Neither paused nor set aside. */
static int is_moved(const struct seat *seat)
{
	return !seat->paused && seat->backoff.why == BACKOFF_NONE;
}

/* How many there are, or -errno. */
static int view_nodes(const struct window *window, struct node_view *views)
{
	const struct topology_node *nodes;
	uint64_t free_pages[TIERED_NODES_MAX] = { 0 };
	size_t i, n;

	nodes = topology_nodes(window->config->topology, &n);
	if (n == 0 || topology_free_pages(window->config->topology, free_pages) < 0)
		return -EAGAIN;
	for (i = 0; i < n; i++)
		views[i] = (struct node_view){
			.id = nodes[i].id,
			.tier = nodes[i].tier,
			.total = nodes[i].total_pages,
			.free = free_pages[i],
			.reserve = window->config->reserve_pages[i],
		};
	return (int)n;
}

int view_take(const struct window *window, struct view *ret)
{
	const struct roster *roster = &window->roster;
	int n_nodes = view_nodes(window, ret->nodes);
	size_t i;

	if (n_nodes < 0)
		return n_nodes;
	ret->targets = calloc(roster->count + 1, sizeof(*ret->targets));
	if (!ret->targets)
		return -ENOMEM;
	for (i = 0; i < roster->count; i++)
		ret->targets[i] = (struct target_view){
			.id = roster->targets[i]->id,
			.promote = is_moved(&roster->seats[i]),
			.demote = is_moved(&roster->seats[i]),
			.allowed_nodes = roster->targets[i]->allowed_nodes,
		};
	ret->snapshot = (struct snapshot){
		.window = window->number,
		.interval_ns = window->decided_ns,
		.nodes = ret->nodes,
		.n_nodes = (size_t)n_nodes,
		.targets = ret->targets,
		.n_targets = roster->count,
		.heat = window->heat,
		.budget_pages = window_move_pages(window),
	};
	return 0;
}

void view_done(struct view *view)
{
	free(view->targets);
	view->targets = NULL;
}

uint64_t view_fast_nodes(const struct window *window)
{
	const struct topology_node *nodes;
	uint64_t fast = 0;
	size_t i, n;

	nodes = topology_nodes(window->config->topology, &n);
	for (i = 0; i < n && nodes[i].tier == 0; i++)
		fast |= UINT64_C(1) << nodes[i].id;
	return fast;
}
