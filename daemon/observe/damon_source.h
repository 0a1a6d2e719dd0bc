/* SPDX-License-Identifier: GPL-2.0-only */
/* damon_source.h - somebody who hears what DAMON aggregates (daemon/bpf/damon.c), as trackers know it. */
#ifndef TIERED_OBSERVE_DAMON_SOURCE_H
#define TIERED_OBSERVE_DAMON_SOURCE_H

#include <stdint.h>

#include "tiered/damon_record.h"

typedef void damon_record_fn(void *arg, const struct damon_record *record);

/**
 * struct damon_source - regions of one kdamond, in the order in which it tells of them
 * @watch: whose: the thread's id, 0: nobody's; what was not read yet goes
 * @read: hands on what came since the last time; 0 or -errno. NULL: it cannot be had here
 * @why: a sentence, where @read is NULL
 * @lacks: operations that the kernel has no code for, as far as is known; or NULL
 */
struct damon_source {
	void (*watch)(void *arg, uint32_t tid);
	int (*read)(void *arg, damon_record_fn *each, void *each_arg);
	void *arg;
	char why[200];
	const char *lacks;
};

/**
 * struct damon_setup - what the DAMON tracker works with; outlives it
 * @source: NULL: nobody hears it
 * @mark: by which our kdamond is known (util/kdamond.h); 0: none may be made, as nobody
 *	would take it away again
 * @physical: it samples the memory of nodes, not the address spaces of targets
 */
struct damon_setup {
	const struct damon_source *source;
	uint64_t mark;
	int physical;
};

#endif
