// SPDX-License-Identifier: GPL-2.0-only
/* young_runs.c - what read() does of the work of the next mark(). */
#include <stdlib.h>

#include "target.h"
#include "util/clock.h"
#include "young_runs.h"

/* Between read() and the next mark() no more than this part of a window may pass unobserved. */
#define GAP_PART 16

static struct young_run *run_add(struct young_runs *fresh, uint32_t target)
{
	if (fresh->n == fresh->room) {
		size_t room = fresh->room ? fresh->room * 2 : 64;
		struct young_run *runs = reallocarray(fresh->runs, room, sizeof(*runs));

		if (!runs)
			return NULL;
		fresh->runs = runs;
		fresh->room = room;
	}
	fresh->runs[fresh->n] = (struct young_run){ .target = target };
	return &fresh->runs[fresh->n++];
}

struct young_run *young_run_extend(struct young *young, uint32_t target, struct young_view *view,
				   struct young_run *run)
{
	const unsigned int present = young_view_present(view);

	if (!view->whole || young_view_shared(view))
		return NULL;
	/* A hole: nothing is to be known of it. */
	if (!present)
		return run;
	if (!run)
		run = run_add(&young->fresh, target);
	if (!run)
		return NULL;
	view->region = young_region_meet(&young->seats[target].regions, young->targets[target],
					 young->folios, view->block, view->table, &view->look,
					 young->window + 1);
	if (!view->region ||
	    (view->detail = young_region_detail(view->region), young_view_shared(view))) {
		/* Not for this one, and the run ends; one without blocks is no harm. */
		return NULL;
	}
	if (!run->end)
		run->start = view->block->address;
	run->end = view->block->address + YOUNG_BLOCK_BYTES;
	run->pages += present;
	young->seats[target].next_dirty |= (uint8_t)young_view_gather(young, view, 1);
	return run;
}

const struct young_run *young_run_find(const struct young_runs *fresh, size_t target,
				       uint64_t address)
{
	size_t low = 0, high = fresh->n;

	while (low < high) {
		const size_t middle = (low + high) / 2;
		const struct young_run *run = &fresh->runs[middle];

		if (run->target < target || (run->target == target && run->end <= address))
			low = middle + 1;
		else
			high = middle;
	}
	return low < fresh->n && fresh->runs[low].target == target ? &fresh->runs[low] : NULL;
}

static int compare_runs(const void *a, const void *b)
{
	const struct young_run *x = a, *y = b;

	if (x->target != y->target)
		return x->target < y->target ? -1 : 1;
	return x->start < y->start ? -1 : x->start > y->start;
}

void young_runs_close(struct young *young)
{
	struct young_runs *fresh = &young->fresh;
	size_t i, n = 0;

	for (i = 0; i < fresh->n; i++)
		if (fresh->runs[i].pages)
			fresh->runs[n++] = fresh->runs[i];
	fresh->n = n;
	if (n)
		qsort(fresh->runs, n, sizeof(fresh->runs[0]), compare_runs);
	fresh->until_ns = clock_now_ns() + young->interval_ns / GAP_PART;
}
