/* SPDX-License-Identifier: GPL-2.0-only */
/* heatmap_font.h - letters for pictures: printable ASCII, 5 pixels by 7, and 2 below the line. */
#ifndef TIERED_CTL_HEATMAP_FONT_H
#define TIERED_CTL_HEATMAP_FONT_H

#include <stdbool.h>

#define FONT_WIDTH 5
#define FONT_HEIGHT 9
#define FONT_BASE 7

/* Is the pixel of @c set? What is not printable ASCII is a box. */
bool heatmap_font_bit(char c, int row, int column);

#endif
