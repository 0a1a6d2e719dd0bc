// SPDX-License-Identifier: GPL-2.0-only
/* moves.c - the step of a window that migrates. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bpf/loader.h"
#include "bpf/scheduler.h"
#include "bpf/stats.h"
#include "observe/target.h"
#include "observe/topology.h"
#include "util/clock.h"
#include "util/log.h"
#include "worker/window.h"

/* A burst longer than this would be felt by whoever shares the memory bus. */
#define BURST_NS (100 * NSEC_PER_MSEC)
/* A first guess of the time one page takes, on the high side: 2 to 3 us on real hardware. */
#define FIRST_NS_PER_MOVE (20 * NSEC_PER_USEC)

/* Who was set aside since the plan was made is as good as gone. */
static struct target *target_of(void *arg, uint32_t id)
{
	struct window *window = arg;
	struct seat *seat = roster_find(&window->roster, id);

	return seat && seat->backoff.why == BACKOFF_NONE ? seat->target : NULL;
}

/* Moves of a plan that --verbose tells one by one. */
#define TOLD_MOVES 8
/* With room for so many calls to come, it need not be known to the page. */
#define ROOM_PLENTY_PAGES (UINT64_C(8) * 4096)

/* Free memory above the reserves; nothing is moved when that cannot be found out. */
void window_measure_room(struct window *window)
{
	const struct worker_config *config = window->config;
	uint64_t free_pages[TIERED_NODES_MAX] = { 0 };
	const struct topology_node *nodes;
	uint64_t leaving;
	size_t i, n;

	nodes = topology_nodes(config->topology, &n);
	memset(window->room, 0, sizeof(window->room));
	memset(window->flush_room, 0, sizeof(window->flush_room));
	if (topology_free_now(config->topology, window->freed, free_pages, &leaving) < 0)
		return;
	for (i = 0; i < n; i++) {
		if (leaving >> nodes[i].id & 1)
			continue;
		if (free_pages[i] > config->reserve_pages[i])
			window->room[nodes[i].id] = free_pages[i] - config->reserve_pages[i];
		if (free_pages[i] > nodes[i].high_pages)
			window->flush_room[nodes[i].id] = free_pages[i] - nodes[i].high_pages;
	}
}

/* Is there so much room that a glance will do? Somebody else may have taken it a moment ago. */
static int room_is_plenty(struct window *window, uint8_t node)
{
	const struct worker_config *config = window->config;
	const struct topology_node *nodes;
	uint64_t free_pages;
	size_t i, n;

	if (window->room[node] < ROOM_PLENTY_PAGES)
		return 0;
	nodes = topology_nodes(config->topology, &n);
	for (i = 0; i < n && nodes[i].id != node; i++)
		;
	free_pages = topology_free_least(config->topology, node);
	return i < n && free_pages >= config->reserve_pages[i] + ROOM_PLENTY_PAGES;
}

/* Pages that @node may take before it comes to its reserve. */
static uint64_t room_of(void *arg, uint8_t node)
{
	struct window *window = arg;

	if (node >= TIERED_NODES_MAX)
		return 0;
	if (!room_is_plenty(window, node))
		window_measure_room(window);
	return window->room[node];
}

/*
 * Migration may take as long as the window watches, no longer: what is left
 * then is decided anew, on fresher knowledge.
 */
static int wait_for(void *arg, uint64_t ns)
{
	struct window *window = arg;

	int ret;

	if (window->hold || clock_now_ns() + ns > window->migrate_until_ns)
		return -ETIME;
	ret = window->pause(window->pause_arg, ns);
	return ret == 0 && window->hold ? -ETIME : ret;
}

static uint64_t pace(void *arg, uint64_t bytes)
{
	struct window *window = arg;

	return pacer_delay_ns(&window->pacer, clock_now_ns(), bytes);
}

static void announce_victim(void *arg, const struct target *target)
{
	struct window *window = arg;

	/* The thread that moves them is the guard's, and not always the same. */
	if (target && target->calls && target->calls->guard)
		bpf_set_worker(window->config->bpf, guard_tid(window->guard));
	bpf_set_victim(window->config->bpf, target ? target->key.tgid : 0);
	scheduler_narrow(window->config->narrow, target ? target->key.tgid : 0);
	if (target && window_flush_seen(window, &window->flush_before) < 0)
		window->flush_before = (struct flush_seen){ 0 };
}

/* A batch that did move base pages has flushed the TLBs of its victim on the way. */
static void batch_done(void *arg, const struct migrator_call *call)
{
	struct window *window = arg;
	struct seat *seat = roster_find(&window->roster, call->target->id);
	struct flush_seen after = { 0 };

	unsigned int node;

	pacer_take(&window->pacer, clock_now_ns(), call->pages << TIERED_PAGE_SHIFT);
	for (node = 0; node < TIERED_NODES_MAX; node++)
		window->freed[node] += call->left[node];
	window->freed[call->to] -= call->pages < window->freed[call->to] ? call->pages
									 : window->freed[call->to];
	window->room[call->to] -= call->pages < window->room[call->to] ? call->pages
								       : window->room[call->to];
	window->account.batches += call->calls;
	window->account.flush_bound += call->flush_bound;
	window->account.migrate_cpu_ns += call->cpu_ns;
	/* What was not seen is what was seen before. */
	if (window_flush_seen(window, &after) < 0)
		after = window->flush_before;
	if (seat && seat->flushed != FLUSH_DONE)
		window_take_flush(
			window, seat,
			flush_confirmed(window->flush, &window->flush_before, &after, call->small));
}

void window_open_pacer(struct window *window)
{
	uint64_t rate = window->config->rate;

	pacer_init(&window->pacer, rate, rate / (NSEC_PER_SEC / BURST_NS), clock_now_ns());
}

int window_open_moves(struct window *window)
{
	const struct worker_config *config = window->config;
	struct migrator_env env = {
		.target = target_of,
		.room = room_of,
		.wait = wait_for,
		.pace = pace,
		.admit = window_admit,
		.victim = announce_victim,
		.done = batch_done,
		.arg = window,
	};

	window_open_pacer(window);
	window->ns_per_move = FIRST_NS_PER_MOVE;
	window->flush = flush_method_here(config->proc_root, NULL, 0);
	window->defers = window_kernel_defers(config->proc_root);
	return migrator_new(&env, &window->migrator);
}

static uint64_t moved_folios(const struct seat *seat)
{
	const struct ledger_sum *results = seat->account.results;

	return results[MOVE_MOVED].folios + results[MOVE_ELSEWHERE].folios;
}

static void book_batch(struct seat *seat, const struct move *moves, size_t n)
{
	uint64_t before = moved_folios(seat);

	ledger_moves(&seat->account, moves, n);
	if (moved_folios(seat) != before)
		seat->moved_ns = clock_now_ns();
}

/* The same for each target; a batch is of one. */
static void book_targets(struct window *window)
{
	size_t i;

	for (i = 0; i < window->plan.n_batches; i++) {
		const struct batch *batch = &window->plan.batches[i];
		struct seat *seat = roster_find(&window->roster, batch->target);

		if (seat)
			book_batch(seat, window->plan.moves + batch->first, batch->count);
	}
}

/* How long a page takes to move, all waiting included. */
static void learn_speed(struct window *window, uint64_t elapsed_ns)
{
	uint64_t pages = window->account.results[MOVE_MOVED].pages;

	if (pages >= 512)
		window->ns_per_move = (window->ns_per_move + elapsed_ns / pages) / 2;
}

uint64_t window_move_pages(const struct window *window)
{
	uint64_t by_rate = pacer_earns(&window->pacer, window->interval_ns) >> TIERED_PAGE_SHIFT;
	uint64_t by_speed = window->interval_ns / window->ns_per_move;

	return by_rate < by_speed ? by_rate : by_speed;
}

/* With --verbose: the first moves of each plan, each with its reason and its numbers. */
static void tell_moves(const struct window *window)
{
	const struct plan *plan = &window->plan;
	size_t i;

	for (i = 0; i < plan->n_moves && i < TOLD_MOVES; i++) {
		const struct move *move = &plan->moves[i];

		log_debug("%s target %" PRIu32 " 0x%" PRIx64 " order %u node %u to %u: %s, "
			  "rate 2^%.1f/s against 2^%.1f/s",
			  window->config->observe ? "would move" : "move", move->target,
			  move->address, move->order, move->from, move->to,
			  ledger_reason_name(move->reason), move->rate / 256.0, move->bar / 256.0);
	}
}

/* Block by block, as batches ascend. A larger folio may have been split on the way. */
static void tell_tracker(struct window *window)
{
	const struct tracker_ops *tracker = window->config->tracker;
	const uint64_t block_bytes = UINT64_C(512) << TIERED_PAGE_SHIFT;
	const uint64_t cpu_ns = guard_cpu_now_ns(window->guard);
	const struct plan *plan = &window->plan;
	size_t i;

	for (i = 0; tracker->moved && i < plan->n_moves;) {
		const uint32_t target = plan->moves[i].target;
		const uint64_t base = plan->moves[i].address & ~(block_bytes - 1);
		uint64_t pages[8] = { 0 };
		int some = 0;

		for (; i < plan->n_moves && plan->moves[i].target == target &&
		       plan->moves[i].address - base < block_bytes;
		     i++) {
			const struct move *move = &plan->moves[i];
			const uint64_t page = (move->address - base) >> TIERED_PAGE_SHIFT;

			if (move->result != MOVE_MOVED || move->order)
				continue;
			pages[page / 64] |= UINT64_C(1) << page % 64;
			some = 1;
		}
		if (some)
			tracker->moved(window->tracker, target, base, pages);
	}
	window->pages_ns += guard_cpu_now_ns(window->guard) - cpu_ns;
}

int window_migrate(struct window *window)
{
	uint64_t start_ns;
	int ret;

	ledger_plan(&window->account, window->plan.moves, window->plan.n_moves);
	tell_moves(window);
	if (window->config->observe) {
		plan_clear(&window->plan);
		return 0;
	}
	start_ns = clock_now_ns();
	memset(window->freed, 0, sizeof(window->freed));
	window->migrate_until_ns = start_ns + window->interval_ns;
	ret = migrator_run(window->migrator, &window->plan);
	tell_tracker(window);
	heat_settle(window->heat, window->plan.moves, window->plan.n_moves);
	ledger_moves(&window->account, window->plan.moves, window->plan.n_moves);
	book_targets(window);
	trail_add(&window->trail, window->number, window->plan.moves, window->plan.n_moves);
	plan_clear(&window->plan);
	learn_speed(window, clock_now_ns() - start_ns);
	return ret == -ETIME ? 0 : ret;
}
