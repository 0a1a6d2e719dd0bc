// SPDX-License-Identifier: GPL-2.0-only
#include "damon_area.h"

#include <errno.h>
#include <stdlib.h>

#define ONE (UINT64_C(1) << 32)

/* Steps of the golden ratio fill an interval most evenly, whenever one stops. */
#define GOLDEN_32 2654435769u
#define GOLDEN_64 0x9e3779b97f4a7c15u

void damon_areas_free(struct damon_areas *areas)
{
	free(areas->list);
	*areas = (struct damon_areas){ 0 };
}

int damon_areas_add(struct damon_areas *areas, uint64_t start, uint64_t end, uint32_t hits,
		    uint32_t samples)
{
	if (start >= end || (areas->n && start < areas->list[areas->n - 1].end) ||
	    areas->n == DAMON_AREAS_MAX)
		return -EINVAL;
	if (areas->n == areas->room) {
		size_t room = areas->room ? areas->room * 2 : 64;
		struct damon_area *list = reallocarray(areas->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		areas->list = list;
		areas->room = room;
	}
	if (hits > samples)
		hits = samples;
	areas->list[areas->n++] =
		(struct damon_area){ .start = start,
				     .end = end,
				     .samples = (uint64_t)samples * DAMON_AREA_UNIT,
				     .hits = (uint64_t)hits * DAMON_AREA_UNIT };
	return 0;
}

static uint64_t part(uint64_t value, uint64_t piece, uint64_t whole)
{
	return (uint64_t)((unsigned __int128)value * piece / whole);
}

/* The mean of what was seen of it before, by length. */
static void carry(struct damon_area *now, const struct damon_area *before)
{
	uint64_t start = now->start > before->start ? now->start : before->start;
	uint64_t end = now->end < before->end ? now->end : before->end;
	uint64_t length = now->end - now->start;

	now->samples += part(before->samples, end - start, length);
	now->hits += part(before->hits, end - start, length);
}

void damon_areas_carry(struct damon_areas *now, const struct damon_areas *before)
{
	size_t i, j = 0;

	for (i = 0; i < now->n; i++) {
		struct damon_area *area = &now->list[i];
		size_t k;

		while (j < before->n && before->list[j].end <= area->start)
			j++;
		for (k = j; k < before->n && before->list[k].start < area->end; k++)
			carry(area, &before->list[k]);
	}
}

const struct damon_area *damon_areas_find(const struct damon_areas *areas, uint64_t address)
{
	size_t low = 0, high = areas->n;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (areas->list[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low < areas->n && areas->list[low].start <= address ? &areas->list[low] : NULL;
}

/* @base^@times, all in 1/2^32; @base below one. */
static uint64_t power(uint64_t base, uint64_t times)
{
	uint64_t result = ONE;

	for (; times && result; times >>= 1) {
		if (times & 1)
			result = part(result, base, ONE);
		base = part(base, base, ONE);
	}
	return result;
}

uint32_t damon_area_chance(const struct damon_area *area, uint64_t times)
{
	uint64_t idle, chance;

	if (!area->hits || !area->samples)
		return 0;
	if (area->hits >= area->samples)
		return 1u << 16;
	idle = ONE - part(ONE, area->hits, area->samples);
	chance = (ONE - power(idle, times ? times : 1)) >> 16;
	return chance ? (uint32_t)chance : 1;
}

int damon_piece_accessed(uint32_t chance, uint64_t address, uint32_t window)
{
	uint32_t piece = (uint32_t)((address >> DAMON_PIECE_SHIFT) * GOLDEN_64 >> 32);
	uint32_t threshold = (piece + window * GOLDEN_32) >> 16;

	return threshold < chance;
}
