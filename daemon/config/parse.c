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

/* No table of keys is longer; a test holds it to that. */
#define KEYS_MAX 64

struct parser {
	const char *name;
	const char *at;
	const char *end;
	unsigned int line;
	struct config *config;
	struct target_rule *rule;           /* of the current [target] section */
	char section[CONFIG_NAME_MAX + 16]; /* "": none, or one that is not known */
	int in_section;                     /* there was one, good or bad */
	unsigned char given[KEYS_MAX];      /* keys that this file has set */
	unsigned char rule_given[KEYS_MAX]; /* those that the current [target] has set */
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
	snprintf(line, sizeof(line), "%s:%u: %s", parser->name, parser->line, what);
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

static void open_target(struct parser *parser, const char *name)
{
	struct config *config = parser->config;
	char word[64];
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
			tell(parser, "[target %s] for the second time; expected each name once",
			     shown(name, word, sizeof(word)));
			return;
		}
	}
	if (config->n_rules == CONFIG_RULES_MAX) {
		tell(parser, "too many [target] sections; expected at most %d", CONFIG_RULES_MAX);
		return;
	}
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
		tell(parser,
		     "unknown section [%s]; expected tiered, tiers, migration, bpf, metrics or "
		     "target "
		     "NAME",
		     shown(parser->section, word, sizeof(word)));
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

/* Sets one key from a table; @given remembers which were there before. */
static void set_key(struct parser *parser, const struct config_key *keys, size_t n,
		    const char *section, void *base, unsigned char *given, const char *name,
		    const char *value)
{
	char word[64], other[64];
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
			break;
	if (i == n) {
		tell(parser, "unknown key '%s' in [%s]; expected one of those in tiered.conf(5)",
		     shown(name, word, sizeof(word)), section);
		return;
	}
	if (given[i]) {
		tell(parser, "'%s' for the second time; expected it once", keys[i].name);
		return;
	}
	given[i] = 1;
	if (keys[i].parse(&keys[i], value, (char *)base + keys[i].offset) < 0)
		tell(parser, "bad value '%s' for %s; %s", shown(value, other, sizeof(other)),
		     keys[i].name, keys[i].expected);
}

/* For faults that only show when everything is read. */
static void note_place(const struct parser *parser, struct config_place *place)
{
	snprintf(place->file, sizeof(place->file), "%s", parser->name);
	place->line = parser->line;
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
	const struct config_key *keys;
	char word[64];
	size_t n;

	(void)section; /* the reader knows it, even where libinih cuts it short */
	if (parser->rule) {
		keys = config_target_keys(&n);
		set_key(parser, keys, n, "target", parser->rule, parser->rule_given, name, value);
		check_limits(parser, name);
	} else if (parser->section[0] && section_known(parser->section)) {
		keys = config_keys(&n);
		set_key(parser, keys, n, parser->section, parser->config, parser->given, name,
			value);
		if (strcmp(name, "window_min") == 0 || strcmp(name, "window_max") == 0)
			note_place(parser, &parser->config->window_place);
	} else if (!parser->in_section) {
		tell(parser,
		     "key '%s' outside of a section; expected [tiered] or another before it",
		     shown(name, word, sizeof(word)));
	}
	return 1;
}

size_t config_check(const struct config *config, config_fault_fn *fault, void *arg)
{
	const struct config_place *place = &config->window_place;
	char line[PATH_MAX + 200];

	if (config->window_min_ns <= config->window_max_ns)
		return 0;
	snprintf(line, sizeof(line),
		 "%s:%u: window_min (%.10g ms) is above window_max (%.10g ms); expected it below",
		 place->file, place->line, (double)config->window_min_ns / NSEC_PER_MSEC,
		 (double)config->window_max_ns / NSEC_PER_MSEC);
	fault(arg, line);
	return 1;
}

size_t config_parse(const char *name, const char *text, size_t size, struct config *config,
		    config_fault_fn *fault, void *arg)
{
	struct parser parser = {
		.name = name,
		.at = text,
		.end = text + size,
		.config = config,
		.fault = fault,
		.arg = arg,
	};
	int ret = ini_parse_stream(next_line, &parser, handle, &parser);

	/* Nothing that inspect() lets through; if it is, libinih says in which line. */
	if (ret > 0)
		parser.line = (unsigned int)ret;
	if (ret != 0)
		tell(&parser, "not INI; expected [SECTION] or KEY = VALUE");
	return parser.faults;
}
