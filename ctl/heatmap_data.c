// SPDX-License-Identifier: GPL-2.0-only
#include "heatmap_data.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "answer.h"
#include "format.h"

#define PER_OCTAVE 256

/* Colours span at most so many octaves below the hottest: what is colder is cold. */
#define SCALE_OCTAVES 10

static void read_cell(struct json_object *json, struct heatmap_cell *cell)
{
	cell->start = answer_address(json, "start");
	cell->end = answer_address(json, "end");
	cell->rate = (int32_t)answer_signed(json, "rate");
	/* Without a rate no page is known, whatever is said of them. */
	cell->pages = answer_at(json, "rate") ? answer_number(json, "pages") : 0;
	cell->fast_pages = cell->pages ? answer_number(json, "fast_pages") : 0;
	if (cell->fast_pages > cell->pages)
		cell->fast_pages = cell->pages;
}

static int grow(struct heatmap *heatmap)
{
	size_t size = heatmap->size ? heatmap->size * 2 : 32;
	struct heatmap_row *rows;

	if (heatmap->n_rows < heatmap->size)
		return 0;
	if (heatmap->n_rows >= HEATMAP_ROWS_MAX)
		return -ENOSPC;
	rows = realloc(heatmap->rows, size * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	heatmap->rows = rows;
	heatmap->size = size;
	return 0;
}

int heatmap_add(struct heatmap *heatmap, struct json_object *answer)
{
	struct json_object *cells = answer_at(answer, "cells");
	uint64_t window = answer_number(answer, "window");
	size_t n = answer_length(cells), i;
	struct heatmap_row *row;
	int err;

	if (heatmap->n_rows && heatmap->rows[heatmap->n_rows - 1].window == window)
		return 0;
	err = grow(heatmap);
	if (err < 0)
		return err;
	if (n > HEATMAP_COLUMNS_MAX)
		n = HEATMAP_COLUMNS_MAX;
	row = &heatmap->rows[heatmap->n_rows];
	row->cells = calloc(n + 1, sizeof(*row->cells));
	if (!row->cells)
		return -ENOMEM;
	row->window = window;
	row->n_cells = n;
	for (i = 0; i < n; i++)
		read_cell(answer_element(cells, i), &row->cells[i]);
	heatmap->n_rows++;
	heatmap->pid = answer_number(answer, "pid");
	format_text(answer_text(answer, "comm"), heatmap->comm, sizeof(heatmap->comm));
	return 1;
}

void heatmap_free(struct heatmap *heatmap)
{
	size_t i;

	for (i = 0; i < heatmap->n_rows; i++)
		free(heatmap->rows[i].cells);
	free(heatmap->rows);
	*heatmap = (struct heatmap){ 0 };
}

bool heatmap_same_cells(const struct heatmap_row *a, const struct heatmap_row *b)
{
	size_t i;

	if (a->n_cells != b->n_cells)
		return false;
	for (i = 0; i < a->n_cells; i++)
		if (a->cells[i].start != b->cells[i].start || a->cells[i].end != b->cells[i].end)
			return false;
	return true;
}

uint64_t heatmap_row_share(const struct heatmap_row *row)
{
	double all = 0, fast = 0;
	size_t i;

	for (i = 0; i < row->n_cells; i++) {
		const struct heatmap_cell *cell = &row->cells[i];
		double rate = cell->pages ? format_rate_value(cell->rate) : 0;

		all += rate * (double)cell->pages;
		fast += rate * (double)cell->fast_pages;
	}
	return all > 0 ? (uint64_t)(fast / all * 1e6 + 0.5) : 0;
}

static int32_t octave_below(int32_t rate)
{
	return (int32_t)floor((double)rate / PER_OCTAVE) * PER_OCTAVE;
}

bool heatmap_scale_fit(struct heatmap_scale *scale, const struct heatmap_row *row)
{
	struct heatmap_scale before = *scale;
	bool empty = scale->low == scale->high;
	size_t i;

	for (i = 0; i < row->n_cells; i++) {
		int32_t below = octave_below(row->cells[i].rate);

		if (!row->cells[i].pages)
			continue;
		if (empty || below < scale->low)
			scale->low = below;
		if (empty || below + PER_OCTAVE > scale->high)
			scale->high = below + PER_OCTAVE;
		empty = false;
	}
	if (scale->high - scale->low > SCALE_OCTAVES * PER_OCTAVE)
		scale->low = scale->high - SCALE_OCTAVES * PER_OCTAVE;
	return scale->low != before.low || scale->high != before.high;
}

unsigned int heatmap_scale_step(const struct heatmap_scale *scale, int32_t rate, unsigned int steps)
{
	int64_t span = (int64_t)scale->high - scale->low;
	int64_t step;

	if (span <= 0 || rate <= scale->low)
		return 0;
	step = ((int64_t)rate - scale->low) * steps / span;
	return step < steps ? (unsigned int)step : steps - 1;
}

/* What is known of a piece of address space, while pieces of others are added to it. */
struct mixture {
	double pages;
	double fast;
	double accesses;
};

static void mix(struct mixture *mixture, const struct heatmap_cell *from, double part)
{
	mixture->pages += part * (double)from->pages;
	mixture->fast += part * (double)from->fast_pages;
	mixture->accesses += part * (double)from->pages * format_rate_value(from->rate);
}

/* Less than half a page is rounding, not knowledge. */
static struct heatmap_cell mixed(const struct mixture *mixture, uint64_t start, uint64_t end)
{
	struct heatmap_cell cell = { .start = start, .end = end };

	if (mixture->pages < 0.5 || mixture->accesses <= 0)
		return cell;
	cell.pages = (uint64_t)(mixture->pages + 0.5);
	cell.fast_pages = (uint64_t)(mixture->fast + 0.5);
	cell.rate = (int32_t)lround(log2(mixture->accesses / mixture->pages) * PER_OCTAVE);
	return cell;
}

/* What of @row lies in @into, as if the pages of each cell were spread evenly. */
static struct heatmap_cell resample(const struct heatmap_row *row, const struct heatmap_cell *into)
{
	struct mixture mixture = { 0 };
	size_t i;

	for (i = 0; i < row->n_cells; i++) {
		const struct heatmap_cell *from = &row->cells[i];
		uint64_t start = from->start > into->start ? from->start : into->start;
		uint64_t end = from->end < into->end ? from->end : into->end;

		if (start < end && from->pages)
			mix(&mixture, from,
			    (double)(end - start) / (double)(from->end - from->start));
	}
	return mixed(&mixture, into->start, into->end);
}

size_t heatmap_row_merge(const struct heatmap_row *row, size_t factor,
			 struct heatmap_cell cells[HEATMAP_COLUMNS_MAX])
{
	size_t i, j, n = 0;

	for (i = 0; i < row->n_cells && n < HEATMAP_COLUMNS_MAX; i += factor) {
		struct mixture mixture = { 0 };

		for (j = i; j < i + factor && j < row->n_cells; j++)
			if (row->cells[j].pages)
				mix(&mixture, &row->cells[j], 1);
		cells[n++] = mixed(&mixture, row->cells[i].start, row->cells[j - 1].end);
	}
	return n;
}

int heatmap_grid_make(const struct heatmap *heatmap, struct heatmap_grid *ret)
{
	const struct heatmap_row *last;
	struct heatmap_grid grid = { .n_rows = heatmap->n_rows };
	size_t row, column;

	if (heatmap->n_rows) {
		last = &heatmap->rows[heatmap->n_rows - 1];
		grid.n_columns = last->n_cells;
	}
	grid.cells = calloc(grid.n_rows * grid.n_columns + 1, sizeof(*grid.cells));
	if (!grid.cells)
		return -ENOMEM;
	for (row = 0; row < grid.n_rows; row++) {
		const struct heatmap_row *from = &heatmap->rows[row];
		bool same = heatmap_same_cells(from, last);

		for (column = 0; column < grid.n_columns; column++) {
			struct heatmap_cell *to = &grid.cells[row * grid.n_columns + column];

			if (same)
				*to = from->cells[column];
			else
				*to = resample(from, &last->cells[column]);
		}
	}
	*ret = grid;
	return 0;
}
