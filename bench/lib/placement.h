/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * placement.h - where pages lie, and what that is worth.
 *
 * Placement is asked with move_pages(2) without nodes, which only looks: it
 * neither sets nor clears accessed bits or idle marks.
 */
#ifndef BENCH_PLACEMENT_H
#define BENCH_PLACEMENT_H

#include <stddef.h>
#include <stdint.h>

/* Writes the node of each page, or -errno of that page; 0 or -errno of the call. */
int placement_read(int pid, void *const *addresses, size_t n, int *ret_nodes);

/**
 * struct placement_share - the placement of weighted pages
 * @fast, @slow, @absent: pages there
 * @hit: share of the weight that lies on fast nodes
 */
struct placement_share {
	uint64_t fast;
	uint64_t slow;
	uint64_t absent;
	double hit;
};

/* @nodes as placement_read() gives them, @fast_nodes one bit per node. */
void placement_share(const float *weights, const int *nodes, size_t n, uint64_t fast_nodes,
		     struct placement_share *ret);

/* The best share that @capacity pages can have: 0 or -ENOMEM. */
int placement_oracle(const float *weights, size_t n, uint64_t capacity, double *ret_share);

/*
 * Moves all of process @pid from nodes @from (one bit each) to node @to, and
 * leaves its memory policy alone, as migratepages(8) does. Returns how many
 * pages would not move, or -errno.
 */
int placement_move_all(int pid, uint64_t from, unsigned int to);

/* Where a placement stands between @none (nothing done) and @oracle (the best): 0 to 1. */
double placement_recovered(double hit, double none, double oracle);

#endif
