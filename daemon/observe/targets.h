/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * targets.h - which processes are managed.
 *
 * Rules say what is wanted; a sweep of /proc says what there is; the answer is
 * a change: targets that are new, targets that are no more. Lifecycle events
 * make a process be looked at before the next sweep. All of it is for the main
 * thread: only files are read that do not take the mmap_lock of a process.
 */
#ifndef TIERED_TARGETS_H
#define TIERED_TARGETS_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/types.h"
#include "util/units.h"

/*
 * Descriptors: a target holds two (process and pagemap); the rest of the daemon a few
 * dozen, and up to 64 clients of the control socket.
 */
#define TARGET_FDS 2
#define DAEMON_FDS 192

#define TARGET_NAME_MAX 32
#define TARGET_GLOB_MAX 256

#define TARGET_UID_ANY UINT64_MAX
#define TARGET_SIZE_DEFAULT UINT64_MAX

/* Rule number of a target that no [target] section named: it is large, that is all. */
#define TARGET_RULE_DEFAULT UINT32_MAX

/* Pages that other processes map as well: `shared = ` */
enum target_shared {
	TARGET_SHARED_NEVER,   /* stay where they are */
	TARGET_SHARED_MANAGED, /* move when all who map them are targets */
	TARGET_SHARED_ALL,     /* move */
};

/**
 * struct target_rule - one [target NAME] section; all that it states must hold
 * @name: for people
 * @comm: glob for the command name, "" any
 * @exe: glob for the path of the program, "" any
 * @cgroup: glob for the path of the cgroup, "" any
 * @uid: real user id, or TARGET_UID_ANY
 * @pid: process id, 0 any
 * @min_size: resident bytes from which on it counts, or TARGET_SIZE_DEFAULT
 * @fast_min: part of the fastest tier that its processes together are left, and given if warm
 * @fast_max: and the most; UINT64_MAX bytes: any
 * @priority: its weight against others that are as hot
 * @promote, @demote: may its pages be
 * @shared: enum target_shared
 * @exclude: not 0: leave such processes alone, whatever other rules say and
 *	     however small they are
 *
 * Globs are those of fnmatch(3) without flags: "*" matches "/" as well.
 */
struct target_rule {
	char name[TARGET_NAME_MAX];
	char comm[TARGET_GLOB_MAX];
	char exe[TARGET_GLOB_MAX];
	char cgroup[TARGET_GLOB_MAX];
	uint64_t uid;
	uint64_t min_size;
	struct units_share fast_min;
	struct units_share fast_max;
	uint64_t priority;
	uint32_t pid;
	int promote;
	int demote;
	int shared;
	int exclude;
};

/* Of processes that no [target] names, and of a [target] that does not say. */
#define TARGET_SHARED TARGET_SHARED_MANAGED

/* A rule that matches everything. @name is cut off at TARGET_NAME_MAX - 1. */
void target_rule_init(struct target_rule *rule, const char *name);

/**
 * struct target_traits - what rules look at
 * Strings may be "" when they could not be read: then only "" and "*" match.
 */
struct target_traits {
	const char *comm;
	const char *exe;
	const char *cgroup;
	uint64_t rss_bytes;
	uint32_t uid;
	uint32_t pid;
};

/* Pure: fnmatch(3) without flags; "" fits everything. */
int target_glob_fits(const char *glob, const char *text);

/* Pure: do the words of the rule fit? Its size and its exclude flag are not looked at. */
int target_rule_fits(const struct target_rule *rule, const struct target_traits *traits);

/**
 * targets_choose() - pure: the rule that decides over a process
 * @size_min: for rules with TARGET_SIZE_DEFAULT, and for processes no rule names
 * @held: it is a target now: it stays one down to half of the size that made it one
 * @ret_rule: index of the rule, or TARGET_RULE_DEFAULT
 *
 * Any exclude that fits wins; else the first rule that fits decides, by its
 * size. When every rule is an exclude (or there is none), processes that none
 * of them fits are judged by @size_min. Returns 1 when it is wanted, else 0.
 */
int targets_choose(const struct target_rule *rules, size_t n_rules, uint64_t size_min, int held,
		   const struct target_traits *traits, uint32_t *ret_rule);

/**
 * struct targets_config - bounds; @rules stay the caller's and outlive the targets
 * @max: most targets at a time; beyond it the largest are kept
 */
struct targets_config {
	const struct target_rule *rules;
	size_t n_rules;
	uint64_t size_min;
	size_t max;
};

/**
 * struct target_wanted - a process that is to be managed
 * @id: never used again in one run
 * @rule: index into the rules, or TARGET_RULE_DEFAULT
 */
struct target_wanted {
	struct target_key key;
	uint64_t rss_pages;
	uint32_t id;
	uint32_t rule;
	uint32_t uid;
	char comm[16];
};

/* A process that is managed no more. */
struct target_removed {
	uint32_t id;
	uint32_t tgid;
};

/**
 * struct targets_change - what a sweep found; arrays are valid until the next call
 * @removed: targets that are so no more; to be told to the worker before @added
 * @kept: how many go on
 * @processes: user processes looked at
 * @overflow: how many are wanted but found no place under targets_config.max
 * @refused: how many are wanted but were given up by targets_refuse()
 */
struct targets_change {
	const struct target_wanted *added;
	size_t n_added;
	const struct target_removed *removed;
	size_t n_removed;
	size_t kept;
	size_t processes;
	size_t overflow;
	size_t refused;
};

struct targets;

/* 0 or -ENOMEM. */
int targets_new(const struct targets_config *config, struct targets **ret);
void targets_free(struct targets *targets);

/*
 * Looks at every process; 0, or -errno when /proc cannot be listed or memory
 * is short (then nothing has changed).
 */
int targets_sweep(struct targets *targets, const char *proc_root, struct targets_change *ret);

/*
 * Looks at the processes that events named since the last call, and at those
 * still too small the last times. Cheap when there are none. As targets_sweep().
 */
int targets_look(struct targets *targets, const char *proc_root, struct targets_change *ret);

/* Events. An exec makes a new key; an exit frees the place; a fork is a process to look at. */
void targets_on_exec(struct targets *targets, uint32_t tgid);
void targets_on_exit(struct targets *targets, uint32_t tgid);
void targets_on_fork(struct targets *targets, uint32_t tgid);

/* The worker saw the address space end: if the process lives on, it is a new program. */
void targets_on_gone(struct targets *targets, uint32_t id);

/* The worker may not touch it: leave it out until it execs. */
void targets_refuse(struct targets *targets, uint32_t id);

/*
 * Why a process is no target, as a sentence for people; "" when nothing speaks
 * against it (it will be one after the next look). 0, or -ESRCH when there is no
 * such process.
 */
int targets_explain(const struct targets *targets, const char *proc_root, uint32_t tgid,
		    char *ret_why, size_t size);

/* Those held now, for people; valid until the next call. NULL when there is none of this id. */
const struct target_wanted *targets_find(const struct targets *targets, uint32_t id);
const struct target_wanted *targets_list(const struct targets *targets, size_t *ret_n);

#endif
