// SPDX-License-Identifier: GPL-2.0-only
/* tune.c - what changes between two windows because somebody said so. */
#include <string.h>

#include "observe/target.h"
#include "worker/window.h"

/*
 * Observing takes pages for idle whose accesses may have gone through the TLB: good
 * enough to look at, but nothing is moved on that.
 */
static void forget_guesses(struct window *window)
{
	size_t i;

	plan_clear(&window->plan);
	for (i = 0; i < window->roster.count; i++)
		heat_forget(window->heat, window->roster.targets[i]->id);
	sleepers_wake(window);
}

static void tune_interval(struct window *window)
{
	const struct worker_config *config = window->config;

	if (config->window_ns)
		window->interval_ns = config->window_ns;
	else if (window->interval_ns < config->window_min_ns)
		window->interval_ns = config->window_min_ns;
	else if (window->interval_ns > config->window_max_ns)
		window->interval_ns = config->window_max_ns;
}

void window_tune(struct window *window, struct worker_config *config,
		 const struct worker_tune *tune)
{
	int new_rate = tune->rate != config->rate;
	int new_cpu_max = tune->cpu_max_ppm != config->cpu_max_ppm;

	window->paused = tune->paused != 0;
	window->hold = 0;
	if (window->paused)
		plan_clear(&window->plan);
	if (config->observe && !tune->observe)
		forget_guesses(window);
	config->observe = tune->observe;
	config->window_ns = tune->window_ns;
	config->window_min_ns = tune->window_min_ns;
	config->window_max_ns = tune->window_max_ns;
	config->cpu_max_ppm = tune->cpu_max_ppm;
	config->rate = tune->rate;
	tune_interval(window);
	if (new_rate)
		window_open_pacer(window);
	if (new_cpu_max)
		budget_change(&window->budget, config->cpu_max_ppm);
	window->roster.cpu_max_ppm = config->cpu_max_ppm;
}

void window_use_nodes(struct window *window, struct worker_config *config,
		      const struct worker_nodes *nodes)
{
	config->topology = nodes->topology;
	memcpy(config->reserve_pages, nodes->reserve_pages, sizeof(config->reserve_pages));
	memcpy(config->groups, nodes->groups, sizeof(config->groups));
	window->env.topology = nodes->topology;
	/* To be measured anew before anything moves. */
	memset(window->room, 0, sizeof(window->room));
	memset(window->flush_room, 0, sizeof(window->flush_room));
}

void window_faults(struct window *window, const struct worker_faults *faults)
{
	const struct tracker_ops *tracker = window->config->tracker;
	size_t i;

	for (i = 0; i < faults->n && tracker->on_event; i++)
		tracker->on_event(window->tracker, &faults->list[i].header);
}

void window_pause_target(struct window *window, uint32_t id, int paused)
{
	struct seat *seat = roster_find(&window->roster, id);

	if (!seat || seat->paused == (paused != 0))
		return;
	seat->paused = paused != 0;
	/* Its moves go; those of others are decided again in a window. */
	plan_clear(&window->plan);
}
