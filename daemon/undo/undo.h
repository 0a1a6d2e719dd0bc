/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * undo.h - every change to the kernel is noted before it is made, and undone.
 *
 * At the end of the daemon, or at its next start when it was killed: then the
 * records that it left are found. The folder of records is locked while a
 * daemon runs, so that nobody undoes what is still wanted.
 */
#ifndef TIERED_UNDO_H
#define TIERED_UNDO_H

#include <stddef.h>
#include <stdint.h>

struct undo;

#define UNDO_RUN_DIR "/run/tiered"

/**
 * struct undo_env - where things are; outlives the undo
 * @run_dir: the folder of records is made in it; made and removed itself when it is not there
 * @proc_root: "/proc", or a tree in tests
 * @sys_root: "/sys", or a tree in tests
 * @unpin: takes the pins of an earlier run away
 * @leave_class: puts the threads back that are in the class of a scheduler that is no more; 0 or
 *	-errno. NULL: there are none
 */
struct undo_env {
	const char *run_dir;
	const char *proc_root;
	const char *sys_root;
	void (*unpin)(void);
	int (*leave_class)(void);
};

/*
 * undo_open() - locks the records, and undoes what those that are there say
 * @why: on failure, a sentence for a person
 *
 * Logs what it undoes. 0; -EADDRINUSE when a daemon is at work; or -errno.
 */
int undo_open(const struct undo_env *env, struct undo **ret, char *why, size_t why_size);

/* Notes that threads are about to be put into the class of the scheduler. 0 or -errno. */
int undo_note_class(struct undo *undo);

/* Notes that pins are about to be made: 0 or -errno. undo_close() removes them. */
int undo_note_pins(struct undo *undo);

/*
 * Notes that the kdamond of @mark is about to be made: 0 or -errno. undo_close() stops it and takes
 * it away.
 */
int undo_note_kdamond(struct undo *undo, uint64_t mark);

/* The mark that a daemon in @run_dir has noted, at work or killed; 0: none, or it may not be read. */
uint64_t undo_noted_kdamond(const char *run_dir);

/*
 * undo_set() - writes a number to a setting of the kernel, after noting the old one
 * @setting: one of the table in undo.c, such as "numa_balancing"
 * @ret_was: the old one
 *
 * 1; 0 when the setting had this value, or the kernel has no such setting; or -errno:
 * then nothing has changed.
 */
int undo_set(struct undo *undo, const char *setting, uint64_t value, uint64_t *ret_was);

/* Undoes what is noted under a name, if something is: a setting, or "sched_class". */
void undo_put_back(struct undo *undo, const char *setting);

/* Takes NULL. Undoes everything and lets go of the lock. What somebody else changed since stays so. */
void undo_close(struct undo *undo);

#endif
