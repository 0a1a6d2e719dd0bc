// SPDX-License-Identifier: GPL-2.0-only
#include "heatmap_picture.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "format.h"

/* Where things are, in pixels. */
#define LEFT 200
#define RIGHT 1210
#define LEGEND (RIGHT + 24)
#define LEGEND_WIDTH 18
#define HEAT_TOP 96
#define HEAT_HEIGHT 400
#define PLACE_TOP 556
#define PLACE_HEIGHT 220
#define SHARE_TOP 836
#define SHARE_HEIGHT 90
#define TICK 6

/* More labels than these would touch one another. */
#define WINDOW_LABELS 12
#define HEAT_LABELS 8
#define PLACE_LABELS 4

static const struct rgb ink = { 60, 60, 60 };
static const struct rgb paper = { 255, 255, 255 };
static const struct rgb rule = { 200, 200, 200 };

struct picture {
	const struct heatmap *heatmap;
	struct heatmap_grid grid;
	struct heatmap_scale scale;
	const struct picture_ops *ops;
	void *arg;
};

struct panel {
	const char *title;
	int top;
	int height;
	unsigned int labels;
	struct rgb (*colour)(const struct picture *picture, const struct heatmap_cell *cell);
};

static void rect(const struct picture *p, int x, int y, int width, int height, struct rgb colour)
{
	if (width > 0 && height > 0)
		p->ops->rect(p->arg, x, y, width, height, colour);
}

static void text(const struct picture *p, int x, int y, enum picture_anchor anchor,
		 const char *words)
{
	p->ops->text(p->arg, x, y, anchor, 2, words);
}

/* Where the @i-th of @n equal parts of @length begins. */
static int part(int length, size_t i, size_t n)
{
	return (int)((uint64_t)length * i / n);
}

static int x_of(const struct picture *p, size_t row)
{
	return LEFT + part(RIGHT - LEFT, row, p->grid.n_rows);
}

/* Addresses grow upwards. */
static int y_of(const struct picture *p, const struct panel *panel, size_t column)
{
	return panel->top + panel->height - part(panel->height, column, p->grid.n_columns);
}

static struct rgb heat_colour(const struct picture *p, const struct heatmap_cell *cell)
{
	if (!cell->pages)
		return heatmap_unknown_colour();
	return heatmap_heat_colour(heatmap_scale_step(&p->scale, cell->rate, HEATMAP_SHADES));
}

static struct rgb place_colour(const struct picture *p, const struct heatmap_cell *cell)
{
	(void)p;
	if (!cell->pages)
		return heatmap_unknown_colour();
	return heatmap_place_colour(format_share(cell->fast_pages, cell->pages));
}

static struct rgb colour_at(const struct picture *p, const struct panel *panel, size_t row,
			    size_t column)
{
	return panel->colour(p, &p->grid.cells[row * p->grid.n_columns + column]);
}

static bool same(struct rgb a, struct rgb b)
{
	return a.r == b.r && a.g == b.g && a.b == b.b;
}

/* Cells of one colour that follow each other in time are one rectangle. */
static void draw_cells(const struct picture *p, const struct panel *panel)
{
	size_t row, column, end;

	for (column = 0; column < p->grid.n_columns; column++) {
		int top = y_of(p, panel, column + 1);
		int height = y_of(p, panel, column) - top;

		for (row = 0; row < p->grid.n_rows; row = end) {
			struct rgb colour = colour_at(p, panel, row, column);

			for (end = row + 1; end < p->grid.n_rows; end++)
				if (!same(colour_at(p, panel, end, column), colour))
					break;
			rect(p, x_of(p, row), top, x_of(p, end) - x_of(p, row), height, colour);
		}
	}
}

static void draw_frame(const struct picture *p, int top, int height, const char *title)
{
	text(p, LEFT, top - 18, PICTURE_START, title);
	rect(p, LEFT - 1, top - 1, RIGHT - LEFT + 2, 1, ink);
	rect(p, LEFT - 1, top + height, RIGHT - LEFT + 2, 1, ink);
	rect(p, LEFT - 1, top - 1, 1, height + 2, ink);
	rect(p, RIGHT, top - 1, 1, height + 2, ink);
}

/* Cells are laid end to end: a line where addresses are left out between two. */
static void draw_gaps(const struct picture *p, const struct panel *panel)
{
	const struct heatmap_cell *cells = p->grid.cells;
	size_t i;

	for (i = 0; i + 1 < p->grid.n_columns; i++)
		if (cells[i].end != cells[i + 1].start)
			rect(p, LEFT, y_of(p, panel, i + 1), RIGHT - LEFT, 1, paper);
}

static void draw_addresses(const struct picture *p, const struct panel *panel)
{
	size_t n = p->grid.n_columns, labels = panel->labels, i;
	char label[24];

	if (!n)
		return;
	if (labels > n)
		labels = n;
	for (i = 0; i <= labels; i++) {
		size_t column = i * n / labels;
		int y = y_of(p, panel, column);

		snprintf(label, sizeof(label), "%#" PRIx64,
			 column < n ? p->grid.cells[column].start : p->grid.cells[n - 1].end);
		rect(p, LEFT - TICK, y, TICK, 1, ink);
		text(p, LEFT - TICK - 6, y, PICTURE_END, label);
	}
}

static void draw_panel(const struct picture *p, const struct panel *panel)
{
	rect(p, LEFT, panel->top, RIGHT - LEFT, panel->height, heatmap_unknown_colour());
	draw_cells(p, panel);
	draw_gaps(p, panel);
	draw_frame(p, panel->top, panel->height, panel->title);
	draw_addresses(p, panel);
}

static void draw_heat_legend(const struct picture *p)
{
	int octaves = (p->scale.high - p->scale.low) / 256, i;
	char label[48];

	for (i = 0; i < HEATMAP_SHADES; i++) {
		int y = HEAT_TOP + part(HEAT_HEIGHT, (size_t)i, HEATMAP_SHADES);

		rect(p, LEGEND, y, LEGEND_WIDTH,
		     HEAT_TOP + part(HEAT_HEIGHT, (size_t)i + 1, HEATMAP_SHADES) - y,
		     heatmap_heat_colour(HEATMAP_SHADES - 1 - (unsigned int)i));
	}
	for (i = 0; octaves && i <= octaves; i += octaves > 5 ? 2 : 1) {
		int y = HEAT_TOP + HEAT_HEIGHT - part(HEAT_HEIGHT, (size_t)i, (size_t)octaves);

		snprintf(label, sizeof(label), "%s/s", RATE(p->scale.low + i * 256));
		rect(p, LEGEND + LEGEND_WIDTH, y, TICK, 1, ink);
		text(p, LEGEND + LEGEND_WIDTH + TICK + 6, y, PICTURE_START, label);
	}
	rect(p, LEGEND, HEAT_TOP + HEAT_HEIGHT + 14, LEGEND_WIDTH, LEGEND_WIDTH,
	     heatmap_unknown_colour());
	text(p, LEGEND + LEGEND_WIDTH + 8, HEAT_TOP + HEAT_HEIGHT + 14 + LEGEND_WIDTH / 2,
	     PICTURE_START, "unknown");
}

static void draw_place_legend(const struct picture *p)
{
	static const char *const labels[] = { "0 %", "50 %", "100 %" };
	int i;

	for (i = 0; i < PLACE_HEIGHT; i++)
		rect(p, LEGEND, PLACE_TOP + i, LEGEND_WIDTH, 1,
		     heatmap_place_colour((uint64_t)(PLACE_HEIGHT - 1 - i) * 1000000 /
					  (PLACE_HEIGHT - 1)));
	for (i = 0; i < 3; i++) {
		int y = PLACE_TOP + PLACE_HEIGHT - part(PLACE_HEIGHT, (size_t)i, 2);

		rect(p, LEGEND + LEGEND_WIDTH, y, TICK, 1, ink);
		text(p, LEGEND + LEGEND_WIDTH + TICK + 6, y, PICTURE_START, labels[i]);
	}
}

static void draw_share(const struct picture *p)
{
	static const char *const labels[] = { "0 %", "50 %", "100 %" };
	size_t row;
	int i;

	for (i = 0; i < 3; i++) {
		int y = SHARE_TOP + SHARE_HEIGHT - part(SHARE_HEIGHT, (size_t)i, 2);

		rect(p, LEFT, y, RIGHT - LEFT, 1, rule);
		rect(p, LEFT - TICK, y, TICK, 1, ink);
		text(p, LEFT - TICK - 6, y, PICTURE_END, labels[i]);
	}
	for (row = 0; row < p->grid.n_rows; row++) {
		uint64_t ppm = heatmap_row_share(&p->heatmap->rows[row]);
		int height = (int)(ppm * SHARE_HEIGHT / 1000000);
		int gap = x_of(p, row + 1) - x_of(p, row) > 4;

		rect(p, x_of(p, row), SHARE_TOP + SHARE_HEIGHT - height,
		     x_of(p, row + 1) - x_of(p, row) - gap, height, heatmap_place_colour(1000000));
	}
	draw_frame(p, SHARE_TOP, SHARE_HEIGHT,
		   "Share of accesses that go to the fastest tier, by estimate");
}

/* Under the lowest panel, for all three. */
static void draw_windows(const struct picture *p)
{
	size_t n = p->grid.n_rows, step = (n + WINDOW_LABELS - 1) / WINDOW_LABELS, row;
	int bottom = SHARE_TOP + SHARE_HEIGHT;
	char label[24];

	for (row = 0; row < n; row += step) {
		int x = (x_of(p, row) + x_of(p, row + 1)) / 2;

		snprintf(label, sizeof(label), "%" PRIu64, p->heatmap->rows[row].window);
		rect(p, x, bottom, 1, TICK, ink);
		text(p, x, bottom + TICK + 12, PICTURE_MIDDLE, label);
	}
	text(p, (LEFT + RIGHT) / 2, bottom + TICK + 38, PICTURE_MIDDLE, "window");
}

static void draw_title(const struct picture *p)
{
	const struct heatmap *heatmap = p->heatmap;
	char title[160];

	snprintf(title, sizeof(title), "%s, pid %" PRIu64 ": heat and placement of its memory",
		 heatmap->comm, heatmap->pid);
	p->ops->text(p->arg, LEFT, 32, PICTURE_START, 3, title);
}

int heatmap_picture_draw(const struct heatmap *heatmap, const struct picture_ops *ops, void *arg)
{
	static const struct panel panels[] = {
		{ "Accesses per second and page, mean of each cell", HEAT_TOP, HEAT_HEIGHT,
		  HEAT_LABELS, heat_colour },
		{ "Share of pages that are on the fastest tier", PLACE_TOP, PLACE_HEIGHT,
		  PLACE_LABELS, place_colour },
	};
	struct picture picture = { .heatmap = heatmap, .ops = ops, .arg = arg };
	size_t i;
	int err;

	err = heatmap_grid_make(heatmap, &picture.grid);
	if (err < 0)
		return err;
	for (i = 0; i < heatmap->n_rows; i++)
		heatmap_scale_fit(&picture.scale, &heatmap->rows[i]);
	rect(&picture, 0, 0, PICTURE_WIDTH, PICTURE_HEIGHT, paper);
	draw_title(&picture);
	for (i = 0; i < sizeof(panels) / sizeof(panels[0]); i++)
		draw_panel(&picture, &panels[i]);
	draw_heat_legend(&picture);
	draw_place_legend(&picture);
	draw_share(&picture);
	draw_windows(&picture);
	free(picture.grid.cells);
	return 0;
}
