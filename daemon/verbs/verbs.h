/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * verbs.h - what can be asked of the daemon, one verb per file.
 *
 * The answers are described in tiered/control.h. Verbs read the board, the BPF
 * counters and the topology; what only the worker knows is asked of it and
 * answered when its message comes. Main thread only.
 */
#ifndef TIERED_VERBS_H
#define TIERED_VERBS_H

#include <stddef.h>
#include <stdint.h>

#include "bpf/events.h"
#include "control/control.h"
#include "report/metrics.h"

struct board;
struct bpf;
struct config;
struct cpus;
struct group_view;
struct scheduler;
struct targets;
struct topology;
struct verbs;
struct worker;
struct worker_answer;

/**
 * struct verbs_env - the objects of one run; all outlive the verbs
 * @config: in force; `set` writes into it
 * @worker: where the worker is; NULL in there on an idle machine, or once it has ended
 * @scheduler: where the scheduler is; NULL in there while it is off. NULL: there is none
 * @scheduler_state: why; "" when it was not asked for
 * @cpus: the nodes that its slots are
 * @idle_reason: "" while there is a worker
 * @reserve_pages: per node of topology_nodes()
 * @groups: what each [target] section gets of the fastest tier
 * @events: records taken from the ring, by enum event_kind
 * @paused: of the whole daemon
 * @reload: reads the conf again, as SIGHUP does; 0, or -errno with the first fault in @why
 * @tuned: the worker has to be told what is in @config and @paused now
 */
struct verbs_env {
	struct config *config;
	struct board *board;
	struct bpf *bpf;
	const struct topology *topology;
	struct worker *const *worker;
	struct targets *const *targets;
	struct scheduler *const *scheduler;
	const char *scheduler_state;
	const struct cpus *cpus;
	const char *idle_reason;
	const char *tracker;
	const char *policy;
	const uint64_t *reserve_pages;
	const struct group_view *groups;
	const uint64_t *events;
	uint64_t started_ns;
	int observe; /* whatever the conf says */
	int paused;
	int (*reload)(void *arg, char *why, size_t why_size);
	void (*tuned)(void *arg);
	void *arg;
};

/* For control_open(): the table, whose argument is the struct verbs. */
const struct control_verb *verbs_table(size_t *ret_n);

/* 0 or -ENOMEM. @env stays the caller's and may change. */
int verbs_new(struct verbs_env *env, struct verbs **ret);
void verbs_free(struct verbs *verbs);

/* Where answers go; before the first verb runs, and NULL before the socket is closed. */
void verbs_connect(struct verbs *verbs, struct control *control);

/* The worker's answer to one of our questions; frees it. */
void verbs_answer(struct verbs *verbs, struct worker_answer *answer);

/* The worker has ended: nobody will answer any more. */
void verbs_no_worker(struct verbs *verbs);

/* Events, for those who trace. Cheap while nobody does. */
void verbs_on_folio(struct verbs *verbs, const struct event_folio *event);
void verbs_on_migration(struct verbs *verbs, const struct event_migration *event);
/* After each round of events: tells what was lost. */
void verbs_on_round(struct verbs *verbs);

/* As metrics_text(), of all there is to count. */
int verbs_metrics_text(const struct verbs *verbs, enum metrics_form form, char **ret_text,
		       size_t *ret_length);

#endif
