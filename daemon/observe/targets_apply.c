// SPDX-License-Identifier: GPL-2.0-only
/* Compares what a look found with what is held: new, gone, kept. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "targets_internal.h"

/* Processes that once were targets are remembered up to this many times the most targets. */
#define REMEMBERED_FACTOR 4

static int by_weight(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	if (x->weight != y->weight)
		return x->weight > y->weight ? -1 : 1;
	return x->stat.pid < y->stat.pid ? -1 : x->stat.pid > y->stat.pid;
}

static int by_pid(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return x->stat.pid < y->stat.pid ? -1 : x->stat.pid > y->stat.pid;
}

static int by_tgid(const void *a, const void *b)
{
	const struct known *x = a, *y = b;

	return x->wanted.key.tgid < y->wanted.key.tgid ? -1
						       : x->wanted.key.tgid > y->wanted.key.tgid;
}

/* All memory that the change may need, so that nothing fails half-way. */
static int reserve(struct targets *targets, size_t n_found)
{
	const size_t most = targets->n_known + n_found + 1;
	struct target_wanted *wanted;
	struct known *known;
	struct target_removed *removed;

	if (most > targets->room_known) {
		known = reallocarray(targets->known, most * 2, sizeof(*known));
		if (!known)
			return -ENOMEM;
		targets->known = known;
		targets->room_known = most * 2;
	}
	wanted = reallocarray(targets->added, most, sizeof(*wanted));
	if (!wanted)
		return -ENOMEM;
	targets->added = wanted;
	wanted = reallocarray(targets->list, most, sizeof(*wanted));
	if (!wanted)
		return -ENOMEM;
	targets->list = wanted;
	removed = reallocarray(targets->removed, most, sizeof(*removed));
	if (!removed)
		return -ENOMEM;
	targets->removed = removed;
	return 0;
}

/* How many places there are for what was found. */
static size_t places(const struct targets *targets, int full)
{
	size_t i, taken = 0;

	for (i = 0; i < targets->n_known && !full; i++)
		taken += targets->known[i].held && !targets->known[i].touched;
	return taken < targets->config.max ? targets->config.max - taken : 0;
}

static void drop(struct targets *targets, struct known *known, struct targets_change *change)
{
	if (known->held)
		targets->removed[change->n_removed++] = (struct target_removed){
			.id = known->wanted.id,
			.tgid = known->wanted.key.tgid,
		};
	known->held = 0;
}

static void admit(struct targets *targets, struct known *known, const struct candidate *candidate)
{
	const int same_process = known->wanted.key.start_ns == candidate->stat.start_ns;

	if (same_process && candidate->fresh)
		known->wanted.key.exec_count++;
	else if (!same_process)
		known->wanted.key.exec_count = 0;
	known->wanted.key.tgid = candidate->stat.pid;
	known->wanted.key.start_ns = candidate->stat.start_ns;
	known->wanted.id = targets->next_id++;
	known->exe_hash = candidate->exe_hash;
	known->execed = 0;
	known->refused = 0;
	known->held = 1;
}

/* Newcomers are put behind the sorted ones; @n_new counts them. */
static void settle(struct targets *targets, const struct candidate *candidate, size_t *n_new,
		   struct targets_change *change)
{
	struct known *known = targets_known(targets, candidate->stat.pid);

	if (!known) {
		known = &targets->known[targets->n_known + (*n_new)++];
		*known = (struct known){ 0 };
	}
	known->alive = known->chosen = known->touched = 1;
	if (known->held && !candidate->fresh) {
		change->kept++;
	} else {
		drop(targets, known, change);
		admit(targets, known, candidate);
		change->n_added++;
	}
	known->wanted.rule = candidate->rule;
	known->wanted.uid = candidate->uid;
	known->wanted.rss_pages = candidate->stat.rss_pages;
	memcpy(known->wanted.comm, candidate->stat.comm, sizeof(known->wanted.comm));
}

/* Lets go of those that were looked at and not chosen, and forgets the dead. */
static void sift(struct targets *targets, int full, struct targets_change *change)
{
	const size_t remembered_max = targets->config.max * REMEMBERED_FACTOR;
	size_t i, kept = 0;

	for (i = 0; i < targets->n_known; i++) {
		struct known *known = &targets->known[i];
		const int looked_at = full || known->touched;

		if (looked_at && !known->chosen)
			drop(targets, known, change);
		else if (!looked_at && known->held)
			change->kept++;
		if (looked_at && !known->alive)
			continue;
		if (!known->held && !known->refused && targets->n_known > remembered_max)
			continue;
		known->alive = known->chosen = known->touched = 0;
		targets->known[kept++] = *known;
	}
	targets->n_known = kept;
}

/* Those held now, and among them those that were not held before. */
static void publish(struct targets *targets, uint32_t first_new_id, struct targets_change *change)
{
	size_t i, n_added = 0;

	targets->n_list = 0;
	for (i = 0; i < targets->n_known; i++) {
		const struct known *known = &targets->known[i];

		if (!known->held)
			continue;
		targets->list[targets->n_list++] = known->wanted;
		if (known->wanted.id >= first_new_id)
			targets->added[n_added++] = known->wanted;
	}
	change->n_added = n_added;
}

static int by_id(const void *a, const void *b)
{
	const struct target_wanted *x = a, *y = b;

	return x->id < y->id ? -1 : x->id > y->id;
}

int targets_apply(struct targets *targets, struct candidates *found, int full,
		  struct targets_change *ret)
{
	struct targets_change change = { .processes = found->processes, .refused = found->refused };
	const uint32_t first_new_id = targets->next_id;
	size_t i, n_new = 0, room = places(targets, full);
	int err;

	err = reserve(targets, found->n);
	if (err < 0)
		return err;
	if (found->n > room) {
		qsort(found->list, found->n, sizeof(*found->list), by_weight);
		change.overflow = found->n - room;
		found->n = room;
	}
	/* Ids do not depend on the order of a directory. */
	if (found->n)
		qsort(found->list, found->n, sizeof(*found->list), by_pid);
	for (i = 0; i < found->n; i++)
		settle(targets, &found->list[i], &n_new, &change);
	targets->n_known += n_new;
	sift(targets, full, &change);
	if (targets->n_known)
		qsort(targets->known, targets->n_known, sizeof(*targets->known), by_tgid);
	publish(targets, first_new_id, &change);
	/* The worker wants ids that ascend. */
	qsort(targets->added, change.n_added, sizeof(*targets->added), by_id);
	change.added = targets->added;
	change.removed = targets->removed;
	*ret = change;
	return 0;
}
