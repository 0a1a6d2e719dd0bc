// SPDX-License-Identifier: GPL-2.0-only
/*
 * switchcost - what a change of the address space and a flush of one page cost.
 *
 *	switchcost TIMES
 *
 * For a guest that counts instructions, where a time is a number of them. Two
 * processes hand a byte to and fro through pipes, TIMES each; then a page is
 * made read-only and writable again, TIMES, which flushes it each time that it
 * loses the right. Prints one line: ns for a hand-over (two system calls and a
 * change of the address space), ns for such a round of mprotect().
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/mman.h>

#include "lib/echo.h"
#include "lib/options.h"
#include "util/clock.h"

#define PAGE 4096UL

static double switch_ns(uint64_t times)
{
	const struct echo echo = echo_start(-1);
	uint64_t i, began;

	for (i = 0; i < 1000; i++)
		echo_turn(&echo);
	began = clock_now_ns();
	for (i = 0; i < times; i++)
		echo_turn(&echo);
	return (double)(clock_now_ns() - began) / 2 / (double)times;
}

static double protect_ns(uint64_t times)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t i, began;

	if (page == MAP_FAILED)
		options_fail(-errno, "no memory");
	began = clock_now_ns();
	for (i = 0; i < times; i++) {
		*(volatile char *)page = 1;
		if (mprotect(page, PAGE, PROT_READ) < 0 ||
		    mprotect(page, PAGE, PROT_READ | PROT_WRITE) < 0)
			options_fail(-errno, "mprotect() fails");
	}
	return (double)(clock_now_ns() - began) / (double)times;
}

int main(int argc, char **argv)
{
	uint64_t times;

	if (argc != 2)
		options_die("usage: switchcost TIMES");
	times = options_number("TIMES", argv[1], 1, UINT64_C(1) << 32);
	printf("%.2f ", switch_ns(times));
	printf("%.2f\n", protect_ns(times));
	return 0;
}
