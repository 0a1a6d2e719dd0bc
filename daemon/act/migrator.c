// SPDX-License-Identifier: GPL-2.0-only
#include "act/migrator.h"

#include <errno.h>
#include <stdlib.h>

#include "act/call.h"
#include "observe/target.h"
#include "util/clock.h"
#include "util/guard.h"

/* Flushes come in batches of this size (NR_MAX_BATCHED_MIGRATION): calls are multiples of it. */
#define FOLIOS_PER_FLUSH 512
/* Base pages a call may move: large folios gain nothing from company (one flush each). */
#define CALL_PAGES_MAX 4096
/* A call should hold the thread, and the pages, no longer than this. */
#define CALL_NS_MAX (10 * NSEC_PER_MSEC)

struct migrator {
	struct migrator_env env;
	uint64_t ns_per_folio; /* running mean, bounds the size of a call */
	struct call call;
};

int migrator_new(const struct migrator_env *env, struct migrator **ret)
{
	struct migrator *migrator = calloc(1, sizeof(*migrator));

	if (!migrator)
		return -ENOMEM;
	migrator->env = *env;
	call_init(&migrator->call, env->move_pages);
	if (!migrator->env.alive)
		migrator->env.alive = target_alive;
	*ret = migrator;
	return 0;
}

void migrator_free(struct migrator *migrator)
{
	free(migrator);
}

static uint64_t folio_pages(const struct move *move)
{
	return UINT64_C(1) << move->order;
}

/* Moves @n folios of one target to one node, with retries, and adds to @call. */
static void move_folios(struct migrator *migrator, struct target *target, struct move *moves,
			size_t n, struct migrator_call *call)
{
	struct call_cost cost = { 0 };

	migrator->call.client = target->calls;
	migrator->call.alive = migrator->env.alive;
	migrator->call.target = target;
	call_run(&migrator->call, (int)target->key.tgid, moves, n, &cost);
	call->calls += cost.calls;
	call->flush_bound += cost.flush_bound;
}

/* CPU time of this thread, and of those that make its calls. */
static uint64_t cpu_now_ns(const struct target *target)
{
	return guard_cpu_now_ns(target->calls ? target->calls->guard : NULL);
}

static void void_moves(struct move *moves, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		call_settle(&moves[i], MOVE_VOID, -1);
}

static void count_moved(const struct move *moves, size_t n, struct migrator_call *call)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (moves[i].result != MOVE_MOVED && moves[i].result != MOVE_ELSEWHERE)
			continue;
		call->pages += folio_pages(&moves[i]);
		if (moves[i].from < TIERED_NODES_MAX)
			call->left[moves[i].from] += folio_pages(&moves[i]);
		if (moves[i].order)
			call->large++;
		else
			call->small++;
	}
}

/* Runs one call between two looks at the identity of its process. */
static void run_call(struct migrator *migrator, struct target *target, struct move *moves, size_t n)
{
	struct migrator_call call = { .target = target, .to = moves[0].to };
	uint64_t start_ns = cpu_now_ns(target);

	/* First what may take its time: nothing may come between the look and the call. */
	migrator->call.shared = 0;
	if (migrator->env.admit)
		migrator->call.shared = migrator->env.admit(migrator->env.arg, target, moves, n);
	if (!migrator->env.alive(target)) {
		void_moves(moves, n);
		return;
	}
	migrator->env.victim(migrator->env.arg, target);
	move_folios(migrator, target, moves, n, &call);
	migrator->env.victim(migrator->env.arg, NULL);
	if (!migrator->env.alive(target))
		void_moves(moves, n);
	call.cpu_ns = cpu_now_ns(target) - start_ns;
	count_moved(moves, n, &call);
	migrator->ns_per_folio = (migrator->ns_per_folio * 3 + call.cpu_ns / n) / 4;
	migrator->env.done(migrator->env.arg, &call);
}

/* How many folios the next call takes: whole flush batches within the time limit of a call. */
static size_t call_size(const struct migrator *migrator)
{
	uint64_t folios = FOLIOS_PER_FLUSH;

	if (migrator->ns_per_folio)
		folios = CALL_NS_MAX / migrator->ns_per_folio / FOLIOS_PER_FLUSH * FOLIOS_PER_FLUSH;
	if (folios < FOLIOS_PER_FLUSH)
		return FOLIOS_PER_FLUSH;
	return folios > CALL_FOLIOS_MAX ? CALL_FOLIOS_MAX : (size_t)folios;
}

/* How many of @n folios the next call takes that fit into @room pages, and their bytes. */
static size_t fit(const struct migrator *migrator, const struct move *moves, size_t n,
		  uint64_t room, uint64_t *ret_bytes)
{
	uint64_t pages = 0;
	size_t i;

	if (n > call_size(migrator))
		n = call_size(migrator);
	if (room > CALL_PAGES_MAX)
		room = CALL_PAGES_MAX;
	for (i = 0; i < n && pages + folio_pages(&moves[i]) <= room; i++)
		pages += folio_pages(&moves[i]);
	*ret_bytes = pages << TIERED_PAGE_SHIFT;
	return i;
}

static void refuse_moves(struct move *moves, size_t n, enum move_result result)
{
	size_t i;

	for (i = 0; i < n; i++)
		call_settle(&moves[i], result, -1);
}

static int run_batch(struct migrator *migrator, struct plan *plan, const struct batch *batch)
{
	struct target *target = migrator->env.target(migrator->env.arg, batch->target);
	struct move *moves = plan->moves + batch->first;
	size_t left = batch->count;
	int ret;

	if (!target) {
		void_moves(moves, left);
		return 0;
	}
	while (left) {
		uint64_t bytes, delay_ns, room = migrator->env.room(migrator->env.arg, batch->to);
		size_t n = fit(migrator, moves, left, room, &bytes);

		if (!n) {
			/* Never fill a node beyond its reserve; a smaller folio may still fit. */
			n = room ? 1 : left;
			refuse_moves(moves, n, MOVE_NO_MEMORY);
			moves += n;
			left -= n;
			continue;
		}
		delay_ns = migrator->env.pace(migrator->env.arg, bytes);
		ret = migrator->env.wait(migrator->env.arg, delay_ns);
		if (ret)
			return ret;
		/* Whoever waited asks again: others may have filled the node meanwhile. */
		if (delay_ns)
			room = migrator->env.room(migrator->env.arg, batch->to);
		n = fit(migrator, moves, n, room, &bytes);
		if (!n)
			continue;
		run_call(migrator, target, moves, n);
		moves += n;
		left -= n;
	}
	return 0;
}

int migrator_run(struct migrator *migrator, struct plan *plan)
{
	size_t i;
	int ret;

	for (i = 0; i < plan->n_batches; i++) {
		ret = run_batch(migrator, plan, &plan->batches[i]);
		if (ret < 0)
			return ret;
	}
	return 0;
}

int migrator_move_page(struct migrator *migrator, struct target *target, uint64_t address,
		       uint8_t node)
{
	struct move move = { .address = address, .to = node, .reason = MOVE_FLUSH };

	run_call(migrator, target, &move, 1);
	switch (move.result) {
	case MOVE_MOVED:
		return 0;
	case MOVE_VOID:
		return -ESRCH;
	default:
		return -EBUSY;
	}
}
