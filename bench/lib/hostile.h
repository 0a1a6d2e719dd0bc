/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * hostile.h - what a process can do to its memory, and to itself, behind the daemon's back.
 *
 * An effect is done again and again by a process of its own. It returns 1 when it
 * really happened, 0 when not this time, -errno when it cannot be, and -EILSEQ when
 * data was not what was written.
 */
#ifndef BENCH_HOSTILE_H
#define BENCH_HOSTILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "flight.h"

struct hostile;

/**
 * struct hostile_effect - one way to be hostile
 * @copies: processes that do it at the same time; for those that take long
 */
struct hostile_effect {
	const char *name;
	int (*setup)(struct hostile *hostile);
	int (*step)(struct hostile *hostile);
	unsigned int copies;
};

/**
 * struct hostile_config - from the command line
 * @device: block device to read and write directly, or NULL: no such effects
 * @cgroup: folder in which effects make cgroups of their own, or NULL
 * @node: that memory starts on
 * @alone: no other effect is done, so each may take its time
 */
struct hostile_config {
	const char *device;
	const char *cgroup;
	int node;
	int other_node;
	int alone;
};

/**
 * struct hostile - one process
 * @flight: what the daemon is at
 * @before: seen before the effect, @alone: the step has set it by itself
 * @memory: what the effect works on, HOSTILE_PAGES long
 * @other: a second piece, if the effect needs one
 */
struct hostile {
	const struct hostile_config *config;
	const struct flight *flight;
	struct flight_look *before;
	int alone;
	uint64_t round;
	uint64_t *memory;
	uint64_t *other;
	int fd;
	pid_t partner;
	char cgroup[128];
	void *state;
};

#define HOSTILE_PAGES 64
#define HOSTILE_BYTES (HOSTILE_PAGES * 4096UL)
#define HOSTILE_SEED 11
/* A process that is to be managed has at least this much. */
#define HOSTILE_BODY_PAGES 1536

/* Where children of the effect `exit`, and short processes, have theirs: at the same place. */
#define HOSTILE_BODY_AT 0x100000000000UL

extern const struct hostile_effect hostile_memory_effects[];
extern const struct hostile_effect hostile_pages_effects[];
extern const struct hostile_effect hostile_process_effects[];

/* A new piece of HOSTILE_PAGES, filled, or NULL. */
uint64_t *hostile_piece(const struct hostile *hostile);
/* A body that is not filled, at HOSTILE_BODY_AT; 0 or -errno. */
int hostile_body_map(uint64_t **ret_body);
/* 0, or -EILSEQ. */
int hostile_verify(const uint64_t *memory, size_t pages);
/* For most: @memory is a piece. */
int hostile_setup_piece(struct hostile *hostile);

/* main() of the program that the effect `exec` becomes: holds memory for a moment. */
int hostile_executed(void);

#endif
