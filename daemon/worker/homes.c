// SPDX-License-Identifier: GPL-2.0-only
/* homes.c - where targets should run, by what the window has shown. */
#include "decide/home.h"
#include "observe/cpus.h"
#include "observe/target.h"
#include "worker/window.h"

void window_choose_homes(struct window *window)
{
	const struct cpus *cpus = window->config->cpus;
	uint64_t heat[TIERED_NODES_MAX];
	size_t i;

	for (i = 0; cpus && i < window->roster.count; i++) {
		struct seat *seat = &window->roster.seats[i];

		/* One that was not looked at says nothing about where it is now. */
		if (!seat->marked || heat_target_nodes(window->heat, seat->target->id, heat) < 0)
			continue;
		home_next(&seat->home, heat, cpus->distance, cpus->setup.slots);
	}
}
