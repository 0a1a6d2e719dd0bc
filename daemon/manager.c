// SPDX-License-Identifier: GPL-2.0-only
#include "manager.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <systemd/sd-daemon.h>

#include "bpf/loader.h"
#include "manager_internal.h"
#include "observe/rivals.h"
#include "observe/targets.h"
#include "observe/topology.h"
#include "report/journal.h"
#include "undo/undo.h"
#include "util/clock.h"
#include "util/log.h"

/*
 * The ring is polled, never woken up for: a wake-up per event costs the
 * faulting process 50 times what the event does (measured: +4,200 ns).
 */
#define CONSUME_EVERY_USEC UINT64_C(100000)
/* Whether the scheduler is still there, and who came into it by a fork. */
#define SCHED_EVERY_USEC UINT64_C(1000000)

/* Where the order of tiers was set, in front of what is wrong with it. */
static void log_topology(const struct config *config, const char *why)
{
	char place[CONFIG_FILE_SHOWN + 16];

	if (config->tiers.count)
		log_error("%s: memory topology: %s",
			  config_place(config, config->places[config_find("tiers", "order")], place,
				       sizeof(place)),
			  why);
	else
		log_error("memory topology: %s", why);
}

/* A good conf may still name nodes that this machine has not: found out before all is torn down. */
static int try_topology(const struct config *next, char *why, size_t why_size)
{
	const struct config_tiers *tiers = &next->tiers;
	struct topology *topology;
	int ret;

	ret = topology_read("/sys", "/proc", tiers->count ? tiers->nodes : NULL, tiers->count,
			    &topology, why, why_size);
	if (ret < 0) {
		if (!*why)
			snprintf(why, why_size, "memory topology: %s", strerror(-ret));
		log_topology(next, why);
		log_warning("conf not reloaded: going on with the old one");
		return ret;
	}
	topology_free(topology);
	return 0;
}

int manager_reload(struct manager *manager, char *why, size_t why_size)
{
	const struct config *next;
	int ret;

	/* The time is for Type=notify-reload, which systemd has from 253 on. */
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64, clock_now_ns() / NSEC_PER_USEC);
	ret = manager->options->reload(manager->options->reload_arg, &next, why, why_size);
	if (ret == 0)
		ret = try_topology(next, why, why_size);
	if (ret < 0) {
		sd_notify(0, "READY=1");
		return ret;
	}
	manager->end = MANAGER_RELOAD;
	return sd_event_exit(manager->loop, 0);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *info, void *arg)
{
	struct manager *manager = arg;
	char why[256] = "";

	(void)source;
	if (info->ssi_signo == SIGHUP) {
		manager_reload(manager, why, sizeof(why));
		return 0;
	}
	sd_notify(0, "STOPPING=1");
	manager->end = MANAGER_STOP;
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

static int on_sched(sd_event_source *source, uint64_t usec, void *arg)
{
	(void)usec;
	manager_sched_look(arg);
	return rearm(source, SCHED_EVERY_USEC);
}

static int open_topology(struct manager *manager)
{
	const struct config_tiers *tiers = &manager->config->tiers;
	char why[160] = "";
	int ret;

	ret = topology_read("/sys", "/proc", tiers->count ? tiers->nodes : NULL, tiers->count,
			    &manager->topology, why, sizeof(why));
	if (ret < 0)
		log_topology(manager->config, why[0] ? why : strerror(-ret));
	return ret;
}

/* Without BPF the daemon still tiers; it just sees less. */
static void open_bpf(struct manager *manager)
{
	struct bpf_config config = {
		.ring_bytes = (uint32_t)manager->config->ring_bytes,
		.event_rate = (uint32_t)manager->config->event_rate,
	};
	char why[200] = "";

	if (!manager->config->bpf)
		return;
	if (bpf_open(&config, &manager->bpf, why, sizeof(why)) < 0)
		log_warning("BPF is off: %s; going on without events", why);
}

/* Makes room for the descriptors of so many targets; returns how many there is room for. */
static size_t make_fd_room(size_t targets)
{
	struct rlimit limit;
	rlim_t wanted = targets * TARGET_FDS + DAEMON_FDS;

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
	wanted = limit.rlim_max > DAEMON_FDS ? (limit.rlim_max - DAEMON_FDS) / TARGET_FDS : 1;
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

int manager_watch_worker(struct manager *manager)
{
	int ret;

	ret = sd_event_add_io(manager->loop, NULL, worker_fd(manager->worker), EPOLLIN,
			      manager_on_worker, manager);
	if (ret >= 0)
		ret = sd_event_add_time_relative(manager->loop, NULL, CLOCK_MONOTONIC, 0, 0,
						 on_sweep, manager);
	return ret;
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
	if (ret >= 0 && manager->config->scheduler)
		ret = sd_event_add_time_relative(manager->loop, NULL, CLOCK_MONOTONIC,
						 SCHED_EVERY_USEC, 0, on_sched, manager);
	if (ret >= 0 && manager->worker)
		ret = manager_watch_worker(manager);
	if (ret >= 0)
		ret = manager_watch_nodes(manager);
	if (ret >= 0 && *manager->config->metrics_path)
		ret = sd_event_add_time_relative(manager->loop, NULL, CLOCK_MONOTONIC, 0, 0,
						 manager_on_metrics, manager);
	if (ret >= 0)
		ret = sd_event_set_watchdog(manager->loop, 1);
	return ret < 0 ? ret : 0;
}

/* The first: a signal that comes while the rest is being opened waits for the loop. */
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
	if (ret < 0)
		log_error("event loop: %s", strerror(-ret));
	return ret;
}

static int open_all(struct manager *manager)
{
	int ret;

	ret = open_loop(manager);
	if (ret < 0)
		return ret;
	ret = manager_open_undo(manager);
	if (ret < 0)
		return ret;
	ret = manager_open_views(manager);
	if (ret < 0)
		return ret;
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
	ret = manager_open_worker(manager);
	if (ret < 0)
		return ret;
	manager_change_settings(manager);
	manager_start_views(manager);
	ret = add_sources(manager);
	if (ret < 0)
		log_error("event loop: %s", strerror(-ret));
	return ret;
}

static void close_all(struct manager *manager)
{
	manager_stop_worker(manager);
	/* By its undo record, so before that is handed on. */
	manager_close_scheduler(manager);
	/* Also where the next one is the old conf, because this one could not be run. */
	if (manager->end != MANAGER_STOP)
		manager_keep(manager);
	manager_close_views(manager);
	sd_event_unref(manager->loop);
	targets_free(manager->targets);
	free(manager->faults);
	rivals_free(manager->rivals);
	bpf_close(manager->bpf);
	manager_forget_nodes(manager);
	if (manager->window_log)
		fclose(manager->window_log);
	undo_close(manager->undo);
}

int manager_run(const struct config *config, const struct manager_options *options,
		enum manager_end *ret_end)
{
	struct manager *manager = calloc(1, sizeof(*manager));
	int ret;

	if (!manager)
		return -ENOMEM;
	manager->running = *config;
	manager->config = &manager->running;
	manager->options = options;
	manager->uevent_fd = -1;
	manager->sched.narrow = -1;
	manager->journal = journal_connected();
	ret = open_all(manager);
	if (ret == 0) {
		manager_report_start(manager);
		sd_notify(0, "READY=1");
		ret = sd_event_loop(manager->loop);
		if (ret < 0)
			log_error("event loop: %s", strerror(-ret));
		manager_stop_worker(manager);
		manager_report_totals(manager);
		if (ret >= 0)
			ret = manager->failed;
	} else {
		manager->end = MANAGER_UNOPENED;
	}
	*ret_end = manager->end;
	close_all(manager);
	free(manager);
	return ret;
}
