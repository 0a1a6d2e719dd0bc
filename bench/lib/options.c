// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "util/units.h"

void options_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, format, args);
	fprintf(stderr, "; see --help\n");
	va_end(args);
	exit(2);
}

void options_fail(int error, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, format, args);
	if (error)
		fprintf(stderr, ": %s", strerror(-error));
	fputc('\n', stderr);
	va_end(args);
	exit(1);
}

uint64_t options_number(const char *name, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	unsigned long long value;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (end == text || *end || *text == '-' || errno || value < min || value > max)
		options_die("--%s %s: expected %llu to %llu", name, text, (unsigned long long)min,
			    (unsigned long long)max);
	return value;
}

double options_fraction(const char *name, const char *text, double min, double max)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= min && value <= max))
		options_die("--%s %s: expected %g to %g", name, text, min, max);
	return value;
}

uint64_t options_size(const char *name, const char *text)
{
	uint64_t bytes;

	if (units_parse_size(text, &bytes))
		options_die("--%s %s: expected a size such as 512M", name, text);
	return bytes;
}

uint64_t options_nodes(const char *name, const char *text)
{
	uint64_t mask;

	if (units_parse_nodes(text, &mask))
		options_die("--%s %s: expected nodes such as 0 or 0-1,3", name, text);
	return mask;
}
