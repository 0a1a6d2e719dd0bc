/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * format.h - numbers and names as people read them.
 *
 * Every function writes into @buffer and returns it. The macros lend a buffer
 * that lives as long as the block they stand in.
 */
#ifndef TIERED_CTL_FORMAT_H
#define TIERED_CTL_FORMAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FORMAT_MAX 32
#define FORMAT_TEXT_MAX 256

/*
 * Names come from processes and may hold anything: all that is not printable
 * ASCII becomes \xNN, so that no terminal obeys it and every column fits. What
 * does not fit into @buffer is cut off.
 */
const char *format_text(const char *text, char *buffer, size_t size);

/* "1.2 GiB" of base pages. */
const char *format_pages(uint64_t pages, char *buffer, size_t size);

/* "12345", "1.23M": at most 6 characters, as many digits as that allows. */
const char *format_count(uint64_t count, char *buffer, size_t size);

/* The rate @log_rate, log2 in 1/256 octaves, per second: "12.3", "0.0041", "1.5k". */
const char *format_rate(int64_t log_rate, char *buffer, size_t size);

/* Accesses per second of @log_rate. */
double format_rate_value(int64_t log_rate);

/* "350 ms", "2.0 s", "4 min 10 s", "2 h 13 min", "3 d 4 h". */
const char *format_span(uint64_t ns, char *buffer, size_t size);

/* Millionths as "85.0 %". */
const char *format_ppm(uint64_t ppm, char *buffer, size_t size);

/* @part of @whole in millionths; 0 of nothing. */
uint64_t format_share(uint64_t part, uint64_t whole);

/* A bar of @width characters, of which @part of @whole are '#'; more than nothing shows. */
const char *format_bar(uint64_t part, uint64_t whole, size_t width, char *buffer, size_t size);

/* "x.y": a word of the protocol for people: '_' becomes '-'. Escaped like format_text(). */
const char *format_word(const char *word, char *buffer, size_t size);

#define FORMAT_SCRATCH                                                                             \
	(char[FORMAT_MAX])                                                                         \
	{                                                                                          \
		0                                                                                  \
	}
#define FORMAT_TEXT_SCRATCH                                                                        \
	(char[FORMAT_TEXT_MAX])                                                                    \
	{                                                                                          \
		0                                                                                  \
	}
#define TEXT(text) format_text((text), FORMAT_TEXT_SCRATCH, FORMAT_TEXT_MAX)
#define WORD(word) format_word((word), FORMAT_TEXT_SCRATCH, FORMAT_TEXT_MAX)
#define PAGES(pages) format_pages((pages), FORMAT_SCRATCH, FORMAT_MAX)
#define COUNT(count) format_count((count), FORMAT_SCRATCH, FORMAT_MAX)
#define RATE(log_rate) format_rate((log_rate), FORMAT_SCRATCH, FORMAT_MAX)
#define SPAN(ns) format_span((ns), FORMAT_SCRATCH, FORMAT_MAX)
#define PPM(ppm) format_ppm((ppm), FORMAT_SCRATCH, FORMAT_MAX)

#endif
