/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * options.h - the command line of a verb: a table, from which --help is made too.
 *
 * Every verb knows --socket, --json and --help; those with colours --color.
 */
#ifndef TIERED_CTL_OPTIONS_H
#define TIERED_CTL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct verb_option {
	const char *name;
	const char *argument; /* NULL for none */
	char letter;          /* 0: has no short form */
	const char *help;
};

/**
 * struct verb_usage - what a verb takes
 * @arguments: as in the usage line, "" for none
 * @summary: one paragraph
 * @options: its own
 * @colours: it knows --color
 * @min, @max: how many arguments
 * @statuses: what its exit statuses mean, when not what they mean to most
 * @example: command lines and what they do
 */
struct verb_usage {
	const char *name;
	const char *arguments;
	const char *summary;
	const struct verb_option *options;
	size_t n_options;
	bool colours;
	int min;
	int max;
	const char *statuses;
	const char *example;
};

struct verb_common {
	const char *socket;
	bool json;
	bool colour;      /* to be used on standard output */
	char **arguments; /* @n_arguments of them, then NULL */
	int n_arguments;
};

/*
 * options_parse() - reads the command line
 * @take: called with the index in @usage->options and the value; 0, or -1 when
 *	the value is bad, which it has said then. May be NULL when there are none.
 *
 * -1 to go on, else the exit status.
 */
int options_parse(const struct verb_usage *usage, int argc, char **argv,
		  int (*take)(void *arg, size_t option, const char *value), void *arg,
		  struct verb_common *ret);

/* A whole decimal number from @min to @max; else says so of @what. 0 or -1. */
int options_number(const char *what, const char *text, uint64_t min, uint64_t max,
		   uint64_t *ret_value);

/* A process id, the same way. */
int options_pid(const char *text, uint64_t *ret_pid);

/* "tieredctl: ..." on standard error. */
void options_complain(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
