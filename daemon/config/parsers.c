// SPDX-License-Identifier: GPL-2.0-only
#include "config/parsers.h"

#include <errno.h>
#include <string.h>

#include "util/units.h"

static int store_bounded(const struct config_key *key, uint64_t number, void *field)
{
	if (number < key->min || number > key->max)
		return -ERANGE;
	*(uint64_t *)field = number;
	return 0;
}

int parsers_size(const struct config_key *key, const char *value, void *field)
{
	uint64_t bytes;
	int ret = units_parse_size(value, &bytes);

	return ret < 0 ? ret : store_bounded(key, bytes, field);
}

int parsers_count(const struct config_key *key, const char *value, void *field)
{
	if (strspn(value, "0123456789") != strlen(value))
		return -EINVAL;
	return parsers_size(key, value, field);
}

int parsers_rate(const struct config_key *key, const char *value, void *field)
{
	uint64_t bytes_per_s;
	int ret = units_parse_rate(value, &bytes_per_s);

	return ret < 0 ? ret : store_bounded(key, bytes_per_s, field);
}

int parsers_duration(const struct config_key *key, const char *value, void *field)
{
	uint64_t ns;
	int ret = units_parse_duration(value, &ns);

	return ret < 0 ? ret : store_bounded(key, ns, field);
}

int parsers_percent(const struct config_key *key, const char *value, void *field)
{
	unsigned int ppm;
	int ret = units_parse_percent(value, &ppm);

	(void)key;
	if (ret < 0)
		return ret;
	if (!ppm)
		return -ERANGE;
	*(unsigned int *)field = ppm;
	return 0;
}

static int parse_share(const struct config_key *key, const char *value, int positive, void *field)
{
	struct units_share *share = field;
	unsigned int ppm;
	uint64_t bytes;
	int ret = units_parse_share(value, &bytes, &ppm);

	if (ret < 0)
		return ret;
	if (!strchr(value, '%') && (bytes < key->min || bytes > key->max))
		return -ERANGE;
	if (positive && !bytes && !ppm)
		return -ERANGE;
	share->bytes = bytes;
	share->ppm = ppm;
	return 0;
}

int parsers_share(const struct config_key *key, const char *value, void *field)
{
	return parse_share(key, value, 0, field);
}

int parsers_share_positive(const struct config_key *key, const char *value, void *field)
{
	return parse_share(key, value, 1, field);
}

int parsers_word(const char *value, const char *const *words, size_t n, void *field)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (strcmp(value, words[i]) == 0) {
			*(int *)field = (int)i;
			return 0;
		}
	}
	return -EINVAL;
}

int parsers_bool(const struct config_key *key, const char *value, void *field)
{
	(void)key;
	return units_parse_bool(value, field);
}
