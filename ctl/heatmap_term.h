/* SPDX-License-Identifier: GPL-2.0-only */
/* heatmap_term.h - rows of a heatmap on a terminal, as they come. */
#ifndef TIERED_CTL_HEATMAP_TERM_H
#define TIERED_CTL_HEATMAP_TERM_H

#include <stdio.h>

#include "heatmap_data.h"

enum heatmap_colours {
	HEATMAP_PLAIN, /* characters */
	HEATMAP_256,
	HEATMAP_RGB,
};

/**
 * struct heatmap_term - how rows are drawn
 * @blocks: the terminal shows U+2584, so heat and placement share a character
 * @columns: characters for cells; rows of more cells are merged into as many
 * @scale: grows with what comes; a change is told in a line
 */
struct heatmap_term {
	FILE *out;
	enum heatmap_colours colours;
	bool blocks;
	size_t columns;
	struct heatmap_scale scale;
};

/* What the environment says that this terminal can do. */
void heatmap_term_probe(struct heatmap_term *term, bool colour);

/* Columns that fit on a page of @width characters beside numbers. */
size_t heatmap_term_columns(size_t width);

/* Title and legend. */
void heatmap_term_begin(const struct heatmap_term *term, const struct heatmap *heatmap);

/* The last row of @heatmap; before it the addresses, when they are new. */
void heatmap_term_row(struct heatmap_term *term, const struct heatmap *heatmap);

#endif
