/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * scheduler.h - loads the sched_ext scheduler and tells it who is managed and where home is.
 *
 * An object of its own beside that of loader.h. It lives as long as this process holds its link:
 * the kernel takes it out at scheduler_close(), and when the process is killed.
 * Main thread only; all functions but scheduler_open() take NULL for "there is none".
 */
#ifndef TIERED_DAEMON_BPF_SCHEDULER_H
#define TIERED_DAEMON_BPF_SCHEDULER_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/sched.h"

struct scheduler;

/*
 * scheduler_open() - from here on the kernel schedules by it
 * @why: on failure, a sentence for a person
 *
 * 0; -EOPNOTSUPP: this kernel has no sched_ext, or one that is not known; -EBUSY: another
 * scheduler is loaded, and left alone; or -errno.
 */
int scheduler_open(const struct sched_setup *setup, struct scheduler **ret, char *why,
		   size_t why_size);
void scheduler_close(struct scheduler *scheduler);

/* 1 with the kernel's reason, when the kernel has ended it; 0: it is at work; or -errno. */
int scheduler_ended(const struct scheduler *scheduler, struct sched_ended *ret);

/* A process is managed from now on, without a home at first; or no longer so. 0 or -errno. */
int scheduler_add(struct scheduler *scheduler, uint32_t tgid);
void scheduler_remove(struct scheduler *scheduler, uint32_t tgid);

/* @slot: of struct sched_setup, or SCHED_NO_SLOT. 0, -ENOENT: it is not managed; or -errno. */
int scheduler_set_home(struct scheduler *scheduler, uint32_t tgid, uint32_t slot);

/*
 * A descriptor, the caller's, by which scheduler_narrow() tells it whose pages are being moved; it
 * may outlive the scheduler. -errno; -ENOENT: `narrow` in struct sched_setup was not set.
 */
int scheduler_narrow_open(const struct scheduler *scheduler);

/*
 * Pages of a process are being moved: its threads stay on CPUs that have its address space until
 * the next call, for 20 ms at most. @tgid 0: nobody's; @narrow below 0: nobody is told. Any thread may call it.
 * 0 or -errno.
 */
int scheduler_narrow(int narrow, uint32_t tgid);

/* The next process that came in by a fork and is not managed; 1, or 0: there is none. */
int scheduler_take_stray(struct scheduler *scheduler, uint32_t *ret_tgid);

/* Sums of all CPUs; and of one process, with the slot of its home. 0, -ENOENT or -errno. */
int scheduler_counts(const struct scheduler *scheduler, struct stats_sched *ret);
int scheduler_process(const struct scheduler *scheduler, uint32_t tgid,
		      struct stats_sched_process *ret, uint32_t *ret_home);

/*
 * Pins its counters beside those of pins.h, whose folder is there, in place of those of one that was
 * before it; 0 or -errno. They go with that folder, or before.
 */
int scheduler_pin(const struct scheduler *scheduler, const char *dir);
void scheduler_unpin(const char *dir);

#endif
