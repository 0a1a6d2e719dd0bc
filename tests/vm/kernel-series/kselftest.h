/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the selftests of the series use of the kernel tree's own kselftest.h, so
 * that they can be built without that tree. Every result ends up as TAP.
 */
#ifndef TIERED_KSELFTEST_H
#define TIERED_KSELFTEST_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define ARRAY_SIZE(arr) (sizeof(arr) / sizeof((arr)[0]))
#define KSFT_FAIL 1
#define KSFT_SKIP 4
#define KSFT_PRINTF __attribute__((unused, format(printf, 1, 2)))

static unsigned int ksft_plan, ksft_results, ksft_failed;

#define KSFT_PRINT(prefix, fmt)                                                                    \
	do {                                                                                       \
		va_list args;                                                                      \
		printf prefix;                                                                     \
		va_start(args, fmt);                                                               \
		vprintf(fmt, args);                                                                \
		va_end(args);                                                                      \
		fflush(stdout);                                                                    \
	} while (0)

static KSFT_PRINTF void ksft_print_msg(const char *fmt, ...)
{
	KSFT_PRINT(("# "), fmt);
}

static KSFT_PRINTF void ksft_test_result_skip(const char *fmt, ...)
{
	KSFT_PRINT(("ok %u # SKIP ", ++ksft_results), fmt);
}

static KSFT_PRINTF void ksft_test_result_pass(const char *fmt, ...)
{
	KSFT_PRINT(("ok %u - ", ++ksft_results), fmt);
}

static KSFT_PRINTF void ksft_test_result_fail(const char *fmt, ...)
{
	ksft_failed++;
	KSFT_PRINT(("not ok %u - ", ++ksft_results), fmt);
}

#define ksft_test_result(condition, ...)                                                           \
	((condition) ? ksft_test_result_pass(__VA_ARGS__) : ksft_test_result_fail(__VA_ARGS__))

static KSFT_PRINTF _Noreturn void ksft_exit_fail_msg(const char *fmt, ...)
{
	KSFT_PRINT(("Bail out! "), fmt);
	exit(KSFT_FAIL);
}

static KSFT_PRINTF _Noreturn void ksft_exit_skip(const char *fmt, ...)
{
	KSFT_PRINT(("1..0 # SKIP "), fmt);
	exit(KSFT_SKIP);
}

static __attribute__((unused)) void ksft_print_header(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
}

static __attribute__((unused)) void ksft_set_plan(unsigned int plan)
{
	ksft_plan = plan;
	printf("1..%u\n", plan);
}

/* As many results as planned, none of them failed. */
#define ksft_finished() exit(ksft_failed || ksft_results != ksft_plan ? KSFT_FAIL : 0)

#endif
