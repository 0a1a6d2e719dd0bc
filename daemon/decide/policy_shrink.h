/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy_shrink.h - how far an extreme estimate is likely to be an accident.
 *
 * Among many pages of nearly one rate some look hot by chance, and they are
 * the ones that would be moved. Tweedie's formula (Efron, "Tweedie's Formula
 * and Selection Bias", 2011) corrects for it without knowing the true rates:
 * the expected rate behind an estimate r with noise sigma is r + sigma^2 times
 * the slope of the logarithm of the density of all estimates at r. Each side
 * of a border has its own density, because lying there is knowledge too: pages
 * of the fast tier were hot before. Where a tier is cut off by its threshold
 * the slope is steep and holds its pages back; a crowd of pages that turned
 * hot makes a hump of its own and is let through at once.
 */
#ifndef TIERED_POLICY_SHRINK_H
#define TIERED_POLICY_SHRINK_H

#include <stdint.h>

#include "decide/heat.h"

/**
 * struct shrink - corrections by bin of rate, to be added, in 1/256 octave
 */
struct shrink {
	int16_t by[HEAT_BINS];
};

/*
 * @bins: pages of one side, HEAT_SLOTS; @log_interval: of the window, for the noise.
 * @swap: a mistake costs two moves. Where memory is free it costs less than waiting for
 * young estimates to settle, and these are corrected for half of their noise only.
 */
void shrink_fit(const uint64_t *bins, int log_interval, int swap, struct shrink *ret);

/* What shrink_chance() returns where the estimates differ by chance alone. */
#define SHRINK_ALL 256

/*
 * The part of the spread of the estimates in @bins that their noise explains, 0 to
 * SHRINK_ALL: the James-Stein shrinkage of all of them towards their mean. 0 while they
 * are young: then nobody can tell.
 */
unsigned int shrink_chance(const uint64_t *bins, int log_interval);

/* Confidence n of a page of middling experience among @bins. */
unsigned int shrink_n(const uint64_t *bins);

#endif
