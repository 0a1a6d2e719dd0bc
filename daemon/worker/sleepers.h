/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sleepers.h - targets that do not run are not looked at.
 *
 * Who has not run since the last window has accessed nothing. Once all of a target was read
 * while it was asleep, its private pages are left out of the marks and are observed idle for
 * as long as it sleeps. Pages that others may access (shared ones, those of files) are marked
 * and read as ever, and so are address spaces that are accessed through page tables of their
 * own (virtual machines, devices).
 *
 * Who ran is asked of the clock of the process: one call that adds up its threads, those that
 * ended included. Files of /proc would have to be read thread by thread and forget those that
 * ended, or count in hundredths of a second; a BPF program on sched_switch would cost every
 * switch of the machine to save that one call per target and window.
 */
#ifndef TIERED_SLEEPERS_H
#define TIERED_SLEEPERS_H

#include <stdint.h>

#include "decide/nap.h"

struct seat;
struct window;

/**
 * struct sleeper - of one target
 * @window: the first one that began after it was seen to be still
 * @laps: of heat_laps() then
 * @wholes: windows since in which all that was due was marked
 * @level: of the turns that were taken in the last window
 * @looked: all of it was read since
 * @narrow: only what others may access is looked at
 */
struct sleeper {
	struct nap nap;
	uint64_t window;
	uint8_t laps;
	uint8_t wholes;
	uint8_t level;
	uint8_t looked;
	uint8_t narrow;
};

/* Before a window: who sleeps, and who is awake again; in time for their mappings to be read. */
void sleepers_look(struct window *window);

/* After the marks were read, or would have been: what is known of the pages of sleepers. */
void sleepers_read(struct window *window);

/* What was known of their pages is forgotten: all are looked at from the start. */
void sleepers_wake(struct window *window);

#endif
