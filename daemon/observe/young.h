/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * young.h - what the files of the young tracker share. Not for others: use tracker.h.
 *
 * mark() looks at page tables: which pages are there, and which were accessed.
 * Only those have their bits cleared; all others are under observation without
 * anything being done to them. read() looks again. What is believed of a bit:
 *
 *	clear at mark, clear at read	not accessed, if the TLB was flushed after the mark
 *	clear at mark, set at read	accessed
 *	set at mark, clear at read	cleared by us, and not accessed since
 *	set at mark, set at read	accessed again, if it could be cleared
 *
 * and nothing where the frame behind an address is another than it was. x86
 * keeps no translation in a TLB whose accessed bit it has not set in the table;
 * so a page with a clear bit can be accessed unseen only through a translation
 * older than the clearing: by us, or by somebody else who did not flush. One
 * flush of the address space per window ends both.
 *
 * What read() sees of one window is what mark() would see for the next: where
 * that follows at once, whole blocks without shared pages are not looked at
 * again. An access between the two then counts for the next window.
 *
 * The table of this process tells of its own accesses only. Pages that others
 * map, too, are idle only if the idle bitmap says so.
 */
#ifndef TIERED_OBSERVE_YOUNG_H
#define TIERED_OBSERVE_YOUNG_H

#include "folio.h"
#include "hints.h"
#include "idle_bitmap.h"
#include "round.h"
#include "slice.h"
#include "spans.h"
#include "tiered/tracker.h"
#include "young_region.h"
#include "young_source.h"

/* Observations handed on at once: 24 KiB. */
#define YOUNG_BATCH 1024

/* Blocks that read() has looked at for the next window as well, in a row but for holes. */
struct young_run {
	uint64_t start;
	uint64_t end;
	uint64_t pages;  /* present */
	uint32_t target; /* index */
};

struct young_runs {
	struct young_run *runs;
	size_t n;
	size_t room;
	uint64_t until_ns; /* too old from then on */
};

#define MISSED_NOW 1u
#define MISSED_NEXT 2u

/**
 * struct young_seat - a target, as long as it is one
 * @id: of the target
 * @marked: has pages under observation in this window
 * @dirty: accessed pages were met, that are to be cleared
 * @next_dirty: the same by read(), for the next window
 * @missed: not all of these could be noted: MISSED_NOW, MISSED_NEXT by read()
 * @cleared: they were
 * @refused: they will not be, since that would take its lock for too long; it was said
 * @next_ns: not to be cleared before, where that takes a lock for long
 * @regions: what is known of its memory, and forgotten with it
 */
struct young_seat {
	uint32_t id;
	uint8_t marked;
	uint8_t dirty;
	uint8_t next_dirty;
	uint8_t missed;
	uint8_t cleared;
	uint8_t refused;
	uint64_t next_ns;
	struct young_regions regions;
};

struct young;

/**
 * struct young_clear - a way to clear accessed bits
 * @name: as in `clear = NAME`
 * @summary: half a line
 * @by_frame: frames to be cleared go into the bitmap; else only those of shared pages, which
 *	can be asked about where there is one
 * @by_address: where they are mapped goes into the spans to be cleared
 * @probe: as in struct tracker_ops
 * @start: 0 or -errno
 * @commit: clears what mark() has met, and sets @cleared of seats; 0 or -errno
 */
struct young_clear {
	const char *name;
	const char *summary;
	int by_frame;
	int by_address;
	int (*probe)(const struct tracker_env *env, char *reason, size_t size);
	int (*start)(struct young *young);
	int (*commit)(struct young *young);
};

/**
 * struct young - state of the tracker
 * @bitmap: of frames to be cleared, and of shared pages; without a file nothing is asked of it
 * @due, @next_due: addresses to be cleared, for methods by address: in this window, and as
 *	read() has met them for the next one
 * @room: what the regions of all seats take
 * @targets: the caller's
 * @seats: one per target, ascending by id as these are
 * @fresh: what the last read() has done of the work of mark(), ascending
 * @window: number of marks
 * @shared_turn: read() is at shared pages, that the bitmap is asked about
 * @ahead: read() is at pages that mark() has looked at out of turn
 * @ns_per_page: CPU time that clearing a whole address space takes, running mean
 * @node, @node_block: of the frame that was last looked up, and its 2 MiB
 */
struct young {
	const struct tracker_env *env;
	const struct young_source *source;
	const struct young_clear *clear;
	struct idle_bitmap bitmap;
	struct spans due, next_due;
	struct folio_reader *folios;
	struct young_room room;
	struct target *const *targets;
	struct young_seat *seats;
	size_t n_targets;
	struct round_cursor cursor;
	struct hints hints;
	struct spans spans;
	struct young_runs fresh;
	uint32_t window;
	int shared_turn;
	int ahead;
	double ns_per_page;
	struct slice slice;

	uint64_t interval_ns;
	observe_fn *observe;
	void *observe_arg;
	size_t n_batch;
	uint64_t node_block;
	uint8_t node;
	struct observation batch[YOUNG_BATCH];
};

/* As struct tracker_ops.moved. */
void young_moved(void *state, uint32_t target, uint64_t base, const uint64_t pages[8]);

int young_mark(void *state, uint64_t max_pages, struct tracker_cost *ret_cost);
int young_read(void *state, uint64_t interval_ns, observe_fn *observe, void *arg,
	       struct tracker_cost *ret_cost);

/* Shared pages, and those of files, can be asked about. */
static inline int young_asks(const struct young *young)
{
	return young->bitmap.fd >= 0;
}

/* Writes all marks of the bitmap; 0 or -errno. */
int young_clear_frames(struct young *young);

extern const struct young_clear young_clear_companion;

/* The method of this name that works here, or for "auto" the best; 0 or -EOPNOTSUPP. */
int young_clear_choose(const struct tracker_env *env, const struct young_clear **ret, char *reason,
		       size_t size);

/* The seat of the target of this id, or NULL. */
struct young_seat *young_seat_find(const struct young *young, uint32_t id);

/* Forgets the marks of this window. */
void young_drop_marks(struct young *young);

/* The same at the end of it: keeps what read() has noted for the next one. */
void young_turn_marks(struct young *young);

#endif
