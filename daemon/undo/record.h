/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * record.h - one change to the kernel as a small file: there whole, or not at all.
 *
 * A record is written before the change and removed after it was undone, so
 * what a killed daemon left is known to the next one.
 */
#ifndef TIERED_RECORD_H
#define TIERED_RECORD_H

#include <stddef.h>
#include <stdint.h>

/* Names are those of the table in undo.c, all short. */
#define RECORD_NAME_MAX 32

/**
 * struct record - what was changed
 * @name: of the file, and of what was changed
 * @was: the value to be put back
 * @set: the one that was written instead; another one now is somebody else's
 */
struct record {
	char name[RECORD_NAME_MAX];
	uint64_t was;
	uint64_t set;
};

/* All of them in the folder that @folder_fd is open on. 0 or -errno. */
int record_write(int folder_fd, const struct record *record);
/* -EBADMSG: a file of another kind. */
int record_read(int folder_fd, const char *name, struct record *ret);
int record_remove(int folder_fd, const char *name);
/* What a daemon left that was killed while it wrote. */
void record_remove_drafts(int folder_fd);

#endif
