/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * flight.h - what the daemon is at, at this very moment.
 *
 * The worker says it in the memory that it shares with its BPF programs; that is a
 * map, so anybody who may see maps can look into it.
 */
#ifndef BENCH_FLIGHT_H
#define BENCH_FLIGHT_H

#include <stdint.h>
#include <sys/types.h>

struct flight;

/* @scan: pages are being marked or read; @victim: whose pages are being moved, 0: nobody's */
struct flight_look {
	int scan;
	uint32_t victim;
};

/* Waits up to @seconds for a daemon; 0, or -errno. Never closed. */
int flight_open(unsigned int seconds, struct flight **ret);

struct flight_look flight_look(const struct flight *flight);

/* Does the daemon manage this process? */
int flight_manages(const struct flight *flight, pid_t pid);

#endif
