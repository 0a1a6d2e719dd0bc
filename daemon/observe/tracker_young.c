// SPDX-License-Identifier: GPL-2.0-only
/*
 * Accessed bits read from page tables by BPF, and cleared only where they are
 * set (young.h says what is believed of them; young_mark.c, young_read.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target.h"
#include "tracker.h"
#include "util/clock.h"
#include "young.h"

/* The worker's slices, see DESIGN: other work must get its turn. */
#define SLICE_NS (10 * NSEC_PER_MSEC)
/* A first guess: 15 to 21 ms per 4 GiB were measured (Linux 6.18), and this is twice that. */
#define FIRST_NS_PER_PAGE 40

/* A region is 168 bytes per 2 MiB, and three times that where not all pages are alike. */
#define MEMORY_PART 5

static int tracker_young_probe(const struct tracker_env *env, char *reason, size_t size)
{
	const struct young_clear *clear;
	int ret;

	if (!env->young || !env->young->source) {
		snprintf(reason, size,
			 "page tables are read by BPF, which is off ([bpf] enable) or not to be "
			 "had");
		return -EOPNOTSUPP;
	}
	if (!env->young->source->read) {
		snprintf(reason, size, "page tables cannot be read by BPF: %s",
			 env->young->source->why);
		return -EOPNOTSUPP;
	}
	ret = young_clear_choose(env, &clear, reason, size);
	if (ret == 0)
		snprintf(reason, size, "clear = %s: %s", clear->name, clear->summary);
	return ret;
}

static void free_seats(struct young *young)
{
	size_t i;

	for (i = 0; i < young->n_targets; i++)
		young_regions_free(&young->seats[i].regions);
	free(young->seats);
}

static void tracker_young_stop(void *state)
{
	struct young *young = state;

	if (!young)
		return;
	/* Bits that were cleared mean nothing to the kernel, and come back with the next access. */
	idle_bitmap_close(&young->bitmap);
	folio_reader_free(young->folios);
	free_seats(young);
	spans_free(&young->spans);
	spans_free(&young->due);
	spans_free(&young->next_due);
	free(young->fresh.runs);
	free(young);
}

static int tracker_young_start(const struct tracker_env *env, void **ret_state)
{
	struct young *young;
	char reason[64];
	int err;

	if (!env->young || !env->young->source || !env->young->source->read)
		return -EOPNOTSUPP;
	young = calloc(1, sizeof(*young));
	if (!young)
		return -ENOMEM;
	young->env = env;
	young->source = env->young->source;
	young->ns_per_page = FIRST_NS_PER_PAGE;
	young->bitmap.fd = -1;
	young->room.bytes_max = env->memory_max ? env->memory_max : UINT64_MAX;
	err = young_clear_choose(env, &young->clear, reason, sizeof(reason));
	if (!err)
		err = young->clear->start(young);
	if (!err)
		err = folio_reader_new(env->proc_root, &young->folios);
	if (err < 0) {
		tracker_young_stop(young);
		return err;
	}
	*ret_state = young;
	return 0;
}

void young_drop_marks(struct young *young)
{
	size_t i;

	idle_bitmap_clear(&young->bitmap);
	young->spans.n = young->due.n = young->next_due.n = 0;
	young->fresh.n = 0;
	hints_forget_ahead(&young->hints);
	for (i = 0; i < young->n_targets; i++) {
		struct young_seat *seat = &young->seats[i];

		seat->marked = seat->dirty = seat->next_dirty = seat->cleared = 0;
		seat->missed = 0;
	}
}

void young_turn_marks(struct young *young)
{
	const struct spans due = young->due;
	size_t i;

	idle_bitmap_turn(&young->bitmap);
	young->spans.n = 0;
	hints_forget_ahead(&young->hints);
	young->due = young->next_due;
	young->next_due = due;
	young->next_due.n = 0;
	for (i = 0; i < young->n_targets; i++) {
		struct young_seat *seat = &young->seats[i];

		seat->dirty = seat->next_dirty;
		seat->missed = seat->missed & MISSED_NEXT ? MISSED_NOW : 0;
		seat->marked = seat->next_dirty = seat->cleared = 0;
	}
}

struct young_seat *young_seat_find(const struct young *young, uint32_t id)
{
	size_t low = 0, high = young->n_targets;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (young->seats[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < young->n_targets && young->seats[low].id == id ? &young->seats[low] : NULL;
}

/*
 * Of those that stay is remembered what their memory is like, when the next clearing may be, and
 * if it was refused.
 */
static struct young_seat next_seat(struct young *young, uint32_t id)
{
	struct young_seat next = { .id = id, .regions.room = &young->room };
	struct young_seat *seat = young_seat_find(young, id);

	if (seat) {
		next.next_ns = seat->next_ns;
		next.refused = seat->refused;
		next.regions = seat->regions;
		seat->regions = (struct young_regions){ .room = &young->room };
	}
	return next;
}

static int is_same_set(const struct young *young, struct target *const *targets, size_t n)
{
	size_t i;

	for (i = 0; i < n && young->n_targets == n; i++)
		if (young->seats[i].id != targets[i]->id)
			return 0;
	return young->n_targets == n;
}

static int tracker_young_retarget(void *state, struct target *const *targets, size_t n)
{
	struct young *young = state;
	struct young_seat *seats;
	size_t i;

	/* Nothing of what read() did for the next window is lost. */
	if (is_same_set(young, targets, n)) {
		young->targets = targets;
		return 0;
	}
	seats = calloc(n ? n : 1, sizeof(*seats));
	if (!seats)
		return -ENOMEM;
	young_drop_marks(young);
	for (i = 0; i < n; i++)
		seats[i] = next_seat(young, targets[i]->id);
	free_seats(young);
	young->seats = seats;
	young->targets = targets;
	young->n_targets = n;
	return 0;
}

static void tracker_young_marked_targets(void *state,
					 void (*each)(void *arg, struct target *target), void *arg)
{
	struct young *young = state;
	size_t i;

	for (i = 0; i < young->n_targets; i++)
		if (young->seats[i].marked)
			each(arg, young->targets[i]);
}

static void tracker_young_on_event(void *state, const struct event_header *event)
{
	struct young *young = state;

	hints_note(&young->hints, event);
}

const struct tracker_ops tracker_young = {
	.name = "young",
	.summary = "accessed bits, read from page tables by BPF",
	.memory_part = MEMORY_PART,
	.probe = tracker_young_probe,
	.start = tracker_young_start,
	.retarget = tracker_young_retarget,
	.mark = young_mark,
	.marked_targets = tracker_young_marked_targets,
	.moved = young_moved,
	.read = young_read,
	.on_event = tracker_young_on_event,
	.stop = tracker_young_stop,
};
