// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>

#include "placement.h"
#include "util/cleanup.h"

/* One call holds the target's mmap_lock for at most this many pages. */
#define CALL_PAGES 8192

int placement_read(int pid, void *const *addresses, size_t n, int *ret_nodes)
{
	for (size_t done = 0; done < n; done += CALL_PAGES) {
		size_t count = n - done < CALL_PAGES ? n - done : CALL_PAGES;

		if (syscall(SYS_move_pages, pid, count, addresses + done, NULL, ret_nodes + done,
			    0))
			return -errno;
	}
	return 0;
}

void placement_share(const float *weights, const int *nodes, size_t n, uint64_t fast_nodes,
		     struct placement_share *ret)
{
	struct placement_share share = { 0 };
	double total = 0;

	for (size_t i = 0; i < n; i++) {
		total += weights[i];
		if (nodes[i] < 0 || nodes[i] > 63) {
			share.absent++;
		} else if (fast_nodes >> nodes[i] & 1) {
			share.fast++;
			share.hit += weights[i];
		} else {
			share.slow++;
		}
	}
	if (total > 0)
		share.hit /= total;
	*ret = share;
}

static int descending(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return (x < y) - (x > y);
}

int placement_oracle(const float *weights, size_t n, uint64_t capacity, double *ret_share)
{
	auto_free float *sorted = malloc(n * sizeof(*sorted));
	double total = 0, best = 0;

	if (!sorted)
		return -ENOMEM;
	memcpy(sorted, weights, n * sizeof(*sorted));
	qsort(sorted, n, sizeof(*sorted), descending);
	for (size_t i = 0; i < n; i++) {
		total += sorted[i];
		if (i < capacity)
			best += sorted[i];
	}
	*ret_share = total > 0 ? best / total : 0;
	return 0;
}

int placement_move_all(int pid, uint64_t from, unsigned int to)
{
	unsigned long old = from, new = 1UL << to;
	long left = syscall(SYS_migrate_pages, pid, 8 * sizeof(old), &old, &new);

	return left < 0 ? -errno : (int)left;
}

double placement_recovered(double hit, double none, double oracle)
{
	return oracle > none ? (hit - none) / (oracle - none) : 0;
}
