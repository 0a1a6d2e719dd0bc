// SPDX-License-Identifier: GPL-2.0-only
#include "heatmap_colour.h"

#include <stddef.h>

/* Evenly spaced; between two of them colours are mixed. */
static const struct rgb heat[] = {
	{ 18, 12, 48 },   { 70, 20, 100 },  { 140, 36, 104 },  { 204, 66, 80 },
	{ 240, 122, 46 }, { 252, 190, 60 }, { 253, 245, 170 },
};
static const struct rgb place[] = { { 222, 212, 192 }, { 110, 166, 160 }, { 0, 104, 122 } };

static uint8_t between(uint8_t a, uint8_t b, double part)
{
	return (uint8_t)(a + (b - a) * part + 0.5);
}

/* @at from 0 to 1 along @stops. */
static struct rgb blend(const struct rgb *stops, size_t n, double at)
{
	double position = at * (double)(n - 1);
	size_t i = (size_t)position;
	struct rgb mixed;

	if (i + 1 >= n)
		return stops[n - 1];
	mixed.r = between(stops[i].r, stops[i + 1].r, position - (double)i);
	mixed.g = between(stops[i].g, stops[i + 1].g, position - (double)i);
	mixed.b = between(stops[i].b, stops[i + 1].b, position - (double)i);
	return mixed;
}

struct rgb heatmap_heat_colour(unsigned int step)
{
	return blend(heat, sizeof(heat) / sizeof(heat[0]), (double)step / (HEATMAP_SHADES - 1));
}

struct rgb heatmap_place_colour(uint64_t ppm)
{
	uint64_t step = ppm * (HEATMAP_SHADES - 1) / 1000000;

	return blend(place, sizeof(place) / sizeof(place[0]), (double)step / (HEATMAP_SHADES - 1));
}

struct rgb heatmap_unknown_colour(void)
{
	return (struct rgb){ 238, 238, 238 };
}
