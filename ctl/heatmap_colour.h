/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heatmap_colour.h - what heat and placement look like.
 *
 * Heat runs from dark to bright, so that it survives a black-and-white print;
 * placement from sand (slow) to teal (fast), apart for colour-blind eyes too.
 */
#ifndef TIERED_CTL_HEATMAP_COLOUR_H
#define TIERED_CTL_HEATMAP_COLOUR_H

#include <stdint.h>

struct rgb {
	uint8_t r;
	uint8_t g;
	uint8_t b;
};

/* So many shades: more cannot be told apart, fewer make cells that look alike equal. */
#define HEATMAP_SHADES 64

/* @step of HEATMAP_SHADES. */
struct rgb heatmap_heat_colour(unsigned int step);

/* @ppm of the pages are on the fastest tier. */
struct rgb heatmap_place_colour(uint64_t ppm);

/* Where nothing is known. */
struct rgb heatmap_unknown_colour(void);

#endif
