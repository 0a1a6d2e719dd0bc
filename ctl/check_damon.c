// SPDX-License-Identifier: GPL-2.0-only
/*
 * check_damon.c - DAMON clears accessed bits of what it samples.
 *
 * Its threads are named kdamond.N, whoever started them: sysfs, damo, DAMON_RECLAIM,
 * DAMON_LRU_SORT, or DAMON_STAT, which has a check of its own.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_read.h"
#include "check_rows.h"
#include "util/cleanup.h"
#include "undo/undo.h"
#include "util/file.h"
#include "util/kdamond.h"
#include "util/units.h"

/* The parent of all threads of the kernel. */
#define KTHREADD_PID 2u

struct kdamonds {
	unsigned int n;
	char names[256];
	char first_admin[16]; /* of the first that sysfs runs: its number there, or "" */
};

/* Name and parent of a process; 0 or -errno. */
static int read_stat(const struct check_env *env, uint32_t pid, char comm[32], uint32_t *ret_parent)
{
	char text[512], *open, *close;
	int n = file_read_text(text, sizeof(text), "%s/%u/stat", env->proc_root, pid);

	if (n < 0)
		return n;
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open || sscanf(close, ") %*c %" SCNu32, ret_parent) != 1)
		return -EINVAL;
	*close = '\0';
	snprintf(comm, 32, "%s", open + 1);
	return 0;
}

/* "hidepid" and pid namespaces hide the kernel's threads. */
static int kernel_threads_visible(const struct check_env *env)
{
	uint32_t parent;
	char comm[32];

	return read_stat(env, KTHREADD_PID, comm, &parent) == 0 && strcmp(comm, "kthreadd") == 0;
}

/* What sysfs knows of a kdamond, if it was started there and may be looked at. */
static void describe_admin(const struct check_env *env, uint32_t pid, struct kdamonds *found)
{
	char path[PATH_MAX], operations[32], target[32];
	auto_closedir DIR *dir = NULL;
	struct dirent *entry;
	uint64_t its;

	snprintf(path, sizeof(path), "%s/kernel/mm/damon/admin/kdamonds", env->sys_root);
	dir = opendir(path);
	while (dir && (entry = readdir(dir))) {
		if (file_read_u64(&its, "%s/%s/pid", path, entry->d_name) < 0 || its != pid)
			continue;
		if (!found->first_admin[0])
			snprintf(found->first_admin, sizeof(found->first_admin), "%.8s",
				 entry->d_name);
		if (file_read_text(operations, sizeof(operations), "%s/%s/contexts/0/operations",
				   path, entry->d_name) > 0)
			check_append(found->names, sizeof(found->names), ", %s", operations);
		if (file_read_text(target, sizeof(target), "%s/%s/contexts/0/targets/0/pid_target",
				   path, entry->d_name) > 0 &&
		    strcmp(target, "0") != 0)
			check_append(found->names, sizeof(found->names), " of process %s", target);
	}
}

static int find_kdamonds(const struct check_env *env, struct kdamonds *found)
{
	auto_closedir DIR *dir = opendir(env->proc_root);
	struct dirent *entry;
	uint32_t pid, parent;
	char comm[32], rest;
	/* That of a daemon at work whose tracker it is. */
	uint32_t ours = kdamond_is_ours(env->sys_root, undo_noted_kdamond(UNDO_RUN_DIR))
				? kdamond_thread(env->sys_root)
				: 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (sscanf(entry->d_name, "%" SCNu32 "%c", &pid, &rest) != 1 ||
		    read_stat(env, pid, comm, &parent) < 0 || parent != KTHREADD_PID ||
		    strncmp(comm, "kdamond.", 8) != 0)
			continue;
		if (ours && pid == ours)
			continue;
		check_append(found->names, sizeof(found->names), "%s%s (pid %u",
			     found->n ? "; " : "", comm, pid);
		describe_admin(env, pid, found);
		check_append(found->names, sizeof(found->names), ")");
		found->n++;
	}
	return 0;
}

/* 1 on, 0 off, -ENOENT: not in this kernel, or -errno. */
static int read_damon_stat(const struct check_env *env)
{
	char text[16];
	int on = 0, n = file_read_text(text, sizeof(text),
				       "%s/module/damon_stat/parameters/enabled", env->sys_root);

	if (n < 0)
		return n;
	/* Parameters of modules say Y and N. */
	if (strcmp(text, "Y") == 0 || strcmp(text, "N") == 0)
		return text[0] == 'Y';
	return units_parse_bool(text, &on) < 0 ? -EINVAL : on;
}

static int damon_is_built(const struct check_env *env)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/kernel/mm/damon", env->sys_root);
	return access(path, F_OK) == 0;
}

void check_damon(const struct check_env *env, struct check *ret)
{
	struct kdamonds found = { 0 };
	int stat = read_damon_stat(env);
	const char *built = damon_is_built(env) ? "this kernel has it" : "this kernel has none";

	if (!kernel_threads_visible(env) || find_kdamonds(env, &found) < 0) {
		check_set(ret, CHECK_UNKNOWN,
			  "%s; threads of the kernel cannot be seen: needs CAP_SYS_PTRACE, and the "
			  "initial pid namespace",
			  built);
		return;
	}
	if (found.n == (stat == 1)) {
		check_set(ret, CHECK_OK, "%s; %s", built,
			  found.n ? "nothing but DAMON_STAT runs" : "no kdamond runs");
		return;
	}
	if (stat == -EACCES && found.n == 1) {
		check_may_not(ret, stat, "a kdamond runs; whether it is that of DAMON_STAT",
			      "CAP_DAC_READ_SEARCH");
		return;
	}
	check_set(ret, CHECK_WARN,
		  "%u kdamond%s%s: %s: clear%s accessed bits, so that pages look colder than they "
		  "are",
		  found.n, found.n > 1 ? "s run" : " runs", stat == 1 ? ", one for DAMON_STAT" : "",
		  found.names, found.n > 1 ? "" : "s");
	if (found.first_admin[0])
		check_fix(ret, "echo off > /sys/kernel/mm/damon/admin/kdamonds/%s/state",
			  found.first_admin);
	else
		check_fix(ret, "stop it where it was started: damo stop, or enabled=N of "
			       "DAMON_RECLAIM or DAMON_LRU_SORT in /sys/module");
}

void check_damon_stat(const struct check_env *env, struct check *ret)
{
	int on = read_damon_stat(env);

	if (on == -ENOENT) {
		check_set(ret, CHECK_OK, "this kernel has none");
	} else if (on < 0) {
		check_may_not(ret, on, "/sys/module/damon_stat/parameters/enabled",
			      "CAP_DAC_READ_SEARCH");
	} else if (!on) {
		check_set(ret, CHECK_OK, "off");
	} else {
		check_set(ret, CHECK_WARN,
			  "on: samples all memory and clears accessed bits, so that "
			  "pages look colder than they are");
		check_fix(ret, "echo N > /sys/module/damon_stat/parameters/enabled; for good, "
			       "damon_stat.enabled=N on the kernel command line");
	}
}
