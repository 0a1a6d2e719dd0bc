/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * manager.h - the main thread: owns everything, waits for everything.
 *
 * One sd-event loop: signals, the BPF ring, the sweep of /proc, messages of
 * the worker, the watchdog. Nothing here touches a foreign address space.
 */
#ifndef TIERED_MANAGER_H
#define TIERED_MANAGER_H

#include <stddef.h>

struct config;
struct target_key;
struct undo;

/**
 * struct manager_kept - what goes from run to run, over a reload
 * @paused: the whole daemon was told to rest
 * @targets: processes that were
 * @undo: the lock, and the records of what was changed; NULL at first
 */
struct manager_kept {
	int paused;
	struct target_key *targets;
	size_t n_targets;
	struct undo *undo;
};

/**
 * struct manager_options - what comes from the command line
 * @observe: move nothing, whatever the conf says
 * @every_window: log a line for every window
 * @window_log: CSV file to append to, or NULL
 * @reload: reads the conf again; 0: it is good, and *ret_next is what the next run gets;
 *	else -errno, logged, with the first fault in @why
 */
struct manager_options {
	int observe;
	int every_window;
	const char *window_log;
	int (*reload)(void *arg, const struct config **ret_next, char *why, size_t why_size);
	void *reload_arg;
	struct manager_kept *kept;
};

enum manager_end {
	MANAGER_STOP,
	MANAGER_RELOAD,   /* there is a new conf: run again with it */
	MANAGER_UNOPENED, /* it did not get as far as to run */
};

/* Runs until a signal. 0, or -errno after having logged why. */
int manager_run(const struct config *config, const struct manager_options *options,
		enum manager_end *ret_end);

/*
 * Prints which trackers could be used here, which one the conf would take, and why not each of
 * the others. 0; -EOPNOTSUPP: none; -ENOMEM.
 */
int manager_check_tracker(const struct config *config);

void manager_kept_free(struct manager_kept *kept);

/* Undoes what a daemon has left that was killed. 0, or -errno after having logged why. */
int manager_undo(void);

#endif
