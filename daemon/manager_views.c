// SPDX-License-Identifier: GPL-2.0-only
/*
 * manager_views.c - what outsiders see and say: board, pinned maps, control socket, metrics.
 *
 * None of it is needed for tiering: what cannot be had is said once, and the
 * daemon goes on without it.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "bpf/loader.h"
#include "bpf/pins.h"
#include "control/control.h"
#include "manager_internal.h"
#include "observe/targets.h"
#include "observe/topology.h"
#include "report/textfile.h"
#include "tiered/control.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/log.h"
#include "verbs/verbs.h"
#include "worker/query.h"

/* What is in force now: for the maps and the status line as well. */
static void show_state(struct manager *manager)
{
	struct stats_daemon *daemon = board_daemon(manager->board);

	daemon->observe = manager->running.observe || manager->options->observe;
	daemon->paused = (uint32_t)manager->view.paused;
	bpf_publish_daemon(manager->bpf, daemon);
	manager->options->kept->paused = manager->view.paused;
	if (manager->view.paused)
		sd_notify(0, "STATUS=paused; 'tieredctl resume' goes on");
}

static void tuned(void *arg)
{
	struct manager *manager = arg;
	const struct config *config = &manager->running;
	struct worker_tune *tune;

	show_state(manager);
	if (!manager->worker)
		return;
	tune = calloc(1, sizeof(*tune));
	if (!tune) {
		log_warning("out of memory: the worker goes on as before");
		return;
	}
	tune->paused = manager->view.paused;
	tune->observe = config->observe || manager->options->observe;
	tune->window_ns = config->window.ns;
	tune->window_min_ns = config->window_min_ns;
	tune->window_max_ns = config->window_max_ns;
	tune->cpu_max_ppm = config->cpu_max_ppm;
	tune->rate = config->rate;
	worker_send(manager->worker, &tune->message, WORKER_TUNE);
}

static int reload(void *arg, char *why, size_t why_size)
{
	return manager_reload(arg, why, why_size);
}

/* What makes a promotion, to the BPF side: by tier, not by node number. */
static void tell_tiers(struct manager *manager)
{
	uint8_t tier_of[TIERED_NODES_MAX];
	const struct topology_node *nodes;
	size_t i, n;

	memset(tier_of, TIERED_NODE_NONE, sizeof(tier_of));
	nodes = topology_nodes(manager->topology, &n);
	for (i = 0; i < n; i++)
		tier_of[nodes[i].id] = (uint8_t)nodes[i].tier;
	bpf_set_tiers(manager->bpf, tier_of);
}

void manager_view_nodes(struct manager *manager)
{
	manager->view.topology = manager->topology;
	if (manager->bpf)
		tell_tiers(manager);
}

void manager_view_worker(struct manager *manager)
{
	manager->view.tracker = manager->worker ? manager->worker_config.tracker->name : "none";
	if (manager->view.paused)
		tuned(manager);
}

static void open_pins(struct manager *manager)
{
	char why[256] = "";
	int ret;

	if (!manager->bpf)
		return;
	tell_tiers(manager);
	if (!manager_note_pins(manager))
		return;
	ret = bpf_pin(manager->bpf, BPF_PIN_DIR, why, sizeof(why));
	manager->pinned = ret == 0;
	if (ret < 0)
		log_warning("counters are not pinned: %s; going on without",
			    *why ? why : strerror(-ret));
	else if (*why)
		log_warning("%s", why);
}

/* One complaint per kind of trouble: the collector's folder may be missing for long. */
static void complain_once(struct manager *manager, int ret, const char *why)
{
	if (ret != manager->metrics_error)
		log_warning("metrics are not written: %s; trying again every %llu s", why,
			    (unsigned long long)(manager->config->metrics_every_ns / NSEC_PER_SEC));
	manager->metrics_error = ret;
}

static void write_metrics(struct manager *manager)
{
	auto_free char *text = NULL;
	char why[320] = "";
	size_t length;
	int ret;

	ret = verbs_metrics_text(manager->verbs, METRICS_PROMETHEUS, &text, &length);
	if (ret == 0)
		ret = metrics_write_file(manager->config->metrics_path, text, length, why,
					 sizeof(why));
	if (ret < 0)
		complain_once(manager, ret, *why ? why : strerror(-ret));
	else
		manager->metrics_error = 0;
}

int manager_on_metrics(sd_event_source *source, uint64_t usec, void *arg)
{
	struct manager *manager = arg;
	int ret;

	(void)usec;
	write_metrics(manager);
	ret = sd_event_source_set_time_relative(source,
						manager->config->metrics_every_ns / NSEC_PER_USEC);
	return ret < 0 ? ret : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

/* Another daemon must not be disturbed: nothing is opened before its socket was looked at. */
static int open_control(struct manager *manager)
{
	const struct control_verb *verbs;
	char why[256] = "";
	size_t n;
	int ret;

	verbs = verbs_table(&n);
	ret = control_open(manager->loop, TIERED_CONTROL_SOCKET, verbs, n, manager->verbs,
			   &manager->control, why, sizeof(why));
	if (ret == -EADDRINUSE) {
		log_error("%s; stop it first", why);
		return ret;
	}
	if (ret < 0)
		log_warning("no control socket: %s; going on without tieredctl",
			    *why ? why : strerror(-ret));
	else
		verbs_connect(manager->verbs, manager->control);
	return 0;
}

int manager_open_views(struct manager *manager)
{
	int ret;

	ret = board_new(&manager->board);
	if (ret == 0)
		ret = verbs_new(&manager->view, &manager->verbs);
	if (ret < 0) {
		log_error("views: %s", strerror(-ret));
		return ret;
	}
	return open_control(manager);
}

void manager_start_views(struct manager *manager)
{
	struct stats_daemon *daemon = board_daemon(manager->board);

	manager->view = (struct verbs_env){
		.config = &manager->running,
		.board = manager->board,
		.bpf = manager->bpf,
		.topology = manager->topology,
		.worker = &manager->worker,
		.targets = &manager->targets,
		.scheduler = &manager->sched.scheduler,
		.scheduler_state = manager->sched.state,
		.cpus = &manager->sched.cpus,
		.idle_reason = manager->idle_reason,
		.policy = manager->running.policy,
		.reserve_pages = manager->worker_config.reserve_pages,
		.groups = manager->worker_config.groups,
		.events = manager->events,
		.started_ns = clock_now_ns(),
		.observe = manager->options->observe,
		.paused = manager->options->kept->paused,
		.reload = reload,
		.tuned = tuned,
		.arg = manager,
	};
	manager_view_worker(manager);
	open_pins(manager);
	manager_pin_scheduler(manager);
	daemon->pid = (uint32_t)getpid();
	daemon->updated_ns = clock_now_ns();
	show_state(manager);
	if (manager->view.paused)
		log_warning(
			"still paused, as it was before the reload; 'tieredctl resume' goes on");
}

void manager_close_views(struct manager *manager)
{
	control_close(manager->control);
	verbs_free(manager->verbs);
	board_free(manager->board);
}

void manager_view_add(struct manager *manager, const struct target_wanted *wanted)
{
	if (board_add(manager->board, &wanted->key, wanted->id, wanted->rule, wanted->uid,
		      wanted->rss_pages, wanted->comm) < 0)
		log_warning("out of memory: target %u is managed, but not shown", wanted->id);
}

void manager_view_remove(struct manager *manager, uint32_t id)
{
	struct board_target *target = board_find(manager->board, id);

	if (!target)
		return;
	bpf_retire_target(manager->bpf, &target->key);
	board_remove(manager->board, id);
}

void manager_view_figures(struct manager *manager, const struct worker_figures *figures)
{
	size_t i;

	for (i = 0; i < figures->n; i++) {
		const struct worker_figure *figure = &figures->figures[i];
		const struct board_figure shown = {
			.share_ppm = figure->share_ppm,
			.fast_pages = figure->fast_pages,
			.tracked_pages = figure->tracked_pages,
			.windows = figure->windows,
			.last_move_ns = figure->last_move_ns,
			.backoff = figure->backoff,
		};
		const struct board_target *target;

		board_set_target(manager->board, figure->id, &figure->account, &shown);
		target = board_find(manager->board, figure->id);
		if (target)
			bpf_publish_target(manager->bpf, &target->key, &target->stats);
	}
}

void manager_view_window(struct manager *manager, const struct worker_window *window)
{
	board_set_window(manager->board, window->window, window->end_ns, window->targets,
			 &window->account, &window->totals);
	bpf_publish_daemon(manager->bpf, board_daemon(manager->board));
}
