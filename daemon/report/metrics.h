/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * metrics.h - all counters as text for a monitoring system. Pure.
 *
 * One table of families (metrics_families.c) becomes text in either of two
 * forms. They differ in the names of counters: OpenMetrics describes the family
 * tiered_promoted_pages and has the sample tiered_promoted_pages_total, while
 * the older Prometheus text form, which node_exporter's textfile collector and
 * `promtool check metrics` read, has _total in both. No text is good for both.
 */
#ifndef TIERED_METRICS_H
#define TIERED_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/stats.h"

enum metrics_form {
	METRICS_OPENMETRICS = 0, /* application/openmetrics-text; version=1.0.0; ends in # EOF */
	METRICS_PROMETHEUS = 1,  /* text/plain; version=0.0.4 */
};

/* Targets beyond these, those with least asked for them, are summed under comm="other". */
#define METRICS_TARGETS_MAX 200

/* 200 targets and the node pairs of 64 nodes are below 1 MB. */
#define METRICS_BYTES_MAX ((size_t)2 << 20)

struct metrics_migrations {
	uint64_t calls;
	uint64_t succeeded; /* base pages */
	uint64_t failed;
};

struct metrics_node_pair {
	uint32_t from;
	uint32_t to;
	uint64_t moved;
	uint64_t pages;
};

struct metrics_node {
	uint32_t node;
	uint32_t tier;
	uint64_t total_pages;
	uint64_t free_pages;
};

struct metrics_target {
	struct target_key key;
	const struct stats_target *stats;
};

/* A counter of /proc/vmstat under its name there; those without a family are left out. */
struct metrics_kernel {
	const char *name;
	uint64_t value;
};

/**
 * struct metrics_input - what is known; NULL, and n = 0, for what is not
 * @version: of the daemon
 * @totals, @losses, @migrations, @flushes: what BPF saw
 * @losses: by enum event_kind, EVENT_KINDS of them; kinds begin at 1
 * @migrations: by enum seen_reason, SEEN_REASONS of them
 * @flushes: by enum stats_flush_reason, STATS_FLUSH_REASONS of them
 */
struct metrics_input {
	const char *version;
	const struct stats_daemon *daemon;
	const struct stats_totals *totals;
	const struct event_losses *losses;
	const struct metrics_migrations *migrations;
	const struct stats_flushes *flushes;
	const struct metrics_node_pair *pairs;
	size_t n_pairs;
	const struct metrics_node *nodes;
	size_t n_nodes;
	const struct metrics_target *targets;
	size_t n_targets;
	const struct metrics_kernel *kernel;
	size_t n_kernel;
};

/*
 * The whole text, ended with NUL, which the caller frees. 0, -ENOMEM, or -EFBIG
 * when it would be longer than METRICS_BYTES_MAX.
 */
int metrics_text(const struct metrics_input *input, enum metrics_form form, char **ret_text,
		 size_t *ret_length);

#endif
