/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ledger.h - the accounts: what was asked, what came of it, what it cost.
 *
 * Pure. One account is a set of sums; accounts of windows add up to the
 * account of the run. Every folio that was asked to move is booked under
 * exactly one enum move_result, so the classes add up to what was requested.
 */
#ifndef TIERED_LEDGER_H
#define TIERED_LEDGER_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/rivals.h"
#include "tiered/types.h"

struct move;

/* What a class of moves amounts to. */
struct ledger_sum {
	uint64_t folios;
	uint64_t pages; /* base pages */
};

/**
 * struct ledger_account - sums over some windows
 * @windows: how many
 * @elapsed_ns: real time, from the beginning of marking to the end of deciding
 * @marked_pages, @read_pages: base pages looked at in these steps
 * @scan_calls: system calls on the bitmap or its like
 * @observed, @accessed, @unknown: pages, as heat counts them
 * @asleep: pages that are known to be idle without a look, as their process did not run
 * @asleep_targets: processes of which that is so, added up over windows
 * @marked_targets, @stale_targets: targets with marks, and those of them whose
 *	TLB flush was not confirmed
 * @withheld: pages seen idle that count as unknown, as somebody else may have cleared their
 *	accessed bits
 * @rivals: windows in which that was so, by enum rival
 * @starved: windows without marks because cpu_max left nothing for them
 * @planned: folios and pages that were decided to move, by enum move_reason
 * @requested: those that the migrator was asked to move
 * @results: the same, by enum move_result
 * @reasons: moved ones by enum move_reason
 * @promoted, @demoted: moved ones by direction
 * @batches: calls of move_pages() that move
 * @flush_bound: most TLB flushes these needed (migrator.h)
 * @flush_moves: pages moved for the flush's sake, not in @requested
 * @scan_cpu_ns: CPU time of the whole daemon but migration, kernel included
 * @migrate_cpu_ns: CPU time of migration
 * @tracked: pages with a known rate
 * @oldest_ns: how long ago that 2 MiB of them was seen that was not seen for longest, without
 *	those that are asleep
 * @share_ppm: share of accesses on the fast tier by estimate, millionths
 * @coverage_ppm: part of @tracked that was seen in the window or is known to be idle by sleep
 */
struct ledger_account {
	uint64_t windows;
	uint64_t elapsed_ns;
	uint64_t marked_pages;
	uint64_t read_pages;
	uint64_t scan_calls;
	uint64_t observed;
	uint64_t accessed;
	uint64_t unknown;
	uint64_t asleep;
	uint64_t asleep_targets;
	uint64_t marked_targets;
	uint64_t stale_targets;
	uint64_t starved;
	uint64_t withheld;
	uint64_t rivals[RIVALS];
	struct ledger_sum planned[MOVE_REASONS];
	struct ledger_sum requested;
	struct ledger_sum results[MOVE_RESULTS];
	struct ledger_sum reasons[MOVE_REASONS];
	struct ledger_sum promoted;
	struct ledger_sum demoted;
	uint64_t batches;
	uint64_t flush_bound;
	uint64_t flush_moves;
	uint64_t scan_cpu_ns;
	uint64_t migrate_cpu_ns;
	uint32_t share_ppm; /* from here on of the last window */
	uint32_t coverage_ppm;
	uint64_t tracked;
	uint64_t oldest_ns;
};

/* As in metrics and JSON: "moved", "process_gone"; "promote_hot". "?" beyond the last. */
const char *ledger_result_name(unsigned int result);
const char *ledger_reason_name(unsigned int reason);

/* Books moves that were decided, whatever becomes of them. */
void ledger_plan(struct ledger_account *account, const struct move *moves, size_t n);

/* Base pages that were decided to move. */
uint64_t ledger_planned_pages(const struct ledger_account *account);

/* Books moves that the migrator is done with; those still pending were never asked for. */
void ledger_moves(struct ledger_account *account, const struct move *moves, size_t n);

/* "reclaim, damon": those that were at work; "" when none was. Returns @buffer. */
const char *ledger_rivals(const struct ledger_account *account, char *buffer, size_t size);

/* Adds @other to @account. */
void ledger_add(struct ledger_account *account, const struct ledger_account *other);

/* Do the classes add up to what was requested, and the moved ones to their directions? */
int ledger_balanced(const struct ledger_account *account);

/*
 * One line about one window for the log; returns @buffer.
 * "window 12: 2.0 s, 65536 pages seen (10% accessed), ..., planned 512
 * (promote_hot 512), ..."
 */
const char *ledger_describe(const struct ledger_account *account, uint64_t window, char *buffer,
			    size_t size);

#endif
