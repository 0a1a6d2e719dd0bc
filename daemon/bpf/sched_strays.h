/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sched_strays.h - what managed processes fork is in their class, and none of them: back with it.
 *
 * The scheduler notes such processes as they come in. Some there may be no room for: then all
 * processes are looked at, in the order of pids. Work is bounded by look, in threads.
 */
#ifndef TIERED_DAEMON_BPF_SCHED_STRAYS_H
#define TIERED_DAEMON_BPF_SCHED_STRAYS_H

#include <stdint.h>

#include "bpf/sched_class.h"

/**
 * struct sched_strays_env - who they are
 * @proc_root: "/proc", or a recorded tree
 * @next: the next process that was noted; 1, or 0: there is none
 * @is_managed: 1: a process stays where it is
 */
struct sched_strays_env {
	const char *proc_root;
	int (*next)(void *arg, uint32_t *ret_tgid);
	int (*is_managed)(void *arg, uint32_t tgid);
	void *arg;
};

/**
 * struct sched_strays - where the looks have come to; zeroed at first
 * @tgid: the process at hand, 0: none; looks go on with it
 * @leaving: its threads, once they are being put back
 * @walk: of all processes; NULL: none is under way
 * @lost: how many were not noted when the last walk began
 * @again: a process that is noted nowhere is left: a walk is due
 * @walks: the last process was of the walk: in turns with those that were noted
 * @error: why the one at hand could not be put back, last time
 */
struct sched_strays {
	uint32_t tgid;
	struct sched_leaving leaving;
	DIR *walk;
	uint64_t lost;
	int again;
	int walks;
	int error;
};

/*
 * sched_strays_look() - puts some back
 * @lost: how many there was no room to note, since the scheduler is at work
 * @work: at most this much: a thread is 1, a process SCHED_STRAYS_PROCESS
 *
 * One that cannot be put back for want of a descriptor, or of memory, is what the next look begins
 * with. Logs what cannot be put back.
 */
void sched_strays_look(struct sched_strays *strays, const struct sched_strays_env *env,
		       uint64_t lost, unsigned int work);
void sched_strays_end(struct sched_strays *strays);

/* To open its folder takes as long as some threads do. */
#define SCHED_STRAYS_PROCESS 8

#endif
