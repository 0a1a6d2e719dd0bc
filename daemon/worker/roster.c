// SPDX-License-Identifier: GPL-2.0-only
#include "worker/roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "observe/target.h"
#include "util/clock.h"
#include "util/guard.h"
#include "worker/aside.h"

/* Mappings change far more slowly than heat; reading them costs a walk of all of them. */
#define MAPPINGS_FRESH_NS NSEC_PER_SEC
/* For that there is one part in so many of cpu_max: a process may have a million of them. */
#define MAPPINGS_PART 4

static int make_room(struct roster *roster)
{
	size_t room = roster->room ? roster->room * 2 : 64;
	struct target **targets;
	struct seat *seats;

	if (roster->count < roster->room)
		return 0;
	seats = realloc(roster->seats, room * sizeof(*seats));
	if (!seats)
		return -ENOMEM;
	roster->seats = seats;
	targets = realloc(roster->targets, room * sizeof(*targets));
	if (!targets)
		return -ENOMEM;
	roster->targets = targets;
	targets = realloc(roster->watched, room * sizeof(*targets));
	if (!targets)
		return -ENOMEM;
	roster->watched = targets;
	roster->room = room;
	return 0;
}

int roster_add(struct roster *roster, struct target *target)
{
	int ret = make_room(roster);

	if (ret < 0)
		return ret;
	roster->seats[roster->count] = (struct seat){ .target = target, .home = HOME_NONE };
	roster->targets[roster->count++] = target;
	return 0;
}

struct seat *roster_find(const struct roster *roster, uint32_t id)
{
	size_t low = 0, high = roster->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (roster->seats[middle].target->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == roster->count || roster->seats[low].target->id != id)
		return NULL;
	return &roster->seats[low];
}

void roster_remove(struct roster *roster, uint32_t id)
{
	struct seat *seat = roster_find(roster, id);
	size_t at, after;

	if (!seat)
		return;
	target_close(seat->target);
	at = (size_t)(seat - roster->seats);
	after = --roster->count - at;
	memmove(&roster->seats[at], &roster->seats[at + 1], after * sizeof(*roster->seats));
	memmove(&roster->targets[at], &roster->targets[at + 1], after * sizeof(*roster->targets));
}

void roster_watch(struct roster *roster)
{
	size_t i;

	roster->n_watched = 0;
	for (i = 0; i < roster->count; i++)
		if (!roster->seats[i].paused && roster->seats[i].backoff.why == BACKOFF_NONE)
			roster->watched[roster->n_watched++] = roster->targets[i];
}

void roster_done(struct roster *roster)
{
	size_t i;

	for (i = 0; i < roster->count; i++)
		target_close(roster->targets[i]);
	free(roster->seats);
	free(roster->targets);
	free(roster->watched);
	*roster = (struct roster){ 0 };
}

/* How old mappings may get. */
static uint64_t fresh_ns(const struct roster *roster)
{
	uint64_t round_ns = 0, ns = 0;
	size_t i;

	for (i = 0; i < roster->count; i++)
		round_ns += roster->seats[i].mapping_ns;
	if (roster->cpu_max_ppm)
		ns = round_ns * MAPPINGS_PART * 1000000 / roster->cpu_max_ppm;
	return ns > MAPPINGS_FRESH_NS ? ns : MAPPINGS_FRESH_NS;
}

/* A failure leaves the old mappings: pages that are gone read as not present. */
static void read_mappings(const struct roster *roster, struct seat *seat, const char *proc_root,
			  vma_source_fn *source, void *source_arg)
{
	const uint64_t now_ns = clock_now_ns(), cpu_ns = guard_cpu_now_ns(roster->guard);

	target_refresh_nodes(seat->target, proc_root);
	if (vmas_refresh(seat->target, proc_root, source, source_arg) == 0)
		seat->mapped_ns = now_ns;
	seat->mapping_ns = guard_cpu_now_ns(roster->guard) - cpu_ns;
}

static void refresh_seat(const struct roster *roster, struct seat *seat, uint64_t most_ns,
			 const char *proc_root, vma_source_fn *source, void *source_arg)
{
	uint64_t now_ns = clock_now_ns();

	seat->marked = 0;
	seat->flushed = 0;
	seat->gone = target_exited(seat->target);
	if (seat->gone || aside_holds(seat, now_ns))
		return;
	seat->gone = !target_alive(seat->target);
	if (seat->gone)
		return;
	/* Who does not run has no new ones. */
	if (seat->sleeper.narrow || (seat->mapped_ns && now_ns - seat->mapped_ns < most_ns))
		return;
	read_mappings(roster, seat, proc_root, source, source_arg);
	if (target_blocked(seat->target))
		aside_blocked(seat, clock_now_ns());
}

int roster_refresh(struct roster *roster, const struct tracker_env *env, vma_source_fn *source,
		   void *source_arg)
{
	const uint64_t most_ns = fresh_ns(roster);
	size_t i;

	for (i = 0; i < roster->count; i++) {
		refresh_seat(roster, &roster->seats[i], most_ns, env->proc_root, source,
			     source_arg);
		if (env->breathe(env->breathe_arg))
			return -ECANCELED;
	}
	return 0;
}
