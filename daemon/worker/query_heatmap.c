// SPDX-License-Identifier: GPL-2.0-only
/* query_heatmap.c - the watched mappings laid end to end, in cells of equal size. */
#include <errno.h>
#include <stdlib.h>

#include "observe/target.h"
#include "observe/vmas.h"
#include "util/cleanup.h"
#include "worker/query_internal.h"
#include "worker/view.h"

/**
 * struct map - a walk through mappings and heat at once
 * @at: the mapping in hand
 * @before: bytes of the mappings before it
 */
struct map {
	const struct vma *vmas;
	size_t n_vmas;
	size_t at;
	uint64_t before;
	uint64_t cell_bytes;
	uint64_t fast_nodes;
	struct query_cell *cells;
	query_sum *sums;
};

static uint64_t mapped_bytes(const struct target *target)
{
	uint64_t bytes = 0;
	size_t i, n;
	const struct vma *vmas = target_mappings(target, &n);

	for (i = 0; i < n; i++)
		bytes += vmas[i].end - vmas[i].start;
	return bytes;
}

static void next_mapping(struct map *map)
{
	map->before += map->vmas[map->at].end - map->vmas[map->at].start;
	map->at++;
}

/* Address of a byte; offsets must ascend. */
static uint64_t address_of(struct map *map, uint64_t offset)
{
	while (offset - map->before >= map->vmas[map->at].end - map->vmas[map->at].start)
		next_mapping(map);
	return map->vmas[map->at].start + (offset - map->before);
}

static void lay_cells(struct map map, size_t n, uint64_t total)
{
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t start = i * map.cell_bytes;
		uint64_t end = start + map.cell_bytes < total ? start + map.cell_bytes : total;

		map.cells[i].start = address_of(&map, start);
		map.cells[i].end = address_of(&map, end - 1) + 1;
	}
}

/* Pages of one item from byte @offset of the mappings on. */
static void add_bytes(struct map *map, uint64_t offset, uint64_t bytes,
		      const struct heat_item *item)
{
	while (bytes) {
		size_t cell = offset / map->cell_bytes;
		uint64_t piece = (cell + 1) * map->cell_bytes - offset;

		piece = piece < bytes ? piece : bytes;
		query_cell_add(&map->cells[cell], &map->sums[cell], item,
			       piece >> TIERED_PAGE_SHIFT, map->fast_nodes);
		offset += piece;
		bytes -= piece;
	}
}

/* What of the item lies in mappings; 1 behind the last of them. */
static int add_item(void *arg, const struct heat_item *item)
{
	struct map *map = arg;
	uint64_t start = item->address;
	uint64_t end = start + ((uint64_t)item->count << item->order << TIERED_PAGE_SHIFT);

	while (start < end) {
		const struct vma *vma;
		uint64_t stop;

		while (map->at < map->n_vmas && map->vmas[map->at].end <= start)
			next_mapping(map);
		if (map->at == map->n_vmas)
			return 1;
		vma = &map->vmas[map->at];
		start = start > vma->start ? start : vma->start;
		stop = end < vma->end ? end : vma->end;
		if (start >= stop)
			return 0;
		add_bytes(map, map->before + (start - vma->start), stop - start, item);
		start = stop;
	}
	return 0;
}

static size_t bounded(uint32_t count)
{
	if (count > QUERY_CELLS_MAX)
		return QUERY_CELLS_MAX;
	return count ? count : 1;
}

int query_heatmap(const struct window *window, const struct worker_query *query,
		  struct worker_answer *answer)
{
	const struct target *target = roster_find(&window->roster, query->target)->target;
	uint64_t total = mapped_bytes(target), pages = total >> TIERED_PAGE_SHIFT;
	struct map map = { 0 };
	auto_free query_sum *sums = NULL;
	size_t i, n = bounded(query->count);

	if (!pages)
		return 0;
	map.vmas = target_mappings(target, &map.n_vmas);
	map.fast_nodes = view_fast_nodes(window);
	map.cell_bytes = (pages + n - 1) / n << TIERED_PAGE_SHIFT;
	n = (total + map.cell_bytes - 1) / map.cell_bytes;
	answer->cells = calloc(n, sizeof(*answer->cells));
	sums = calloc(n, sizeof(*sums));
	if (!answer->cells || !sums)
		return -ENOMEM;
	answer->n_cells = n;
	map.cells = answer->cells;
	map.sums = sums;
	lay_cells(map, n, total);
	heat_each(window->heat, query->target, &query_everything, add_item, &map);
	for (i = 0; i < n; i++)
		query_cell_done(&answer->cells[i], sums[i]);
	return 0;
}
