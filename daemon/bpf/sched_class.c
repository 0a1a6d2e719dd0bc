// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/sched_class.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>

#include "observe/proc.h"
#include "util/cleanup.h"

/* Of linux/sched.h; sched_getscheduler() has a flag above the policies. */
#define POLICY_NORMAL 0
#define POLICY_EXT 7
#define POLICY_MASK (~SCHED_RESET_ON_FORK)

/* Threads that fork while they are being looked for are found the next time. */
#define PASSES_MAX 8

/* @to < 0: only counts. */
struct change {
	int from;
	int to;
};

static const struct change enter = { POLICY_NORMAL, POLICY_EXT };
static const struct change leave = { POLICY_EXT, POLICY_NORMAL };
static const struct change look = { POLICY_EXT, -1 };

/* 1; 0: it is of another policy, or gone; or -errno. */
static int change_thread(pid_t tid, const struct change *change)
{
	static const struct sched_param none = { .sched_priority = 0 };
	int policy = sched_getscheduler(tid);

	if (policy < 0 || (policy & POLICY_MASK) != change->from)
		return 0;
	if (change->to < 0 ||
	    sched_setscheduler(tid, change->to | (policy & SCHED_RESET_ON_FORK), &none) == 0)
		return 1;
	return errno == ESRCH ? 0 : -errno;
}

static int threads_open(const char *proc_root, uint32_t tgid, DIR **ret)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u/task", proc_root, tgid);
	*ret = opendir(path);
	if (*ret)
		return 0;
	return errno == ENOENT ? -ESRCH : -errno;
}

/* The next ones, as far as @budget goes, which they are taken off; 1: it is used up, 0: all were. */
static int change_some(DIR *threads, const struct change *change, unsigned int *budget,
		       int *changed, int *error)
{
	while (*budget) {
		const struct dirent *entry = readdir(threads);
		uint32_t tid = entry ? proc_parse_pid(entry->d_name) : 0;
		int ret = tid ? change_thread((pid_t)tid, change) : 0;

		if (!entry)
			return 0;
		*changed += ret > 0;
		*error = ret < 0 ? ret : *error;
		*budget -= tid != 0;
	}
	return 1;
}

static int change_process(const char *proc_root, uint32_t tgid, const struct change *change)
{
	auto_closedir DIR *threads = NULL;
	unsigned int budget = UINT_MAX;
	int changed = 0, error = threads_open(proc_root, tgid, &threads);

	if (!error)
		change_some(threads, change, &budget, &changed, &error);
	return error < 0 ? error : changed;
}

static int change_all(const char *proc_root, const struct change *change)
{
	auto_closedir DIR *dir = opendir(proc_root);
	const struct dirent *entry;
	int changed = 0, error = 0;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		uint32_t tgid = proc_parse_pid(entry->d_name);
		int ret = tgid ? change_process(proc_root, tgid, change) : 0;

		changed += ret > 0 ? ret : 0;
		error = ret < 0 && ret != -ESRCH ? ret : error;
	}
	return error < 0 ? error : changed;
}

/* Until a pass finds nobody: threads that are born meanwhile have the policy of their makers. */
static int change_until_none(const char *proc_root, uint32_t tgid, const struct change *change)
{
	int changed = 0, pass, ret = 1;

	for (pass = 0; pass < PASSES_MAX && ret > 0; pass++) {
		ret = tgid ? change_process(proc_root, tgid, change)
			   : change_all(proc_root, change);
		changed += ret > 0 ? ret : 0;
	}
	if (ret > 0)
		return -EAGAIN;
	return ret < 0 ? ret : changed;
}

int sched_class_enter(const char *proc_root, uint32_t tgid)
{
	return change_until_none(proc_root, tgid, &enter);
}

int sched_class_leave(const char *proc_root, uint32_t tgid)
{
	return change_until_none(proc_root, tgid, &leave);
}

int sched_class_leave_all(const char *proc_root)
{
	return change_until_none(proc_root, 0, &leave);
}

int sched_leaving_begin(struct sched_leaving *leaving, const char *proc_root, uint32_t tgid)
{
	DIR *threads;
	int ret = threads_open(proc_root, tgid, &threads);

	if (!ret)
		*leaving = (struct sched_leaving){ .threads = threads };
	return ret;
}

void sched_leaving_end(struct sched_leaving *leaving)
{
	if (leaving->threads)
		closedir(leaving->threads);
	leaving->threads = NULL;
}

/* 1: another pass is due; else what came of them all. */
static int pass_end(struct sched_leaving *leaving)
{
	int more = leaving->changed && ++leaving->passes < PASSES_MAX, ret = leaving->error;

	if (!ret && leaving->changed)
		ret = -EAGAIN;
	leaving->changed = 0;
	if (more)
		rewinddir(leaving->threads);
	else
		sched_leaving_end(leaving);
	return more ? 1 : ret;
}

int sched_leaving_go_on(struct sched_leaving *leaving, unsigned int *budget)
{
	int ret = 1;

	while (ret > 0 &&
	       !change_some(leaving->threads, &leave, budget, &leaving->changed, &leaving->error))
		ret = pass_end(leaving);
	return ret;
}

int sched_class_count(const char *proc_root)
{
	return change_all(proc_root, &look);
}
