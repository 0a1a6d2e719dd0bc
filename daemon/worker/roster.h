/* SPDX-License-Identifier: GPL-2.0-only */
/* roster.h - the targets that the worker holds, ascending by id. */
#ifndef TIERED_ROSTER_H
#define TIERED_ROSTER_H

#include <stddef.h>
#include <stdint.h>

#include "observe/vmas.h"

struct target;

/**
 * struct seat - a target and what the current window knows of it
 * @mapped_ns: when its mappings were last read
 * @marked: has marks in this window
 * @flushed: its TLB entries are known to be flushed since
 */
struct seat {
	struct target *target;
	uint64_t mapped_ns;
	uint8_t marked;
	uint8_t flushed;
};

/* @targets holds the same targets once more, in the form trackers take. */
struct roster {
	struct seat *seats;
	struct target **targets;
	size_t count;
	size_t room;
};

/* Takes @target over; 0 or -ENOMEM (it stays the caller's). Ids must ascend. */
int roster_add(struct roster *roster, struct target *target);

/* Closes the target of this id; does nothing when there is none. */
void roster_remove(struct roster *roster, uint32_t id);

/* NULL when there is none. Valid until the next add or remove. */
struct seat *roster_find(const struct roster *roster, uint32_t id);

/* Closes all. */
void roster_done(struct roster *roster);

/*
 * Looks at every target: calls @gone for those that are no more (the roster
 * still holds them then), and reads mappings that are older than a second.
 */
void roster_refresh(struct roster *roster, const char *proc_root, vma_source_fn *source,
		    void *source_arg, uint64_t now_ns, void (*gone)(void *arg, uint32_t id),
		    void *arg);

#endif
