/* SPDX-License-Identifier: GPL-2.0-only */
/* manager_internal.h - what the files of the manager share. */
#ifndef TIERED_MANAGER_INTERNAL_H
#define TIERED_MANAGER_INTERNAL_H

#include <stdio.h>
#include <systemd/sd-event.h>

#include "config/config.h"
#include "manager.h"
#include "tiered/event.h"
#include "worker/worker.h"

struct bpf;
struct targets;
struct topology;

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
 * struct manager - all objects of one run
 * @worker: NULL on a machine where there is nothing to tier or no way to track
 * @idle_reason: why there is no worker; "" when there is one
 * @events: records taken from the ring, by enum event_kind
 */
struct manager {
	const struct config *config;
	const struct manager_options *options;
	enum manager_end end;

	sd_event *loop;
	struct topology *topology;
	struct bpf *bpf;
	struct targets *targets;
	struct worker_config worker_config;
	struct worker *worker;
	char idle_reason[256];

	FILE *window_log;
	uint64_t last_summary_ns;
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

/* manager_report.c: one window ended. */
void manager_report_window(struct manager *manager, const struct worker_window *window);
/* What this machine can do, at start. */
void manager_report_start(const struct manager *manager);
/* One target, at its end. */
void manager_report_target(const struct worker_target *target);
/* All that happened, at the end. */
void manager_report_totals(struct manager *manager);
int manager_open_window_log(struct manager *manager);

#endif
