// SPDX-License-Identifier: GPL-2.0-only
/* heatmap_png.c - the picture as PNG: pixels, and libpng to pack them. */
#include <errno.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>

#include "heatmap_font.h"
#include "heatmap_picture.h"

struct pixels {
	struct rgb *rows; /* PICTURE_WIDTH * PICTURE_HEIGHT, no padding */
};

_Static_assert(sizeof(struct rgb) == 3, "pixels are packed as libpng wants them");

static void draw_rect(void *arg, int x, int y, int width, int height, struct rgb colour)
{
	struct pixels *pixels = arg;
	int right = x + width, bottom = y + height, column;

	if (x < 0)
		x = 0;
	if (right > PICTURE_WIDTH)
		right = PICTURE_WIDTH;
	if (bottom > PICTURE_HEIGHT)
		bottom = PICTURE_HEIGHT;
	for (y = y < 0 ? 0 : y; y < bottom; y++)
		for (column = x; column < right; column++)
			pixels->rows[y * PICTURE_WIDTH + column] = colour;
}

static void draw_glyph(struct pixels *pixels, int x, int y, int size, char c)
{
	static const struct rgb ink = { 60, 60, 60 };
	int row, column;

	for (row = 0; row < FONT_HEIGHT; row++)
		for (column = 0; column < FONT_WIDTH; column++)
			if (heatmap_font_bit(c, row, column))
				draw_rect(pixels, x + column * size, y + row * size, size, size,
					  ink);
}

static void draw_text(void *arg, int x, int y, enum picture_anchor anchor, int size,
		      const char *text)
{
	int advance = (FONT_WIDTH + 1) * size;
	int width = (int)strlen(text) * advance - size;

	x -= anchor == PICTURE_END ? width : anchor == PICTURE_MIDDLE ? width / 2 : 0;
	y -= FONT_BASE * size / 2;
	for (; *text; text++, x += advance)
		draw_glyph(arg, x, y, size, *text);
}

int heatmap_png_write(const struct heatmap *heatmap, FILE *out)
{
	static const struct picture_ops ops = { draw_rect, draw_text };
	png_image image = {
		.version = PNG_IMAGE_VERSION,
		.width = PICTURE_WIDTH,
		.height = PICTURE_HEIGHT,
		.format = PNG_FORMAT_RGB,
	};
	struct pixels pixels;
	int err;

	pixels.rows = calloc((size_t)PICTURE_WIDTH * PICTURE_HEIGHT, sizeof(*pixels.rows));
	if (!pixels.rows)
		return -ENOMEM;
	err = heatmap_picture_draw(heatmap, &ops, &pixels);
	if (err == 0 && !png_image_write_to_stdio(&image, out, 0, pixels.rows, 0, NULL))
		err = -EIO;
	if (err == 0 && fflush(out) != 0)
		err = -EIO;
	free(pixels.rows);
	return err;
}
