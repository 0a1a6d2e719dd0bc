/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * board.h - the ledger as the outside sees it: one truth for every view.
 *
 * Pure. After each window the manager writes here what the worker told; the
 * BPF maps, the control socket, the metrics and the status line are all made
 * from it, so they cannot differ.
 */
#ifndef TIERED_BOARD_H
#define TIERED_BOARD_H

#include <stddef.h>
#include <stdint.h>

#include "decide/backoff.h"
#include "report/ledger.h"
#include "tiered/stats.h"

struct board;

/**
 * struct board_target - one target
 * @uid: real user id of its process
 * @rss_pages: resident when it was last looked at
 * @paused: it was told to be left alone
 * @backoff: it is set aside, and why
 * @new_faults, @new_shootdowns: since the last window; at the end of the next one they go
 *	into @stats, so that every view tells the same until then
 * @stats: what the map `targets` holds
 */
struct board_target {
	struct target_key key;
	uint32_t id;
	uint32_t uid;
	uint64_t rss_pages;
	int paused;
	struct backoff backoff;
	uint64_t new_faults;
	uint64_t new_shootdowns;
	struct stats_target stats;
};

/* What the worker says of one target after a window; see struct worker_figure. */
struct board_figure {
	uint32_t share_ppm;
	uint64_t fast_pages;
	uint64_t tracked_pages;
	uint64_t windows;
	uint64_t last_move_ns;
	struct backoff backoff;
};

/* 0 or -ENOMEM. */
int board_new(struct board **ret);
void board_free(struct board *board);

/* A target that is new; 0 or -ENOMEM. One that is there already is left as it is. */
int board_add(struct board *board, const struct target_key *key, uint32_t id, uint32_t rule,
	      uint32_t uid, uint64_t rss_pages, const char *comm);

/* Takes it off. Its sums stay in those of the daemon. */
void board_remove(struct board *board, uint32_t id);

/* By id, and by process; NULL when there is none. Valid until the next add or remove. */
struct board_target *board_find(const struct board *board, uint32_t id);
struct board_target *board_find_process(const struct board *board, uint32_t tgid);

/* All, in no order; valid until the next add or remove. */
struct board_target *const *board_list(const struct board *board, size_t *ret_n);

/* Pages on the fastest tier of all targets that a rule chose; and how many these are. */
uint64_t board_fast_pages(const struct board *board, uint32_t rule, size_t *ret_targets);

/*
 * Do the targets of a rule hold less than @floor pages of the fastest tier, by more than
 * moves to come explain? Without targets there is no floor.
 */
int board_floor_unmet(const struct board *board, uint32_t rule, uint64_t floor, uint64_t *ret_held);

/* After a window: one target, and then all. */
void board_set_target(struct board *board, uint32_t id, const struct ledger_account *account,
		      const struct board_figure *figure);
void board_set_window(struct board *board, uint64_t window, uint64_t now_ns, uint64_t targets,
		      const struct ledger_account *account, const struct ledger_account *totals);

/**
 * struct board_window - the last window
 * @window: its number, 0: none has ended yet
 * @rivals: windows so far in which others cleared accessed bits, by enum rival
 */
struct board_window {
	uint64_t window;
	struct ledger_account account;
	uint64_t rivals[RIVALS];
};

/* The whole ledger, in the form of the map `daemon`; the caller may set pid, observe and paused. */
struct stats_daemon *board_daemon(struct board *board);
const struct board_window *board_last(const struct board *board);

#endif
