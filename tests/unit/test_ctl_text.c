// SPDX-License-Identifier: GPL-2.0-only
/* Numbers, names and tables as people read them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../ctl/answer.h"
#include "../../ctl/format.h"
#include "../../ctl/table.h"

static void test_names(void **state)
{
	char small[8];

	(void)state;
	assert_string_equal(TEXT("redis-server"), "redis-server");
	assert_string_equal(TEXT("\x1b[2J\n\t\x7f"), "\\x1b[2J\\x0a\\x09\\x7f");
	/* C1 controls and what else is no ASCII, and the escape character itself. */
	assert_string_equal(TEXT("\xc2\x9b\x80"), "\\xc2\\x9b\\x80");
	assert_string_equal(TEXT("a\\x0a"), "a\\x5cx0a");
	/* An escape is never cut in two. */
	assert_string_equal(format_text("abcdefghij", small, sizeof(small)), "abcdefg");
	assert_string_equal(format_text("abcd\x01", small, sizeof(small)), "abcd");
	assert_string_equal(WORD("numa_balancing"), "numa-balancing");
}

static void test_numbers(void **state)
{
	(void)state;
	assert_string_equal(COUNT(0), "0");
	assert_string_equal(COUNT(999999), "999999");
	assert_string_equal(COUNT(1000000), "1.00M");
	assert_string_equal(COUNT(12345678), "12.3M");
	assert_string_equal(COUNT(999500000), "1.00G");
	assert_string_equal(COUNT(UINT64_MAX), "18.4E");
	assert_string_equal(PAGES(0), "0 B");
	assert_string_equal(PAGES(1), "4.0 KiB");
	assert_string_equal(PAGES(UINT64_MAX), "16.0 EiB");
	assert_string_equal(PPM(853211), "85.3 %");
	assert_int_equal(format_share(1, 3), 333333);
	assert_int_equal(format_share(1, 0), 0);
}

static void test_rates(void **state)
{
	(void)state;
	assert_string_equal(RATE(0), "1.00");
	assert_string_equal(RATE(256), "2.00");
	assert_string_equal(RATE(-256), "0.500");
	assert_string_equal(RATE(-256 * 8), "0.0039");
	assert_string_equal(RATE(256 * 10), "1.02k");
	assert_string_equal(RATE(128), "1.41");
	assert_string_equal(RATE(256 * 7), "128");
}

static void test_spans(void **state)
{
	(void)state;
	assert_string_equal(SPAN(0), "0 ms");
	assert_string_equal(SPAN(350000000), "350 ms");
	assert_string_equal(SPAN(2040000000), "2.0 s");
	assert_string_equal(SPAN(250ULL * 1000000000), "4 min 10 s");
	assert_string_equal(SPAN(7980ULL * 1000000000), "2 h 13 min");
	assert_string_equal(SPAN(277200ULL * 1000000000), "3 d 5 h");
}

static void test_bars(void **state)
{
	char bar[16];

	(void)state;
	assert_string_equal(format_bar(0, 10, 4, bar, sizeof(bar)), "....");
	assert_string_equal(format_bar(5, 10, 4, bar, sizeof(bar)), "##..");
	assert_string_equal(format_bar(1, 1000, 4, bar, sizeof(bar)), "#...");
	assert_string_equal(format_bar(20, 10, 4, bar, sizeof(bar)), "####");
	assert_string_equal(format_bar(1, 0, 4, bar, sizeof(bar)), "....");
	assert_string_equal(format_bar(1, 1, 400, bar, sizeof(bar)), "###############");
}

static void check_table(const struct table_column *columns, size_t n, const char *const *cells,
			size_t width, const char *expected)
{
	struct table *table = table_new(columns, n);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	for (; *cells; cells++)
		table_add(table, "%s", *cells);
	assert_int_equal(table_print(table, out, " ", width), 0);
	table_free(table);
	fclose(out);
	assert_string_equal(text, expected);
	free(text);
}

static void test_table(void **state)
{
	static const struct table_column columns[] = {
		{ .title = "pid", .right = true },
		{ .title = "comm", .at_least = 4 },
		{ .title = "path", .at_least = 4, .keep_tail = true },
	};
	static const char *const cells[] = {
		"1", "init", "/a", "12345", "redis-server", "/system.slice", "7", "", "", NULL,
	};

	(void)state;
	check_table(columns, 3, cells, 80,
		    "   pid  comm          path\n"
		    "     1  init          /a\n"
		    " 12345  redis-server  /system.slice\n"
		    "     7\n");
	check_table(columns, 3, cells, 26,
		    "   pid  comm      path\n"
		    "     1  init      /a\n"
		    " 12345  redis-s~  ~m.slice\n"
		    "     7\n");
	/* Not below what they need at least. */
	check_table(columns, 3, cells, 5,
		    "   pid  comm  path\n"
		    "     1  init  /a\n"
		    " 12345  red~  ~ice\n"
		    "     7\n");
}

static void test_list(void **state)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	fputs("  planned  ", out);
	table_print_list(out,
			 "promote-hot 30000, promote-swap 10000, demote-room 10000, "
			 "demote-pressure 50",
			 11);
	table_print_list(out, "", 3);
	fclose(out);
	assert_string_equal(text, "  planned  promote-hot 30000, promote-swap 10000, "
				  "demote-room 10000,\n"
				  "           demote-pressure 50\n\n");
	free(text);
}

static void test_answer(void **state)
{
	struct json_object *answer = json_tokener_parse(
		"{\"a\":{\"b\":{\"c\":18446744073709551615,\"r\":-700}},\"s\":\"x\",\"t\":true,"
		"\"n\":null,\"address\":\"0x7fffffffffffffff\",\"l\":[1,2]}");
	char list[16];

	(void)state;
	assert_true(answer_number(answer, "a.b.c") == UINT64_MAX);
	assert_int_equal(answer_signed(answer, "a.b.r"), -700);
	assert_int_equal(answer_number(answer, "a.b"), 0);
	assert_int_equal(answer_number(answer, "s"), 0);
	assert_int_equal(answer_number(answer, "s.x"), 0);
	assert_int_equal(answer_number(answer, "no.such"), 0);
	assert_int_equal(answer_number(NULL, "a"), 0);
	assert_string_equal(answer_text(answer, "s"), "x");
	assert_string_equal(answer_text(answer, "a"), "");
	assert_true(answer_flag(answer, "t"));
	assert_false(answer_flag(answer, "n"));
	assert_null(answer_at(answer, "n"));
	assert_true(answer_address(answer, "address") == INT64_MAX);
	assert_int_equal(answer_length(answer_at(answer, "l")), 2);
	assert_int_equal(answer_length(answer_at(answer, "a")), 0);
	assert_null(answer_element(answer_at(answer, "l"), 2));
	json_object_put(answer);
	/* Zeros and the one that is named are left out; what does not fit is, too. */
	answer = json_tokener_parse("{\"r\":{\"a_b\":1,\"c\":0,\"moved\":9,\"d\":2,\"long\":3}}");
	assert_string_equal(answer_list(answer, "r", "moved", list, sizeof(list)), "a-b 1, d 2");
	assert_int_equal(answer_sum(answer, "r", "moved"), 6);
	assert_string_equal(answer_list(answer, "x", NULL, list, sizeof(list)), "");
	json_object_put(answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names), cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_rates), cmocka_unit_test(test_spans),
		cmocka_unit_test(test_bars),  cmocka_unit_test(test_table),
		cmocka_unit_test(test_list),  cmocka_unit_test(test_answer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
