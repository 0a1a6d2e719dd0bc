/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * worker.h - the thread that touches foreign address spaces.
 *
 * It runs window after window and makes every call that may block on another
 * process: pagemap, bitmap, move_pages(). The main thread never does. The two
 * share nothing: they send each other messages.
 */
#ifndef TIERED_WORKER_H
#define TIERED_WORKER_H

#include <stddef.h>
#include <stdint.h>

#include "decide/backoff.h"
#include "report/ledger.h"
#include "tiered/event.h"
#include "tiered/policy.h"
#include "tiered/tracker.h"
#include "util/mailbox.h"

struct bpf;
struct cpus;
struct damon_setup;
struct rivals;
struct target_rule;
struct topology;
struct worker;

/* [target] sections that there may be. */
#define WORKER_RULES_MAX 128

/**
 * struct worker_config - outlives the worker
 * @window_ns: fixed length of a window, 0: between @window_min_ns and @window_max_ns by load
 * @reserve_pages: per node of topology_nodes(): pages to be left free, watermark included
 * @rules, @groups: of [target] sections and what they get of the fastest tier; @n_rules each
 * @bpf: NULL when there is none
 * @damon: of struct tracker_env
 * @rivals: the worker's as long as it runs; NULL: nobody looks for others who clear
 *	accessed bits
 * @young: as in struct tracker_env
 * @cpus: NULL when nobody wants to know where processes should run
 * @narrow: the scheduler wants to know whose pages are being moved (scheduler_narrow()); -1: not
 */
struct worker_config {
	const struct topology *topology;
	const struct tracker_ops *tracker;
	const struct policy_ops *policy;
	struct bpf *bpf;
	struct rivals *rivals;
	const struct damon_setup *damon;
	const char *proc_root;
	const char *sys_root;
	const struct young_setup *young;
	const struct cpus *cpus;
	int narrow;
	int observe;
	uint64_t window_ns;
	uint64_t window_min_ns;
	uint64_t window_max_ns;
	unsigned int cpu_max_ppm;
	uint64_t memory_max;
	uint64_t rate;
	uint64_t reserve_pages[TIERED_NODES_MAX];
	const struct target_rule *rules;
	struct group_view groups[WORKER_RULES_MAX];
	size_t n_rules;
};

enum worker_message {
	/* to the worker */
	WORKER_ADD = 1, /* struct worker_add */
	WORKER_REMOVE,  /* struct worker_remove */
	WORKER_STOP,    /* struct message */
	WORKER_QUERY,   /* struct worker_query (query.h) */
	WORKER_TUNE,    /* struct worker_tune: from the next window on */
	WORKER_PAUSE,   /* struct worker_pause: of one target */
	WORKER_FAULTS,  /* struct worker_faults: for the tracker */
	WORKER_NODES,   /* struct worker_nodes: at once; comes back when the old ones are free */
	/* from the worker */
	WORKER_WINDOW,  /* struct worker_window */
	WORKER_GONE,    /* struct worker_gone: a target went away, or cannot be had */
	WORKER_TARGET,  /* struct worker_target: its account, at the end of it or of the worker */
	WORKER_FIGURES, /* struct worker_figures: after each window, before WORKER_WINDOW */
	WORKER_ANSWER,  /* struct worker_answer (query.h) */
	WORKER_ENDED,   /* struct worker_window: the last word */
};

/* @paused: from the start, as before a reload. */
struct worker_add {
	struct message message;
	uint32_t id;
	uint32_t rule;
	struct target_key key;
	int paused;
};

struct worker_remove {
	struct message message;
	uint32_t id;
};

/* @error: -ESRCH when the process or its program ended, else why it cannot be managed. */
struct worker_gone {
	struct message message;
	uint32_t id;
	int error;
};

/* What was done to one target in all. */
struct worker_target {
	struct message message;
	uint32_t id;
	uint32_t tgid;
	char comm[16];
	struct ledger_account account;
};

/**
 * struct worker_tune - what may change while the worker runs
 * @paused: neither look nor move until the next worker_tune
 * Other fields as in struct worker_config.
 */
struct worker_tune {
	struct message message;
	int paused;
	int observe;
	uint64_t window_ns;
	uint64_t window_min_ns;
	uint64_t window_max_ns;
	unsigned int cpu_max_ppm;
	uint64_t rate;
};

/* One target is left as it is, neither looked at nor moved, or no longer so. */
struct worker_pause {
	struct message message;
	uint32_t id;
	int paused;
};

/* Regions of targets in which many faults happened of late. */
#define WORKER_FAULTS_MAX 64

struct worker_faults {
	struct message message;
	size_t n;
	struct event_faults list[WORKER_FAULTS_MAX];
};

/**
 * struct worker_nodes - memory came or went
 * @topology: in force from now on; on the way back nobody uses any more what was so before
 * @reserve_pages, @groups: as in struct worker_config
 * With fewer than two tiers the worker rests until the next one.
 */
struct worker_nodes {
	struct message message;
	const struct topology *topology;
	uint64_t reserve_pages[TIERED_NODES_MAX];
	struct group_view groups[WORKER_RULES_MAX];
};

/**
 * struct worker_figure - one target after one window
 * @account: all that was done to it since it was added
 * @fast_pages, @tracked_pages: pages with a known rate that may be moved (neither shared nor
 *	fixed), in the fastest tier, and in all
 * @share_ppm: share of its accesses that the fastest tier gets, by estimate
 * @windows: windows in which it had marks
 * @last_move_ns: CLOCK_MONOTONIC, 0: never
 * @backoff: whether it is set aside
 * @home: slot of struct sched_setup that it should run on, or SCHED_NO_SLOT
 */
struct worker_figure {
	uint32_t id;
	uint32_t share_ppm;
	uint32_t home;
	uint64_t fast_pages;
	uint64_t tracked_pages;
	uint64_t windows;
	uint64_t last_move_ns;
	struct backoff backoff;
	struct ledger_account account;
};

/*
 * All targets that the worker holds, ascending ids. Left out after a window while some
 * were not yet received: these are sums, the next ones say it all.
 */
struct worker_figures {
	struct message message;
	size_t n;
	struct worker_figure figures[];
};

/**
 * struct worker_window - what one window did
 * @error: -errno why the worker ended; 0 in windows
 * @error_what: what failed
 * @totals: since the start of the worker
 */
struct worker_window {
	struct message message;
	int error;
	char error_what[96];
	uint64_t window;
	uint64_t end_ns;
	uint64_t targets;
	struct ledger_account account; /* of this window */
	struct ledger_account totals;
};

/* Starts the thread. 0 or -errno. */
int worker_start(const struct worker_config *config, struct worker **ret);

/* Hands a message to the worker. */
void worker_send(struct worker *worker, struct message *message, unsigned int kind);

/* Asks it to end; WORKER_ENDED is the answer, once it is out of the call it is in. */
void worker_stop(struct worker *worker);

/* The next message of the worker, the caller's from now on, or NULL; WORKER_ENDED is the last. */
struct message *worker_receive(struct worker *worker);

/* Polls readable while there are messages of the worker. */
int worker_fd(const struct worker *worker);

/* After WORKER_ENDED was received: joins the thread and frees all. Takes NULL. */
void worker_join(struct worker *worker);

#endif
