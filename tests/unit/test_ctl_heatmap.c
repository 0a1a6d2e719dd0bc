// SPDX-License-Identifier: GPL-2.0-only
/* Heatmaps: rows into a grid, and the grid into pictures that are read back. */
#include <errno.h>
#include <png.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../ctl/heatmap_data.h"
#include "../../ctl/heatmap_font.h"
#include "../../ctl/heatmap_picture.h"

#define PAGE UINT64_C(4096)

/* One row of cells of 16 pages each from @start on; a rate of INT32_MIN is an unknown cell. */
static void add_row(struct heatmap *heatmap, uint64_t window, uint64_t start, size_t n,
		    const int *rates, const int *fast)
{
	struct json_object *answer = json_object_new_object(), *cells = json_object_new_array();
	char address[24];
	size_t i;

	json_object_object_add(answer, "pid", json_object_new_int(7));
	json_object_object_add(answer, "comm", json_object_new_string("a<b>&\x1b"));
	json_object_object_add(answer, "window", json_object_new_uint64(window));
	for (i = 0; i < n; i++) {
		struct json_object *cell = json_object_new_object();

		snprintf(address, sizeof(address), "0x%llx",
			 (unsigned long long)(start + i * 16 * PAGE));
		json_object_object_add(cell, "start", json_object_new_string(address));
		snprintf(address, sizeof(address), "0x%llx",
			 (unsigned long long)(start + (i + 1) * 16 * PAGE));
		json_object_object_add(cell, "end", json_object_new_string(address));
		json_object_object_add(cell, "pages", json_object_new_int(16));
		json_object_object_add(cell, "fast_pages", json_object_new_int(fast[i]));
		json_object_object_add(
			cell, "rate", rates[i] == INT32_MIN ? NULL : json_object_new_int(rates[i]));
		json_object_array_add(cells, cell);
	}
	json_object_object_add(answer, "cells", cells);
	assert_int_equal(heatmap_add(heatmap, answer), 1);
	json_object_put(answer);
}

static void test_add(void **state)
{
	static const int rates[] = { 0, INT32_MIN }, fast[] = { 99, 8 };
	struct heatmap heatmap = { 0 };
	struct json_object *again = json_tokener_parse("{\"window\":5}");

	(void)state;
	add_row(&heatmap, 5, 0x10000, 2, rates, fast);
	/* The same window is no new row, whatever else it says. */
	assert_int_equal(heatmap_add(&heatmap, again), 0);
	json_object_put(again);
	assert_int_equal(heatmap.n_rows, 1);
	assert_int_equal(heatmap.pid, 7);
	assert_string_equal(heatmap.comm, "a<b>&\\x1b");
	assert_int_equal(heatmap.rows[0].n_cells, 2);
	/* No more pages are fast than there are; without a rate none is known. */
	assert_int_equal(heatmap.rows[0].cells[0].fast_pages, 16);
	assert_int_equal(heatmap.rows[0].cells[1].pages, 0);
	assert_int_equal(heatmap.rows[0].cells[1].fast_pages, 0);
	heatmap_free(&heatmap);
}

static void test_share(void **state)
{
	/* 4/s all fast, 1/s and 1/s not: 4 of 6 accesses. */
	static const int rates[] = { 512, 0, 0, INT32_MIN }, fast[] = { 16, 0, 0, 0 };
	struct heatmap heatmap = { 0 };

	(void)state;
	add_row(&heatmap, 1, 0x10000, 4, rates, fast);
	assert_int_equal(heatmap_row_share(&heatmap.rows[0]), 666667);
	heatmap_free(&heatmap);
}

static void test_scale(void **state)
{
	static const int warm[] = { -300, 100 }, hot[] = { 100, 2600 }, fast[] = { 0, 0 };
	struct heatmap heatmap = { 0 };
	struct heatmap_scale scale = { 0 };

	(void)state;
	add_row(&heatmap, 1, 0x10000, 2, warm, fast);
	add_row(&heatmap, 2, 0x10000, 2, hot, fast);
	assert_true(heatmap_scale_fit(&scale, &heatmap.rows[0]));
	assert_int_equal(scale.low, -512);
	assert_int_equal(scale.high, 256);
	assert_false(heatmap_scale_fit(&scale, &heatmap.rows[0]));
	assert_int_equal(heatmap_scale_step(&scale, -9999, 6), 0);
	assert_int_equal(heatmap_scale_step(&scale, -512, 6), 0);
	assert_int_equal(heatmap_scale_step(&scale, 0, 6), 4);
	assert_int_equal(heatmap_scale_step(&scale, 9999, 6), 5);
	/* At most ten octaves: the coldest end gives way. */
	assert_true(heatmap_scale_fit(&scale, &heatmap.rows[1]));
	assert_int_equal(scale.high, 2816);
	assert_int_equal(scale.low, 256);
	heatmap_free(&heatmap);
}

static void test_grid(void **state)
{
	static const int rates[] = { 0, 256, 512, 768 }, fast[] = { 0, 16, 0, 16 };
	struct heatmap heatmap = { 0 };
	struct heatmap_grid grid;

	(void)state;
	/* The mapping begins one and a half cells later in the second window. */
	add_row(&heatmap, 1, 0x100000, 4, rates, fast);
	add_row(&heatmap, 2, 0x100000 + 24 * PAGE, 4, rates, fast);
	assert_int_equal(heatmap_grid_make(&heatmap, &grid), 0);
	assert_int_equal(grid.n_rows, 2);
	assert_int_equal(grid.n_columns, 4);
	/* Half of 2/s and half of 4/s are 3/s: 8 of 16 pages are fast. */
	assert_int_equal(grid.cells[0].pages, 16);
	assert_int_equal(grid.cells[0].fast_pages, 8);
	assert_int_equal(grid.cells[0].rate, 406);
	/* What had not been mapped then is unknown. */
	assert_int_equal(grid.cells[2].pages, 8);
	assert_int_equal(grid.cells[3].pages, 0);
	assert_memory_equal(&grid.cells[4], heatmap.rows[1].cells, 4 * sizeof(struct heatmap_cell));
	free(grid.cells);
	heatmap_free(&heatmap);
	assert_int_equal(heatmap_grid_make(&heatmap, &grid), 0);
	assert_int_equal(grid.n_rows, 0);
	free(grid.cells);
}

static void test_merge(void **state)
{
	static const int rates[] = { 0, 512, INT32_MIN, INT32_MIN, 256 };
	static const int fast[] = { 0, 16, 0, 0, 4 };
	struct heatmap_cell cells[HEATMAP_COLUMNS_MAX];
	struct heatmap heatmap = { 0 };

	(void)state;
	add_row(&heatmap, 1, 0x10000, 5, rates, fast);
	assert_int_equal(heatmap_row_merge(&heatmap.rows[0], 2, cells), 3);
	assert_int_equal(cells[0].pages, 32);
	assert_int_equal(cells[0].fast_pages, 16);
	assert_int_equal(cells[0].rate, 338); /* 2.5/s */
	assert_int_equal(cells[1].pages, 0);
	assert_int_equal(cells[2].pages, 16);
	assert_int_equal(cells[2].rate, 256);
	assert_int_equal(cells[2].end, 0x10000 + 5 * 16 * PAGE);
	heatmap_free(&heatmap);
}

/* Three windows of two cells: heat moves from the lower to the upper one. */
static void make(struct heatmap *heatmap)
{
	static const int before[] = { 1024, -1024 }, after[] = { -1024, 1024 };
	static const int lower[] = { 16, 0 }, upper[] = { 0, 16 };

	add_row(heatmap, 41, 0x7f0000000000, 2, before, lower);
	add_row(heatmap, 42, 0x7f0000000000, 2, after, lower);
	add_row(heatmap, 43, 0x7f0000000000, 2, after, upper);
}

static size_t count(const char *text, const char *part)
{
	size_t n = 0;

	for (; (text = strstr(text, part)); text += strlen(part))
		n++;
	return n;
}

static void test_svg(void **state)
{
	struct heatmap heatmap = { 0 };
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	make(&heatmap);
	assert_int_equal(heatmap_svg_write(&heatmap, out), 0);
	fclose(out);
	assert_int_equal(strncmp(text, "<svg xmlns=", 11), 0);
	assert_string_equal(text + size - 7, "</svg>\n");
	/* The name is escaped for XML, and closed tags are as many as opened. */
	assert_non_null(strstr(text, "a&lt;b&gt;&amp;\\x1b, pid 7: heat"));
	assert_int_equal(count(text, "<text "), count(text, "</text>"));
	assert_int_equal(count(text, "<"), count(text, ">"));
	/* Axes and legend. */
	assert_non_null(strstr(text, ">0x7f0000000000<"));
	assert_non_null(strstr(text, ">0x7f0000020000<"));
	assert_int_equal(count(text, ">41<") + count(text, ">42<") + count(text, ">43<"), 3);
	assert_non_null(strstr(text, ">window<"));
	assert_non_null(strstr(text, ">unknown<"));
	assert_non_null(strstr(text, ">1.00/s<"));
	free(text);
	heatmap_free(&heatmap);
}

/* Where test_png() looks: the middle of cells in the panels of heatmap_picture.c. */
enum { X_41 = 368, X_43 = 1041, HEAT_UPPER = 196, HEAT_LOWER = 396 };
enum { PLACE_UPPER = 611, PLACE_LOWER = 721, SHARE_MIDDLE = 881 };

static struct rgb pixel(const unsigned char *pixels, int x, int y)
{
	const unsigned char *at = pixels + 3 * (y * PICTURE_WIDTH + x);

	return (struct rgb){ at[0], at[1], at[2] };
}

static void expect(const unsigned char *pixels, int x, int y, struct rgb colour)
{
	struct rgb got = pixel(pixels, x, y);

	if (memcmp(&got, &colour, sizeof(got)) != 0)
		fail_msg("%d, %d: %d %d %d, expected %d %d %d", x, y, got.r, got.g, got.b, colour.r,
			 colour.g, colour.b);
}

static void check_pixels(const unsigned char *pixels)
{
	/* The scale spans nine octaves; the hot cells are where the last begins. */
	struct rgb hot = heatmap_heat_colour(8 * 64 / 9), cold = heatmap_heat_colour(0);
	struct rgb fast = heatmap_place_colour(1000000), slow = heatmap_place_colour(0);

	expect(pixels, 1, 1, (struct rgb){ 255, 255, 255 });
	expect(pixels, X_41, HEAT_LOWER, hot);
	expect(pixels, X_41, HEAT_UPPER, cold);
	expect(pixels, X_43, HEAT_LOWER, cold);
	expect(pixels, X_43, HEAT_UPPER, hot);
	expect(pixels, X_41, PLACE_LOWER, fast);
	expect(pixels, X_41, PLACE_UPPER, slow);
	expect(pixels, X_43, PLACE_UPPER, fast);
	/* Of the second window nearly all accesses went to slow memory: no bar. */
	expect(pixels, X_41, SHARE_MIDDLE - 5, fast);
	expect(pixels, (X_41 + X_43) / 2, SHARE_MIDDLE - 5, (struct rgb){ 255, 255, 255 });
}

static void test_png(void **state)
{
	png_image image = { .version = PNG_IMAGE_VERSION };
	struct heatmap heatmap = { 0 };
	FILE *file = tmpfile();
	unsigned char *pixels;

	(void)state;
	make(&heatmap);
	assert_int_equal(heatmap_png_write(&heatmap, file), 0);
	rewind(file);
	assert_true(png_image_begin_read_from_stdio(&image, file));
	assert_int_equal(image.width, PICTURE_WIDTH);
	assert_int_equal(image.height, PICTURE_HEIGHT);
	image.format = PNG_FORMAT_RGB;
	pixels = malloc(PNG_IMAGE_SIZE(image));
	assert_true(png_image_finish_read(&image, NULL, pixels, 0, NULL));
	check_pixels(pixels);
	free(pixels);
	fclose(file);
	heatmap_free(&heatmap);
}

static void test_full_disk(void **state)
{
	struct heatmap heatmap = { 0 };
	FILE *full = fopen("/dev/full", "we");

	(void)state;
	make(&heatmap);
	assert_non_null(full);
	assert_int_equal(heatmap_svg_write(&heatmap, full), -EIO);
	fclose(full);
	full = fopen("/dev/full", "we");
	assert_int_equal(heatmap_png_write(&heatmap, full), -EIO);
	fclose(full);
	heatmap_free(&heatmap);
}

/* No windows, no cells, more windows and cells than pixels: nothing is drawn outside. */
static void test_extremes(void **state)
{
	static const int fast[HEATMAP_COLUMNS_MAX];
	int rates[HEATMAP_COLUMNS_MAX] = { 0 };
	struct heatmap heatmap = { 0 };
	FILE *file = tmpfile();
	uint64_t window;

	(void)state;
	assert_int_equal(heatmap_png_write(&heatmap, file), 0);
	add_row(&heatmap, 1, 0, 0, rates, fast);
	assert_int_equal(heatmap_png_write(&heatmap, file), 0);
	for (window = 2; window < 1200; window++)
		add_row(&heatmap, window, window * PAGE, 5, rates, fast);
	assert_int_equal(heatmap_png_write(&heatmap, file), 0);
	add_row(&heatmap, window, 0, HEATMAP_COLUMNS_MAX, rates, fast);
	assert_int_equal(heatmap_png_write(&heatmap, file), 0);
	fclose(file);
	heatmap_free(&heatmap);
}

/* Every letter is one of its own. */
static void test_font(void **state)
{
	char a, b;

	(void)state;
	for (a = '!'; a <= '~'; a++) {
		for (b = a; b <= '~'; b++) {
			int row, column, differ = 0, set = 0;

			for (row = 0; row < FONT_HEIGHT; row++) {
				for (column = 0; column < FONT_WIDTH; column++) {
					bool bit = heatmap_font_bit(a, row, column);

					set += bit;
					differ += bit != heatmap_font_bit(b, row, column);
				}
			}
			assert_true(set > 0);
			if (a != b && !differ)
				fail_msg("'%c' looks like '%c'", a, b);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_add),      cmocka_unit_test(test_share),
		cmocka_unit_test(test_scale),    cmocka_unit_test(test_grid),
		cmocka_unit_test(test_merge),    cmocka_unit_test(test_svg),
		cmocka_unit_test(test_png),      cmocka_unit_test(test_full_disk),
		cmocka_unit_test(test_extremes), cmocka_unit_test(test_font),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
