// SPDX-License-Identifier: GPL-2.0-only
#include "units.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

struct unit {
	const char *suffix;
	uint64_t factor;
};

static const struct unit size_units[] = {
	{ "", 1 },           { "K", 1ULL << 10 }, { "M", 1ULL << 20 },
	{ "G", 1ULL << 30 }, { "T", 1ULL << 40 },
};

static const struct unit time_units[] = {
	{ "us", NSEC_PER_USEC },
	{ "ms", NSEC_PER_MSEC },
	{ "s", NSEC_PER_SEC },
	{ "min", 60 * NSEC_PER_SEC },
};

/* Plain decimal digits only: no sign, no blank, no hex. */
static int parse_digits(const char **text, uint64_t *ret_value)
{
	const char *at = *text;
	uint64_t value = 0;

	if (!isdigit((unsigned char)*at))
		return -EINVAL;
	for (; isdigit((unsigned char)*at); at++) {
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
			return -ERANGE;
	}
	*text = at;
	*ret_value = value;
	return 0;
}

static int parse_with_unit(const char *text, const struct unit *units, size_t n_units,
			   uint64_t *ret_value)
{
	uint64_t value;
	size_t i;
	int ret;

	ret = parse_digits(&text, &value);
	if (ret < 0)
		return ret;
	for (i = 0; i < n_units; i++) {
		if (strcmp(text, units[i].suffix) != 0)
			continue;
		if (__builtin_mul_overflow(value, units[i].factor, &value))
			return -ERANGE;
		*ret_value = value;
		return 0;
	}
	return -EINVAL;
}

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

int units_parse_size(const char *text, uint64_t *ret_bytes)
{
	return parse_with_unit(text, size_units, ARRAY_SIZE(size_units), ret_bytes);
}

int units_parse_duration(const char *text, uint64_t *ret_ns)
{
	return parse_with_unit(text, time_units, ARRAY_SIZE(time_units), ret_ns);
}

/* "12.5%" as 125000 millionths: at most four decimals, since a millionth is the last that counts. */
static int parse_ppm(const char *text, uint64_t max_percent, unsigned int *ret_ppm)
{
	uint64_t percent, ppm, weight = 1000;
	int ret;

	ret = parse_digits(&text, &percent);
	if (ret < 0)
		return ret;
	if (percent > max_percent)
		return -ERANGE;
	ppm = percent * 10000;
	if (*text == '.') {
		if (!isdigit((unsigned char)*++text))
			return -EINVAL;
		for (; isdigit((unsigned char)*text); text++, weight /= 10) {
			if (!weight)
				return -EINVAL;
			ppm += (uint64_t)(*text - '0') * weight;
		}
	}
	if (strcmp(text, "%") != 0)
		return -EINVAL;
	if (ppm > max_percent * 10000)
		return -ERANGE;
	*ret_ppm = (unsigned int)ppm;
	return 0;
}

int units_parse_percent(const char *text, unsigned int *ret_ppm)
{
	return parse_ppm(text, 6400, ret_ppm);
}

int units_parse_share(const char *text, uint64_t *ret_bytes, unsigned int *ret_ppm)
{
	unsigned int ppm;
	uint64_t bytes;
	int ret;

	if (strchr(text, '%')) {
		ret = parse_ppm(text, 100, &ppm);
		if (ret < 0)
			return ret;
		*ret_bytes = 0;
		*ret_ppm = ppm;
		return 0;
	}
	ret = units_parse_size(text, &bytes);
	if (ret < 0)
		return ret;
	*ret_bytes = bytes;
	*ret_ppm = 0;
	return 0;
}

int units_parse_rate(const char *text, uint64_t *ret_bytes_per_s)
{
	char number[32];
	size_t length = strlen(text);
	uint64_t bytes;
	int ret;

	if (strcmp(text, "unlimited") == 0 || strcmp(text, "0") == 0) {
		*ret_bytes_per_s = 0;
		return 0;
	}
	if (length < 3 || length >= sizeof(number) || strcmp(text + length - 2, "/s") != 0)
		return -EINVAL;
	memcpy(number, text, length - 2);
	number[length - 2] = '\0';
	ret = units_parse_size(number, &bytes);
	if (ret < 0)
		return ret;
	/* Who writes this wants nothing moved, the opposite of what 0 means. */
	if (!bytes)
		return -EINVAL;
	*ret_bytes_per_s = bytes;
	return 0;
}

int units_parse_nodes(const char *text, uint64_t *ret_mask)
{
	uint64_t mask = 0, first, last;
	int ret;

	for (;;) {
		ret = parse_digits(&text, &first);
		if (ret < 0)
			return ret;
		last = first;
		if (*text == '-') {
			text++;
			ret = parse_digits(&text, &last);
			if (ret < 0)
				return ret;
		}
		if (last < first)
			return -EINVAL;
		if (last > 63)
			return -ERANGE;
		for (; first <= last; first++)
			mask |= UINT64_C(1) << first;
		if (*text == '\0')
			break;
		if (*text++ != ',')
			return -EINVAL;
	}
	*ret_mask = mask;
	return 0;
}

int units_parse_bool(const char *text, int *ret_value)
{
	static const char *const words[][2] = {
		{ "no", "yes" },
		{ "off", "on" },
		{ "false", "true" },
		{ "0", "1" },
	};
	size_t i;
	int value;

	for (i = 0; i < ARRAY_SIZE(words); i++) {
		for (value = 0; value < 2; value++) {
			if (strcmp(text, words[i][value]) == 0) {
				*ret_value = value;
				return 0;
			}
		}
	}
	return -EINVAL;
}

const char *units_format_size(uint64_t bytes, char *buffer, size_t size)
{
	static const char *const names[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB" };
	double value = (double)bytes;
	size_t i = 0;

	for (; value >= 1024 && i + 1 < ARRAY_SIZE(names); i++)
		value /= 1024;
	snprintf(buffer, size, i ? "%.1f %s" : "%.0f %s", value, names[i]);
	return buffer;
}
