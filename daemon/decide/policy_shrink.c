// SPDX-License-Identifier: GPL-2.0-only
/* policy_shrink.c - Tweedie's correction from a histogram, in integers. */
#include "decide/policy_shrink.h"

#include "decide/filter.h"

/* The density is smoothed over so many bins to each side, and its slope taken as far apart. */
#define REACH 4
/* log2 to natural logarithm, in 1/256 */
#define LN2_256 177
/* Nobody is corrected by more than two octaves: beyond, the formula knows nothing. */
#define SHRINK_MAX (2 * FILTER_OCTAVE)

/* Counted in 16ths, and a 16th of a page everywhere, so that empty bins have a logarithm. */
static int log_density(const uint64_t *bins, int bin)
{
	uint64_t sum = 0;
	uint64_t weights = 0;
	int i;

	for (i = -REACH; i <= REACH; i++) {
		unsigned int weight = (unsigned int)(REACH + 1 - (i < 0 ? -i : i));

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

void shrink_fit(const uint64_t *bins, int log_interval, struct shrink *ret)
{
	unsigned int n = shrink_n(bins);
	int bin;

	for (bin = 0; bin < HEAT_BINS; bin++) {
		int64_t sigma = filter_sigma(heat_bin_rate((unsigned int)bin), n, log_interval);
		/* log2 of the ratio over 2 x REACH bins of 1/8 octave, to nats per octave */
		int64_t slope =
			(int64_t)(log_density(bins, bin + REACH) - log_density(bins, bin - REACH)) *
			8 / (2 * REACH) * LN2_256 / 256;
		/* The filter that follows has half the variance of the mean of as many. */
		int64_t by = sigma * sigma / 2 * slope / (FILTER_OCTAVE * FILTER_OCTAVE);

		if (by > SHRINK_MAX)
			by = SHRINK_MAX;
		if (by < -SHRINK_MAX)
			by = -SHRINK_MAX;
		ret->by[bin] = (int16_t)by;
	}
}
