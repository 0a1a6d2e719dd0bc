/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * table.h - text in columns that are as wide as what stands in them.
 *
 * Cells are added row by row, and printed when all are known. When a row would
 * be wider than the page, columns that shrink give way, to @at_least at most:
 * what is cut ends in '~', or begins with it in columns that keep their tail.
 */
#ifndef TIERED_CTL_TABLE_H
#define TIERED_CTL_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* A page: what fits on the smallest terminal people use. */
#define TABLE_WIDTH 80

struct table;

struct table_column {
	const char *title;
	bool right;
	bool keep_tail;
	unsigned char at_least; /* 0: never shrinks */
};

/* @columns stays the caller's, and must live as long. NULL when there is no memory. */
struct table *table_new(const struct table_column *columns, size_t n_columns);
void table_free(struct table *table);

/* The next cell, left to right and down. The text is taken as it is: escape names before. */
void table_add(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Prints titles and rows, each after @indent. Titles are left out when none is
 * set. 0, or -ENOMEM when a cell was lost.
 */
int table_print(const struct table *table, FILE *out, const char *indent, size_t width);

/*
 * Prints @text where @column characters stand in the line already, and ends the
 * line. What does not fit goes on below, broken behind a comma.
 */
void table_print_list(FILE *out, const char *text, size_t column);

/* The same for sentences, broken at blanks. */
void table_print_text(FILE *out, const char *text, size_t column);

/* How many bytes of @text go on a line of @width, and where the next line starts. */
size_t table_wrap(const char *text, size_t width, const char **ret_next);

/* Width of @out when it is a terminal, else TABLE_WIDTH. */
size_t table_page_width(FILE *out);

#endif
