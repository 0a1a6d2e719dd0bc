// SPDX-License-Identifier: GPL-2.0-only
/* manager_limits.c - what [target] sections get of the fastest tier: in pages, and whether they do. */
#include "manager_internal.h"
#include "observe/topology.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/units.h"

_Static_assert(WORKER_RULES_MAX == CONFIG_RULES_MAX, "each section has its limits");

/* A floor needs some windows to be filled, the more the lower the rate; nobody worries earlier. */
#define UNMET_WINDOWS 16

static uint64_t fast_pages(const struct manager *manager)
{
	const struct topology_node *nodes;
	uint64_t pages = 0;
	size_t i, n;

	nodes = topology_nodes(manager->topology, &n);
	for (i = 0; i < n && nodes[i].tier == 0; i++)
		pages += nodes[i].total_pages;
	return pages;
}

void manager_set_limits(struct manager *manager)
{
	const struct config *config = manager->config;
	uint64_t whole = fast_pages(manager);
	size_t i;

	manager->worker_config.rules = config->rules;
	manager->worker_config.n_rules = config->n_rules;
	if (whole == manager->limited_pages)
		return;
	manager->limited_pages = whole;
	for (i = 0; i < config->n_rules; i++) {
		const struct target_rule *rule = &config->rules[i];
		struct group_view *group = &manager->worker_config.groups[i];

		group->priority = (uint32_t)rule->priority;
		group->fast_min = manager_share_pages(&rule->fast_min, whole);
		group->fast_max = rule->fast_max.bytes == UINT64_MAX
					  ? UINT64_MAX
					  : manager_share_pages(&rule->fast_max, whole);
		if (group->fast_min <= group->fast_max)
			continue;
		log_warning("[target %s]: fast_min is above fast_max here; taking fast_max for it",
			    rule->name);
		group->fast_min = group->fast_max;
	}
}

static void tell_unmet(struct manager *manager, size_t rule, uint64_t held)
{
	char has[32], wants[32];

	log_warning(
		"[target %s]: %s of its fast_min of %s is on the fastest tier; it has no more "
		"pages that are not idle, or other floors take the rest",
		manager->config->rules[rule].name,
		units_format_size(held << TIERED_PAGE_SHIFT, has, sizeof(has)),
		units_format_size(manager->worker_config.groups[rule].fast_min << TIERED_PAGE_SHIFT,
				  wants, sizeof(wants)));
}

void manager_report_limits(struct manager *manager)
{
	uint64_t now_ns = clock_now_ns(), held;
	int due = now_ns - manager->unmet_line_ns >= manager->config->log_every_ns;
	size_t i;

	/* Who may not promote cannot meet one. */
	for (i = 0; i < manager->config->n_rules && !manager->worker_config.observe; i++) {
		if (!manager->config->rules[i].promote)
			continue;
		if (!board_floor_unmet(manager->board, (uint32_t)i,
				       manager->worker_config.groups[i].fast_min, &held)) {
			manager->unmet[i] = 0;
			continue;
		}
		if (++manager->unmet[i] < UNMET_WINDOWS || !due)
			continue;
		tell_unmet(manager, i, held);
		manager->unmet_line_ns = now_ns;
	}
}
