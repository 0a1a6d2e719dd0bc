// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "ctl.h"
#include "tiered/control.h"

/* No verb has more of its own. */
#define OWN_MAX 12

/* Of --help. */
#define PAGE_WIDTH 80

enum common_option { COMMON_COLOR, COMMON_JSON, COMMON_SOCKET, COMMON_HELP, COMMONS };

static const struct verb_option commons[COMMONS] = {
	[COMMON_COLOR] = { "color", "WHEN", 0, "auto, always or never (auto: on a terminal)" },
	[COMMON_JSON] = { "json", NULL, 0, "one line of JSON, for programs" },
	[COMMON_SOCKET] = { "socket", "PATH", 0,
			    "the daemon's socket (" TIERED_CONTROL_SOCKET ")" },
	[COMMON_HELP] = { "help", NULL, 0, "print this, and exit" },
};

enum colour_when { COLOUR_AUTO, COLOUR_ALWAYS, COLOUR_NEVER };

void options_complain(const char *format, ...)
{
	va_list args;

	fputs("tieredctl: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

static void print_option(const struct verb_option *option)
{
	char left[40], letter[8] = "";

	if (option->letter)
		snprintf(letter, sizeof(letter), "-%c, ", option->letter);
	snprintf(left, sizeof(left), "%s--%s%s%s", letter, option->name,
		 option->argument ? " " : "", option->argument ? option->argument : "");
	printf("  %-20s  %s\n", left, option->help);
}

/* One paragraph, broken between words. */
static void print_paragraph(const char *text)
{
	size_t at = 0;

	while (*text) {
		size_t word = strcspn(text, " ");

		if (at && at + 1 + word > PAGE_WIDTH) {
			fputc('\n', stdout);
			at = 0;
		}
		at += (size_t)printf("%s%.*s", at ? " " : "", (int)word, text);
		text += word + (text[word] == ' ');
	}
	fputs("\n\n", stdout);
}

static void print_help(const struct verb_usage *usage)
{
	size_t i;

	printf("Usage: tieredctl %s [OPTION]...%s%s\n", usage->name, usage->arguments[0] ? " " : "",
	       usage->arguments);
	print_paragraph(usage->summary);
	for (i = 0; i < usage->n_options; i++)
		print_option(&usage->options[i]);
	for (i = usage->colours ? COMMON_COLOR : COMMON_JSON; i < COMMONS; i++)
		print_option(&commons[i]);
	printf("\nExit status: %s\n\n%s\n",
	       usage->statuses ? usage->statuses
			       : "0 done, 1 refused or failed, 2 bad usage, 3 no daemon there or "
				 "no\nright to talk to it.",
	       usage->example);
}

static int set_colour(const char *text, enum colour_when *ret_when)
{
	static const char *const words[] = { "auto", "always", "never" };
	int i;

	for (i = COLOUR_AUTO; i <= COLOUR_NEVER; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret_when = (enum colour_when)i;
			return 0;
		}
	}
	options_complain("--color %s: expected auto, always or never", text);
	return -1;
}

/* https://no-color.org: set and not empty means no. */
static bool colour_wanted(enum colour_when when)
{
	const char *no = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (when != COLOUR_AUTO)
		return when == COLOUR_ALWAYS;
	return isatty(STDOUT_FILENO) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

static void set_long(struct option *long_option, const struct verb_option *option, int value)
{
	long_option->name = option->name;
	long_option->has_arg = option->argument ? required_argument : no_argument;
	long_option->val = value;
}

/* Values of own options are their index from OWN on, common ones from COMMON on. */
enum { OWN = 1000, COMMON = 2000 };

static void fill_tables(const struct verb_usage *usage, struct option *longs, char *shorts)
{
	size_t i, n = 0;

	for (i = 0; i < usage->n_options; i++) {
		set_long(&longs[n++], &usage->options[i], OWN + (int)i);
		if (!usage->options[i].letter)
			continue;
		*shorts++ = usage->options[i].letter;
		if (usage->options[i].argument)
			*shorts++ = ':';
	}
	*shorts = '\0';
	for (i = usage->colours ? COMMON_COLOR : COMMON_JSON; i < COMMONS; i++)
		set_long(&longs[n++], &commons[i], COMMON + (int)i);
}

static size_t own_by_letter(const struct verb_usage *usage, int letter)
{
	size_t i;

	for (i = 0; i < usage->n_options && usage->options[i].letter != letter; i++)
		;
	return i;
}

static int check_arguments(const struct verb_usage *usage, struct verb_common *ret, int argc,
			   char **argv)
{
	ret->arguments = argv + optind;
	ret->n_arguments = argc - optind;
	if (ret->n_arguments > usage->max) {
		options_complain("%s: unexpected argument '%s'; expected %s", usage->name,
				 ret->arguments[usage->max],
				 usage->max ? usage->arguments : "options only");
		return CTL_USAGE;
	}
	if (ret->n_arguments < usage->min) {
		options_complain("%s: an argument is missing; expected %s", usage->name,
				 usage->arguments);
		return CTL_USAGE;
	}
	return -1;
}

int options_parse(const struct verb_usage *usage, int argc, char **argv,
		  int (*take)(void *arg, size_t option, const char *value), void *arg,
		  struct verb_common *ret)
{
	struct option longs[OWN_MAX + COMMONS + 1] = { 0 };
	enum colour_when when = COLOUR_AUTO;
	char shorts[2 * OWN_MAX + 1];
	int id, bad = 0;

	fill_tables(usage, longs, shorts);
	*ret = (struct verb_common){ .socket = TIERED_CONTROL_SOCKET };
	optind = 0; /* glibc: begin anew */
	while (!bad && (id = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (id == '?') {
			fprintf(stderr, "Try 'tieredctl %s --help'.\n", usage->name);
			bad = -1;
		} else if (id == COMMON + COMMON_HELP) {
			print_help(usage);
			return CTL_OK;
		} else if (id == COMMON + COMMON_JSON) {
			ret->json = true;
		} else if (id == COMMON + COMMON_SOCKET) {
			ret->socket = optarg;
		} else if (id == COMMON + COMMON_COLOR) {
			bad = set_colour(optarg, &when);
		} else {
			bad = take(arg, id >= OWN ? (size_t)(id - OWN) : own_by_letter(usage, id),
				   optarg);
		}
	}
	if (bad)
		return CTL_USAGE;
	ret->colour = colour_wanted(when);
	return check_arguments(usage, ret, argc, argv);
}

int options_number(const char *what, const char *text, uint64_t min, uint64_t max,
		   uint64_t *ret_value)
{
	unsigned long long value = 0;
	char *end = NULL;

	errno = 0;
	if (isdigit((unsigned char)text[0]))
		value = strtoull(text, &end, 10);
	if (!end || *end || errno || value < min || value > max) {
		options_complain("%s '%s': expected a number from %llu to %llu", what, text,
				 (unsigned long long)min, (unsigned long long)max);
		return -1;
	}
	*ret_value = value;
	return 0;
}

int options_pid(const char *text, uint64_t *ret_pid)
{
	return options_number("pid", text, 1, 1 << 22, ret_pid);
}
