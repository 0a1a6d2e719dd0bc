/* SPDX-License-Identifier: GPL-2.0-only */
/* manager_internal.h - what the files of the manager share. */
#ifndef TIERED_MANAGER_INTERNAL_H
#define TIERED_MANAGER_INTERNAL_H

#include <stdio.h>
#include <systemd/sd-event.h>

#include "bpf/sched_strays.h"
#include "config/config.h"
#include "manager.h"
#include "observe/cpus.h"
#include "observe/damon_source.h"
#include "observe/young_source.h"
#include "report/board.h"
#include "tiered/event.h"
#include "verbs/verbs.h"
#include "worker/worker.h"

struct bpf;
struct rivals;
struct scheduler;
struct target_wanted;
struct targets;
struct topology;
struct undo;

/**
 * struct manager_seen - what events told of the kernel's doings
 * @faults: page faults of targets
 * @shootdowns: TLB flushes that CPUs did for targets because another CPU asked
 */
struct manager_seen {
	uint64_t faults;
	uint64_t shootdowns;
};

/**
 * struct manager_sched - the optional scheduler
 * @scheduler: NULL when it is off
 * @state: "" when it was not asked for, "on", or why it is off
 * @strays: processes that came in by a fork
 * @narrow: of scheduler_narrow_open(), or -1; the worker uses it while it runs
 */
struct manager_sched {
	struct scheduler *scheduler;
	struct cpus cpus;
	struct sched_strays strays;
	int narrow;
	char state[320];
};

/* Changes of the nodes in one window of the worker's; more of them wait for its end. */
#define MANAGER_RETIRED_MAX 16

/**
 * struct manager - all objects of one run
 * @running: the conf, and on top of it what was set while running; @config points to it
 * @worker: NULL on a machine where there is nothing to tier or no way to track
 * @idle_reason: why there is no worker, or why it rests; "" when it works
 * @gathering: runs while events about memory are being waited for
 * @retired: nodes of before that the worker may still look at, oldest first
 * @next_block: where the next look at the states of memory blocks begins
 * @going, @was_going: nodes with a block that is, in this round of looks and in the last
 * @events: records taken from the ring, by enum event_kind
 */
struct manager {
	const struct config *config;
	struct config running;
	const struct manager_options *options;
	enum manager_end end;

	sd_event *loop;
	struct undo *undo; /* NULL when changes cannot be noted: then none are made */
	struct topology *topology;
	struct topology *retired[MANAGER_RETIRED_MAX];
	size_t n_retired;
	size_t next_block;
	uint64_t going;
	uint64_t was_going;
	sd_event_source *gathering;
	int uevent_fd;
	uint64_t changed_ns; /* when the nodes changed last */
	int nodes_error;     /* of the last time they were read */
	struct bpf *bpf;
	struct targets *targets;
	struct rivals *rivals; /* the worker's while there is one */
	struct damon_setup damon;
	struct worker_config worker_config;
	struct young_setup young;
	uint64_t limited_pages;               /* of the fastest tier, that limits are shares of */
	unsigned int unmet[CONFIG_RULES_MAX]; /* windows for which fast_min was not met */
	uint64_t unmet_line_ns;
	struct manager_sched sched;
	int pinned; /* the folder of the pins is there, and may be */
	struct worker *worker;
	struct worker_faults *faults; /* for the worker, being gathered; or NULL */
	char idle_reason[1024];

	struct board *board;
	struct verbs_env view;
	struct verbs *verbs;
	struct control *control;
	int metrics_error; /* of the last time they were written */
	int journal;       /* standard error leads there */

	FILE *window_log;
	uint64_t last_summary_ns;
	uint64_t target_lines_ns; /* lines about targets that ended, since when, and how many */
	unsigned int target_lines;
	uint64_t last_look_ns;
	uint64_t events[EVENT_KINDS];
	struct manager_seen seen;
	int failed;
	struct worker_window last;
};

/* manager_targets.c: looks through /proc and tells the worker what changed. */
void manager_sweep(struct manager *manager);
/* Takes what is in the ring of the BPF programs. */
void manager_consume(struct manager *manager);
/* The worker says that a target is gone, or cannot be had. */
void manager_target_gone(struct manager *manager, const struct worker_gone *gone);

/*
 * manager.c: SIGHUP, or the verb. 0: the loop ends, and the next run has the new conf.
 * -errno when that is not good, or does not fit this machine: logged, and said in @why.
 */
int manager_reload(struct manager *manager, char *why, size_t why_size);

/*
 * manager_undo.c: first of all, undoes what a daemon has left that was killed.
 * -EADDRINUSE when there is one at work, logged. Without records nothing is changed.
 */
int manager_open_undo(struct manager *manager);
/* 1 when pins may be made. */
int manager_note_pins(struct manager *manager);
/* What the conf says of settings of the kernel, once there is a worker. */
void manager_change_settings(struct manager *manager);

/*
 * manager_sched.c: before the worker starts: loads the scheduler, if the conf says so. Where that
 * cannot be, the log says why, and nothing else changes.
 */
void manager_open_scheduler(struct manager *manager);
void manager_pin_scheduler(struct manager *manager);
/* A process is managed from now on, or no longer so. */
void manager_sched_add(struct manager *manager, uint32_t tgid);
void manager_sched_remove(struct manager *manager, uint32_t tgid);
/* Homes, as the worker sees them after a window. */
void manager_sched_figures(struct manager *manager, const struct worker_figures *figures);
/* Now and then: is it still there, and who has come in by a fork? */
void manager_sched_look(struct manager *manager);
/* All threads are the kernel's again, as they were. */
void manager_close_scheduler(struct manager *manager);

/* manager_kept.c: for the next run, after a reload. */
void manager_keep(struct manager *manager);
/* Was this process paused in the run before? Asked once: then it is forgotten. */
int manager_was_paused(struct manager *manager, const struct target_key *key);

/*
 * manager_tracker.c: 1 with the tracker of the conf; 0: it cannot be had here, and
 * idle_reason says why; -errno, logged.
 */
int manager_choose_tracker(struct manager *manager);
/* Before the worker starts: notes the kdamond, if there is to be one. 0 or -errno, logged. */
int manager_note_kdamond(struct manager *manager);

/*
 * manager_worker.c: finds out whether there is something to tier and a way to do
 * it, and starts the worker; else idle_reason says why not. 0 or -errno, logged.
 */
int manager_open_worker(struct manager *manager);
/* A share of @whole pages, or bytes, as pages; a share above 0 is a page at least. */
uint64_t manager_share_pages(const struct units_share *share, uint64_t whole_pages);
/* An sd_event_io_handler_t: messages of the worker. */
int manager_on_worker(sd_event_source *source, int fd, uint32_t events, void *arg);
/* Lets the loop hear it, and look for targets. 0 or -errno. */
int manager_watch_worker(struct manager *manager);
/* What the nodes give it: reserves, and how much memory it may use. */
void manager_set_bounds(struct manager *manager);
/* Waits until the worker has ended; nothing to do when there is none. */
void manager_stop_worker(struct manager *manager);

/*
 * manager_nodes.c: from now on changes of memory nodes are seen and acted upon. 0 or -errno.
 * They are forgotten after the loop: it listens to a descriptor of theirs.
 */
int manager_watch_nodes(struct manager *manager);
void manager_forget_nodes(struct manager *manager);
/* The worker has let go of the nodes that were in force before the oldest change. */
void manager_nodes_taken(struct manager *manager);

/*
 * manager_views.c: board, verbs and the control socket, before anything that another
 * daemon would feel; -EADDRINUSE when there is one. Errors are logged.
 */
int manager_open_views(struct manager *manager);
/* Once there is all that they look at: pins, and what the verbs see. */
void manager_start_views(struct manager *manager);
/* The nodes, or the worker, are others than before. */
void manager_view_nodes(struct manager *manager);
void manager_view_worker(struct manager *manager);
/* An sd_event_time_handler_t: writes the metrics file. */
int manager_on_metrics(sd_event_source *source, uint64_t usec, void *arg);
void manager_close_views(struct manager *manager);
void manager_view_add(struct manager *manager, const struct target_wanted *wanted);
void manager_view_remove(struct manager *manager, uint32_t id);
void manager_view_figures(struct manager *manager, const struct worker_figures *figures);
void manager_view_window(struct manager *manager, const struct worker_window *window);

/* manager_report.c: one window ended. */
void manager_report_window(struct manager *manager, const struct worker_window *window);
/* manager_limits.c: from the conf to pages of this machine as it is now, for the worker. */
void manager_set_limits(struct manager *manager);
/* After a window: floors that are not met for long get a line, now and then. */
void manager_report_limits(struct manager *manager);
/* What this machine can do, at start. */
void manager_report_start(const struct manager *manager);
/* How it is going to work. */
void manager_report_worker(const struct manager *manager);
/* manager_rivals.c: others who clear accessed bits, at start, and as they are first met. */
void manager_report_rivals(void);
void manager_report_new_rivals(const struct worker_window *window);
/* One target, at its end. */
void manager_report_target(struct manager *manager, const struct worker_target *target);
/* All that happened, at the end. */
void manager_report_totals(struct manager *manager);
int manager_open_window_log(struct manager *manager);

#endif
