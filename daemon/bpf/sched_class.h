/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sched_class.h - threads into the class of the scheduler, and back.
 *
 * Only those of policy SCHED_NORMAL go in: real-time, deadline, batch and idle ones are left as
 * they are. Nice values, weights and the flag for forks stay. Without a scheduler the kernel
 * treats SCHED_EXT as SCHED_NORMAL; the name stays with the thread until it is put back.
 */
#ifndef TIERED_DAEMON_BPF_SCHED_CLASS_H
#define TIERED_DAEMON_BPF_SCHED_CLASS_H

#include <dirent.h>
#include <stdint.h>

/*
 * Threads of a process that went in, or out; -ESRCH; -EAGAIN: more were born than could be
 * followed, and some may be left; or -errno when some could not.
 */
int sched_class_enter(const char *proc_root, uint32_t tgid);
int sched_class_leave(const char *proc_root, uint32_t tgid);

/* All threads of the machine out; how many these were, or -errno as above. */
int sched_class_leave_all(const char *proc_root);

/**
 * struct sched_leaving - a process whose threads are taken out a few at a time
 * @threads: those of this pass that were not looked at yet; NULL: there is no process
 * @changed: how many were taken out in this pass
 */
struct sched_leaving {
	DIR *threads;
	int changed;
	unsigned int passes;
	int error;
};

/* 0; -ESRCH; or -errno, as when there is no descriptor left: then nothing has begun. */
int sched_leaving_begin(struct sched_leaving *leaving, const char *proc_root, uint32_t tgid);
/*
 * Looks at up to @budget threads, and takes these off it. 1: the budget is used up; else it has
 * ended with 0, or -EAGAIN or -errno as sched_class_leave().
 */
int sched_leaving_go_on(struct sched_leaving *leaving, unsigned int *budget);
void sched_leaving_end(struct sched_leaving *leaving);

/* How many threads of the machine have the policy of the class; or -errno. */
int sched_class_count(const char *proc_root);

#endif
