// SPDX-License-Identifier: GPL-2.0-only
#include "top_screen.h"

#include <errno.h>
#include <locale.h>
#include <ncurses.h>
#include <stdio.h>
#include <string.h>

/* Escape alone ends the filter; its sequences arrive at once. */
#define ESCAPE 27
#define ESCAPE_WAIT_MS 25

/* A smaller table than this is no table. */
#define TABLE_LINES_MIN 3

enum pair { PAIR_FAST = 1, PAIR_SLOW, PAIR_WRONG };

int top_screen_open(bool colour)
{
	setlocale(LC_ALL, "");
	set_escdelay(ESCAPE_WAIT_MS);
	if (!newterm(NULL, stdout, stdin))
		return -ENOTTY;
	cbreak();
	noecho();
	curs_set(0);
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	if (colour && has_colors()) {
		start_color();
		use_default_colors();
		init_pair(PAIR_FAST, COLOR_CYAN, -1);
		init_pair(PAIR_SLOW, COLOR_YELLOW, -1);
		init_pair(PAIR_WRONG, COLOR_RED, -1);
	}
	return 0;
}

void top_screen_close(void)
{
	endwin();
}

/* Length of the line at @text, which ends in a newline or is the last. */
static size_t line_length(const char *text)
{
	return strcspn(text, "\n");
}

static const char *next_line(const char *text)
{
	text += line_length(text);
	return *text ? text + 1 : text;
}

static size_t count_lines(const char *text)
{
	size_t n = 0;

	for (; *text; text = next_line(text))
		n++;
	return n;
}

static void draw_line(int y, const char *text, int attributes)
{
	size_t length = line_length(text);

	if (y < 0 || y >= LINES)
		return;
	if (length > (size_t)COLS)
		length = (size_t)COLS;
	attrset(attributes);
	mvaddnstr(y, 0, text, (int)length);
	/* A title is a bar across the screen. */
	if (attributes & (int)A_REVERSE)
		hline(' ' | A_REVERSE, COLS);
	attrset(A_NORMAL);
}

/* The filled part of a node's bar has the colour of its tier. */
static void paint_bar(int y, const char *line)
{
	const char *bar = strchr(line, '[');
	int pair = strncmp(line, "tier 0", 6) == 0 ? PAIR_FAST : PAIR_SLOW;

	if (strncmp(line, "tier ", 5) != 0 || !bar || bar - line > (long)line_length(line))
		return;
	mvchgat(y, (int)(bar - line) + 1, (int)strspn(bar + 1, "#"), A_BOLD, (short)pair, NULL);
}

static int draw_head(const char *head, int lines)
{
	int y;

	for (y = 0; *head && y < lines; y++, head = next_line(head)) {
		draw_line(y, head, y == 0 ? A_REVERSE : A_NORMAL);
		if (y)
			paint_bar(y, head);
	}
	return y;
}

/* The title stays, rows scroll; what is chosen never leaves the screen empty. */
static void draw_table(const char *table, int top, int bottom, struct top_view *view)
{
	size_t rows = count_lines(table), room = bottom > top + 1 ? (size_t)(bottom - top - 1) : 0;
	size_t i;

	rows -= rows ? 1 : 0;
	if (view->scroll + room > rows)
		view->scroll = rows > room ? rows - room : 0;
	draw_line(top, table, A_REVERSE);
	table = next_line(table);
	for (i = 0; i < view->scroll; i++)
		table = next_line(table);
	for (i = 0; i < room && *table; i++, table = next_line(table))
		draw_line(top + 1 + (int)i, table, A_NORMAL);
}

static void draw_help(int top)
{
	static const char *const lines[] = {
		"  s  sort by the next key: resident, hit, promoted, demoted, fast",
		"  r  reverse the order",
		"  /  show only command names that contain what is typed; Enter ends, Esc clears",
		"  up, down, page up, page down  scroll",
		"  space  look again now          h  back          q  quit",
		"",
		"fast: share of the known pages on the fastest tier. hit: share of accesses",
		"that go there, by estimate. asked, promoted, demoted: pages, by the daemon.",
	};
	size_t i;

	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		draw_line(top + (int)i, lines[i], A_NORMAL);
}

static void draw_foot(const struct top_view *view)
{
	char line[600];

	if (view->typing) {
		snprintf(line, sizeof(line), "filter: %s_", view->filter);
	} else if (view->message[0]) {
		snprintf(line, sizeof(line), "%s", view->message);
	} else {
		snprintf(
			line, sizeof(line), "q quit  s sort: %s%s  / filter%s%s  r reverse  h help",
			targets_key_name(view->order.key), view->order.reverse ? " (reversed)" : "",
			view->filter[0] ? ": " : "", view->filter);
	}
	draw_line(LINES - 1, line, view->message[0] ? COLOR_PAIR(PAIR_WRONG) | A_BOLD : A_BOLD);
}

void top_screen_draw(const struct top_samples *samples, struct top_view *view)
{
	struct top_frame frame;
	int top;

	view->order.filter = view->filter;
	if (top_frame_make(samples, &view->order, (size_t)COLS, &frame) < 0)
		return;
	erase();
	/* On a low screen the head gives way: the table is what is scrolled. */
	top = draw_head(frame.head, LINES - 1 - TABLE_LINES_MIN);
	if (view->help)
		draw_help(top);
	else if (samples->targets)
		draw_table(frame.table, top, LINES - 1, view);
	draw_foot(view);
	refresh();
	top_frame_free(&frame);
}

static void type(struct top_view *view, int key)
{
	size_t length = strlen(view->filter);

	switch (key) {
	case ESCAPE:
		view->filter[0] = '\0';
		view->typing = false;
		break;
	case '\n':
	case '\r':
	case KEY_ENTER:
		view->typing = false;
		break;
	case KEY_BACKSPACE:
	case '\b':
	case 127:
		if (length)
			view->filter[length - 1] = '\0';
		break;
	default:
		if (key < ' ' || key > '~' || length + 1 >= sizeof(view->filter))
			return;
		view->filter[length] = (char)key;
		view->filter[length + 1] = '\0';
	}
}

static void scroll_by(struct top_view *view, int lines)
{
	if (lines < 0 && view->scroll < (size_t)-lines)
		view->scroll = 0;
	else
		view->scroll += (size_t)lines;
}

/* False: to quit. */
static bool press(struct top_view *view, int key)
{
	switch (key) {
	case 'q':
		return false;
	case ' ':
		view->again = true;
		break;
	case 's':
		view->order.key = (view->order.key + 1) % TARGETS_KEYS;
		break;
	case 'r':
		view->order.reverse = !view->order.reverse;
		break;
	case '/':
		view->typing = true;
		break;
	case 'h':
	case '?':
		view->help = !view->help;
		break;
	case KEY_UP:
		scroll_by(view, -1);
		break;
	case KEY_DOWN:
		scroll_by(view, 1);
		break;
	case KEY_PPAGE:
		scroll_by(view, -10);
		break;
	case KEY_NPAGE:
		scroll_by(view, 10);
		break;
	default:
		break;
	}
	return true;
}

bool top_screen_keys(struct top_view *view)
{
	int key;

	while ((key = getch()) != ERR) {
		if (key == KEY_RESIZE)
			continue;
		if (view->typing)
			type(view, key);
		else if (!press(view, key))
			return false;
	}
	return true;
}
