/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * check.h - what this machine can do, as a table of checks.
 *
 * A check looks at one thing and changes nothing. It fills in a verdict, what
 * was found, and what to do about it; a thing that may not be looked at is
 * unknown, never good. Everything is read below proc_root and sys_root, so tests
 * run on made-up trees.
 */
#ifndef TIERED_CTL_CHECK_H
#define TIERED_CTL_CHECK_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bpf/loader.h"

struct config;
struct topology;
struct tracker_ops;

/* Rows of the table, the hooks of the BPF programs each counted as one. */
#define CHECKS_MAX 64
#define CHECK_HOOKS_MAX 32

/**
 * enum check_verdict - in ascending order of how bad it is
 * @CHECK_OK: as it should be
 * @CHECK_NOTE: works, but less well
 * @CHECK_UNKNOWN: the caller may not look; the finding names the right that is missing
 * @CHECK_WARN: in the way
 * @CHECK_FAIL: tiered cannot do its main job
 */
enum check_verdict {
	CHECK_OK,
	CHECK_NOTE,
	CHECK_UNKNOWN,
	CHECK_WARN,
	CHECK_FAIL,
	CHECK_VERDICTS,
};

/**
 * struct check - one line of the answer
 * @id: a word that stays, for scripts
 * @subject: for a person
 * @finding: what was seen
 * @fix: what to do, or ""
 */
struct check {
	char id[32];
	char subject[32];
	enum check_verdict verdict;
	char finding[1024];
	char fix[256];
};

/*
 * Loads and attaches what this kernel takes, and lets go of it at once: 0 and the
 * hooks, on and off, or -errno and a sentence. bpf_open() stands behind it.
 */
typedef int check_bpf_fn(struct bpf_hook *ret_hooks, size_t room, size_t *ret_n, char *why,
			 size_t why_size);
check_bpf_fn check_bpf_here;

/**
 * struct check_env - the machine; the first part is the caller's
 * @conf_path: need not exist
 * @conf_required: unless this is set
 * @topology: NULL when it could not be read; @topology_why then says why
 * @open_bpf: bpf_open(), for trackers that need it; NULL: they go without
 * @tracker: NULL when none works here; @tracker_why then says why
 */
struct check_env {
	const char *proc_root;
	const char *sys_root;
	const char *conf_path;
	int conf_required;
	const char *socket_path;
	check_bpf_fn *bpf;
	int (*open_bpf)(const struct bpf_config *config, struct bpf **ret, char *why,
			size_t why_size);

	struct config *config; /* the defaults where there is none, or a bad one */
	int conf_error;        /* 0, -errno, or how many faults */
	char conf_fault[512];  /* the first */
	struct topology *topology;
	int topology_error;
	char topology_why[160];
	const struct tracker_ops *tracker;
	char tracker_why[512];
	struct bpf_hook hooks[CHECK_HOOKS_MAX];
	size_t n_hooks;
	int bpf_error;
	char bpf_why[256];
};

/* Reads what more than one check needs; 0 or -ENOMEM. */
int check_env_open(struct check_env *env);
void check_env_close(struct check_env *env);

/**
 * struct check_row - one row of the table
 * @run: fills in verdict, finding and fix of one line; or
 * @run_many: makes up to @room lines of its own, with their ids, and returns how many
 */
struct check_row {
	const char *id;
	const char *subject;
	void (*run)(const struct check_env *env, struct check *ret);
	size_t (*run_many)(const struct check_env *env, struct check *ret, size_t room);
};

/* Runs all of them, in the order in which they are shown; at most @room, returns how many. */
size_t check_run(const struct check_env *env, struct check *ret, size_t room);

/* What tiered would do on this machine, in one sentence. */
const char *check_summary(const struct check_env *env, char *buffer, size_t size);

const char *check_verdict_name(enum check_verdict verdict);
enum check_verdict check_worst(const struct check *checks, size_t n);
/* The exit status that goes with the worst verdict (enum ctl_status). */
int check_status(enum check_verdict worst);

/* Bytes other than printable ASCII, as a conf may have them, become '?'. */
void check_set(struct check *check, enum check_verdict verdict, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void check_fix(struct check *check, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* check_print.c */
void check_print_text(FILE *out, const struct check *checks, size_t n, const char *summary,
		      int colour);
int check_print_json(FILE *out, const struct check *checks, size_t n, const char *summary);

#endif
