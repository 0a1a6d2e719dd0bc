// SPDX-License-Identifier: GPL-2.0-only
/* manager_report.c - what the main thread tells people: log, status line, window log, totals. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "bpf/events.h"
#include "bpf/loader.h"
#include "bpf/stats.h"
#include "manager_internal.h"
#include "observe/caps.h"
#include "observe/flush.h"
#include "observe/topology.h"
#include "report/journal.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/log.h"

/* The columns of --window-log: name, and what is printed. All numbers are unsigned. */
#define WINDOW_COLUMNS(X)                                                                          \
	X("window", window->window)                                                                \
	X("end_ns", window->end_ns)                                                                \
	X("interval_ns", account->elapsed_ns)                                                      \
	X("targets", window->targets)                                                              \
	X("marked_pages", account->marked_pages)                                                   \
	X("observed", account->observed)                                                           \
	X("accessed", account->accessed)                                                           \
	X("unknown", account->unknown)                                                             \
	X("marked_targets", account->marked_targets)                                               \
	X("stale_targets", account->stale_targets)                                                 \
	X("planned", ledger_planned_pages(account))                                                \
	X("requested", account->requested.pages)                                                   \
	X("promoted", account->promoted.pages)                                                     \
	X("demoted", account->demoted.pages)                                                       \
	X("flush_moves", account->flush_moves)                                                     \
	X("batches", account->batches)                                                             \
	X("flush_bound", account->flush_bound)                                                     \
	X("flushes_seen", flushes)                                                                 \
	X("scan_calls", account->scan_calls)                                                       \
	X("scan_cpu_ns", account->scan_cpu_ns)                                                     \
	X("migrate_cpu_ns", account->migrate_cpu_ns)                                               \
	X("share_ppm", (uint64_t)account->share_ppm)                                               \
	X("withheld", account->withheld)                                                           \
	X("rivals", rivals_mask(account))                                                          \
	X("asleep", account->asleep)                                                               \
	X("asleep_targets", account->asleep_targets)                                               \
	X("tracked", account->tracked)                                                             \
	X("coverage_ppm", (uint64_t)account->coverage_ppm)                                         \
	X("oldest_ns", account->oldest_ns)

/* Who else cleared accessed bits: a bit per enum rival. */
static uint64_t rivals_mask(const struct ledger_account *account)
{
	uint64_t mask = 0;
	unsigned int i;

	for (i = 0; i < RIVALS; i++)
		mask |= (uint64_t)(account->rivals[i] != 0) << i;
	return mask;
}

int manager_open_window_log(struct manager *manager)
{
	const char *path = manager->options->window_log;

	if (!path)
		return 0;
	manager->window_log = fopen(path, "ae");
	if (!manager->window_log) {
		log_error("%s: %s; expected a file that can be appended to", path, strerror(errno));
		return -EIO;
	}
	if (ftell(manager->window_log) == 0) {
#define NAME(name, value) name ","
		static const char header[] = WINDOW_COLUMNS(NAME);
#undef NAME
		fprintf(manager->window_log, "%.*s\n", (int)sizeof(header) - 2, header);
		fflush(manager->window_log);
	}
	return 0;
}

/* TLB flushes by interrupt on the whole machine, as BPF counts them; 0 when it does not. */
static uint64_t flushes_sent(const struct manager *manager)
{
	struct stats_flushes flushes[STATS_FLUSH_REASONS];

	if (bpf_flushes(manager->bpf, flushes) < 0)
		return 0;
	return flushes[STATS_FLUSH_SENT].full + flushes[STATS_FLUSH_SENT].partial;
}

static void write_window(const struct manager *manager, const struct worker_window *window)
{
	const struct ledger_account *account = &window->account;
	uint64_t flushes = flushes_sent(manager);
	const char *comma = "";

#define PRINT(name, value)                                                                         \
	fprintf(manager->window_log, "%s%" PRIu64, comma, (uint64_t)(value));                      \
	comma = ",";
	WINDOW_COLUMNS(PRINT)
#undef PRINT
	fputc('\n', manager->window_log);
	fflush(manager->window_log);
}

void manager_report_window(struct manager *manager, const struct worker_window *window)
{
	const struct ledger_account *account = &window->account;
	const struct journal_window record = {
		.window = window->window,
		.requested = account->requested.pages,
		.promoted = account->promoted.pages,
		.demoted = account->demoted.pages,
		.share_ppm = account->share_ppm,
		.scan_cpu_ns = account->scan_cpu_ns,
		.migrate_cpu_ns = account->migrate_cpu_ns,
	};
	uint64_t now_ns = clock_now_ns();
	char line[512];

	manager->last = *window;
	/* Faults and shootdowns still being added up belong to this window. */
	bpf_drain(manager->bpf);
	if (manager->window_log)
		write_window(manager, window);
	manager_report_limits(manager);
	manager_report_new_rivals(window);
	ledger_describe(&window->account, window->window, line, sizeof(line));
	sd_notifyf(0, "STATUS=%" PRIu64 " targets; %s", window->targets, line);
	if (!manager->options->every_window && manager->last_summary_ns &&
	    now_ns - manager->last_summary_ns < manager->config->log_every_ns)
		return;
	manager->last_summary_ns = now_ns;
	journal_window(manager->journal, &record, line);
}

/* Targets that may end in one log_every with a line each: a busy host must not flood the journal. */
#define TARGET_LINES 10

/* Not for a person at a terminal: who asked for every line gets it. */
static int target_lines_left(struct manager *manager)
{
	uint64_t now_ns = clock_now_ns();

	if (manager->options->every_window)
		return 1;
	if (now_ns - manager->target_lines_ns >= manager->config->log_every_ns) {
		if (manager->target_lines > TARGET_LINES)
			log_info("%u more targets ended without a line",
				 manager->target_lines - TARGET_LINES);
		manager->target_lines_ns = now_ns;
		manager->target_lines = 0;
	}
	return ++manager->target_lines <= TARGET_LINES;
}

void manager_report_target(struct manager *manager, const struct worker_target *target)
{
	const struct ledger_account *account = &target->account;
	const struct journal_target record = {
		.id = target->id,
		.pid = target->tgid,
		.comm = target->comm,
		.requested = account->requested.pages,
		.promoted = account->promoted.pages,
		.demoted = account->demoted.pages,
	};
	char line[256];

	if (!account->requested.pages || !target_lines_left(manager))
		return;
	snprintf(line, sizeof(line),
		 "target %u: %s (pid %u): promoted %" PRIu64 ", demoted %" PRIu64
		 ", not moved %" PRIu64 " of %" PRIu64 " pages",
		 target->id, target->comm, target->tgid, account->promoted.pages,
		 account->demoted.pages,
		 account->requested.pages - account->results[MOVE_MOVED].pages,
		 account->requested.pages);
	journal_target(manager->journal, &record, line);
}

static void report_hooks(const struct manager *manager)
{
	const struct bpf_hook *hooks;
	size_t i, n, on = 0;

	hooks = bpf_report(manager->bpf, &n);
	for (i = 0; i < n; i++) {
		on += hooks[i].enabled;
		if (!hooks[i].enabled)
			log_info("bpf: %s (%s) is off: %s", hooks[i].name, hooks[i].where,
				 hooks[i].reason);
	}
	if (n)
		log_info("bpf: %zu of %zu hooks are on", on, n);
}

/* A line for each; vital ones are told as what keeps the daemon idle. */
static void report_capabilities(void)
{
	uint64_t caps;
	size_t i, n;
	const struct caps_need *need = caps_needed(&n);

	if (caps_read("/proc", &caps) < 0)
		return;
	for (i = 0; i < n; i++) {
		if (caps >> need[i].cap & 1 || need[i].weight == CAPS_VITAL)
			continue;
		if (caps_suffice(caps, &need[i]))
			log_info("%s is missing: without it there would be %s, but CAP_SYS_ADMIN "
				 "does as well",
				 need[i].name, need[i].without);
		else
			log_warning("%s is missing: %s; going on without", need[i].name,
				    need[i].without);
	}
}

void manager_report_start(const struct manager *manager)
{
	char text[512];

	log_info("tiered " TIERED_VERSION ": %s",
		 topology_describe(manager->topology, text, sizeof(text)));
	report_hooks(manager);
	report_capabilities();
	manager_report_rivals();
	if (!manager->worker) {
		log_warning("%s; staying idle", manager->idle_reason);
		sd_notifyf(0, "STATUS=idle: %s", manager->idle_reason);
		return;
	}
	manager_report_worker(manager);
}

void manager_report_worker(const struct manager *manager)
{
	char text[512];

	if (flush_method_here("/proc", text, sizeof(text)) != FLUSH_MOVE)
		log_warning("%s", text);
	log_info("tracker %s, policy %s, cpu_max %.4g%% of a core, %s",
		 manager->worker_config.tracker->name, manager->worker_config.policy->name,
		 manager->worker_config.cpu_max_ppm / 1e4,
		 manager->worker_config.observe ? "observing: nothing is moved" : "managing");
	sd_notify(0, "STATUS=the first window has not ended yet");
}

static void total(const char *name, uint64_t value)
{
	log_info("total %s %" PRIu64, name, value);
}

static void report_account(const struct ledger_account *account)
{
	unsigned int i;

	total("windows", account->windows);
	total("starved_windows", account->starved);
	total("stale_windows", account->stale_targets);
	total("scanned_pages", account->marked_pages);
	total("requested_pages", account->requested.pages);
	for (i = MOVE_MOVED; i < MOVE_RESULTS; i++)
		log_info("total %s_pages %" PRIu64, ledger_result_name(i),
			 account->results[i].pages);
	total("promoted_pages", account->promoted.pages);
	total("demoted_pages", account->demoted.pages);
	total("flush_moves", account->flush_moves);
	total("batches", account->batches);
	total("flush_bound", account->flush_bound);
	total("scan_cpu_ns", account->scan_cpu_ns);
	total("migrate_cpu_ns", account->migrate_cpu_ns);
	total("elapsed_ns", account->elapsed_ns);
	if (!ledger_balanced(account))
		log_error("the books do not balance: classes and requests differ; please report");
}

/* What the kernel was seen doing, whoever asked for it. */
static void report_seen(const struct manager *manager)
{
	struct stats_migrations migrations[SEEN_REASONS];
	struct event_losses losses[EVENT_KINDS];
	struct stats_totals totals;
	uint64_t seen = 0, ours, missed;
	unsigned int i;

	if (bpf_totals(manager->bpf, &totals) < 0 || bpf_losses(manager->bpf, losses) < 0 ||
	    bpf_migrations(manager->bpf, migrations) < 0)
		return;
	for (i = 0; i < SEEN_REASONS; i++)
		seen += migrations[i].succeeded;
	ours = migrations[SEEN_TIERED].succeeded;
	total("faults_seen", totals.faults);
	total("migrations_seen", seen);
	total("migrations_seen_ours", ours);
	total("migrations_seen_others", seen - ours);
	total("flushes_seen", flushes_sent(manager));
	total("target_faults_seen", manager->seen.faults);
	total("target_shootdowns_seen", manager->seen.shootdowns);
	if (bpf_missed(manager->bpf, &missed) == 0)
		total("bpf_runs_missed", missed);
	/* Kinds begin at 1. A record of faults or shootdowns stands for many of them. */
	for (i = 1; i < EVENT_KINDS; i++)
		log_info("total events_%s %" PRIu64 " lost %" PRIu64, events_name(i),
			 manager->events[i],
			 (uint64_t)(losses[i].ring_full + losses[i].rate_capped));
	total("events_malformed", bpf_malformed(manager->bpf));
}

void manager_report_totals(struct manager *manager)
{
	manager_consume(manager);
	report_account(&manager->last.totals);
	report_seen(manager);
}
