/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * filter.h - estimates how often a page is accessed from one bit per window.
 *
 * A page with access rate r shows its accessed bit after an interval T with
 * probability 1 - exp(-r T). The filter follows the logarithm of r by natural
 * gradient (Amari, "Natural Gradient Works Efficiently in Learning", 1998):
 * with x = r T the step is +eta/x for an accessed page and -eta (e^x - 1)/x for
 * an idle one, in natural logarithms. eta falls as 1/(n+1), which is the mean
 * of all that was seen, down to 1/32, which keeps following (1/16 doubles the
 * noise and, with the change detector beside it, gains nothing: bench/simulate). A signed CUSUM
 * (Page, "Continuous Inspection Schemes", 1954) watches for a change of the
 * rate by a factor of 8 in either direction and starts the mean over.
 *
 * Integers only; the tables are constants of the program.
 */
#ifndef TIERED_FILTER_H
#define TIERED_FILTER_H

#include <stdint.h>

/* Rates and logarithms are log2 in units of 1/256 octave; rates are per second. */
#define FILTER_OCTAVE 256

/* 2^-12 per second is idle for an hour; 2^19.9 leaves room for sampled counts. */
#define FILTER_RATE_MIN (-12 * FILTER_OCTAVE)
#define FILTER_RATE_MAX (20 * FILTER_OCTAVE - 3)

/* n counts to here: eta stays at 1/32 from then on. Five bits. */
#define FILTER_N_MAX 31

/* The CUSUM is kept in quarter nats, in six bits. */
#define FILTER_SUM_MAX 31

/**
 * struct filter - what is believed about one page
 * @rate: log2 of accesses per second, FILTER_RATE_MIN to FILTER_RATE_MAX
 * @n: confidence: observations since the last reset, 0 to FILTER_N_MAX
 * @sum: CUSUM in quarter nats; above 0 speaks for a higher rate, below for a lower one
 */
struct filter {
	int16_t rate;
	uint8_t n;
	int8_t sum;
};

/* log2 of an interval in seconds, in 1/256 octave. 0 counts as 1 ns. */
int filter_log_interval(uint64_t interval_ns);

/* What is believed of a page before its first observation over this interval. */
struct filter filter_start(int log_interval);

/* One known observation; unknown ones are not for the filter. */
struct filter filter_update(struct filter filter, int log_interval, int accessed);

/*
 * Standard deviation, in 1/256 octave, of an estimate of @rate after @n
 * observations over this interval. From the information of the bits,
 * x^2/(e^x - 1): at best, x = 1.6, it is 1.79 / sqrt(n + 1) octaves.
 */
int filter_sigma(int rate, unsigned int n, int log_interval);

#endif
