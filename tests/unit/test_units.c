// SPDX-License-Identifier: GPL-2.0-only
/* What people write in the conf, good and hostile. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "util/units.h"

/* Never a value that a parser gives: shows that a failure leaves the out-parameter alone. */
#define UNTOUCHED UINT64_C(0xdeadbeefdeadbeef)

struct number_case {
	const char *text;
	int ret;
	uint64_t value;
};

static void check(const struct number_case *cases, size_t n,
		  int (*parse)(const char *text, uint64_t *ret_value))
{
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t value = UNTOUCHED;
		int ret = parse(cases[i].text, &value);

		if (ret != cases[i].ret || value != (cases[i].ret ? UNTOUCHED : cases[i].value))
			fail_msg("'%s': got %d, %llu", cases[i].text, ret,
				 (unsigned long long)value);
	}
}

#define CHECK(cases, parse) check(cases, sizeof(cases) / sizeof((cases)[0]), parse)

static void test_size(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "4096", 0, 4096 },
		{ "64M", 0, 64ULL << 20 },
		{ "16T", 0, 16ULL << 40 },
		{ "16777215T", 0, 16777215ULL << 40 },
		{ "16777216T", -ERANGE, 0 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "M", -EINVAL, 0 },
		{ "-1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1m", -EINVAL, 0 },
		{ "1MB", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "1.5G", -EINVAL, 0 },
	};

	(void)state;
	CHECK(cases, units_parse_size);
}

static void test_duration(void **state)
{
	static const struct number_case cases[] = {
		{ "50us", 0, 50000 },    { "200ms", 0, 200000000 },
		{ "2s", 0, 2000000000 }, { "5min", 0, 300000000000 },
		{ "5", -EINVAL, 0 },     { "s", -EINVAL, 0 },
		{ "5m", -EINVAL, 0 },    { "99999999999999min", -ERANGE, 0 },
	};

	(void)state;
	CHECK(cases, units_parse_duration);
}

static void test_rate(void **state)
{
	static const struct number_case cases[] = {
		{ "500M/s", 0, 500ULL << 20 },
		{ "1/s", 0, 1 },
		{ "unlimited", 0, 0 },
		{ "0", 0, 0 },
		{ "500M", -EINVAL, 0 },
		{ "/s", -EINVAL, 0 },
		{ "0/s", -EINVAL, 0 },
		{ "0K/s", -EINVAL, 0 },
		{ "16777216T/s", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "1234567890123456789012345678901234567890/s", -EINVAL, 0 },
	};

	(void)state;
	CHECK(cases, units_parse_rate);
}

static void test_nodes(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 1 },
		{ "0-1,3", 0, 0xb },
		{ "63", 0, 1ULL << 63 },
		{ "0-63", 0, UINT64_MAX },
		{ "64", -ERANGE, 0 },
		{ "0-64", -ERANGE, 0 },
		{ "0-99999999999999999999", -ERANGE, 0 },
		{ "1-0", -EINVAL, 0 },
		{ "0,", -EINVAL, 0 },
		{ ",0", -EINVAL, 0 },
		{ "0-", -EINVAL, 0 },
		{ "0 1", -EINVAL, 0 },
		{ "0 junk", -EINVAL, 0 },
		{ " 0", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "all", -EINVAL, 0 },
	};

	(void)state;
	CHECK(cases, units_parse_nodes);
}

static int parse_percent(const char *text, uint64_t *ret_value)
{
	unsigned int ppm;
	int ret = units_parse_percent(text, &ppm);

	if (ret == 0)
		*ret_value = ppm;
	return ret;
}

static void test_percent(void **state)
{
	static const struct number_case cases[] = {
		{ "1%", 0, 10000 },      { "0.5%", 0, 5000 },        { "0.0001%", 0, 1 },
		{ "150%", 0, 1500000 },  { "6400%", 0, 64000000 },   { "6400.1%", -ERANGE, 0 },
		{ "6401%", -ERANGE, 0 }, { "0.00001%", -EINVAL, 0 }, { "1", -EINVAL, 0 },
		{ "1.%", -EINVAL, 0 },   { ".5%", -EINVAL, 0 },      { "1%%", -EINVAL, 0 },
		{ "%", -EINVAL, 0 },
	};

	(void)state;
	CHECK(cases, parse_percent);
}

static void test_share(void **state)
{
	static const struct {
		const char *text;
		int ret;
		unsigned int ppm;
		uint64_t bytes;
	} cases[] = {
		{ "2%", 0, 20000, 0 },
		{ "0.05%", 0, 500, 0 },
		{ "0.0001%", 0, 1, 0 },
		{ "0%", 0, 0, 0 },
		{ "100%", 0, 1000000, 0 },
		{ "512M", 0, 0, 512 << 20 },
		{ "0", 0, 0, 0 },
		{ "0.00005%", -EINVAL, 0, 0 },
		{ "100.0001%", -ERANGE, 0, 0 },
		{ "101%", -ERANGE, 0, 0 },
		{ "99999999999999999999%", -ERANGE, 0, 0 },
		{ "-1%", -EINVAL, 0, 0 },
		{ "5M%", -EINVAL, 0, 0 },
		{ "%", -EINVAL, 0, 0 },
		{ "half", -EINVAL, 0, 0 },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = UNTOUCHED;
		unsigned int ppm = 7;
		int ret = units_parse_share(cases[i].text, &bytes, &ppm);

		if (ret != cases[i].ret || ppm != (ret ? 7 : cases[i].ppm) ||
		    bytes != (ret ? UNTOUCHED : cases[i].bytes))
			fail_msg("'%s': got %d, %u, %llu", cases[i].text, ret, ppm,
				 (unsigned long long)bytes);
	}
}

static void test_bool(void **state)
{
	int value = 7;

	(void)state;
	assert_int_equal(units_parse_bool("yes", &value), 0);
	assert_int_equal(value, 1);
	assert_int_equal(units_parse_bool("off", &value), 0);
	assert_int_equal(value, 0);
	assert_int_equal(units_parse_bool("maybe", &value), -EINVAL);
	assert_int_equal(units_parse_bool("", &value), -EINVAL);
	assert_int_equal(value, 0);
}

static void test_format(void **state)
{
	char text[32];

	(void)state;
	assert_string_equal(units_format_size(0, text, sizeof(text)), "0 B");
	assert_string_equal(units_format_size(1023, text, sizeof(text)), "1023 B");
	assert_string_equal(units_format_size(1536, text, sizeof(text)), "1.5 KiB");
	assert_string_equal(units_format_size(UINT64_MAX, text, sizeof(text)), "16.0 EiB");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_size),    cmocka_unit_test(test_duration),
		cmocka_unit_test(test_rate),    cmocka_unit_test(test_nodes),
		cmocka_unit_test(test_percent), cmocka_unit_test(test_share),
		cmocka_unit_test(test_bool),    cmocka_unit_test(test_format),
	};

	return cmocka_run_group_tests_name("units", tests, NULL, NULL);
}
