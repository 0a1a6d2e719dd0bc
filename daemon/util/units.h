/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * units.h - the values people write in the conf.
 *
 * Every parser takes the whole string or refuses it with -EINVAL (-ERANGE
 * when it is too large) and leaves the out-parameter alone.
 */
#ifndef TIERED_UNITS_H
#define TIERED_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* A part of a whole in millionths, or bytes; the other one is 0. */
struct units_share {
	uint64_t bytes;
	unsigned int ppm;
};

/* "4G", "64M", "4096": bytes; K, M, G, T are powers of 1024. */
int units_parse_size(const char *text, uint64_t *ret_bytes);

/* "0.05%" or a size: millionths of a whole (0 to 1000000), or bytes; the other one is 0. */
int units_parse_share(const char *text, uint64_t *ret_bytes, unsigned int *ret_ppm);

/* "1%", "0.5%", "150%": in millionths of one core; at most 6400 %, four decimals. */
int units_parse_percent(const char *text, unsigned int *ret_ppm);

/* "200ms", "2s", "5min", "50us": nanoseconds. */
int units_parse_duration(const char *text, uint64_t *ret_ns);

/* "500M/s": bytes per second; "0" or "unlimited" is 0. "0/s" is neither. */
int units_parse_rate(const char *text, uint64_t *ret_bytes_per_s);

/* "0-1,3": bit per node; 0 to 63. */
int units_parse_nodes(const char *text, uint64_t *ret_mask);

/* "yes", "no", "on", "off", "true", "false", "1", "0". */
int units_parse_bool(const char *text, int *ret_value);

/* Writes "1.5 GiB" and the like; returns @buffer. */
const char *units_format_size(uint64_t bytes, char *buffer, size_t size);

#endif
