// SPDX-License-Identifier: GPL-2.0-only
/* policy_shrink.c - Tweedie's correction from a histogram, in integers. */
#include "decide/policy_shrink.h"

#include "decide/filter.h"

/*
 * The density is smoothed over so many bins to each side, and its slope taken
 * as far apart: about a sigma, because young estimates have few values, with
 * gaps between them.
 */
#define REACH_MIN 4
#define REACH_MAX 12
/* From so many observations on estimates lie dense enough for the narrow smoothing. */
#define GROWN_N 12
/* Up to here a filter is the mean of what it saw; from SETTLED_N on it follows. */
#define YOUNG_N 8
#define SETTLED_N 24
/* log2 to natural logarithm, in 1/256 */
#define LN2_256 177
/* Nobody is corrected by more than two octaves: beyond, the formula knows nothing. */
#define SHRINK_MAX (2 * FILTER_OCTAVE)

/* Counted in 16ths, and a 16th of a page everywhere, so that empty bins have a logarithm. */
static int log_density(const uint64_t *bins, int bin, int reach)
{
	uint64_t sum = 0;
	uint64_t weights = 0;
	int i;

	for (i = -reach; i <= reach; i++) {
		unsigned int weight = (unsigned int)(reach + 1 - (i < 0 ? -i : i));

		weights += weight;
		if (bin + i >= 0 && bin + i < HEAT_BINS)
			sum += weight * bins[bin + i];
	}
	/* Logarithms of seconds serve for pages as well. */
	return filter_log_interval(sum * 16 / weights + 1);
}

unsigned int shrink_n(const uint64_t *bins)
{
	uint64_t pages = 0;
	unsigned int bin;

	for (bin = 0; bin < HEAT_BINS; bin++)
		pages += bins[bin];
	return pages ? (unsigned int)(bins[HEAT_EXPERIENCE] / pages) : 0;
}

/* Bins of one sigma, within bounds. */
static int reach_of(int64_t sigma)
{
	int64_t reach = sigma >> HEAT_BIN_SHIFT;

	if (reach < REACH_MIN)
		return REACH_MIN;
	return reach > REACH_MAX ? REACH_MAX : (int)reach;
}

/*
 * Variance of the estimates, (1/256 octave)^2. A filter that has long followed
 * has half the variance of the mean of as many observations, and gets there
 * slowly: measured on the filter itself. Where the density is smoothed widely,
 * what that adds (the variance of a triangle) has to be corrected for as well.
 */
static int64_t variance(int64_t sigma, unsigned int n, int reach)
{
	int64_t width = (int64_t)(reach + 1) << HEAT_BIN_SHIFT;

	if (n < YOUNG_N)
		return sigma * sigma + (reach > REACH_MIN ? width * width / 6 : 0);
	/* From 7/8 down to 4/8, in steps of four observations. */
	if (n < SETTLED_N)
		return sigma * sigma * (9 - (int)n / 4) / 8;
	return sigma * sigma / 2;
}

void shrink_fit(const uint64_t *bins, int log_interval, int swap, struct shrink *ret)
{
	unsigned int n = shrink_n(bins);
	/* As which age the estimates are corrected: as settled ones where that does little harm. */
	unsigned int age = swap ? n : FILTER_N_MAX;
	int bin;

	for (bin = 0; bin < HEAT_BINS; bin++) {
		int64_t sigma = filter_sigma(heat_bin_rate((unsigned int)bin), n, log_interval);
		int reach = age < GROWN_N ? reach_of(sigma) : REACH_MIN;
		/* log2 of the ratio over 2 x reach bins of 1/8 octave, to nats per octave */
		int64_t slope = (int64_t)(log_density(bins, bin + reach, reach) -
					  log_density(bins, bin - reach, reach)) *
				8 / (2 * reach) * LN2_256 / 256;
		int64_t by = variance(sigma, age, reach) * slope / (FILTER_OCTAVE * FILTER_OCTAVE);

		if (by > SHRINK_MAX)
			by = SHRINK_MAX;
		if (by < -SHRINK_MAX)
			by = -SHRINK_MAX;
		ret->by[bin] = (int16_t)by;
	}
}

unsigned int shrink_chance(const uint64_t *bins, int log_interval)
{
	unsigned int n = shrink_n(bins);
	uint64_t noise = 0;
	uint64_t spread = 0;
	uint64_t pages = 0;
	int64_t sum = 0;
	int64_t mean;
	unsigned int bin;

	for (bin = 0; bin < HEAT_BINS; bin++) {
		pages += bins[bin];
		sum += (int64_t)bins[bin] * heat_bin_rate(bin);
	}
	if (!pages || n < YOUNG_N)
		return 0;
	mean = sum / (int64_t)pages;
	for (bin = 0; bin < HEAT_BINS; bin++) {
		int64_t rate = heat_bin_rate(bin);
		int64_t sigma = filter_sigma((int)rate, n, log_interval);

		spread += bins[bin] * (uint64_t)((rate - mean) * (rate - mean));
		noise += bins[bin] * (uint64_t)(sigma * sigma);
	}
	if (noise >= spread)
		return SHRINK_ALL;
	return (unsigned int)(noise / (spread / SHRINK_ALL + 1));
}
