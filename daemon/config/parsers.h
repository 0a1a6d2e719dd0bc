/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * parsers.h - readers of values that more than one key has.
 *
 * Each is a config_key.parse: it takes the whole of @value or refuses it with
 * -EINVAL or -ERANGE, holds it to the bounds of @key, and leaves @field alone
 * when it refuses.
 */
#ifndef TIERED_CONFIG_PARSERS_H
#define TIERED_CONFIG_PARSERS_H

#include "config/config.h"

/* Digits only; into a uint64_t. */
int parsers_count(const struct config_key *key, const char *value, void *field);

/* "64M": bytes, into a uint64_t. */
int parsers_size(const struct config_key *key, const char *value, void *field);

/* "500M/s" or "unlimited" (0): bytes per second, into a uint64_t. */
int parsers_rate(const struct config_key *key, const char *value, void *field);

/* "2s": nanoseconds, into a uint64_t. */
int parsers_duration(const struct config_key *key, const char *value, void *field);

/* "0.5%" above 0: millionths, into an unsigned int. */
int parsers_percent(const struct config_key *key, const char *value, void *field);

/* "2%" or "512M", into a struct units_share; the bounds are those of a size. */
int parsers_share(const struct config_key *key, const char *value, void *field);

/* As parsers_share(), but "0%" is refused. */
int parsers_share_positive(const struct config_key *key, const char *value, void *field);

/* For a config_key.parse: the index of @value among @n words, into an int. */
int parsers_word(const char *value, const char *const *words, size_t n, void *field);

/* "yes" or "no", into an int. */
int parsers_bool(const struct config_key *key, const char *value, void *field);

#endif
