/* SPDX-License-Identifier: GPL-2.0-only */
/* targets_internal.h - what the files of the targets share. Not for others. */
#ifndef TIERED_TARGETS_INTERNAL_H
#define TIERED_TARGETS_INTERNAL_H

#include "proc.h"
#include "targets.h"

/*
 * A process that is, or once was, a target. It is remembered until it exits,
 * so that its exec count goes on counting.
 */
struct known {
	struct target_wanted wanted;
	uint64_t exe_hash;
	uint8_t held;    /* is a target now */
	uint8_t refused; /* until it execs */
	uint8_t execed;  /* an event said so */
	uint8_t touched; /* an event named it: to be looked at */
	uint8_t alive;   /* found by the current look */
	uint8_t chosen;  /* by the current look */
};

/* A process to be looked at although no sweep is due. */
struct hint {
	uint32_t tgid;
	uint32_t looks;
};

/* Beyond this many a sweep of everything is cheaper. */
#define TARGETS_HINTS_MAX 256

struct targets {
	struct targets_config config;
	struct known *known; /* ascending tgid */
	size_t n_known;
	size_t room_known;
	struct hint hints[TARGETS_HINTS_MAX];
	size_t n_hints;
	int hints_lost; /* more than there is room for: the next look is a sweep */
	uint32_t next_id;
	uint32_t needs; /* TARGETS_NEED_*: what the rules ask for beyond stat */
	uint64_t least; /* no smaller process can be wanted */
	/* Results of the last call. */
	struct target_wanted *list; /* those held */
	size_t n_list;
	struct target_wanted *added;
	struct target_removed *removed;
};

#define TARGETS_NEED_UID 1u
#define TARGETS_NEED_CGROUP 2u
#define TARGETS_NEED_EXE 4u

/* A process that a rule wants. @fresh: not the program we know under this tgid. */
struct candidate {
	struct proc_stat stat;
	uint64_t exe_hash;
	uint64_t weight;
	uint32_t rule;
	uint32_t uid;
	uint8_t fresh;
};

struct candidates {
	struct candidate *list; /* owned */
	size_t n;
	size_t room;
	size_t processes;
	size_t refused;
};

/* Neither kernel thread nor init nor dead nor this daemon. */
int targets_is_user_process(const struct proc_stat *stat);

struct known *targets_known(const struct targets *targets, uint32_t tgid);

/* Looks at one process, and adds it to @found if a rule wants it. 0 or -ENOMEM. */
int targets_examine(struct targets *targets, const char *proc_root, uint32_t pid,
		    struct candidates *found);

/* Turns what was found into a change; @full: what was not looked at is gone. 0 or -ENOMEM. */
int targets_apply(struct targets *targets, struct candidates *found, int full,
		  struct targets_change *ret);

#endif
