// SPDX-License-Identifier: GPL-2.0-only
/*
 * parse.c - text -> struct config.
 *
 * libinih splits lines; what it would let pass in silence (over-long lines,
 * continuation lines that deliver a key a second time, empty sections) is
 * refused by the reader that feeds it line by line and so knows the line
 * number of everything.
 */
#include <ctype.h>
#include <errno.h>
#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "util/clock.h"

/* libinih's buffer, less its newline and NUL. */
#define LINE_MAX_BYTES 197

struct parser {
	const char *name;
	unsigned int file; /* its number */
	const char *at;
	const char *end;
	unsigned int line;
	struct config *config;
	struct target_rule *rule;           /* of the current [target] section */
	char section[CONFIG_NAME_MAX + 16]; /* "": none, or one that is not known */
	int in_section;                     /* there was one, good or bad */
	/* lines where this file has set keys, and the current [target] has; 0: not */
	unsigned int given[CONFIG_KEYS_MAX];
	unsigned int rule_given[CONFIG_KEYS_MAX];
	config_fault_fn *fault;
	void *arg;
	size_t faults;
};

static void __attribute__((format(printf, 2, 3)))
tell(struct parser *parser, const char *format, ...)
{
	char what[512], line[PATH_MAX + 600];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	if (parser->line)
		snprintf(line, sizeof(line), "%s:%u: %s", parser->name, parser->line, what);
	else
		snprintf(line, sizeof(line), "%s: %s", parser->name, what);
	parser->faults++;
	parser->fault(parser->arg, line);
}

/* A word from the file as it may be shown: printable, and not too long. */
static const char *shown(const char *text, char *buffer, size_t size)
{
	size_t i;

	for (i = 0; text[i] && i + 1 < size; i++)
		buffer[i] = isprint((unsigned char)text[i]) ? text[i] : '?';
	buffer[i] = '\0';
	return buffer;
}

static int section_known(const char *section)
{
	size_t i, n;
	const struct config_key *key = config_keys(&n);

	for (i = 0; i < n; i++)
		if (strcmp(key[i].section, section) == 0)
			return 1;
	return 0;
}

/* All that have keys, in their order: "tiered, tracker.young, ". Returns @ret. */
static const char *list_sections(char *ret, size_t size)
{
	size_t i, n, length = 0;
	const struct config_key *key = config_keys(&n);

	*ret = '\0';
	for (i = 0; i < n && length < size; i++)
		if (!i || strcmp(key[i].section, key[i - 1].section) != 0)
			length += (size_t)snprintf(ret + length, size - length, "%s, ",
						   key[i].section);
	return ret;
}

static struct config_place here(const struct parser *parser)
{
	return (struct config_place){ .file = parser->file, .line = parser->line };
}

static void open_target(struct parser *parser, const char *name)
{
	struct config *config = parser->config;
	char word[64], place[PATH_MAX];
	size_t i;

	parser->rule = NULL;
	memset(parser->rule_given, 0, sizeof(parser->rule_given));
	name += strspn(name, " \t");
	if (!*name || strlen(name) >= sizeof(config->rules[0].name)) {
		tell(parser,
		     "[target] without a usable name; expected [target NAME], NAME of 1 to %zu "
		     "characters",
		     sizeof(config->rules[0].name) - 1);
		return;
	}
	for (i = 0; i < config->n_rules; i++) {
		if (strcmp(config->rules[i].name, name) == 0) {
			tell(parser,
			     "[target %s] for the second time, after %s; expected each name once",
			     shown(name, word, sizeof(word)),
			     config_place(config, config->rule_places[i], place, sizeof(place)));
			return;
		}
	}
	if (config->n_rules == CONFIG_RULES_MAX) {
		tell(parser, "too many [target] sections; expected at most %d", CONFIG_RULES_MAX);
		return;
	}
	config->rule_places[config->n_rules] = here(parser);
	parser->rule = &config->rules[config->n_rules++];
	target_rule_init(parser->rule, name);
}

static int only_comment(const char *at, const char *end)
{
	while (at < end && isspace((unsigned char)*at))
		at++;
	return at == end || *at == '#' || *at == ';';
}

/* Opens the section, or none. Returns 0 when libinih must not see the line. */
static int open_section(struct parser *parser, const char *line, size_t length)
{
	const char *close = memchr(line, ']', length);
	char word[64];

	parser->in_section = 1;
	parser->rule = NULL;
	parser->section[0] = '\0';
	if (!close || (size_t)(close - line) > sizeof(parser->section)) {
		tell(parser, "section without end; expected [NAME]");
		return 0;
	}
	memcpy(parser->section, line + 1, (size_t)(close - line - 1));
	parser->section[close - line - 1] = '\0';
	if (!only_comment(close + 1, line + length))
		tell(parser, "text behind [%s]; expected a comment or nothing",
		     shown(parser->section, word, sizeof(word)));
	if (strncmp(parser->section, "target", 6) == 0 &&
	    (!parser->section[6] || isspace((unsigned char)parser->section[6]))) {
		open_target(parser, parser->section + 6);
		return 1;
	}
	if (!section_known(parser->section)) {
		char known[256];

		tell(parser, "unknown section [%s]; expected %sor target NAME",
		     shown(parser->section, word, sizeof(word)),
		     list_sections(known, sizeof(known)));
		parser->section[0] = '\0';
	}
	return 1;
}

/* Length of the line up to a comment, which to libinih is a blank and a ';'. */
static size_t length_of_code(const char *line, size_t length)
{
	size_t i;

	for (i = 1; i < length; i++)
		if (line[i] == ';' && isspace((unsigned char)line[i - 1]))
			return i;
	return length;
}

/* A line that is neither blank nor comment nor section. Returns as inspect(). */
static int inspect_key(struct parser *parser, const char *line, size_t length)
{
	const char *equals = memchr(line, '=', length);

	if (!equals) {
		tell(parser, "line without '='; expected KEY = VALUE");
		return 0;
	}
	/* libinih would take it for the '='. */
	if (memchr(line, ':', (size_t)(equals - line))) {
		tell(parser, "':' before '='; expected KEY = VALUE");
		return 0;
	}
	return 1;
}

/* Looks at one raw line. Returns 0 when libinih must not see it. */
static int inspect(struct parser *parser, const char *line, size_t length)
{
	size_t blank = 0;

	if (memchr(line, '\0', length)) {
		tell(parser, "NUL byte; expected text");
		return 0;
	}
	if (length > LINE_MAX_BYTES) {
		tell(parser, "line of %zu bytes; expected at most %d", length, LINE_MAX_BYTES);
		return 0;
	}
	while (blank < length && isspace((unsigned char)line[blank]))
		blank++;
	if (blank == length || line[blank] == '#' || line[blank] == ';')
		return 0;
	if (blank) {
		tell(parser, "indented line; expected [SECTION] or KEY = VALUE at its beginning");
		return 0;
	}
	length = length_of_code(line, length);
	return line[0] == '[' ? open_section(parser, line, length)
			      : inspect_key(parser, line, length);
}

/* fgets() for libinih: one line of the text; an empty one in place of those it must not see. */
static char *next_line(char *buffer, int size, void *stream)
{
	struct parser *parser = stream;
	size_t length;
	const char *newline;

	if (parser->at == parser->end)
		return NULL;
	parser->line++;
	newline = memchr(parser->at, '\n', (size_t)(parser->end - parser->at));
	length = (size_t)((newline ? newline : parser->end) - parser->at);
	if (inspect(parser, parser->at, length) && length + 2 <= (size_t)size) {
		memcpy(buffer, parser->at, length);
		memcpy(buffer + length, "\n", 2);
	} else {
		memcpy(buffer, "\n", 2);
	}
	parser->at += length + (newline ? 1 : 0);
	return buffer;
}

/* Is it the first time for this key? @given: the line where it was set, 0: not yet. */
static int is_first(struct parser *parser, unsigned int *given, const char *name)
{
	if (*given) {
		tell(parser, "'%s' for the second time, after line %u; expected it once", name,
		     *given);
		return 0;
	}
	*given = parser->line;
	return 1;
}

static void tell_unknown(struct parser *parser, const char *section, const char *name)
{
	char word[64];

	tell(parser, "unknown key '%s' in [%s]; expected one of those in tiered.conf(5)",
	     shown(name, word, sizeof(word)), section);
}

static void tell_value(struct parser *parser, const struct config_key *key, const char *value)
{
	char word[64];

	tell(parser, "bad value '%s' for %s; %s", shown(value, word, sizeof(word)), key->name,
	     key->expected);
}

static void set_key(struct parser *parser, const char *name, const char *value)
{
	size_t n, at = config_find(parser->section, name);
	const struct config_key *keys = config_keys(&n);

	if (at == n)
		tell_unknown(parser, parser->section, name);
	else if (is_first(parser, &parser->given[at], name) &&
		 config_set(parser->config, at, value, here(parser)) < 0)
		tell_value(parser, &keys[at], value);
}

static void set_target_key(struct parser *parser, const char *name, const char *value)
{
	size_t at, n;
	const struct config_key *keys = config_target_keys(&n);

	for (at = 0; at < n; at++)
		if (strcmp(keys[at].name, name) == 0)
			break;
	if (at == n)
		tell_unknown(parser, "target", name);
	else if (is_first(parser, &parser->rule_given[at], name) &&
		 keys[at].parse(&keys[at], value, (char *)parser->rule + keys[at].offset) < 0)
		tell_value(parser, &keys[at], value);
}

/* A share and a size can only be compared on a machine. */
static void check_limits(struct parser *parser, const char *name)
{
	const struct units_share *low = &parser->rule->fast_min, *high = &parser->rule->fast_max;

	if (strncmp(name, "fast_", 5) != 0 || (low->ppm && !high->ppm && high->bytes) ||
	    (high->ppm && low->bytes))
		return;
	if (low->ppm > high->ppm || (!high->ppm && low->bytes > high->bytes))
		tell(parser, "fast_min above fast_max in [target %s]; expected it at or below",
		     parser->rule->name);
}

static int handle(void *user, const char *section, const char *name, const char *value)
{
	struct parser *parser = user;
	char word[64];

	(void)section; /* the reader knows it, even where libinih cuts it short */
	if (parser->rule) {
		set_target_key(parser, name, value);
		check_limits(parser, name);
	} else if (parser->section[0] && section_known(parser->section)) {
		set_key(parser, name, value);
	} else if (!parser->in_section) {
		tell(parser,
		     "key '%s' outside of a section; expected [tiered] or another before it",
		     shown(name, word, sizeof(word)));
	}
	return 1;
}

/* Which of two was set later? */
static struct config_place later(struct config_place a, struct config_place b)
{
	if (a.file != b.file)
		return a.file > b.file ? a : b;
	return a.line > b.line ? a : b;
}

size_t config_check(const struct config *config, config_fault_fn *fault, void *arg)
{
	const struct config_place min = config->places[config_find("tiered", "window_min")];
	const struct config_place max = config->places[config_find("tiered", "window_max")];
	char line[3 * CONFIG_FILE_SHOWN + 300], place[3][CONFIG_FILE_SHOWN + 16];

	if (config->window_min_ns <= config->window_max_ns)
		return 0;
	snprintf(line, sizeof(line),
		 "%s: window_min (%.10g ms, %s) is above window_max (%.10g ms, %s); expected it "
		 "below",
		 config_place(config, later(min, max), place[0], sizeof(place[0])),
		 (double)config->window_min_ns / NSEC_PER_MSEC,
		 config_place(config, min, place[1], sizeof(place[1])),
		 (double)config->window_max_ns / NSEC_PER_MSEC,
		 config_place(config, max, place[2], sizeof(place[2])));
	fault(arg, line);
	return 1;
}

size_t config_parse(const char *name, const char *text, size_t size, struct config *config,
		    config_fault_fn *fault, void *arg)
{
	struct parser parser = {
		.name = name,
		.file = config_add_file(config, name),
		.at = text,
		.end = text + size,
		.config = config,
		.fault = fault,
		.arg = arg,
	};
	int ret;

	if (!parser.file) {
		tell(&parser, "too many files; expected at most %d", CONFIG_FILES_MAX);
		return parser.faults;
	}
	ret = ini_parse_stream(next_line, &parser, handle, &parser);
	/* Nothing that inspect() lets through; if it is, libinih says in which line. */
	if (ret > 0)
		parser.line = (unsigned int)ret;
	if (ret != 0)
		tell(&parser, "not INI; expected [SECTION] or KEY = VALUE");
	return parser.faults;
}
