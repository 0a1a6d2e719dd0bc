// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "distribution.h"
#include "util/cleanup.h"

int distribution_parse(const char *text, struct distribution *ret)
{
	char *end;
	double theta;

	if (!strcmp(text, "uniform")) {
		ret->shape = DISTRIBUTION_UNIFORM;
		return 0;
	}
	if (!strcmp(text, "gups")) {
		ret->shape = DISTRIBUTION_HOTSET;
		return 0;
	}
	if (strncmp(text, "zipf:", 5))
		return -EINVAL;
	theta = strtod(text + 5, &end);
	if (end == text + 5 || *end || !(theta >= 0 && theta <= 10))
		return -EINVAL;
	ret->shape = DISTRIBUTION_ZIPF;
	ret->theta = theta;
	return 0;
}

static uint32_t hot_items(const struct distribution *distribution, uint32_t n)
{
	uint32_t hot = (uint32_t)lrint(distribution->hot_share * n);

	if (distribution->shape == DISTRIBUTION_ZIPF)
		hot = n / 10; /* how far a jump moves the ranks */
	return hot < 1 ? 1 : hot > n ? n : hot;
}

/* Unnormalized weight of the item of rank @rank. */
static double rank_weight(const struct distribution *distribution, uint32_t n, uint32_t rank)
{
	uint32_t hot = hot_items(distribution, n);

	switch (distribution->shape) {
	case DISTRIBUTION_ZIPF:
		return pow(rank + 1.0, -distribution->theta);
	case DISTRIBUTION_HOTSET:
		if (rank < hot)
			return distribution->hot_access / hot;
		return (1 - distribution->hot_access) / (n - hot);
	case DISTRIBUTION_UNIFORM:
		break;
	}
	return 1;
}

/* A random order of items (Fisher and Yates), or the order they have. */
static void shuffle(uint32_t *order, uint32_t n, int in_order, uint64_t *state)
{
	for (uint32_t i = 0; i < n; i++) {
		uint32_t j = (uint32_t)(((random_next(state) >> 32) * (i + 1)) >> 32);

		if (in_order)
			j = i;

		order[i] = order[j];
		order[j] = i;
	}
}

/* One item of each block, then another of each, and so on. */
static void deal(uint32_t *order, uint32_t n, uint64_t *state)
{
	const uint32_t blocks = n / DISTRIBUTION_BLOCK;
	uint32_t block[DISTRIBUTION_BLOCK];

	for (uint32_t b = 0; b < blocks; b++) {
		shuffle(block, DISTRIBUTION_BLOCK, 0, state);
		for (uint32_t i = 0; i < DISTRIBUTION_BLOCK; i++)
			order[i * blocks + b] = b * DISTRIBUTION_BLOCK + block[i];
	}
}

/* By the seed alone; hottest first. */
static uint32_t *order_new(const struct distribution *distribution, uint32_t n)
{
	uint32_t *order = malloc((size_t)n * sizeof(*order));
	uint64_t state = random_seed(distribution->seed);

	if (!order)
		return NULL;
	if (distribution->spread)
		deal(order, n, &state);
	else
		shuffle(order, n, distribution->in_order, &state);
	return order;
}

int distribution_weights(const struct distribution *distribution, uint32_t n, float *ret_weights)
{
	auto_free uint32_t *order = order_new(distribution, n);
	uint64_t shift = (uint64_t)distribution->jump * hot_items(distribution, n);
	double sum = 0;

	if (!order)
		return -ENOMEM;
	for (uint32_t rank = 0; rank < n; rank++)
		sum += rank_weight(distribution, n, rank);
	for (uint32_t rank = 0; rank < n; rank++)
		ret_weights[order[(rank + shift) % n]] =
			(float)(rank_weight(distribution, n, rank) / sum);
	return 0;
}

static uint32_t cut_of(double share)
{
	/* 2^32 itself does not fit; the error is one in four thousand million draws. */
	return share >= 1 ? UINT32_MAX : (uint32_t)(share * 4294967296.0);
}

/*
 * Vose's method. @share[i] starts as the weight of column i's own item times
 * the number of columns. A column with less than 1 is filled up from one with
 * more, until all are full.
 */
static void columns_fill(struct sampler *sampler, double *share, uint32_t *work)
{
	uint32_t n = sampler->n, n_small = 0, n_large = 0;

	/* Both stacks fit into one array, as they hold n columns together. */
	for (uint32_t i = 0; i < n; i++)
		if (share[i] < 1)
			work[n_small++] = i;
		else
			work[n - ++n_large] = i;
	while (n_small && n_large) {
		struct sampler_column *column = &sampler->columns[work[--n_small]];
		uint32_t large = work[n - n_large];

		column->cut = cut_of(share[work[n_small]]);
		column->high = sampler->columns[large].low;
		share[large] -= 1 - share[work[n_small]];
		if (share[large] < 1) {
			n_large--;
			work[n_small++] = large;
		}
	}
}

int sampler_new(const float *weights, uint32_t n, struct sampler *ret)
{
	struct sampler sampler = { .columns = calloc(n, sizeof(*sampler.columns)) };
	auto_free double *share = malloc((size_t)n * sizeof(*share));
	auto_free uint32_t *work = malloc((size_t)n * sizeof(*work));
	double sum = 0;

	if (!sampler.columns || !share || !work) {
		free(sampler.columns);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n; i++) {
		if (!(weights[i] > 0))
			continue;
		sum += share[sampler.n] = weights[i];
		sampler.columns[sampler.n++] = (struct sampler_column){ UINT32_MAX, i, i };
	}
	if (!sampler.n) {
		free(sampler.columns);
		return -EINVAL;
	}
	for (uint32_t i = 0; i < sampler.n; i++)
		share[i] *= sampler.n / sum;
	columns_fill(&sampler, share, work);
	*ret = sampler;
	return 0;
}

void sampler_done(struct sampler *sampler)
{
	free(sampler->columns);
	*sampler = (struct sampler){ 0 };
}
