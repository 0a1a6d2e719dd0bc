// SPDX-License-Identifier: GPL-2.0-only
#include "worker/view.h"

#include <errno.h>
#include <stdlib.h>

#include "observe/target.h"
#include "observe/targets.h"
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
	uint64_t leaving;
	size_t i, n;

	nodes = topology_nodes(window->config->topology, &n);
	if (n == 0 || topology_free_now(window->config->topology, NULL, free_pages, &leaving) < 0)
		return -EAGAIN;
	for (i = 0; i < n; i++)
		views[i] = (struct node_view){
			.id = nodes[i].id,
			.tier = nodes[i].tier,
			.total = nodes[i].total_pages,
			.free = free_pages[i],
			.reserve = window->config->reserve_pages[i],
			.leaving = leaving >> nodes[i].id & 1,
		};
	return (int)n;
}

/* A target that no section named has no wishes: it is in the group behind the last. */
static struct target_view view_target(const struct window *window, const struct seat *seat)
{
	const struct worker_config *config = window->config;
	const struct target *target = seat->target;
	struct target_view view = { .id = target->id,
				    .promote = is_moved(seat),
				    .demote = is_moved(seat),
				    .group = (uint16_t)config->n_rules,
				    .allowed_nodes = target->allowed_nodes };

	if (target->rule < config->n_rules) {
		view.group = (uint16_t)target->rule;
		view.promote &= config->rules[target->rule].promote != 0;
		view.demote &= config->rules[target->rule].demote != 0;
	}
	return view;
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
		ret->targets[i] = view_target(window, &roster->seats[i]);
	ret->snapshot = (struct snapshot){
		.window = window->number,
		.interval_ns = window->decided_ns,
		.nodes = ret->nodes,
		.n_nodes = (size_t)n_nodes,
		.targets = ret->targets,
		.n_targets = roster->count,
		.groups = window->config->groups,
		.n_groups = window->config->n_rules,
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

uint64_t view_fast_pages(const struct window *window)
{
	const struct topology_node *nodes;
	uint64_t pages = 0;
	size_t i, n;

	nodes = topology_nodes(window->config->topology, &n);
	for (i = 0; i < n && nodes[i].tier == 0; i++)
		pages += nodes[i].total_pages;
	return pages;
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
