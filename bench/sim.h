/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sim.h - a machine of two tiers without a machine: pages with known access rates.
 *
 * Accessed bits follow the model of the filter, P = 1 - exp(-rate x interval);
 * everything else is the daemon's own heat, policy, plan and window controller.
 * Deterministic for a seed. Shared by the simulator and the unit test that holds
 * the policy to its numbers.
 */
#ifndef TIERED_SIM_H
#define TIERED_SIM_H

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "decide/filter.h"
#include "decide/heat.h"
#include "decide/heat_due.h"
#include "decide/interval.h"
#include "decide/plan.h"
#include "decide/policy.h"
#include "decide/policy_fit.h"

#define SIM_SLICE 4096
#define SIM_TARGET 7
#define SIM_BASE UINT64_C(0x7f0000000000)
/* Accesses per second and page, on average: what makes windows of about a second. */
#define SIM_RATE_MEAN 1.0

struct sim {
	size_t n;      /* pages */
	size_t places; /* pages of the fast node, less its reserve */
	size_t on_fast;
	double *rate;        /* accesses per second, by page */
	uint8_t *node;       /* 0 fast, 1 slow */
	uint64_t *last_move; /* window, 0: never */
	uint64_t seed;
	uint64_t window;
	uint64_t interval_ns;
	uint64_t budget;
	uint64_t moves;    /* all */
	uint64_t pingpong; /* moved within 32 windows of the last move */
	double best;       /* hits of the best placement; 0: to be worked out again */
	double last;       /* rate of the last page in it */
	size_t scan_pages; /* touched once per window, going through all memory; 0: none */
	size_t scan_at;
	size_t slice; /* pages that the tracker may look at per window, in turns; 0: all */
	size_t slice_at;
	int in_turns; /* not all pages are due each time they are visited */
	struct due due;
	uint8_t *looked; /* at this page in this window? */
	struct heat *heat;
	struct plan plan;
};

static inline uint64_t sim_random(struct sim *sim)
{
	uint64_t z = (sim->seed += UINT64_C(0x9e3779b97f4a7c15));

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static inline double sim_uniform(struct sim *sim)
{
	return (double)(sim_random(sim) >> 11) / 9007199254740992.0;
}

static inline int sim_open(struct sim *sim, size_t n, size_t places, uint64_t seed)
{
	struct heat_config config = { .memory_max = UINT64_C(1) << 30 };

	*sim = (struct sim){
		.n = n, .places = places, .seed = seed, .interval_ns = 1000000000, .budget = n
	};
	sim->rate = calloc(n, sizeof(*sim->rate));
	sim->node = malloc(n);
	sim->last_move = calloc(n, sizeof(*sim->last_move));
	sim->looked = calloc(n, 1);
	if (!sim->rate || !sim->node || !sim->last_move || !sim->looked ||
	    heat_new(&config, &sim->heat))
		return -1;
	memset(sim->node, 1, n);
	return 0;
}

static inline void sim_close(struct sim *sim)
{
	heat_free(sim->heat);
	plan_done(&sim->plan);
	free(sim->rate);
	free(sim->node);
	free(sim->last_move);
	free(sim->looked);
}

/* Shuffles the rates of all pages. */
static inline void sim_shuffle(struct sim *sim)
{
	size_t i;

	sim->best = 0;
	for (i = sim->n; i > 1; i--) {
		size_t j = sim_random(sim) % i;
		double kept = sim->rate[i - 1];

		sim->rate[i - 1] = sim->rate[j];
		sim->rate[j] = kept;
	}
}

/* Rates as 1/rank^skew; 0 is uniform. */
static inline void sim_zipf(struct sim *sim, double skew)
{
	double sum = 0;
	size_t i;

	for (i = 0; i < sim->n; i++)
		sum += sim->rate[i] = pow((double)i + 1, -skew);
	for (i = 0; i < sim->n; i++)
		sim->rate[i] *= SIM_RATE_MEAN * (double)sim->n / sum;
	sim_shuffle(sim);
}

/* A @hot part of the pages gets @share of the accesses. */
static inline void sim_gups(struct sim *sim, double hot, double share)
{
	size_t n_hot = (size_t)((double)sim->n * hot);
	size_t i;

	for (i = 0; i < sim->n; i++)
		sim->rate[i] = SIM_RATE_MEAN * (i < n_hot ? share / hot : (1 - share) / (1 - hot));
	sim_shuffle(sim);
}

static inline int sim_descending(const void *a_, const void *b_)
{
	const double *a = a_;
	const double *b = b_;

	return *a < *b ? 1 : *a > *b ? -1 : 0;
}

/* Rate of the last page that the best placement has on the fast node; its total in @ret_best. */
static inline double sim_oracle(const struct sim *sim, double *ret_best)
{
	double *sorted = malloc(sim->n * sizeof(*sorted));
	double best = 0;
	double last = 0;
	size_t i;

	if (!sorted)
		abort();
	memcpy(sorted, sim->rate, sim->n * sizeof(*sorted));
	qsort(sorted, sim->n, sizeof(*sorted), sim_descending);
	for (i = 0; i < sim->places && i < sim->n; i++) {
		best += sorted[i];
		last = sorted[i];
	}
	free(sorted);
	*ret_best = best;
	return last;
}

/* Accesses per second that find their page on the fast node. */
static inline double sim_hits(const struct sim *sim)
{
	double hits = 0;
	size_t i;

	for (i = 0; i < sim->n; i++)
		hits += sim->node[i] == 0 ? sim->rate[i] : 0;
	return hits;
}

/* Least number of moves to the best placement: pages up, and as many down as have no room. */
static inline uint64_t sim_misplaced(const struct sim *sim)
{
	double best;
	double last = sim_oracle(sim, &best);
	size_t up = 0;
	size_t i;

	for (i = 0; i < sim->n; i++)
		up += sim->node[i] == 1 && sim->rate[i] >= last;
	if (up > sim->places)
		up = sim->places;
	return up + (sim->on_fast + up > sim->places ? sim->on_fast + up - sim->places : 0);
}

/* The first @n pages lie on the fast node. */
static inline void sim_place(struct sim *sim, size_t n)
{
	memset(sim->node, 0, n);
	memset(sim->node + n, 1, sim->n - n);
	sim->on_fast = n;
}

/* Is the page touched by the scan in this window? */
static inline int sim_scanned(const struct sim *sim, size_t page)
{
	return (page + sim->n - sim->scan_at) % sim->n < sim->scan_pages;
}

static inline int sim_accessed(struct sim *sim, size_t page, double seconds)
{
	/* Drawn first, so that a scan does not change the luck of the others. */
	int accessed = sim_uniform(sim) < -expm1(-sim->rate[page] * seconds);

	return accessed || sim_scanned(sim, page);
}

/* The rate of pages at the border of the fast node, as far as the daemon knows. */
static inline int16_t sim_border(const struct sim *sim)
{
	uint64_t bins[HEAT_SLOTS] = { 0 };

	heat_add_bins(sim->heat, SIM_TARGET, bins);
	return fit_threshold(bins, sim->places);
}

/* Which pages the tracker gets to look at in this window, as tracker_idle walks them. */
static inline void sim_mark(struct sim *sim)
{
	uint64_t due[DUE_WORDS];
	size_t left = sim->slice, done, i;

	memset(sim->looked, sim->slice == 0, sim->n);
	sim->due.border = sim_border(sim);
	heat_take_turns(sim->heat, &sim->due);
	for (done = 0; left && done < sim->n; done++) {
		size_t page = (sim->slice_at + done) % sim->n;

		if (done == 0 || page % 512 == 0)
			heat_due(sim->heat, SIM_TARGET,
				 SIM_BASE + page / 512 * 512 * TIERED_PAGE_SIZE, due);
		i = page % 512;
		sim->looked[page] = due[i / 64] >> i % 64 & 1;
		left -= sim->looked[page];
	}
	sim->slice_at = (sim->slice_at + done) % sim->n;
	if (sim->in_turns)
		sim->due.level =
			due_level(sim->due.level, sim->slice, sim->slice - left, done == sim->n);
}

static inline void sim_watch(struct sim *sim)
{
	struct observation slice[SIM_SLICE];
	double seconds = (double)sim->interval_ns / 1e9;
	size_t i;
	size_t n = 0;

	sim_mark(sim);
	for (i = 0; i < sim->n; i++) {
		if (!sim->looked[i])
			continue;
		slice[n++] = (struct observation){
			.address = SIM_BASE + i * TIERED_PAGE_SIZE,
			.interval_ns = sim->interval_ns,
			.target = SIM_TARGET,
			.node = sim->node[i],
			.seen = sim_accessed(sim, i, seconds) ? SEEN_ACCESSED : SEEN_IDLE,
		};
		if (n == SIM_SLICE) {
			heat_observe(sim->heat, slice, n);
			n = 0;
		}
	}
	if (n)
		heat_observe(sim->heat, slice, n);
	sim->scan_at = (sim->scan_at + sim->scan_pages) % sim->n;
}

/* A @part of the pages hotter than @rate trade places with others. */
static inline void sim_jump(struct sim *sim, double rate, double part)
{
	size_t i;

	sim->best = 0;
	for (i = 0; i < sim->n; i++) {
		double kept = sim->rate[i];
		size_t other;

		if (kept < rate || sim_uniform(sim) >= part)
			continue;
		do {
			other = sim_random(sim) % sim->n;
		} while (sim->rate[other] >= rate);
		sim->rate[i] = sim->rate[other];
		sim->rate[other] = kept;
	}
}

static inline void sim_move(struct sim *sim, struct move *move)
{
	size_t page = (move->address - SIM_BASE) / TIERED_PAGE_SIZE;

	if (move->to == 0 && sim->on_fast >= sim->places)
		abort(); /* the policy must never overfill */
	sim->on_fast += move->to == 0 ? 1 : (size_t)-1;
	sim->node[page] = move->to;
	sim->moves++;
	sim->pingpong += sim->last_move[page] &&
			 sim->window - sim->last_move[page] <= HEAT_PINGPONG_WINDOWS;
	sim->last_move[page] = sim->window;
	move->result = MOVE_MOVED;
	move->landed = move->to;
}

/* One window; returns the share of the best placement's hits after its moves, 0 on failure. */
static inline double sim_window(struct sim *sim)
{
	struct node_view nodes[2] = {
		{ .id = 0, .total = sim->places, .free = sim->places - sim->on_fast },
		{ .id = 1, .tier = 1, .total = 4 * sim->n, .free = 3 * sim->n },
	};
	struct target_view target = {
		.id = SIM_TARGET, .promote = 1, .demote = 1, .allowed_nodes = 3
	};
	struct snapshot snapshot = { .nodes = nodes,
				     .n_nodes = 2,
				     .targets = &target,
				     .n_targets = 1,
				     .heat = sim->heat,
				     .budget_pages = sim->budget };
	struct heat_stats stats;
	uint64_t accessed;
	size_t i;

	snapshot.window = ++sim->window;
	snapshot.interval_ns = sim->interval_ns;
	heat_window(sim->heat, sim->window);
	sim_watch(sim);
	plan_clear(&sim->plan);
	if (policy_heat.decide(NULL, &snapshot, &sim->plan) || plan_seal(&sim->plan))
		return 0;
	for (i = 0; i < sim->plan.n_moves; i++)
		sim_move(sim, &sim->plan.moves[i]);
	heat_settle(sim->heat, sim->plan.moves, sim->plan.n_moves);
	heat_stats(sim->heat, &stats);
	if (heat_accessed(&stats, &accessed) == 0)
		sim->interval_ns = interval_next(sim->interval_ns, accessed, sim->places,
						 stats.tracked, INTERVAL_MIN_NS, INTERVAL_MAX_NS);
	if (sim->best == 0)
		sim->last = sim_oracle(sim, &sim->best);
	return sim_hits(sim) / sim->best;
}

#endif
