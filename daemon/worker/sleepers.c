// SPDX-License-Identifier: GPL-2.0-only
#include "worker/sleepers.h"

#include <errno.h>
#include <stdlib.h>

#include "observe/target.h"
#include "observe/vmas.h"
#include "util/clock.h"
#include "worker/window.h"

static int is_watched(const struct seat *seat)
{
	return !seat->gone && !seat->paused && seat->backoff.why == BACKOFF_NONE;
}

/* Mappings are read again, from all of it. */
static void wake(struct window *window, struct seat *seat)
{
	struct sleeper *sleeper = &seat->sleeper;

	if (sleeper->narrow)
		seat->mapped_ns = 0;
	vmas_widen(seat->target);
	sleeper->narrow = 0;
	sleeper->looked = 0;
	sleeper->wholes = 0;
	sleeper->window = window->number + 1;
	sleeper->laps = heat_laps(window->heat, seat->target->id);
	heat_sleep(window->heat, seat->target->id, 0);
}

/* One look at its clock; 1 when it has not run since the last one. */
static int look(struct window *window, struct seat *seat)
{
	uint64_t cpu_ns;
	int still = 0;

	/* The number may be somebody else's by now: whoever holds the target finds out. */
	if (is_watched(seat) && !seat->target->secondary &&
	    target_cpu_ns(seat->target, &cpu_ns) == 0)
		still = nap_sample(&seat->sleeper.nap, clock_now_ns(), cpu_ns);
	else
		nap_forget(&seat->sleeper.nap);
	if (!still)
		wake(window, seat);
	return still;
}

/* Mappings of a sleeper in parts. */
struct parts {
	const struct target *target;
	size_t at; /* the mapping in hand */
	struct vma *list;
	size_t n;
	size_t room;
};

static int add_part(struct parts *parts, uint64_t start, uint64_t end)
{
	if (parts->n == parts->room) {
		size_t room = parts->room ? parts->room * 2 : 16;
		struct vma *list = reallocarray(parts->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		parts->list = list;
		parts->room = room;
	}
	parts->list[parts->n++] = (struct vma){ .start = start, .end = end };
	return 0;
}

/* What of a range is mapped; ranges come in ascending order. */
static int keep_range(void *arg, uint64_t start, uint64_t end)
{
	struct parts *parts = arg;
	const struct target *target = parts->target;
	size_t i;
	int ret = 0;

	while (parts->at < target->n_vmas && target->vmas[parts->at].end <= start)
		parts->at++;
	for (i = parts->at; !ret && i < target->n_vmas && target->vmas[i].start < end; i++)
		ret = add_part(parts, start > target->vmas[i].start ? start : target->vmas[i].start,
			       end < target->vmas[i].end ? end : target->vmas[i].end);
	return ret;
}

/* From now on only what others may access is looked at. Without memory it is looked at as ever. */
static void narrow(struct window *window, struct seat *seat)
{
	struct parts parts = { .target = seat->target };

	if (heat_foreign(window->heat, seat->target->id, keep_range, &parts) < 0) {
		free(parts.list);
		return;
	}
	vmas_narrow(seat->target, parts.list, parts.n);
	seat->sleeper.narrow = 1;
	/* Pieces of idle time grow from here on. */
	seat->sleeper.nap.since_ns = seat->sleeper.nap.told_ns;
}

void sleepers_wake(struct window *window)
{
	size_t i;

	for (i = 0; i < window->roster.count; i++) {
		nap_forget(&window->roster.seats[i].sleeper.nap);
		wake(window, &window->roster.seats[i]);
	}
}

void sleepers_look(struct window *window)
{
	struct roster *roster = &window->roster;
	size_t i;

	for (i = 0; i < roster->count; i++) {
		struct seat *seat = &roster->seats[i];
		struct sleeper *sleeper = &seat->sleeper;

		if (look(window, seat) && sleeper->looked && !sleeper->narrow &&
		    nap_asleep(&sleeper->nap) && seat->mapped_ns >= sleeper->nap.since_ns)
			narrow(window, seat);
	}
}

/*
 * Was all of it read since it sleeps? Where pages take turns (heat_due.h), each of them had its own
 * after so many visits; addresses were all gone through once when that began for the second time.
 */
static int is_looked_through(const struct window *window, struct seat *seat)
{
	struct sleeper *sleeper = &seat->sleeper;
	uint8_t laps = heat_laps(window->heat, seat->target->id);
	unsigned int visits = 1u << window->marked_level;

	if (sleeper->looked)
		return 1;
	if (window->number < sleeper->window)
		return 0;
	/* Turns that have become rarer begin anew. */
	if (window->marked_level > sleeper->level) {
		sleeper->wholes = 0;
		sleeper->laps = laps;
	}
	sleeper->level = window->marked_level;
	if (window->whole && sleeper->wholes < UINT8_MAX)
		sleeper->wholes++;
	return sleeper->wholes >= visits || (uint8_t)(laps - sleeper->laps) > visits;
}

static void tell(struct window *window, struct seat *seat)
{
	struct sleeper *sleeper = &seat->sleeper;
	uint32_t id = seat->target->id;
	uint64_t due_ns = nap_due_ns(&sleeper->nap);

	if (due_ns) {
		heat_idle(window->heat, id, sleeper->window, due_ns);
		nap_told(&sleeper->nap);
	}
	heat_sleep(window->heat, id, 1);
	window->account.asleep_targets++;
}

void sleepers_read(struct window *window)
{
	struct roster *roster = &window->roster;
	size_t i;

	for (i = 0; i < roster->count; i++) {
		struct seat *seat = &roster->seats[i];

		if (!look(window, seat))
			continue;
		/* What was just read has been told by that: idle time begins to count here. */
		seat->sleeper.looked = (uint8_t)is_looked_through(window, seat);
		if (seat->sleeper.narrow)
			tell(window, seat);
		else
			nap_told(&seat->sleeper.nap);
	}
}
