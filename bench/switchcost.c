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
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/options.h"

#define PAGE 4096UL

static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static void hand_over(int to, int from)
{
	char byte = 0;

	if (write(to, &byte, 1) != 1 || read(from, &byte, 1) != 1)
		options_die("the other process has ended");
}

static void echo(int from, int to)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (read(from, &byte, 1) == 1 && write(to, &byte, 1) == 1)
		;
	_exit(0);
}

static double switch_ns(uint64_t times)
{
	int to[2], from[2];
	uint64_t i, began;
	pid_t child;

	if (pipe(to) < 0 || pipe(from) < 0)
		options_fail(-errno, "no pipe");
	child = fork();
	if (child < 0)
		options_fail(-errno, "cannot fork");
	if (child == 0)
		echo(to[0], from[1]);
	for (i = 0; i < 1000; i++)
		hand_over(to[1], from[0]);
	began = now_ns();
	for (i = 0; i < times; i++)
		hand_over(to[1], from[0]);
	return (double)(now_ns() - began) / 2 / (double)times;
}

static double protect_ns(uint64_t times)
{
	char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	uint64_t i, began;

	if (page == MAP_FAILED)
		options_fail(-errno, "no memory");
	began = now_ns();
	for (i = 0; i < times; i++) {
		*(volatile char *)page = 1;
		if (mprotect(page, PAGE, PROT_READ) < 0 ||
		    mprotect(page, PAGE, PROT_READ | PROT_WRITE) < 0)
			options_fail(-errno, "mprotect() fails");
	}
	return (double)(now_ns() - began) / (double)times;
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
