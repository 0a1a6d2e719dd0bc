// SPDX-License-Identifier: GPL-2.0-only
#include "manager.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "bpf/loader.h"
#include "bpf/pins.h"
#include "decide/policy.h"
#include "manager_internal.h"
#include "observe/targets.h"
#include "observe/topology.h"
#include "observe/tracker.h"
#include "util/clock.h"
#include "util/log.h"

/*
 * The ring is polled, never woken up for: a wake-up per event costs the
 * faulting process 50 times what the event does (measured: +4,200 ns).
 */
#define CONSUME_EVERY_USEC UINT64_C(100000)

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct manager *manager = arg;

	(void)source;
	if (info->ssi_signo == SIGHUP) {
		sd_notify(0, "RELOADING=1");
		if (manager->options->reload(manager->options->reload_arg) < 0) {
			sd_notify(0, "READY=1");
			return 0;
		}
		manager->end = MANAGER_RELOAD;
	} else {
		sd_notify(0, "STOPPING=1");
		manager->end = MANAGER_STOP;
	}
	return sd_event_exit(manager->loop, 0);
}

static int rearm(sd_event_source *source, uint64_t usec)
{
	int ret = sd_event_source_set_time_relative(source, usec);

	return ret < 0 ? ret : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static int on_consume(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)usec;
	manager_consume(arg);
	return rearm(source, CONSUME_EVERY_USEC);
}

static int on_sweep(sd_event_source *source, uint64_t usec, void *arg)
{
	struct manager *manager = arg;

	(void)usec;
	manager_sweep(manager);
	return rearm(source, manager->config->sweep_ns / NSEC_PER_USEC);
}

/* Takes all messages of the worker; returns 1 when it has ended. */
static int take_messages(struct manager *manager)
{
	struct message *message;
	int ended = 0;

	while ((message = worker_receive(manager->worker))) {
		const struct worker_window *window = (const struct worker_window *)message;

		if (message->kind == WORKER_WINDOW) {
			manager_report_window(manager, window);
		} else if (message->kind == WORKER_GONE) {
			manager_target_gone(manager, (struct worker_gone *)message);
		} else if (message->kind == WORKER_TARGET) {
			manager_report_target((struct worker_target *)message);
		} else if (message->kind == WORKER_ENDED) {
			manager->last = *window;
			ended = 1;
		}
		free(message);
	}
	return ended;
}

static int on_worker(sd_event_source *source, int fd, uint32_t events, void *arg)
{
	struct manager *manager = arg;

	(void)source;
	(void)fd;
	(void)events;
	if (!take_messages(manager))
		return 0;
	worker_join(manager->worker);
	manager->worker = NULL;
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
static void stop_worker(struct manager *manager)
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

static int open_topology(struct manager *manager)
{
	const struct config_tiers *tiers = &manager->config->tiers;
	char why[160] = "";
	int ret;

	ret = topology_read("/sys", "/proc", tiers->count ? tiers->nodes : NULL, tiers->count,
			    &manager->topology, why, sizeof(why));
	if (ret < 0)
		log_error("memory topology: %s", why[0] ? why : strerror(-ret));
	return ret;
}

/* Without BPF the daemon still tiers; it just sees less. */
/* The programs tell promotions from demotions by it. */
static void tell_tiers(struct manager *manager)
{
	uint8_t tier_of[TIERED_NODES_MAX];
	uint32_t node;

	for (node = 0; node < TIERED_NODES_MAX; node++) {
		int tier = topology_tier_of(manager->topology, node);

		tier_of[node] = tier < 0 ? TIERED_NODE_NONE : (uint8_t)tier;
	}
	bpf_set_tiers(manager->bpf, tier_of);
}

static void open_bpf(struct manager *manager)
{
	struct bpf_config config = {
		.ring_bytes = (uint32_t)manager->config->ring_bytes,
		.event_rate = (uint32_t)manager->config->event_rate,
	};
	char why[256] = "";

	if (!manager->config->bpf)
		return;
	if (bpf_open(&config, &manager->bpf, why, sizeof(why)) < 0) {
		log_warning("BPF is off: %s; going on without events", why);
		return;
	}
	tell_tiers(manager);
	if (bpf_pin(manager->bpf, BPF_PIN_DIR, why, sizeof(why)) < 0)
		log_warning("no pinned maps: %s; going on without", why);
	else if (*why)
		log_warning("pinned maps: %s", why);
}

/* A share of @whole pages, or bytes, as pages; a share above 0 is a page at least. */
static uint64_t share_pages(const struct config_share *share, uint64_t whole_pages)
{
	if (share->ppm)
		return (whole_pages * share->ppm + 999999) / 1000000;
	return share->bytes >> TIERED_PAGE_SHIFT;
}

static void set_bounds(struct manager *manager)
{
	const struct config *config = manager->config;
	struct worker_config *worker = &manager->worker_config;
	unsigned int last_tier = topology_tiers(manager->topology) - 1;
	const struct topology_node *nodes;
	uint64_t pages = 0;
	size_t i, n;

	nodes = topology_nodes(manager->topology, &n);
	for (i = 0; i < n; i++) {
		pages += nodes[i].total_pages;
		worker->reserve_pages[i] = nodes[i].high_pages;
		/* The slowest tier is where memory ends up: its watermark is enough. */
		if (nodes[i].tier != last_tier)
			worker->reserve_pages[i] +=
				share_pages(&config->reserve, nodes[i].total_pages);
	}
	worker->memory_max = share_pages(&config->memory_max, pages) << TIERED_PAGE_SHIFT;
}

/* Finds out whether there is something to tier and a way to do it; else says why not. */
static int choose(struct manager *manager)
{
	struct worker_config *worker = &manager->worker_config;
	const struct config *config = manager->config;
	struct tracker_env env = {
		.topology = manager->topology,
		.proc_root = "/proc",
		.sys_root = "/sys",
	};
	int ret;

	worker->policy = policy_find(config->policy);
	if (!worker->policy) {
		log_error("policy = %s: no such policy; expected one of those in tiered.conf(5)",
			  config->policy);
		return -EINVAL;
	}
	if (topology_tiers(manager->topology) < 2) {
		snprintf(manager->idle_reason, sizeof(manager->idle_reason),
			 "only one memory tier here, nothing to tier; add memory of another speed, "
			 "or name the tiers in [tiers] order");
		return 0;
	}
	ret = tracker_choose(config->tracker, &env, &worker->tracker, manager->idle_reason,
			     sizeof(manager->idle_reason));
	if (ret == -ENOENT) {
		log_error("tracker = %s", manager->idle_reason);
		return -EINVAL;
	}
	if (ret < 0)
		return 0;
	manager->idle_reason[0] = '\0';
	return 1;
}

static int open_worker(struct manager *manager)
{
	const struct config *config = manager->config;
	struct worker_config *worker = &manager->worker_config;
	int ret = choose(manager);

	if (ret <= 0)
		return ret;
	worker->topology = manager->topology;
	worker->bpf = manager->bpf;
	worker->proc_root = "/proc";
	worker->sys_root = "/sys";
	worker->observe = config->observe || manager->options->observe;
	worker->window_ns = config->window.ns;
	worker->window_min_ns = config->window_min_ns;
	worker->window_max_ns = config->window_max_ns;
	worker->cpu_max_ppm = config->cpu_max_ppm;
	worker->rate = config->rate;
	set_bounds(manager);
	ret = worker_start(worker, &manager->worker);
	if (ret < 0)
		log_error("worker thread: %s", strerror(-ret));
	return ret;
}

/* A target holds two descriptors (process and pagemap); the rest of the daemon a few dozen. */
#define FDS_PER_TARGET 2
#define FDS_OTHER 128

/* Makes room for the descriptors of so many targets; returns how many there is room for. */
static size_t make_fd_room(size_t targets)
{
	struct rlimit limit;
	rlim_t wanted = targets * FDS_PER_TARGET + FDS_OTHER;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return targets;
	limit.rlim_cur = wanted;
	if (limit.rlim_max < wanted)
		limit.rlim_max = wanted;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return targets;
	/* Not allowed to raise the hard limit: up to it, then. */
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	wanted = limit.rlim_max > FDS_OTHER ? (limit.rlim_max - FDS_OTHER) / FDS_PER_TARGET : 1;
	log_warning("room for the descriptors of %zu targets, not %zu (RLIMIT_NOFILE); "
		    "managing the largest",
		    (size_t)wanted, targets);
	return (size_t)wanted;
}

static int open_targets(struct manager *manager)
{
	const struct config *config = manager->config;
	struct targets_config targets = {
		.rules = config->rules,
		.n_rules = config->n_rules,
		.size_min = config->min_size,
		.max = make_fd_room((size_t)config->targets_max),
	};

	return targets_new(&targets, &manager->targets);
}

static int add_sources(struct manager *manager)
{
	static const int signals[] = { SIGTERM, SIGINT, SIGHUP };
	size_t i;
	int ret = 0;

	for (i = 0; i < sizeof(signals) / sizeof(signals[0]) && ret >= 0; i++)
		ret = sd_event_add_signal(manager->loop, NULL, signals[i], on_signal, manager);
	if (ret >= 0 && manager->bpf)
		ret = sd_event_add_time_relative(manager->loop, NULL, CLOCK_MONOTONIC,
						 CONSUME_EVERY_USEC, 0, on_consume, manager);
	if (ret >= 0 && manager->worker)
		ret = sd_event_add_io(manager->loop, NULL, worker_fd(manager->worker), EPOLLIN,
				      on_worker, manager);
	if (ret >= 0 && manager->worker)
		ret = sd_event_add_time_relative(manager->loop, NULL, CLOCK_MONOTONIC, 0, 0,
						 on_sweep, manager);
	if (ret >= 0)
		ret = sd_event_set_watchdog(manager->loop, 1);
	return ret < 0 ? ret : 0;
}

static int open_loop(struct manager *manager)
{
	sigset_t signals;
	int ret;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGHUP);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	ret = sd_event_new(&manager->loop);
	if (ret >= 0)
		ret = add_sources(manager);
	if (ret < 0)
		log_error("event loop: %s", strerror(-ret));
	return ret;
}

static int open_all(struct manager *manager)
{
	int ret;

	ret = manager_open_window_log(manager);
	if (ret < 0)
		return ret;
	ret = open_topology(manager);
	if (ret < 0)
		return ret;
	open_bpf(manager);
	ret = open_targets(manager);
	if (ret < 0) {
		log_error("targets: %s", strerror(-ret));
		return ret;
	}
	ret = open_worker(manager);
	if (ret < 0)
		return ret;
	return open_loop(manager);
}

static void close_all(struct manager *manager)
{
	stop_worker(manager);
	sd_event_unref(manager->loop);
	targets_free(manager->targets);
	bpf_close(manager->bpf);
	topology_free(manager->topology);
	if (manager->window_log)
		fclose(manager->window_log);
}

int manager_run(const struct config *config, const struct manager_options *options,
		enum manager_end *ret_end)
{
	struct manager *manager = calloc(1, sizeof(*manager));
	int ret;

	if (!manager)
		return -ENOMEM;
	manager->config = config;
	manager->options = options;
	ret = open_all(manager);
	if (ret == 0) {
		manager_report_start(manager);
		sd_notify(0, "READY=1");
		ret = sd_event_loop(manager->loop);
		if (ret < 0)
			log_error("event loop: %s", strerror(-ret));
		stop_worker(manager);
		manager_report_totals(manager);
		if (ret >= 0)
			ret = manager->failed;
	}
	*ret_end = manager->end;
	close_all(manager);
	free(manager);
	return ret;
}
