/* SPDX-License-Identifier: GPL-2.0-only */
/* touched.h - a process with an arena of single pages, of which it touches a part when it is told to. */
#ifndef BENCH_TOUCHED_H
#define BENCH_TOUCHED_H

#include <stdint.h>
#include <sys/types.h>

struct target;

/**
 * struct touched - the arena, as its watcher has it
 * @target: the process, with the arena as its only mapping
 */
struct touched {
	char *arena;
	char *churn;
	uint64_t pages;
	pid_t pid;
	int to_child;
	int from_child;
	struct target *target;
};

/* Ends the program on failure. */
void touched_start(struct touched *touched, uint64_t pages);

/* After a flush of its own TLB the process touches @percent of the pages, scattered. */
void touched_run(struct touched *touched, uint64_t percent);

/* Is it one of them? */
int touched_is(uint64_t page, uint64_t percent);

/* How many these are. */
uint64_t touched_count(const struct touched *touched, uint64_t percent);

void touched_stop(struct touched *touched);

#endif
