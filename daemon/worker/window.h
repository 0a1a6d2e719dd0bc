/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * window.h - one turn of the daemon.
 *
 *	mark	the pages to watch
 *	migrate	what the last window decided
 *	flush	so that the marks can be seen
 *	wait	for the interval
 *	read	the marks into heat
 *	decide	what the next window migrates
 *
 * Moves come after the marking because the TLB flush of a batched move is the
 * one that the marks need.
 */
#ifndef TIERED_WINDOW_H
#define TIERED_WINDOW_H

#include <stddef.h>
#include <stdint.h>

#include "act/migrator.h"
#include "act/pacer.h"
#include "act/sharers.h"
#include "decide/budget.h"
#include "decide/heat.h"
#include "decide/heat_due.h"
#include "decide/plan.h"
#include "observe/flush.h"
#include "report/ledger.h"
#include "util/guard.h"
#include "worker/coverage.h"
#include "worker/doubt.h"
#include "worker/roster.h"
#include "worker/trail.h"
#include "worker/worker.h"

/*
 * As many observations as trackers hand on at once: heat takes a region of 512 pages apart and
 * puts it together again once per call, which in pieces of 64 was most of what it cost.
 */
#define WINDOW_SLICE 1024

/**
 * struct window - all that lives from one window to the next
 * @pause: waits up to ns for messages; 0: time is up, -ECANCELED: stop
 */
struct window {
	const struct worker_config *config;
	int (*pause)(void *arg, uint64_t ns);
	void *pause_arg;
	struct guard *guard; /* of calls that may block */

	struct roster roster;
	struct tracker_env env;
	void *tracker;
	struct heat *heat;
	struct due due;       /* turns that pages take to be looked at */
	uint8_t marked_level; /* by which those of this window were marked */
	void *policy;
	struct plan plan;
	struct trail trail;
	struct migrator *migrator;
	struct sharers sharers;
	int may_share; /* by CAP_SYS_NICE */
	struct pacer pacer;
	struct budget budget;
	enum flush_method flush;
	struct flush_seen flush_before; /* of the call in flight */
	int defers;                     /* this kernel puts flushes off */
	struct flush_seen deferred;     /* right after the last move whose flush is to come */
	uint64_t deferred_ns;           /* when that was; 0: none */
	uint64_t ns_per_move;           /* running mean, per base page */
	uint64_t migrate_until_ns;
	uint64_t
		freed[TIERED_NODES_MAX]; /* pages that our moves freed in this window, by node id */
	uint64_t room[TIERED_NODES_MAX]; /* pages by node id, as last measured, less our moves */
	uint64_t flush_room[TIERED_NODES_MAX]; /* the same down to the watermark */

	struct coverage coverage;
	struct doubt doubt;                     /* of the marks that are being read */
	struct observation slice[WINDOW_SLICE]; /* on their way to heat */

	int paused; /* told to rest; it takes no window then */
	int hold;   /* about to be told: moves and waits of this window end now */
	uint64_t number;
	uint64_t ended; /* the last one that was not cut short */
	uint64_t interval_ns;
	uint64_t decided_ns; /* how long the window watched that was last decided on */
	uint64_t marked_ns;  /* when the marks began to count */
	uint64_t seen_ns;    /* how long they counted */
	struct ledger_account account;
	struct ledger_account totals;
	uint64_t booked_ns; /* up to here time and CPU time are in the books */
	uint64_t booked_cpu_ns;
	int whole;      /* all memory there is was marked */
	uint64_t pages; /* marked in this window, and the CPU time of marking and reading */
	uint64_t pages_ns;
	uint64_t helper_ns; /* CPU time of the kernel's threads that work for the tracker */
};

/* 0 or -errno, with the name of what failed in @ret_what. */
int window_open(struct window *window, const struct worker_config *config,
		int (*pause)(void *arg, uint64_t ns), void *pause_arg, const char **ret_what);
void window_close(struct window *window);

/* One turn; 0, -ECANCELED, or -errno with the step that failed in @ret_what. */
int window_run(struct window *window, const char **ret_what);

/* Changes what may change between windows; @config is the one that the window was opened with. */
void window_tune(struct window *window, struct worker_config *config,
		 const struct worker_tune *tune);

/* Other nodes from now on, in the middle of a window, too: nothing is held over a pause. */
void window_use_nodes(struct window *window, struct worker_config *config,
		      const struct worker_nodes *nodes);

/* Leaves one target alone, or no longer so; nothing happens when there is no such target. */
void window_pause_target(struct window *window, uint32_t id, int paused);

/* Tells the tracker where something happens. */
void window_faults(struct window *window, const struct worker_faults *faults);

/* There is nothing to watch until the next window. */
void window_rest(struct window *window);

/* Books the time in which there was nothing to watch. */
void window_rested(struct window *window);

/* For window_run(): the moves of the last decision (worker/moves.c). */
int window_migrate(struct window *window);
/* For window_run(): a flush for each marked target that had none yet (worker/flushes.c). */
int window_flush(struct window *window);
/* Counters of flushes now, for flush_confirmed(); 0 or -errno. */
int window_flush_seen(void *arg, struct flush_seen *ret);
/* Books what a move has done for the flush of its target. */
void window_take_flush(struct window *window, struct seat *seat, enum flush_state state);
/* After a window: where each target should run, if somebody wants to know (worker/homes.c). */
void window_choose_homes(struct window *window);
int window_kernel_defers(const char *proc_root);
/* Free memory above the reserves; none when that cannot be found out. */
void window_measure_room(struct window *window);
/* Base pages that the next window can move, by rate and by how fast moves really are. */
uint64_t window_move_pages(const struct window *window);
/* May pages of @target move that others map, too (worker/shares.c): enum target_shared. */
int window_shared(const struct window *window, const struct target *target);
/* For the migrator: see struct migrator_env. */
int window_admit(void *arg, const struct target *target, struct move *moves, size_t n);
void window_open_shares(struct window *window);
/* Lets the pacer start anew, at the rate of the conf. */
void window_open_pacer(struct window *window);
/* What the migrator needs, bound to @window. */
int window_open_moves(struct window *window);

#endif
