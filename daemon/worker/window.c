// SPDX-License-Identifier: GPL-2.0-only
#include "worker/window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bpf/loader.h"
#include "decide/interval.h"
#include "observe/target.h"
#include "observe/targets.h"
#include "observe/topology.h"
#include "util/clock.h"
#include "worker/aside.h"
#include "worker/turns.h"
#include "worker/view.h"

/* No call on a healthy process sleeps for so long; the watchdog has much more patience. */
#define GUARD_PATIENCE_NS NSEC_PER_SEC
/* Length of the first window: long enough to see something, short enough not to keep anyone waiting. */
#define FIRST_INTERVAL_NS NSEC_PER_SEC

static int breathe(void *arg)
{
	struct window *window = arg;

	return window->pause(window->pause_arg, 0);
}

static uint64_t process_cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

int window_open(struct window *window, const struct worker_config *config,
		int (*pause)(void *arg, uint64_t ns), void *pause_arg, const char **ret_what)
{
	const unsigned int part = config->tracker->memory_part;
	const uint64_t tracker_max = part ? config->memory_max / part : 0;
	struct heat_config heat_config = { .memory_max = config->memory_max - tracker_max };
	int ret;

	*window = (struct window){ .config = config, .pause = pause, .pause_arg = pause_arg };
	window->env = (struct tracker_env){
		.topology = config->topology,
		.proc_root = config->proc_root,
		.sys_root = config->sys_root,
		.damon = config->damon,
		.breathe = breathe,
		.breathe_arg = window,
		.due = turns_due,
		.due_arg = window,
		.young = config->young,
		.memory_max = tracker_max,
	};
	window->interval_ns = config->window_ns ? config->window_ns : FIRST_INTERVAL_NS;
	window->booked_ns = clock_now_ns();
	window->booked_cpu_ns = process_cpu_ns();
	doubt_open(&window->doubt, config->rivals);
	budget_init(&window->budget, config->cpu_max_ppm);
	*ret_what = "memory";
	ret = heat_new(&heat_config, &window->heat);
	if (ret == 0)
		ret = guard_new(GUARD_PATIENCE_NS, &window->guard);
	window->roster.guard = window->guard;
	window->roster.cpu_max_ppm = config->cpu_max_ppm;
	if (ret < 0)
		return ret;
	window->policy = calloc(1, config->policy->state_size ? config->policy->state_size : 1);
	if (!window->policy)
		return -ENOMEM;
	ret = trail_open(&window->trail);
	if (ret < 0)
		return ret;
	ret = window_open_moves(window);
	if (ret < 0)
		return ret;
	window_open_shares(window);
	*ret_what = config->tracker->name;
	return config->tracker->start(&window->env, &window->tracker);
}

void window_close(struct window *window)
{
	if (window->config)
		window->config->tracker->stop(window->tracker);
	migrator_free(window->migrator);
	sharers_close(&window->sharers);
	plan_done(&window->plan);
	trail_close(&window->trail);
	heat_free(window->heat);
	free(window->policy);
	roster_done(&window->roster);
	guard_free(window->guard);
}

static void seat_marked(void *arg, struct target *target)
{
	struct window *window = arg;
	struct seat *seat = roster_find(&window->roster, target->id);

	if (seat) {
		seat->marked = 1;
		seat->windows++;
	}
	window->account.marked_targets++;
}

void window_rest(struct window *window)
{
	const struct tracker_ops *tracker = window->config->tracker;

	if (tracker->rest)
		tracker->rest(window->tracker);
}

/* What a step of the tracker took, on this thread since @since_ns and on those of the kernel. */
static void book_step(struct window *window, uint64_t since_ns, const struct tracker_cost *cost)
{
	window->pages_ns += guard_cpu_now_ns(window->guard) - since_ns + cost->helper_cpu_ns;
	window->helper_ns += cost->helper_cpu_ns;
	window->account.scan_calls += cost->calls;
}

static int step_mark(struct window *window)
{
	const struct tracker_ops *tracker = window->config->tracker;
	struct tracker_cost cost = { 0 };
	uint64_t cpu_ns = guard_cpu_now_ns(window->guard), pages;
	int ret;

	/* The window to come pays for itself; what it costs is only known afterwards. */
	pages = budget_pages(&window->budget, window->interval_ns);
	if (!pages) {
		window->account.starved = 1;
		window_rest(window);
		return 0;
	}
	turns_begin(window);
	window->marked_level = window->due.level;
	ret = tracker->mark(window->tracker, pages, &cost);
	if (ret < 0)
		return ret;
	turns_end(window, pages, &cost);
	tracker->marked_targets(window->tracker, seat_marked, window);
	window->marked_ns = clock_now_ns();
	window->whole = cost.pages < pages && !cost.cut;
	window->pages = cost.pages;
	window->account.marked_pages = cost.pages;
	book_step(window, cpu_ns, &cost);
	return 0;
}

static int step_wait(struct window *window)
{
	return window->pause(window->pause_arg, window->interval_ns);
}

static void book_rivals(struct window *window)
{
	const struct rivals_doubt *of = &window->doubt.of;
	unsigned int i;

	for (i = 0; i < RIVALS; i++)
		window->account.rivals[i] = (of->anon | of->file) >> i & 1;
}

/* One that was seen idle: can that be relied upon? */
static void doubt_idle(struct window *window, const struct seat *seat, struct observation *seen)
{
	const uint32_t rivals = doubt_of(&window->doubt, seen);

	if (rivals)
		window->account.withheld += ((uint64_t)seen->more + 1) << seen->order;
	if (rivals || (!seat->flushed && !window->config->observe))
		seen->seen = SEEN_UNKNOWN;
}

/* To heat, "shared" is what cannot be moved through this target. */
static void make_willing(struct observation *seen)
{
	if (seen->flags & OBSERVED_SHARED)
		seen->flags ^= OBSERVED_SHARED | OBSERVED_WILLING;
}

/*
 * A target without a confirmed flush has pages that were accessed through the
 * TLB and look idle: unknown is not cold. Observe mode cannot force a flush
 * and would know nothing; it moves nothing either, so a wrong guess does no
 * harm and its windows are reported as stale.
 */
static void observe_slice(void *arg, const struct observation *observations, size_t n)
{
	struct window *window = arg;
	struct seat *seat = roster_find(&window->roster, observations[0].target);
	struct observation *slice = window->slice;
	size_t i, chunk;
	int sure, shares;

	if (!seat)
		return;
	doubt_glance(&window->doubt);
	sure = (seat->flushed || window->config->observe) && !doubt_any(&window->doubt);
	shares = window_shared(window, seat->target) != TARGET_SHARED_NEVER;
	for (; n; n -= chunk, observations += chunk) {
		chunk = n < WINDOW_SLICE ? n : WINDOW_SLICE;
		memcpy(slice, observations, chunk * sizeof(slice[0]));
		for (i = 0; i < chunk; i++) {
			if (!sure && slice[i].seen == SEEN_IDLE)
				doubt_idle(window, seat, &slice[i]);
			if (shares && !(slice[i].flags & OBSERVED_AGAIN))
				make_willing(&slice[i]);
		}
		heat_observe(window->heat, slice, chunk);
	}
}

static int step_read(struct window *window)
{
	uint64_t cpu_ns = guard_cpu_now_ns(window->guard);
	struct tracker_cost cost = { 0 };
	int ret;

	heat_window(window->heat, window->number);
	coverage_note(&window->coverage, window->number, clock_now_ns());
	if (!window->account.marked_targets) {
		sleepers_read(window);
		return 0;
	}
	doubt_begin(&window->doubt);
	/* Accesses count from the marking on, also while pages are moved. */
	window->seen_ns = clock_now_ns() - window->marked_ns;
	ret = window->config->tracker->read(window->tracker, window->seen_ns, observe_slice, window,
					    &cost);
	if (ret < 0)
		return ret;
	sleepers_read(window);
	doubt_end(&window->doubt);
	book_rivals(window);
	window->account.read_pages = cost.pages;
	book_step(window, cpu_ns, &cost);
	return 0;
}

static int step_decide(struct window *window)
{
	struct view view;
	int ret;

	plan_clear(&window->plan);
	/* One that a pause cut short says nothing about how long windows are. */
	window->decided_ns = window->seen_ns > window->interval_ns ? window->seen_ns
								   : window->interval_ns;
	ret = view_take(window, &view);
	if (ret < 0)
		return ret == -EAGAIN ? 0 : ret;
	ret = window->config->policy->decide(window->policy, &view.snapshot, &window->plan);
	view_done(&view);
	return ret < 0 ? ret : plan_seal(&window->plan);
}

/* As the conf says, but not so short that deciding takes all of cpu_max. */
static uint64_t shortest_ns(const struct window *window)
{
	const struct worker_config *config = window->config;
	uint64_t least_ns = budget_least_ns(&window->budget);

	if (least_ns < config->window_min_ns)
		return config->window_min_ns;
	return least_ns < config->window_max_ns ? least_ns : config->window_max_ns;
}

/* What was seen, and how long the next window should be for it. */
static void step_adapt(struct window *window)
{
	const struct worker_config *config = window->config;
	struct heat_stats stats;
	uint64_t accessed, min_ns;

	heat_stats(window->heat, &stats);
	window->account.observed = stats.observed;
	window->account.accessed = stats.accessed;
	window->account.unknown = stats.unknown;
	window->account.asleep = stats.asleep;
	coverage_book(&window->coverage, window->number, clock_now_ns(), &stats, &window->account);
	window->account.share_ppm = heat_share_ppm(window->heat, view_fast_nodes(window));
	if (config->window_ns)
		return;
	min_ns = shortest_ns(window);
	if (window->account.starved)
		window->interval_ns =
			interval_longer(window->interval_ns, min_ns, config->window_max_ns);
	if (heat_accessed(&stats, &accessed) < 0)
		return;
	window->interval_ns = interval_next(window->interval_ns, accessed, view_fast_pages(window),
					    stats.tracked, min_ns, config->window_max_ns);
}

/* The six steps, and what of it can be seen from outside. */
static const struct {
	const char *name;
	enum bpf_step seen;
	int (*run)(struct window *window);
} steps[] = {
	{ "mark", BPF_STEP_SCAN, step_mark },     { "migrate", BPF_STEP_MOVE, window_migrate },
	{ "flush", BPF_STEP_MOVE, window_flush }, { "wait", BPF_STEP_WAIT, step_wait },
	{ "read", BPF_STEP_SCAN, step_read },     { "decide", BPF_STEP_DECIDE, step_decide },
};

/* Errors of the kernel about one process never come up here. */
static int run_steps(struct window *window, const char **ret_what)
{
	size_t i;
	int ret = 0;

	for (i = 0; i < sizeof(steps) / sizeof(steps[0]) && ret >= 0; i++) {
		*ret_what = steps[i].name;
		bpf_set_step(window->config->bpf, steps[i].seen);
		ret = steps[i].run(window);
	}
	bpf_set_step(window->config->bpf, BPF_STEP_NONE);
	return ret;
}

/*
 * Books all CPU time of this process since the last booking but that of
 * migration: also what was spent between windows, and by the main thread.
 */
static void book(struct window *window)
{
	uint64_t now_ns = clock_now_ns(), now_cpu_ns = process_cpu_ns();
	uint64_t elapsed_ns = now_ns - window->booked_ns;
	uint64_t cpu_ns = now_cpu_ns - window->booked_cpu_ns + window->helper_ns;

	window->booked_ns = now_ns;
	window->booked_cpu_ns = now_cpu_ns;
	window->helper_ns = 0;
	cpu_ns -= window->account.migrate_cpu_ns < cpu_ns ? window->account.migrate_cpu_ns : cpu_ns;
	window->account.scan_cpu_ns = cpu_ns;
	window->account.elapsed_ns = elapsed_ns;
	budget_book(&window->budget, elapsed_ns, cpu_ns, window->pages_ns, window->pages);
	ledger_add(&window->totals, &window->account);
}

void window_rested(struct window *window)
{
	window->account = (struct ledger_account){ .windows = 0 };
	window->pages = 0;
	window->pages_ns = 0;
	book(window);
}

int window_run(struct window *window, const char **ret_what)
{
	int ret;

	window->number++;
	window->account = (struct ledger_account){ .windows = 1 };
	window->pages = 0;
	window->pages_ns = 0;
	window->seen_ns = 0;
	window->whole = 0;
	ret = run_steps(window, ret_what);
	if (ret == 0) {
		step_adapt(window);
		window_choose_homes(window);
		aside_judge(&window->roster, clock_now_ns());
		window->ended = window->number;
	}
	book(window);
	return ret;
}
