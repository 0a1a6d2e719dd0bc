// SPDX-License-Identifier: GPL-2.0-only
/*
 * manager_nodes.c - memory comes and goes: the nodes are read again, and the worker is told.
 *
 * When a block of memory went or came the kernel says so. That one is going is said by its state
 * only, which is looked at with every sweep. A node that lost memory, or is about to, is leaving:
 * nothing is moved there until nothing more has happened for the time of a sweep.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "manager_internal.h"
#include "observe/topology.h"
#include "observe/uevent.h"
#include "util/clock.h"
#include "util/log.h"

/* A node goes and comes block by block, an event for each: they are answered together. */
#define GATHER_USEC UINT64_C(200000)

/* Blocks whose state is read in one go, at 7 us each. Of a larger machine that is a part. */
#define BLOCKS_MAX 512

static uint64_t sweep_usec(const struct manager *manager)
{
	return manager->config->sweep_ns / NSEC_PER_USEC;
}

/* Fewer than two tiers left, or two again. */
static void set_rest(struct manager *manager)
{
	uint64_t offline = topology_offline(manager->topology);
	char node[32] = "";

	if (topology_tiers(manager->topology) > 1) {
		manager->idle_reason[0] = '\0';
		return;
	}
	if (offline)
		snprintf(node, sizeof(node), " (node %d is offline)", __builtin_ctzll(offline));
	snprintf(manager->idle_reason, sizeof(manager->idle_reason),
		 "only one memory tier is left%s, nothing to tier until another one is back", node);
}

static void tell_change(const struct manager *manager, int told)
{
	char text[512];

	topology_describe(manager->topology, text, sizeof(text));
	if (!told) {
		log_debug("memory changed: %s", text);
		return;
	}
	log_info("memory tiers changed: %s", text);
	if (!*manager->idle_reason)
		return;
	log_warning("%s; staying idle", manager->idle_reason);
	sd_notifyf(0, "STATUS=idle: %s", manager->idle_reason);
}

/* Those of before are the worker's until it says that it has let go of them. */
static void retire(struct manager *manager, struct topology *old)
{
	manager->retired[manager->n_retired++] = old;
}

void manager_nodes_taken(struct manager *manager)
{
	topology_free(manager->retired[0]);
	memmove(manager->retired, manager->retired + 1,
		--manager->n_retired * sizeof(manager->retired[0]));
}

/* Where there was nothing to tier so far: 1 when there is something now. */
static int wake_up(struct manager *manager)
{
	if (manager_open_worker(manager) < 0 || !manager->worker)
		return 0;
	if (manager_watch_worker(manager) < 0) {
		log_error("event loop: the worker cannot be watched; stopping it");
		manager_stop_worker(manager);
		return 0;
	}
	manager_change_settings(manager);
	manager_view_worker(manager);
	manager_pin_scheduler(manager);
	return 1;
}

static void send_nodes(struct manager *manager, struct worker_nodes *nodes)
{
	nodes->topology = manager->topology;
	memcpy(nodes->reserve_pages, manager->worker_config.reserve_pages,
	       sizeof(nodes->reserve_pages));
	memcpy(nodes->groups, manager->worker_config.groups, sizeof(nodes->groups));
	worker_send(manager->worker, &nodes->message, WORKER_NODES);
}

static int use_topology(struct manager *manager, struct topology *next, int told)
{
	struct worker_nodes *nodes = NULL;
	struct topology *old = manager->topology;
	int woken = 0;

	if (manager->worker) {
		nodes = calloc(1, sizeof(*nodes));
		if (!nodes)
			return -ENOMEM;
		retire(manager, old);
	}
	manager->topology = next;
	manager_set_bounds(manager);
	manager_set_limits(manager);
	manager_view_nodes(manager);
	if (nodes) {
		send_nodes(manager, nodes);
		set_rest(manager);
	} else {
		topology_free(old);
		woken = wake_up(manager);
	}
	tell_change(manager, told);
	if (woken)
		manager_report_worker(manager);
	return 0;
}

/* Once per kind of trouble. */
static void complain(struct manager *manager, int error, const char *why)
{
	if (error && error != manager->nodes_error)
		log_warning("memory nodes cannot be read again: %s; going on with what was known",
			    *why ? why : strerror(-error));
	manager->nodes_error = error;
}

/* Who was leaving without going any further stays after all. */
static int is_settled(const struct manager *manager)
{
	return clock_now_ns() - manager->changed_ns >= manager->config->sweep_ns;
}

/* A watermark that is raised for a while is no memory that comes or goes. */
static int memory_moved(const struct topology *a, const struct topology *b)
{
	const struct topology_node *before, *now;
	size_t i, n_before, n_now;

	before = topology_nodes(a, &n_before);
	now = topology_nodes(b, &n_now);
	for (i = 0; i < n_before && i < n_now; i++)
		if (before[i].id != now[i].id || before[i].present_pages != now[i].present_pages)
			return 1;
	return n_before != n_now;
}

/* Nodes with a block that is going: of a large machine as of the last round, and so far in this. */
static uint64_t look_at_blocks(struct manager *manager)
{
	size_t from = manager->next_block;

	manager->going |= topology_going(manager->topology, &manager->next_block, BLOCKS_MAX);
	if (manager->next_block > from)
		return manager->going | manager->was_going;
	manager->was_going = manager->going;
	manager->going = 0;
	return manager->was_going;
}

static void look(struct manager *manager)
{
	uint64_t leaving = look_at_blocks(manager);
	struct topology *next = NULL;
	char why[160] = "";
	int ret, told;

	if (manager->n_retired == MANAGER_RETIRED_MAX)
		return;
	if (!is_settled(manager))
		leaving |= topology_leaving(manager->topology);
	ret = topology_reread(manager->topology, leaving, &next, why, sizeof(why));
	if (ret == 0 && topology_same(manager->topology, next, &told)) {
		topology_free(next);
		next = NULL;
	}
	if (next) {
		if (!told || memory_moved(manager->topology, next))
			manager->changed_ns = clock_now_ns();
		ret = use_topology(manager, next, !told);
		if (ret < 0)
			topology_free(next);
	}
	complain(manager, ret, why);
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *arg)
{
	struct manager *manager = arg;
	int ret;

	(void)usec;
	look(manager);
	ret = sd_event_source_set_time_relative(source, sweep_usec(manager));
	return ret < 0 ? ret : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_gathered(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)source;
	(void)usec;
	look(arg);
	return 0;
}

/* Looks when the first event of some is GATHER_USEC old; later ones do not put it off. */
static int on_uevent(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct manager *manager = arg;
	int enabled = SD_EVENT_OFF, ret;

	(void)source;
	(void)events;
	if (!uevent_drain(fd))
		return 0;
	sd_event_source_get_enabled(manager->gathering, &enabled);
	if (enabled != SD_EVENT_OFF)
		return 0;
	ret = sd_event_source_set_time_relative(manager->gathering, GATHER_USEC);
	return ret < 0 ? ret : sd_event_source_set_enabled(manager->gathering, SD_EVENT_ONESHOT);
}

int manager_watch_nodes(struct manager *manager)
{
	int ret;

	ret = sd_event_add_time_relative(manager->loop, NULL, CLOCK_MONOTONIC, sweep_usec(manager),
					 0, on_sweep, manager);
	if (ret >= 0)
		ret = sd_event_add_time_relative(manager->loop, &manager->gathering,
						 CLOCK_MONOTONIC, GATHER_USEC, 0, on_gathered,
						 manager);
	if (ret < 0)
		return ret;
	manager->uevent_fd = uevent_open();
	if (manager->uevent_fd < 0) {
		log_warning("the kernel's events cannot be heard: %s; looking for memory that "
			    "comes or goes with every sweep only",
			    strerror(-manager->uevent_fd));
		return 0;
	}
	return sd_event_add_io(manager->loop, NULL, manager->uevent_fd, EPOLLIN, on_uevent,
			       manager);
}

void manager_forget_nodes(struct manager *manager)
{
	while (manager->n_retired)
		manager_nodes_taken(manager);
	topology_free(manager->topology);
	sd_event_source_unref(manager->gathering);
	if (manager->uevent_fd >= 0)
		close(manager->uevent_fd);
}
