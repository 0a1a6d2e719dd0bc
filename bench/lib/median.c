// SPDX-License-Identifier: GPL-2.0-only
#include "median.h"

#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

void values_sort(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), ascending);
}

double median(double *values, size_t n)
{
	values_sort(values, n);
	return values[n / 2];
}
