// SPDX-License-Identifier: GPL-2.0-only
#include "format.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "tiered/types.h"
#include "util/clock.h"
#include "util/units.h"

/* Of the protocol: rates are log2 in these. */
#define RATE_PER_OCTAVE 256.0

const char *format_text(const char *text, char *buffer, size_t size)
{
	size_t used = 0;

	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;
		bool plain = c >= 0x20 && c < 0x7f && c != '\\';
		size_t need = plain ? 1 : 4;

		if (used + need >= size)
			break;
		if (plain)
			buffer[used] = (char)c;
		else
			snprintf(buffer + used, size - used, "\\x%02x", c);
		used += need;
	}
	buffer[used] = '\0';
	return buffer;
}

const char *format_word(const char *word, char *buffer, size_t size)
{
	char *at;

	format_text(word, buffer, size);
	for (at = buffer; *at; at++)
		if (*at == '_')
			*at = '-';
	return buffer;
}

const char *format_pages(uint64_t pages, char *buffer, size_t size)
{
	uint64_t bytes;

	if (__builtin_mul_overflow(pages, TIERED_PAGE_SIZE, &bytes))
		bytes = UINT64_MAX;
	return units_format_size(bytes, buffer, size);
}

/* Three digits and a suffix from @suffixes, each 1000 times the one before. */
static const char *format_scaled(double value, const char *const *suffixes, size_t n, char *buffer,
				 size_t size)
{
	size_t i = 0;

	for (; value >= 999.5 && i + 1 < n; i++)
		value /= 1000;
	snprintf(buffer, size, "%.*f%s",
		 value >= 99.95   ? 0
		 : value >= 9.995 ? 1
				  : 2,
		 value, suffixes[i]);
	return buffer;
}

const char *format_count(uint64_t count, char *buffer, size_t size)
{
	static const char *const suffixes[] = { "M", "G", "T", "P", "E" };

	if (count < 1000000) {
		snprintf(buffer, size, "%llu", (unsigned long long)count);
		return buffer;
	}
	return format_scaled((double)count / 1e6, suffixes, 5, buffer, size);
}

double format_rate_value(int64_t log_rate)
{
	return exp2((double)log_rate / RATE_PER_OCTAVE);
}

const char *format_rate(int64_t log_rate, char *buffer, size_t size)
{
	static const char *const suffixes[] = { "", "k", "M", "G", "T" };
	double rate = format_rate_value(log_rate);

	if (rate < 0.995) {
		snprintf(buffer, size, rate < 0.00995 ? "%.4f" : "%.3f", rate);
		return buffer;
	}
	return format_scaled(rate, suffixes, 5, buffer, size);
}

const char *format_span(uint64_t ns, char *buffer, size_t size)
{
	static const struct {
		unsigned int seconds;
		unsigned int per; /* how many of the smaller unit make one */
		const char *name;
		const char *smaller;
	} units[] = {
		{ 86400, 3600, "d", "h" },
		{ 3600, 60, "h", "min" },
		{ 60, 1, "min", "s" },
	};
	uint64_t seconds = ns / NSEC_PER_SEC;
	size_t i;

	for (i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (seconds < units[i].seconds)
			continue;
		snprintf(buffer, size, "%llu %s %llu %s",
			 (unsigned long long)(seconds / units[i].seconds), units[i].name,
			 (unsigned long long)(seconds % units[i].seconds / units[i].per),
			 units[i].smaller);
		return buffer;
	}
	if (ns >= NSEC_PER_SEC)
		snprintf(buffer, size, "%.1f s", (double)ns / 1e9);
	else
		snprintf(buffer, size, "%.0f ms", (double)ns / 1e6);
	return buffer;
}

const char *format_ppm(uint64_t ppm, char *buffer, size_t size)
{
	snprintf(buffer, size, "%.1f %%", (double)ppm / 10000);
	return buffer;
}

uint64_t format_share(uint64_t part, uint64_t whole)
{
	return whole ? (uint64_t)((double)part / (double)whole * 1e6 + 0.5) : 0;
}

const char *format_bar(uint64_t part, uint64_t whole, size_t width, char *buffer, size_t size)
{
	size_t filled, i;

	if (width >= size)
		width = size - 1;
	if (part > whole)
		part = whole;
	filled = whole ? (size_t)((double)part / (double)whole * (double)width + 0.5) : 0;
	if (part && !filled)
		filled = 1;
	for (i = 0; i < width; i++)
		buffer[i] = i < filled ? '#' : '.';
	buffer[width] = '\0';
	return buffer;
}
