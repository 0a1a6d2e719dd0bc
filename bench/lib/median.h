/* SPDX-License-Identifier: GPL-2.0-only */
/* median.h - of measured values; with an odd number of them it is one that was measured. */
#ifndef BENCH_MEDIAN_H
#define BENCH_MEDIAN_H

#include <stddef.h>

/* Smallest first. */
void values_sort(double *values, size_t n);

/* Sorts @values, of which there is one at least. */
double median(double *values, size_t n);

#endif
