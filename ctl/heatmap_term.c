// SPDX-License-Identifier: GPL-2.0-only
#include "heatmap_term.h"

#include <inttypes.h>
#include <langinfo.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"
#include "heatmap_colour.h"

/* Cold to hot, where there are no colours. */
static const char characters[] = " .:-=+*#%@";
#define N_CHARACTERS (sizeof(characters) - 1)

/* What stands beside the cells: the window's number, and the share. */
#define LEFT 8
#define RIGHT 8

#define LOWER_HALF "\xe2\x96\x84"

void heatmap_term_probe(struct heatmap_term *term, bool colour)
{
	const char *kind = getenv("COLORTERM");

	term->colours = HEATMAP_PLAIN;
	if (colour)
		term->colours =
			kind && (strcmp(kind, "truecolor") == 0 || strcmp(kind, "24bit") == 0)
				? HEATMAP_RGB
				: HEATMAP_256;
	term->blocks = colour && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

size_t heatmap_term_columns(size_t width)
{
	size_t columns = width > LEFT + RIGHT + 8 ? width - LEFT - RIGHT : 8;

	return columns < HEATMAP_COLUMNS_MAX ? columns : HEATMAP_COLUMNS_MAX;
}

/* The nearest colour of the 6x6x6 cube that every terminal of 256 colours has. */
static unsigned int cube(struct rgb colour)
{
	unsigned int r = (colour.r * 5 + 127) / 255;
	unsigned int g = (colour.g * 5 + 127) / 255;
	unsigned int b = (colour.b * 5 + 127) / 255;

	return 16 + 36 * r + 6 * g + b;
}

/* @layer: 38 is the foreground, 48 the background. */
static void set_colour(const struct heatmap_term *term, int layer, struct rgb colour)
{
	if (term->colours == HEATMAP_RGB)
		fprintf(term->out, "\033[%d;2;%u;%u;%um", layer, colour.r, colour.g, colour.b);
	else
		fprintf(term->out, "\033[%d;5;%um", layer, cube(colour));
}

static struct rgb heat_of(const struct heatmap_term *term, const struct heatmap_cell *cell)
{
	if (!cell->pages)
		return heatmap_unknown_colour();
	return heatmap_heat_colour(heatmap_scale_step(&term->scale, cell->rate, HEATMAP_SHADES));
}

static struct rgb place_of(const struct heatmap_cell *cell)
{
	if (!cell->pages)
		return heatmap_unknown_colour();
	return heatmap_place_colour(format_share(cell->fast_pages, cell->pages));
}

static bool mostly_fast(const struct heatmap_cell *cell)
{
	return cell->pages && 2 * cell->fast_pages >= cell->pages;
}

/* Heat above, placement below; where blocks are missing, '=' is on the fast tier. */
static void print_coloured(const struct heatmap_term *term, const struct heatmap_cell *cell)
{
	set_colour(term, 48, heat_of(term, cell));
	if (term->blocks) {
		set_colour(term, 38, place_of(cell));
		fputs(LOWER_HALF, term->out);
	} else {
		set_colour(term, 38, (struct rgb){ 0, 255, 255 });
		fputc(mostly_fast(cell) ? '=' : ' ', term->out);
	}
}

static char character_of(const struct heatmap_term *term, const struct heatmap_cell *cell)
{
	if (!cell->pages)
		return '?';
	return characters[heatmap_scale_step(&term->scale, cell->rate, N_CHARACTERS)];
}

/* Where there are no colours a line below the heat tells what is on the fast tier. */
static void print_marks(const struct heatmap_term *term, const struct heatmap_row *row)
{
	size_t i, n = row->n_cells;

	while (n && !mostly_fast(&row->cells[n - 1]))
		n--;
	if (!n)
		return;
	fprintf(term->out, "%*s", LEFT, "");
	for (i = 0; i < n; i++)
		fputc(mostly_fast(&row->cells[i]) ? '^' : ' ', term->out);
	fputc('\n', term->out);
}

static void print_scale(const struct heatmap_term *term)
{
	size_t i;

	fprintf(term->out, "%*s%s/s ", LEFT, "", RATE(term->scale.low));
	for (i = 0; i < (term->colours ? 32 : N_CHARACTERS); i++) {
		if (!term->colours) {
			fputc(characters[i], term->out);
			continue;
		}
		set_colour(term, 48, heatmap_heat_colour((unsigned int)i * 2));
		fputc(' ', term->out);
	}
	fprintf(term->out, "%s %s/s accesses to a page\n", term->colours ? "\033[m" : "",
		RATE(term->scale.high));
}

void heatmap_term_begin(const struct heatmap_term *term, const struct heatmap *heatmap)
{
	fprintf(term->out, "%s, pid %" PRIu64 ": addresses across, one line for each window\n",
		heatmap->comm, heatmap->pid);
	if (!term->colours) {
		fputs("        below the heat ^: on the fast tier; ?: nothing is known\n",
		      term->out);
		return;
	}
	fprintf(term->out, "%*s", LEFT, "");
	if (term->blocks)
		fputs("lower half: ", term->out);
	set_colour(term, 48, heatmap_place_colour(0));
	fputs("\033[30m slow ", term->out);
	set_colour(term, 48, heatmap_place_colour(1000000));
	fputs("\033[97m fast ", term->out);
	set_colour(term, 48, heatmap_unknown_colour());
	fputs("\033[30m nothing known \033[m\n", term->out);
}

static void print_addresses(const struct heatmap_term *term, const struct heatmap_row *row)
{
	char first[24], last[24];
	size_t width = row->n_cells;

	if (!width)
		return;
	snprintf(first, sizeof(first), "%#" PRIx64, row->cells[0].start);
	snprintf(last, sizeof(last), "%#" PRIx64, row->cells[width - 1].end);
	if (width < strlen(first) + strlen(last) + 1)
		width = strlen(first) + strlen(last) + 1;
	fprintf(term->out, "%*s%s%*s%s\n", LEFT - 1, "window ", first, (int)(width - strlen(first)),
		last, "  fast");
}

static void print_row(struct heatmap_term *term, const struct heatmap_row *row, bool addresses)
{
	size_t i;

	if (heatmap_scale_fit(&term->scale, row))
		print_scale(term);
	if (addresses)
		print_addresses(term, row);
	fprintf(term->out, "%*" PRIu64 " ", LEFT - 1, row->window);
	for (i = 0; i < row->n_cells; i++) {
		if (term->colours)
			print_coloured(term, &row->cells[i]);
		else
			fputc(character_of(term, &row->cells[i]), term->out);
	}
	fprintf(term->out, "%s%5.1f %%\n", term->colours ? "\033[m" : "",
		(double)heatmap_row_share(row) / 10000);
	if (!term->colours)
		print_marks(term, row);
}

void heatmap_term_row(struct heatmap_term *term, const struct heatmap *heatmap)
{
	const struct heatmap_row *row = &heatmap->rows[heatmap->n_rows - 1];
	size_t factor = term->columns ? (row->n_cells + term->columns - 1) / term->columns : 1;
	struct heatmap_cell cells[HEATMAP_COLUMNS_MAX];
	struct heatmap_row merged = { .window = row->window, .cells = cells };
	bool addresses = heatmap->n_rows == 1 || !heatmap_same_cells(row, row - 1);

	if (factor > 1) {
		merged.n_cells = heatmap_row_merge(row, factor, cells);
		row = &merged;
	}
	print_row(term, row, addresses);
}
