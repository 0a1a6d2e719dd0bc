/* SPDX-License-Identifier: GPL-2.0-only */
/* echo.h - a process that sends a byte back: a turn is two changes of the address space. */
#ifndef BENCH_ECHO_H
#define BENCH_ECHO_H

/* Ends of the pipes to it and from it. */
struct echo {
	int to, from;
};

/* Starts one, on @cpu if that is not negative, that ends with its parent. Ends the program on error. */
struct echo echo_start(int cpu);

/* Hands it a byte, and takes that back. Ends the program when it is no more. */
void echo_turn(const struct echo *echo);

#endif
