// SPDX-License-Identifier: GPL-2.0-only
/* filter.c - natural-gradient rate estimate with a change detector, in integers. */
#include "decide/filter.h"

/*
 * x outside of [0.1, 4] teaches nothing more: below, an access is a surprise
 * of unbounded size; above, so is an idle window.
 */
#define LOG_X_MIN (-850) /* log2(0.1) * 256 */
#define LOG_X_MAX 512    /* log2(4) * 256 */

/*
 * The estimate itself stays within what this interval can tell apart, with some
 * way to go: pages that are always idle or always accessed come to rest there,
 * and regions of them to one state.
 */
#define LOG_X_FLOOR (-1280) /* x = 1/32 */
#define LOG_X_CEILING 768   /* x = 8 */

/* No step is longer than one and a half octaves. */
#define STEP_MAX 384

/* What x a page starts from. */
#define LOG_X_START (-256) /* x = 1/2 */

/* Evidence that resets the mean, in quarter nats. */
#define SUM_ALARM 24

/* The mean restarts as if this much had been seen. */
#define N_RESTART 3

/* Rows every 1/8 octave from x = 2^(-28/8) to 2^(16/8); between them a straight line. */
#define ROW_FIRST (-28)
#define ROW_LAST 16
#define ROW_SHIFT 5

/* Steps in 1/256 octave at eta = 1; evidence in 1/16 of a quarter nat. */
struct row {
	int32_t accessed;
	int32_t idle;
	int16_t up_accessed;
	int16_t up_idle;
	int16_t down_accessed;
	int16_t down_idle;
	int32_t sigma; /* after one observation, 1/256 octave */
};

#define NAT (FILTER_OCTAVE * 1.4426950408889634)
#define X(i) __builtin_exp2((i) / 8.0)
#define SEEN_AT(x) (1.0 - __builtin_exp(-(x)))
#define EVIDENCE(nats) ((int16_t)((nats)*64.0 + ((nats) < 0 ? -0.5 : 0.5)))
#define ROW(i)                                                                                     \
	{                                                                                          \
		.accessed = (int32_t)(NAT / X(i) + 0.5),                                           \
		.idle = (int32_t)(NAT * (__builtin_exp(X(i)) - 1.0) / X(i) + 0.5),                 \
		.up_accessed = EVIDENCE(__builtin_log(SEEN_AT(8.0 * X(i)) / SEEN_AT(X(i)))),       \
		.up_idle = EVIDENCE(-7.0 * X(i)),                                                  \
		.down_accessed = EVIDENCE(__builtin_log(SEEN_AT(X(i) / 8.0) / SEEN_AT(X(i)))),     \
		.down_idle = EVIDENCE(0.875 * X(i)),                                               \
		.sigma = (int32_t)(NAT * __builtin_sqrt(__builtin_exp(X(i)) - 1.0) / X(i) + 0.5),  \
	}
#define ROWS_4(i) ROW(i), ROW((i) + 1), ROW((i) + 2), ROW((i) + 3)

static const struct row rows[ROW_LAST - ROW_FIRST + 1] = {
	ROWS_4(-28), ROWS_4(-24), ROWS_4(-20), ROWS_4(-16), ROWS_4(-12), ROWS_4(-8),
	ROWS_4(-4),  ROWS_4(0),   ROWS_4(4),   ROWS_4(8),   ROWS_4(12),  ROW(16),
};

/* 1 / sqrt(n + 1) in 1/256 */
#define ROOT(n) ((int16_t)(256.0 / __builtin_sqrt((n) + 1.0) + 0.5))

#define ROOTS_8(n)                                                                                 \
	ROOT(n), ROOT((n) + 1), ROOT((n) + 2), ROOT((n) + 3), ROOT((n) + 4), ROOT((n) + 5),        \
		ROOT((n) + 6), ROOT((n) + 7)

static const int16_t roots[32] = { ROOTS_8(0), ROOTS_8(8), ROOTS_8(16), ROOTS_8(24) };

/* log2(1 + i/16) in 1/256 octave; between the entries a straight line is off by less than 1. */
#define LOG(i) ((int16_t)(FILTER_OCTAVE * __builtin_log2(1.0 + (i) / 16.0) + 0.5))

static const int16_t mantissa_logs[17] = {
	LOG(0), LOG(1),  LOG(2),  LOG(3),  LOG(4),  LOG(5),  LOG(6),  LOG(7),  LOG(8),
	LOG(9), LOG(10), LOG(11), LOG(12), LOG(13), LOG(14), LOG(15), LOG(16),
};

/* log2(1e9) * 256 */
#define LOG_NS_PER_S 7654

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

static int line(int from, int to, int part, int shift)
{
	return from + (((to - from) * part) >> shift);
}

/* Rounds to nearest, away from 0 in the middle. */
static int divide(int value, int by)
{
	return value < 0 ? -((-value + by / 2) / by) : (value + by / 2) / by;
}

int filter_log_interval(uint64_t interval_ns)
{
	uint64_t mantissa;
	int exponent;

	if (interval_ns == 0)
		interval_ns = 1;
	exponent = 63 - __builtin_clzll(interval_ns);
	mantissa = interval_ns << (63 - exponent);
	/* Four bits choose the entry, four more the place between two. */
	return exponent * FILTER_OCTAVE - LOG_NS_PER_S +
	       line(mantissa_logs[(mantissa >> 59) & 15],
		    mantissa_logs[((mantissa >> 59) & 15) + 1], (int)((mantissa >> 55) & 15), 4);
}

struct filter filter_start(int log_interval)
{
	return (struct filter){ .rate = (int16_t)clamp(LOG_X_START - log_interval, FILTER_RATE_MIN,
						       FILTER_RATE_MAX) };
}

static int step_of(int log_x, int accessed, unsigned int n)
{
	int place = log_x - (ROW_FIRST * (1 << ROW_SHIFT));
	const struct row *row = &rows[place >> ROW_SHIFT];
	const struct row *next = log_x == LOG_X_MAX ? row : row + 1;
	int part = place & ((1 << ROW_SHIFT) - 1);
	int full = accessed ? line(row->accessed, next->accessed, part, ROW_SHIFT)
			    : -line(row->idle, next->idle, part, ROW_SHIFT);

	return clamp(divide(full, (int)n + 1), -STEP_MAX, STEP_MAX);
}

/*
 * The side that has evidence collects; where it has none left, the other one may
 * begin. Beyond the bounds of x a rate can only be said to have changed back.
 */
static int sum_after(int sum, int log_x, int accessed)
{
	const struct row *row = &rows[(log_x - (ROW_FIRST * (1 << ROW_SHIFT))) >> ROW_SHIFT];
	int up = divide(accessed ? row->up_accessed : row->up_idle, 16);
	int down = divide(accessed ? row->down_accessed : row->down_idle, 16);

	if ((sum < 0 && log_x == LOG_X_MIN) || (sum > 0 && log_x == LOG_X_MAX))
		sum = 0;
	if (sum > 0 || (sum == 0 && up > 0)) {
		sum += up;
		return sum > 0 ? sum : 0;
	}
	sum -= down;
	return sum < 0 ? sum : 0;
}

struct filter filter_update(struct filter filter, int log_interval, int accessed)
{
	int log_x = clamp(filter.rate + log_interval, LOG_X_MIN, LOG_X_MAX);
	int sum = sum_after(filter.sum, log_x, accessed);
	int low = clamp(LOG_X_FLOOR - log_interval, FILTER_RATE_MIN, FILTER_RATE_MAX);
	int high = clamp(LOG_X_CEILING - log_interval, FILTER_RATE_MIN, FILTER_RATE_MAX);
	int rate;

	if (sum >= SUM_ALARM || sum <= -SUM_ALARM) {
		if (filter.n > N_RESTART)
			filter.n = N_RESTART;
		sum = 0;
	}
	rate = filter.rate + step_of(log_x, accessed, filter.n);
	/* An interval that cannot tell such a rate does not pull it back at once either. */
	if (accessed)
		rate = rate > high ? (filter.rate > high ? filter.rate : high) : rate;
	else
		rate = rate < low ? (filter.rate < low ? filter.rate : low) : rate;
	filter.rate = (int16_t)clamp(rate, FILTER_RATE_MIN, FILTER_RATE_MAX);
	filter.sum = (int8_t)clamp(sum, -FILTER_SUM_MAX, FILTER_SUM_MAX);
	if (filter.n < FILTER_N_MAX)
		filter.n++;
	return filter;
}

int filter_sigma(int rate, unsigned int n, int log_interval)
{
	int log_x = clamp(rate + log_interval, LOG_X_MIN, LOG_X_MAX);
	const struct row *row = &rows[(log_x - (ROW_FIRST * (1 << ROW_SHIFT))) >> ROW_SHIFT];

	return row->sigma * roots[n > FILTER_N_MAX ? FILTER_N_MAX : n] / 256;
}
