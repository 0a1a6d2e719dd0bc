/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heatmap_picture.h - a heatmap as a drawing, whatever it is drawn with.
 *
 * Time runs to the right, addresses upwards: heat, below it placement, below
 * that the share of accesses that the fastest tier gets.
 */
#ifndef TIERED_CTL_HEATMAP_PICTURE_H
#define TIERED_CTL_HEATMAP_PICTURE_H

#include <stdio.h>

#include "heatmap_colour.h"
#include "heatmap_data.h"

#define PICTURE_WIDTH 1400
#define PICTURE_HEIGHT 1000

enum picture_anchor { PICTURE_START, PICTURE_MIDDLE, PICTURE_END };

/**
 * struct picture_ops - what draws; the origin is at the top left
 * @rect: a filled rectangle
 * @text: one line, printable ASCII, @y is its middle; @size 2 for labels, 3 for the title
 */
struct picture_ops {
	void (*rect)(void *arg, int x, int y, int width, int height, struct rgb colour);
	void (*text)(void *arg, int x, int y, enum picture_anchor anchor, int size,
		     const char *text);
};

/* 0 or -ENOMEM. */
int heatmap_picture_draw(const struct heatmap *heatmap, const struct picture_ops *ops, void *arg);

/* The whole picture into @out: 0 or -errno. */
int heatmap_svg_write(const struct heatmap *heatmap, FILE *out);
int heatmap_png_write(const struct heatmap *heatmap, FILE *out);

#endif
