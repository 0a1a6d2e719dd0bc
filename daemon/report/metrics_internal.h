/* SPDX-License-Identifier: GPL-2.0-only */
/* metrics_internal.h - the table of families, and what its samples are written with. */
#ifndef TIERED_METRICS_INTERNAL_H
#define TIERED_METRICS_INTERNAL_H

#include "report/metrics.h"

enum metrics_type {
	METRICS_COUNTER = 0,
	METRICS_GAUGE = 1,
};

/**
 * struct metrics_writer - the text so far, and where the table's functions look
 * @error: the first thing that went wrong; nothing is written after it
 * @family: the one that is being written
 * @described: its # HELP and # TYPE stand there already: a family without samples has none
 * @targets: those that are shown, one for each process, the largest first
 * @other: the sums of the rest, NULL when there is none
 */
struct metrics_writer {
	const struct metrics_input *input;
	enum metrics_form form;
	char *text;
	size_t length;
	size_t size;
	int error;
	const struct metrics_family *family;
	int described;
	const struct metrics_target *targets;
	size_t n_targets;
	const struct stats_target *other;
};

/**
 * struct metrics_family - one metric
 * @name: without _total
 * @unit: the end of @name, or "" for none
 * @samples: writes its samples, none when nothing is known
 * @offset: of the field it is about, for @samples
 */
struct metrics_family {
	const char *name;
	enum metrics_type type;
	const char *unit;
	void (*samples)(struct metrics_writer *writer, size_t offset);
	size_t offset;
	const char *help;
};

extern const struct metrics_family metrics_families[];
extern const size_t metrics_n_families;

/* A label; its value may be any bytes. */
struct metrics_label {
	const char *name;
	const char *value;
};

/* One sample of the present family, a whole number, with @n labels. */
void metrics_sample(struct metrics_writer *writer, const struct metrics_label *labels, size_t n,
		    uint64_t value);

/* The same with @divisor, a power of ten: 1000000000 for nanoseconds as seconds. */
void metrics_fraction(struct metrics_writer *writer, const struct metrics_label *labels, size_t n,
		      uint64_t value, uint64_t divisor);

/* metrics_samples.c: the functions of the table. */
void metrics_write_version(struct metrics_writer *writer, size_t offset);
void metrics_write_daemon(struct metrics_writer *writer, size_t offset);
void metrics_write_daemon_u32(struct metrics_writer *writer, size_t offset);
void metrics_write_daemon_ppm(struct metrics_writer *writer, size_t offset);
void metrics_write_daemon_ns(struct metrics_writer *writer, size_t offset);
void metrics_write_results(struct metrics_writer *writer, size_t offset);
void metrics_write_reasons(struct metrics_writer *writer, size_t offset);
void metrics_write_migrations(struct metrics_writer *writer, size_t offset);
void metrics_write_flushes(struct metrics_writer *writer, size_t offset);
void metrics_write_losses(struct metrics_writer *writer, size_t offset);
void metrics_write_totals(struct metrics_writer *writer, size_t offset);
void metrics_write_pairs(struct metrics_writer *writer, size_t offset);
void metrics_write_nodes(struct metrics_writer *writer, size_t offset);
void metrics_write_targets(struct metrics_writer *writer, size_t offset);
void metrics_write_target_shares(struct metrics_writer *writer, size_t offset);
void metrics_write_kernel(struct metrics_writer *writer, size_t offset);

/* What stands before the kernel's own name in metrics_write_kernel()'s families. */
#define METRICS_KERNEL_PREFIX "tiered_kernel_"

#endif
