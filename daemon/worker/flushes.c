// SPDX-License-Identifier: GPL-2.0-only
/* flushes.c - the step of a window that makes sure that its marks can be seen. */
#include "bpf/stats.h"
#include "observe/target.h"
#include "observe/topology.h"
#include "observe/vmstat.h"
#include "util/clock.h"
#include "worker/window.h"

/* A look at /proc/vmstat costs 40 us, on the companion kernel only. */
#define DRAIN_LOOK_NS (10 * NSEC_PER_MSEC)

/* What the companion kernel puts off is in no tracepoint of ours, but in its counters. */
static int deferred_seen(const struct window *window, struct flush_seen *ret)
{
	struct vmstat vmstat;
	int error;

	if (!window->defers)
		return 0;
	error = vmstat_read(window->config->proc_root, &vmstat);
	if (error < 0)
		return error;
	ret->deferred = vmstat.value[VMSTAT_DEFER_FOLIOS];
	ret->drained = vmstat.value[VMSTAT_DEFER_DRAINED];
	return 0;
}

int window_flush_seen(void *arg, struct flush_seen *ret)
{
	struct window *window = arg;
	struct flush_seen seen = { 0 };
	int error = bpf_flush_seen(window->config->bpf, &seen);

	/* Where BPF counts nothing, the kernel's own word still says what is to come. */
	if (error < 0 && !window->defers)
		return error;
	error = deferred_seen(window, &seen);
	if (error == 0)
		*ret = seen;
	return error;
}

int window_kernel_defers(const char *proc_root)
{
	struct vmstat vmstat;

	return vmstat_read(proc_root, &vmstat) == 0 &&
	       (vmstat.present >> VMSTAT_DEFER_FOLIOS & 1) &&
	       (vmstat.present >> VMSTAT_DEFER_DRAINED & 1);
}

/* Of several that are to come, the last one is waited for. */
void window_take_flush(struct window *window, struct seat *seat, enum flush_state state)
{
	if (state == FLUSH_NONE)
		return;
	if (state == FLUSH_DEFERRED) {
		/* Without counters nobody could tell when it has come. */
		if (window_flush_seen(window, &window->deferred) < 0)
			return;
		window->deferred_ns = clock_now_ns();
	}
	seat->flushed = (uint8_t)state;
}

static int move_for_flush(void *arg, struct target *target, uint64_t address, uint8_t node)
{
	struct window *window = arg;
	int ret = migrator_move_page(window->migrator, target, address, node);

	if (ret == 0)
		window->account.flush_moves++;
	return ret;
}

/*
 * The node with most room that the target may use, other than @node. One page
 * may go into the headroom, but not below the watermark.
 */
static uint8_t other_node(void *arg, const struct target *target, uint8_t node)
{
	const struct window *window = arg;
	const struct topology_node *nodes;
	uint64_t best_room = 0;
	uint8_t best = TIERED_NODE_NONE;
	size_t i, n;

	nodes = topology_nodes(window->config->topology, &n);
	for (i = 0; i < n; i++) {
		uint64_t room = window->flush_room[nodes[i].id];

		if (nodes[i].id == node || !(target->allowed_nodes & (UINT64_C(1) << nodes[i].id)))
			continue;
		if (room > best_room) {
			best_room = room;
			best = (uint8_t)nodes[i].id;
		}
	}
	return best;
}

/* The flushes that were to come have not: the marks of these targets say nothing. */
static void give_up_deferred(struct window *window)
{
	size_t i;

	for (i = 0; i < window->roster.count; i++) {
		struct seat *seat = &window->roster.seats[i];

		if (seat->flushed != FLUSH_DEFERRED)
			continue;
		seat->flushed = FLUSH_NONE;
		window->account.stale_targets += seat->marked;
	}
}

/* Waits until the kernel has sent what it put off for the moves of this window. */
static int await_drain(struct window *window)
{
	struct flush_seen now = { 0 };
	enum flush_drain state = FLUSH_DRAIN_WAIT;
	int ret = 0;

	if (!window->deferred_ns)
		return 0;
	while (state == FLUSH_DRAIN_WAIT && ret == 0 && !window->hold) {
		ret = window->pause(window->pause_arg, DRAIN_LOOK_NS);
		if (window_flush_seen(window, &now) == 0)
			state = flush_drained(&window->deferred, &now,
					      clock_now_ns() - window->deferred_ns);
		else
			state = FLUSH_DRAIN_LATE;
	}
	if (state != FLUSH_DRAINED)
		give_up_deferred(window);
	window->deferred_ns = 0;
	return ret;
}

int window_flush(struct window *window)
{
	const struct flush_ops ops = {
		.move_page = move_for_flush,
		.seen = window_flush_seen,
		.other_node = other_node,
		.proc_root = window->config->proc_root,
		.arg = window,
	};
	size_t i;
	int ret;

	window_measure_room(window);
	for (i = 0; i < window->roster.count; i++) {
		struct seat *seat = &window->roster.seats[i];

		if (!seat->marked || seat->flushed || target_blocked(seat->target))
			continue;
		ret = window->pause(window->pause_arg, 0);
		if (ret < 0)
			return ret;
		if (!window->config->observe) {
			ret = flush_force(&ops, window->flush, window->config->topology,
					  seat->target);
			window_take_flush(window, seat,
					  ret > 0 ? (enum flush_state)ret : FLUSH_NONE);
		}
		if (!seat->flushed)
			window->account.stale_targets++;
	}
	return await_drain(window);
}
