/* SPDX-License-Identifier: GPL-2.0-only */
/* damon.h - what the files of the DAMON tracker share. Not for others: use tracker.h. */
#ifndef TIERED_OBSERVE_DAMON_H
#define TIERED_OBSERVE_DAMON_H

#include "damon_area.h"
#include "damon_source.h"
#include "round.h"
#include "slice.h"
#include "tiered/tracker.h"

/*
 * A sample looks at each region twice, about 1 us in all. 400 regions 40 times a
 * second are 1.6 % of a core at worst; where cpu_max is less, the kdamond rests for
 * whole windows. Twenty samples, as DAMON has it by default, make an aggregation.
 */
#define DAMON_SAMPLE_NS UINT64_C(25000000)
#define DAMON_SAMPLES 20
#define DAMON_REGIONS_MIN 20
#define DAMON_REGIONS_MAX 400

/* Ranges of memory without a hole that it is told of; what is behind is not watched. */
#define DAMON_RANGES_MAX 64

/* Targets beyond that would have a region or two each, which says nothing. */
#define DAMON_TARGETS_MAX 128

#define DAMON_PIECE_PAGES (1u << (DAMON_PIECE_SHIFT - 12))

/* Bytes of memory, not of an address space. */
struct damon_range {
	uint64_t start;
	uint64_t end;
};

/**
 * struct damon_seat - a target as the kdamond was told of it, at the same index
 * @tgid: of its process; 0: it is memory, and all targets find theirs in it
 * @coming: regions of the aggregation that is being told of
 * @areas: all of it since the last window that was read
 */
struct damon_seat {
	uint32_t tgid;
	struct damon_areas coming;
	struct damon_areas areas;
};

/**
 * struct damon - state of the tracker
 * @ranges: memory that the kdamond was told of, where it samples that
 * @beyond: there is memory beyond these, and that was said
 * @made: the kdamond is in sysfs
 * @thread: of the kdamond, 0: it rests
 * @cpu_ns: its CPU time when last looked at
 * @error: why it could not be started, last time
 * @cursor: where the next read() goes on
 * @max_pages: of mark(): so many pages read() reports at most
 * @known_pages: how many there were, last time
 * @flags_fd: /proc/kpageflags, or -1
 */
struct damon {
	const struct tracker_env *env;
	const struct damon_setup *setup;
	struct target *const *targets;
	size_t n_targets;
	struct damon_seat *seats;
	size_t n_seats;
	struct damon_range ranges[DAMON_RANGES_MAX];
	size_t n_ranges;
	int beyond;
	int made;
	uint32_t thread;
	uint64_t cpu_ns;
	int error;
	struct round_cursor cursor;
	uint64_t max_pages;
	uint64_t known_pages;
	uint32_t window;
	int flags_fd;
	struct slice slice;
	uint64_t entries[DAMON_PIECE_PAGES];
	uint64_t flags[DAMON_PIECE_PAGES];
	struct observation batch[DAMON_PIECE_PAGES];
};

/* The seat of a target, or NULL: the kdamond was not told of it. */
struct damon_seat *damon_seat(const struct damon *damon, const struct target *target);

/* damon_tell.c: the name of what it samples; and why this kernel cannot, a sentence. */
const char *damon_operations(int physical);
void damon_refuse_operations(int physical, char *reason, size_t size);

/*
 * How it samples, once it is made; 0, -EOPNOTSUPP, logged: this kernel cannot do it;
 * or -errno. Then, before each start, what.
 */
int damon_configure(const char *sys_root, int physical);
int damon_tell(const struct damon *damon);

/* Memory as it is now: up to DAMON_RANGES_MAX ranges; returns how many bytes lie behind them. */
uint64_t damon_ranges(const struct topology *topology, struct damon_range *ret, size_t *ret_n);
/* The same, noted; 1 when the kdamond was told of other. */
int damon_find_ranges(struct damon *damon);

int damon_read(void *state, uint64_t interval_ns, observe_fn *observe, void *arg,
	       struct tracker_cost *ret_cost);

/* CPU time of the kdamond since the last call. */
uint64_t damon_cpu_ns(struct damon *damon);

#endif
