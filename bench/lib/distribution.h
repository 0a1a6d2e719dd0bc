/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * distribution.h - how often each item is meant to be accessed, and a sampler that does just that.
 *
 * The weights are the truth that hit shares are computed with, and the sampler
 * is built from the same weights: the two cannot disagree.
 */
#ifndef BENCH_DISTRIBUTION_H
#define BENCH_DISTRIBUTION_H

#include <stddef.h>
#include <stdint.h>

enum distribution_shape {
	DISTRIBUTION_UNIFORM,
	DISTRIBUTION_HOTSET, /* a random part of the items gets most of the accesses */
	DISTRIBUTION_ZIPF,   /* the item of rank r gets a share that goes with r^-theta */
};

/* Items that are pages: 2 MiB. */
#define DISTRIBUTION_BLOCK 512

/**
 * struct distribution - what to draw from
 * @shape: enum distribution_shape
 * @hot_share: HOTSET: part of the items that is hot, above 0, at most 1
 * @hot_access: HOTSET: part of the accesses that go there; the rest goes to the cold ones evenly
 * @theta: ZIPF: exponent, at least 0
 * @seed: chooses which items are hot
 * @in_order: not @seed does: item 0 is the hottest, then 1, and so on
 * @spread: as many items of each DISTRIBUTION_BLOCK are hot, @seed chooses which; their number
 *	is a multiple of it
 * @jump: number of the hot set; each one is disjoint from the one before (while there is room)
 */
struct distribution {
	enum distribution_shape shape;
	double hot_share;
	double hot_access;
	double theta;
	uint64_t seed;
	int in_order;
	int spread;
	uint32_t jump;
};

/* "uniform", "gups" or "zipf:THETA"; 0 or -EINVAL. Other fields stay as they are. */
int distribution_parse(const char *text, struct distribution *ret);

/* Fills @ret_weights, which sum to 1, of items 0 to @n - 1; 0 or -ENOMEM. */
int distribution_weights(const struct distribution *distribution, uint32_t n, float *ret_weights);

/*
 * One column of an alias table (Walker 1977, Vose 1991): a number below @cut
 * means item @low, otherwise item @high.
 */
struct sampler_column {
	uint32_t cut;
	uint32_t low;
	uint32_t high;
};

/* Draws items in constant time; items of weight 0 have no column and cost no memory. */
struct sampler {
	struct sampler_column *columns; /* owned */
	uint32_t n;
};

int sampler_new(const float *weights, uint32_t n, struct sampler *ret); /* 0, -EINVAL, -ENOMEM */
void sampler_done(struct sampler *sampler);

/* xorshift64* (Vigna 2016); @state must not be 0. */
static inline uint64_t random_next(uint64_t *state)
{
	uint64_t x = *state;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	*state = x;
	return x * UINT64_C(2685821657736338717);
}

/* A state for random_next() out of any number (splitmix64). */
static inline uint64_t random_seed(uint64_t seed)
{
	uint64_t z = seed + UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	z ^= z >> 31;
	return z ? z : 1;
}

static inline uint32_t sampler_draw(const struct sampler *sampler, uint64_t *state)
{
	uint64_t r = random_next(state);
	const struct sampler_column *column = &sampler->columns[((r >> 32) * sampler->n) >> 32];

	return (uint32_t)r < column->cut ? column->low : column->high;
}

#endif
