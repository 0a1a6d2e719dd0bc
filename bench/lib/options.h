/* SPDX-License-Identifier: GPL-2.0-only */
/* options.h - command lines of the benchmarks: a fault ends the program with one clear line. */
#ifndef BENCH_OPTIONS_H
#define BENCH_OPTIONS_H

#include <stdint.h>

/* Says what is wrong with the command line and exits with status 2. */
_Noreturn void options_die(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Says what failed, with the reason of @error (0 or -errno), and exits with status 1. */
_Noreturn void options_fail(int error, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* The value of option @name, within @min and @max. */
uint64_t options_number(const char *name, const char *text, uint64_t min, uint64_t max);
double options_fraction(const char *name, const char *text, double min, double max);
uint64_t options_size(const char *name, const char *text);
uint64_t options_nodes(const char *name, const char *text);

#endif
