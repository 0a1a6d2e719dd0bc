// SPDX-License-Identifier: GPL-2.0-only
#include "hints.h"

#include <errno.h>

#include "target.h"
#include "tiered/event.h"

/* They get this part of the pages of a window at most: the others must have their turn. */
#define BUDGET_PART 4
/* As BPF adds faults up. */
#define REGION_BYTES (UINT64_C(1) << 21)

void hints_note(struct hints *hints, const struct event_header *event)
{
	const struct event_faults *faults = (const struct event_faults *)event;
	uint64_t start;
	size_t i;

	if (event->kind != EVENT_FAULTS)
		return;
	start = faults->region & ~(REGION_BYTES - 1);
	for (i = 0; i < hints->n; i++)
		if (hints->list[i].start == start && hints->list[i].tgid == event->tgid)
			return;
	if (hints->n < HINTS_MAX)
		hints->list[hints->n++] = (struct hint){ .start = start, .tgid = event->tgid };
}

void hints_forget_ahead(struct hints *hints)
{
	hints->n_ahead = 0;
}

static int find_process(struct target *const *targets, size_t n, uint32_t tgid, size_t *ret)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (targets[i]->key.tgid != tgid)
			continue;
		*ret = i;
		return 1;
	}
	return 0;
}

/* As hints_walk(), while there is something left. */
static int walk(struct hints *hints, struct target *const *targets, size_t n, const uint64_t *left,
		round_fn *look, void *arg)
{
	uint64_t start, end, reached;
	size_t i, index;
	int ret;

	hints->n_ahead = 0;
	for (i = 0; i < hints->n && *left; i++) {
		if (!find_process(targets, n, hints->list[i].tgid, &index))
			continue;
		start = hints->list[i].start;
		end = start + REGION_BYTES;
		ret = round_target(targets[index], index, start, end, look, arg, &reached);
		if (ret == -ECANCELED || ret == -ENOMEM)
			return ret;
		hints->ahead[hints->n_ahead++] = (struct span){
			.start = start,
			.end = ret == 0 ? reached : end,
			.target = (uint32_t)index,
		};
	}
	hints->n = 0;
	return 0;
}

int hints_walk(struct hints *hints, struct target *const *targets, size_t n, uint64_t *left,
	       uint8_t *ahead, round_fn *look, void *arg)
{
	const uint64_t most = *left / BUDGET_PART, rest = *left - most;
	int ret;

	*left = most;
	*ahead = 1;
	ret = walk(hints, targets, n, left, look, arg);
	*ahead = 0;
	*left += rest;
	return ret;
}

int hints_step_past(const struct hints *hints, size_t target, uint64_t *address, uint64_t *stop)
{
	size_t i;

	for (i = 0; i < hints->n_ahead; i++) {
		const struct span *done = &hints->ahead[i];

		if (done->target != target || done->end <= *address)
			continue;
		if (done->start <= *address) {
			*address = done->end < *stop ? done->end : *stop;
			return 1;
		}
		if (done->start < *stop)
			*stop = done->start;
	}
	return 0;
}
