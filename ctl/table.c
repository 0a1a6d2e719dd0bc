// SPDX-License-Identifier: GPL-2.0-only
#include "table.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "util/cleanup.h"

/* Between two columns. */
#define GAP 2

struct table {
	const struct table_column *columns;
	size_t n_columns;
	char **cells;
	size_t n_cells;
	size_t size;
	bool lost;
};

struct table *table_new(const struct table_column *columns, size_t n_columns)
{
	struct table *table = calloc(1, sizeof(*table));

	if (!table)
		return NULL;
	table->columns = columns;
	table->n_columns = n_columns;
	return table;
}

void table_free(struct table *table)
{
	size_t i;

	if (!table)
		return;
	for (i = 0; i < table->n_cells; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

static bool grow(struct table *table)
{
	size_t size = table->size ? table->size * 2 : 64;
	char **cells;

	if (table->n_cells < table->size)
		return true;
	cells = realloc(table->cells, size * sizeof(*cells));
	if (!cells)
		return false;
	table->cells = cells;
	table->size = size;
	return true;
}

void table_add(struct table *table, const char *format, ...)
{
	va_list args;
	char *text;
	int n;

	va_start(args, format);
	n = vasprintf(&text, format, args);
	va_end(args);
	if (n < 0 || !grow(table)) {
		if (n >= 0)
			free(text);
		table->lost = true;
		return;
	}
	table->cells[table->n_cells++] = text;
}

static size_t widest(const struct table *table, size_t column)
{
	size_t width = strlen(table->columns[column].title), i;

	for (i = column; i < table->n_cells; i += table->n_columns)
		if (strlen(table->cells[i]) > width)
			width = strlen(table->cells[i]);
	return width;
}

/* Takes from the columns that shrink, the widest first, until the row fits. */
static void fit(const struct table *table, size_t *widths, size_t page)
{
	size_t total = GAP * (table->n_columns - 1), i, most;

	for (i = 0; i < table->n_columns; i++)
		total += widths[i];
	for (; total > page; total--) {
		most = table->n_columns;
		for (i = 0; i < table->n_columns; i++) {
			if (!table->columns[i].at_least || widths[i] <= table->columns[i].at_least)
				continue;
			if (most == table->n_columns || widths[i] > widths[most])
				most = i;
		}
		if (most == table->n_columns)
			return;
		widths[most]--;
	}
}

static void print_cell(FILE *out, const struct table_column *column, const char *text, size_t width,
		       bool last)
{
	size_t length = strlen(text);

	if (length > width && column->keep_tail)
		fprintf(out, "~%s", text + length - width + 1);
	else if (length > width)
		fprintf(out, "%.*s~", (int)width - 1, text);
	else if (column->right)
		fprintf(out, "%*s", (int)width, text);
	else
		fprintf(out, "%-*s", last ? 0 : (int)width, text);
}

/* Blanks at the end of a line help nobody: the rest of a row of empty cells is left out. */
static void print_row(const struct table *table, FILE *out, const char *indent,
		      const size_t *widths, char *const *cells)
{
	size_t i, n = table->n_columns;

	while (n && !(cells ? cells[n - 1][0] : table->columns[n - 1].title[0]))
		n--;
	fputs(n ? indent : "", out);
	for (i = 0; i < n; i++) {
		if (i)
			fprintf(out, "%*s", GAP, "");
		print_cell(out, &table->columns[i], cells ? cells[i] : table->columns[i].title,
			   widths[i], i + 1 == n);
	}
	fputc('\n', out);
}

int table_print(const struct table *table, FILE *out, const char *indent, size_t width)
{
	auto_free size_t *widths = calloc(table->n_columns, sizeof(*widths));
	bool titled = false;
	size_t i;

	if (!widths || table->lost)
		return -ENOMEM;
	for (i = 0; i < table->n_columns; i++) {
		widths[i] = widest(table, i);
		titled |= table->columns[i].title[0] != '\0';
	}
	fit(table, widths, width > strlen(indent) ? width - strlen(indent) : 0);
	if (titled)
		print_row(table, out, indent, widths, NULL);
	for (i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns)
		print_row(table, out, indent, widths, table->cells + i);
	return 0;
}

/* Up to and with the next ", ", or all. */
static size_t item_length(const char *text)
{
	const char *comma = strstr(text, ", ");

	return comma ? (size_t)(comma - text) + 2 : strlen(text);
}

void table_print_list(FILE *out, const char *text, size_t column)
{
	size_t at = column;

	for (; *text; text += item_length(text)) {
		size_t length = item_length(text), visible = length;

		while (visible && text[visible - 1] == ' ')
			visible--;
		if (at > column && at + visible > TABLE_WIDTH) {
			fprintf(out, "\n%*s", (int)column, "");
			at = column;
		}
		/* The blank behind a comma only when something follows in this line. */
		if (text[length] && at + length + item_length(text + length) > TABLE_WIDTH + 1)
			length = visible;
		fprintf(out, "%.*s", (int)length, text);
		at += length;
	}
	fputc('\n', out);
}

size_t table_wrap(const char *text, size_t width, const char **ret_next)
{
	size_t length = strlen(text), cut = width;

	if (length <= width) {
		*ret_next = text + length;
		return length;
	}
	while (cut && text[cut] != ' ')
		cut--;
	/* A word that is longer than a line is cut. */
	if (!cut) {
		*ret_next = text + width;
		return width;
	}
	*ret_next = text + cut + strspn(text + cut, " ");
	while (cut > 1 && text[cut - 1] == ' ')
		cut--;
	return cut;
}

void table_print_text(FILE *out, const char *text, size_t column)
{
	const char *next = text;

	do {
		size_t n = table_wrap(text, TABLE_WIDTH - column, &next);

		fprintf(out, "%.*s\n", (int)n, text);
		if (*next)
			fprintf(out, "%*s", (int)column, "");
		text = next;
	} while (*next);
}

size_t table_page_width(FILE *out)
{
	struct winsize size;

	if (isatty(fileno(out)) && ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col)
		return size.ws_col;
	return TABLE_WIDTH;
}
