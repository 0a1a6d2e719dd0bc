// SPDX-License-Identifier: GPL-2.0-only
/* manager_worker.c - the worker's life: whether there is one, what it says, its end. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "decide/policy.h"
#include "manager_internal.h"
#include "observe/caps.h"
#include "observe/rivals.h"
#include "observe/topology.h"
#include "observe/tracker.h"
#include "util/log.h"

uint64_t manager_share_pages(const struct units_share *share, uint64_t whole_pages)
{
	if (share->ppm)
		return (whole_pages * share->ppm + 999999) / 1000000;
	return share->bytes >> TIERED_PAGE_SHIFT;
}

void manager_set_bounds(struct manager *manager)
{
	const struct config *config = manager->config;
	struct worker_config *worker = &manager->worker_config;
	unsigned int last_tier = topology_tiers(manager->topology) - 1;
	const struct topology_node *nodes;
	uint64_t pages = 0;
	size_t i, n;

	memset(worker->reserve_pages, 0, sizeof(worker->reserve_pages));
	nodes = topology_nodes(manager->topology, &n);
	for (i = 0; i < n; i++) {
		pages += nodes[i].total_pages;
		worker->reserve_pages[i] = nodes[i].high_pages;
		/* The slowest tier is where memory ends up: its watermark is enough. */
		if (nodes[i].tier != last_tier)
			worker->reserve_pages[i] +=
				manager_share_pages(&config->reserve, nodes[i].total_pages);
	}
	worker->memory_max = manager_share_pages(&config->memory_max, pages) << TIERED_PAGE_SHIFT;
}

static void say_one_tier(struct manager *manager)
{
	uint64_t offline = topology_offline(manager->topology);

	if (offline)
		snprintf(manager->idle_reason, sizeof(manager->idle_reason),
			 "only one memory tier here, nothing to tier until another one is there "
			 "(node %d is offline)",
			 __builtin_ctzll(offline));
	else
		snprintf(manager->idle_reason, sizeof(manager->idle_reason),
			 "only one memory tier here, nothing to tier; add memory of another speed, "
			 "or name the tiers in [tiers] order");
}

/* Finds out whether there is something to tier and a way to do it; else says why not. */
static int choose(struct manager *manager)
{
	struct worker_config *worker = &manager->worker_config;
	const struct config *config = manager->config;
	const struct caps_need *missing = NULL;
	uint64_t caps;

	worker->policy = policy_find(config->policy);
	if (!worker->policy) {
		log_error("policy = %s: no such policy; expected one of those in tiered.conf(5)",
			  config->policy);
		return -EINVAL;
	}
	if (topology_tiers(manager->topology) < 2) {
		say_one_tier(manager);
		return 0;
	}
	if (caps_read("/proc", &caps) == 0)
		missing = caps_missing(caps);
	if (missing) {
		snprintf(manager->idle_reason, sizeof(manager->idle_reason),
			 "%s is missing: %s; run tiered as root, or give it to the unit or the "
			 "container",
			 missing->name, missing->without);
		return 0;
	}
	return manager_choose_tracker(manager);
}

int manager_open_worker(struct manager *manager)
{
	const struct config *config = manager->config;
	struct worker_config *worker = &manager->worker_config;
	int ret = choose(manager);

	if (ret <= 0)
		return ret;
	worker->topology = manager->topology;
	worker->bpf = manager->bpf;
	worker->damon = &manager->damon;
	worker->proc_root = "/proc";
	worker->sys_root = "/sys";
	worker->young = &manager->young;
	worker->observe = config->observe || manager->options->observe;
	worker->window_ns = config->window.ns;
	worker->window_min_ns = config->window_min_ns;
	worker->window_max_ns = config->window_max_ns;
	worker->cpu_max_ppm = config->cpu_max_ppm;
	worker->rate = config->rate;
	manager_set_bounds(manager);
	manager_set_limits(manager);
	/* Without memory for it nobody looks; the worker will not start either. */
	rivals_free(manager->rivals);
	manager->rivals = NULL;
	if (rivals_new("/proc", "/sys", &manager->rivals) == 0)
		worker->rivals = manager->rivals;
	if (manager->rivals && worker->tracker == &tracker_damon)
		rivals_own_kdamonds(manager->rivals);
	ret = manager_note_kdamond(manager);
	if (ret < 0)
		return ret;
	manager_open_scheduler(manager);
	worker->narrow = manager->sched.narrow;
	ret = worker_start(worker, &manager->worker);
	if (ret < 0)
		log_error("worker thread: %s", strerror(-ret));
	return ret;
}

/* Frees the message, or hands it on. */
static void take_message(struct manager *manager, struct message *message)
{
	const struct worker_window *window = (const struct worker_window *)message;

	switch (message->kind) {
	case WORKER_WINDOW:
		manager_view_window(manager, window);
		manager_report_window(manager, window);
		break;
	case WORKER_FIGURES:
		manager_view_figures(manager, (struct worker_figures *)message);
		manager_sched_figures(manager, (struct worker_figures *)message);
		break;
	case WORKER_ANSWER:
		verbs_answer(manager->verbs, (struct worker_answer *)message);
		return;
	case WORKER_GONE:
		manager_target_gone(manager, (struct worker_gone *)message);
		break;
	case WORKER_TARGET:
		manager_report_target(manager, (struct worker_target *)message);
		break;
	case WORKER_NODES:
		manager_nodes_taken(manager);
		break;
	case WORKER_ENDED:
		manager->last = *window;
		break;
	}
	free(message);
}

/* Takes all messages of the worker; returns 1 when it has ended. */
static int take_messages(struct manager *manager)
{
	struct message *message;
	int ended = 0;

	while ((message = worker_receive(manager->worker))) {
		ended |= message->kind == WORKER_ENDED;
		take_message(manager, message);
	}
	return ended;
}

int manager_on_worker(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct manager *manager = arg;

	(void)source;
	(void)fd;
	(void)events;
	if (!take_messages(manager))
		return 0;
	worker_join(manager->worker);
	manager->worker = NULL;
	verbs_no_worker(manager->verbs);
	if (manager->last.error) {
		log_error("worker: %s: %s", manager->last.error_what,
			  strerror(-manager->last.error));
		manager->failed = manager->last.error;
	}
	return sd_event_exit(manager->loop, 0);
}

/*
 * Asks the worker to stop and waits until it has: it may be inside a call. That
 * is no hang of ours, so the watchdog is fed meanwhile; at a stop the service
 * manager has a limit of its own.
 */
void manager_stop_worker(struct manager *manager)
{
	struct pollfd mail;

	if (!manager->worker)
		return;
	mail = (struct pollfd){ .fd = worker_fd(manager->worker), .events = POLLIN };
	worker_stop(manager->worker);
	while (!take_messages(manager)) {
		poll(&mail, 1, 1000);
		sd_notify(0, "WATCHDOG=1");
	}
	worker_join(manager->worker);
	manager->worker = NULL;
}
