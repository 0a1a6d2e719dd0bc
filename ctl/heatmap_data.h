/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heatmap_data.h - address space by time, in memory.
 *
 * A row is the daemon's answer for one window: the watched mappings laid end
 * to end and cut into cells of equal size. Mappings come and go, so the cells
 * of two rows need not be the same; a grid lays all rows over the cells of the
 * last one.
 */
#ifndef TIERED_CTL_HEATMAP_DATA_H
#define TIERED_CTL_HEATMAP_DATA_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* More than the daemon makes of one answer. */
#define HEATMAP_COLUMNS_MAX 512

/* Rows of one picture: the memory that these and their cells take is small. */
#define HEATMAP_ROWS_MAX 4096

/**
 * struct heatmap_cell - a piece of address space in one window
 * @pages: those with a known rate, 0: nothing is known
 * @rate: of their mean access rate, log2 in 1/256 octaves
 */
struct heatmap_cell {
	uint64_t start;
	uint64_t end;
	uint64_t pages;
	uint64_t fast_pages;
	int32_t rate;
};

struct heatmap_row {
	uint64_t window;
	size_t n_cells;
	struct heatmap_cell *cells;
};

struct heatmap {
	uint64_t pid;
	char comm[64]; /* escaped */
	struct heatmap_row *rows;
	size_t n_rows;
	size_t size;
};

/*
 * Adds the answer as a row, unless its window is that of the last. 1: added, 0:
 * nothing new, -ENOSPC: HEATMAP_ROWS_MAX are there, or -ENOMEM.
 */
int heatmap_add(struct heatmap *heatmap, struct json_object *answer);

void heatmap_free(struct heatmap *heatmap);

/* Do both rows have the same cells? */
bool heatmap_same_cells(const struct heatmap_row *a, const struct heatmap_row *b);

/*
 * Every @factor cells of @row become one, until HEATMAP_COLUMNS_MAX are full.
 * Into @cells; returns how many.
 */
size_t heatmap_row_merge(const struct heatmap_row *row, size_t factor,
			 struct heatmap_cell cells[HEATMAP_COLUMNS_MAX]);

/* Share of the accesses of @row that go to the fastest tier, in millionths; 0 of none. */
uint64_t heatmap_row_share(const struct heatmap_row *row);

/**
 * struct heatmap_scale - what the colours span
 * @low, @high: log2 of the rates, in 1/256 octaves; whole octaves
 */
struct heatmap_scale {
	int32_t low;
	int32_t high;
};

/* Widens @scale so that it covers @row; {0, 0} is an empty one. True: it did. */
bool heatmap_scale_fit(struct heatmap_scale *scale, const struct heatmap_row *row);

/* Where @rate lies, from 0 to @steps - 1. */
unsigned int heatmap_scale_step(const struct heatmap_scale *scale, int32_t rate,
				unsigned int steps);

/* All rows over the cells of the last: [row * n_columns + column]. */
struct heatmap_grid {
	size_t n_rows;
	size_t n_columns;
	struct heatmap_cell *cells;
};

/* 0 or -ENOMEM; an empty heatmap makes an empty grid. */
int heatmap_grid_make(const struct heatmap *heatmap, struct heatmap_grid *ret);

#endif
