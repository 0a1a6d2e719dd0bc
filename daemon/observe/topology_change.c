// SPDX-License-Identifier: GPL-2.0-only
/* topology_change.c - memory comes and goes: what is left of what there was, and what is new. */
#include <errno.h>
#include <string.h>

#include "topology_internal.h"
#include "util/file.h"

#define NODE_BIT(node) (UINT64_C(1) << (node))

uint64_t topology_leaving(const struct topology *topology)
{
	return topology->leaving;
}

uint64_t topology_offline(const struct topology *topology)
{
	return topology->offline;
}

static uint64_t nodes_mask(const struct topology *topology)
{
	uint64_t mask = 0;
	size_t i;

	for (i = 0; i < topology->n_nodes; i++)
		mask |= NODE_BIT(topology->nodes[i].id);
	return mask;
}

/* Nodes that have less memory online than in @old. */
static uint64_t nodes_fallen(const struct topology *old, const struct topology *topology)
{
	uint64_t mask = 0;
	size_t i, j;

	for (i = 0; i < topology->n_nodes; i++)
		for (j = 0; j < old->n_nodes; j++)
			if (old->nodes[j].id == topology->nodes[i].id &&
			    old->nodes[j].present_pages > topology->nodes[i].present_pages)
				mask |= NODE_BIT(topology->nodes[i].id);
	return mask;
}

int topology_reread(const struct topology *old, uint64_t leaving, struct topology **ret, char *why,
		    size_t why_size)
{
	struct topology *topology =
		topology_new(old->sys_root, old->proc_root, old->conf, old->n_conf);
	uint64_t here;
	int err;

	if (why_size)
		why[0] = '\0';
	if (!topology)
		return -ENOMEM;
	err = topology_fill(topology, 0, why, why_size);
	if (err < 0) {
		topology_free(topology);
		return err;
	}
	here = nodes_mask(topology);
	topology->leaving = (leaving | nodes_fallen(old, topology)) & here;
	topology->offline = (nodes_mask(old) | old->offline) & ~here;
	*ret = topology;
	return 0;
}

static int node_same(const struct topology_node *a, const struct topology_node *b)
{
	return a->present_pages == b->present_pages && a->total_pages == b->total_pages &&
	       a->high_pages == b->high_pages;
}

int topology_same(const struct topology *a, const struct topology *b, int *ret_told)
{
	int same;
	size_t i;

	*ret_told = a->leaving == b->leaving && a->offline == b->offline && a->tiers == b->tiers &&
		    a->n_nodes == b->n_nodes &&
		    memcmp(a->tier_of, b->tier_of, sizeof(a->tier_of)) == 0;
	same = *ret_told;
	for (i = 0; i < a->n_nodes && same; i++)
		same = node_same(&a->nodes[i], &b->nodes[i]);
	return same;
}

static int block_going(const struct topology *topology, size_t block)
{
	char state[32];

	return file_read_text(state, sizeof(state), "%s/devices/system/memory/memory%zu/state",
			      topology->sys_root, block) > 0 &&
	       strcmp(state, "going-offline") == 0;
}

uint64_t topology_going(const struct topology *topology, size_t *cursor, size_t max)
{
	const struct topology_pfns *pfns = &topology->pfns;
	uint64_t mask = 0;
	size_t looked, block;

	for (looked = 0; looked < pfns->n_units && max; looked++, (*cursor)++) {
		block = *cursor % pfns->n_units;
		if (pfns->units[block] >= TIERED_NODES_MAX)
			continue;
		max--;
		if (block_going(topology, block))
			mask |= NODE_BIT(pfns->units[block]);
	}
	*cursor %= pfns->n_units ? pfns->n_units : 1;
	return mask;
}
