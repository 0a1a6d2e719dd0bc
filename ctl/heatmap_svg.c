// SPDX-License-Identifier: GPL-2.0-only
/* heatmap_svg.c - the picture as SVG. */
#include <errno.h>

#include "heatmap_picture.h"

/* Height of a line of text by its size. */
static const int font_px[] = { 0, 12, 16, 24 };

static void draw_rect(void *arg, int x, int y, int width, int height, struct rgb colour)
{
	fprintf(arg,
		"<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"#%02x%02x%02x\"/>\n", x,
		y, width, height, colour.r, colour.g, colour.b);
}

/* The text is printable ASCII; what means something to XML is written in its way. */
static void print_escaped(FILE *out, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<':
			fputs("&lt;", out);
			break;
		case '>':
			fputs("&gt;", out);
			break;
		case '&':
			fputs("&amp;", out);
			break;
		default:
			fputc(*text, out);
		}
	}
}

static void draw_text(void *arg, int x, int y, enum picture_anchor anchor, int size,
		      const char *text)
{
	static const char *const anchors[] = { "start", "middle", "end" };

	fprintf(arg, "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\" font-size=\"%d\">", x,
		y + font_px[size] / 3, anchors[anchor], font_px[size]);
	print_escaped(arg, text);
	fputs("</text>\n", arg);
}

int heatmap_svg_write(const struct heatmap *heatmap, FILE *out)
{
	static const struct picture_ops ops = { draw_rect, draw_text };
	int err;

	fprintf(out,
		"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" "
		"height=\"%d\"\n     font-family=\"sans-serif\" fill=\"#3c3c3c\" "
		"shape-rendering=\"crispEdges\">\n",
		PICTURE_WIDTH, PICTURE_HEIGHT, PICTURE_WIDTH, PICTURE_HEIGHT);
	err = heatmap_picture_draw(heatmap, &ops, out);
	fputs("</svg>\n", out);
	if (fflush(out) != 0 || ferror(out))
		return -EIO;
	return err;
}
