// SPDX-License-Identifier: GPL-2.0-only
#include "act/migrator.h"

#include <errno.h>
#include <limits.h>
#include <numaif.h>
#include <stdlib.h>
#include <string.h>

#include "observe/target.h"
#include "util/clock.h"

/* The kernel batches this many small folios per flush (NR_MAX_BATCHED_MIGRATION). */
#define FOLIOS_PER_FLUSH 512
/*
 * Folios per call: beyond 4096 nothing is gained (FACTS: 6.7 x, 6.8 x, 6.9 x
 * the rate of single pages at 512, 4096 and 32768).
 */
#define FOLIOS_PER_CALL_MAX 4096
/* Bytes a call may move at once: large folios gain nothing from company (one flush each). */
#define CALL_PAGES_MAX 4096
/* A call should hold the thread, and the pages, no longer than this. */
#define CALL_NS_MAX (10 * NSEC_PER_MSEC)
/* One landing in this many is looked up again after the kernel said it moved. */
#define VERIFY_EVERY 64
/* No kernel status has this value: it says that the kernel did not write one. */
#define STATUS_OPEN INT_MIN

struct migrator {
	struct migrator_env env;
	uint64_t ns_per_folio; /* running mean, bounds the size of a call */
	/* One entry per folio of the call: */
	void *pages[FOLIOS_PER_CALL_MAX];
	int nodes[FOLIOS_PER_CALL_MAX];
	int status[FOLIOS_PER_CALL_MAX];
	struct move *moves[FOLIOS_PER_CALL_MAX];
};

int migrator_new(const struct migrator_env *env, struct migrator **ret)
{
	struct migrator *migrator = calloc(1, sizeof(*migrator));

	if (!migrator)
		return -ENOMEM;
	migrator->env = *env;
	if (!migrator->env.move_pages)
		migrator->env.move_pages = move_pages;
	if (!migrator->env.alive)
		migrator->env.alive = target_alive;
	*ret = migrator;
	return 0;
}

void migrator_free(struct migrator *migrator)
{
	free(migrator);
}

enum move_result migrator_classify(int status, int to)
{
	if (status >= 0)
		return status == to ? MOVE_MOVED : MOVE_ELSEWHERE;
	switch (-status) {
	case EBUSY:
	case EAGAIN:
		return MOVE_BUSY;
	case EACCES:
		return MOVE_SHARED;
	case ENOENT:
	case EFAULT:
		return MOVE_GONE;
	case ENOMEM:
		return MOVE_NO_MEMORY;
	case EPERM:
	case ENODEV:
		return MOVE_NOT_ALLOWED;
	case ESRCH:
		return MOVE_VOID;
	default:
		return MOVE_FAILED;
	}
}

static uint64_t folio_pages(const struct move *move)
{
	return UINT64_C(1) << move->order;
}

/* Puts a folio into place @i of the call. */
static void keep(struct migrator *migrator, size_t i, struct move *move)
{
	migrator->moves[i] = move;
	migrator->nodes[i] = move->to;
	migrator->pages[i] = (void *)(uintptr_t)move->address;
}

/* Where the first @n pages of the call are now; -errno of the whole call. */
static int ask(struct migrator *migrator, int pid, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		migrator->status[i] = STATUS_OPEN;
	if (migrator->env.move_pages(pid, n, migrator->pages, NULL, migrator->status, 0) < 0)
		return -errno;
	return 0;
}

/* A failed call says one thing about all folios whose status it did not write. */
static enum move_result classify_call(int error)
{
	if (error == EACCES || error == EPERM || error == ENODEV)
		return MOVE_NOT_ALLOWED;
	return migrator_classify(-error, TIERED_NODE_NONE);
}

static void settle(struct move *move, enum move_result result, int landed)
{
	move->result = (uint8_t)result;
	move->landed = landed >= 0 ? (uint8_t)landed : TIERED_NODE_NONE;
}

/* The kernel says "moved": believe it, but look at some of them. */
static void verify_sample(struct migrator *migrator, int pid, size_t n)
{
	size_t i, sampled = 0;

	for (i = 0; i < n; i++) {
		if (migrator->moves[i]->result != MOVE_MOVED || i % VERIFY_EVERY)
			continue;
		keep(migrator, sampled++, migrator->moves[i]);
	}
	if (!sampled || ask(migrator, pid, sampled) < 0)
		return;
	for (i = 0; i < sampled; i++) {
		struct move *move = migrator->moves[i];

		/* A page that was unmapped or swapped since is no proof of anything. */
		if (migrator->status[i] >= 0)
			settle(move, migrator_classify(migrator->status[i], move->to),
			       migrator->status[i]);
	}
}

/*
 * Takes out what need not or cannot move: pages that are on their node or gone
 * would end the kernel's batch early, and would be counted as moved.
 * Returns how many folios are left at the front of the arrays.
 */
static size_t filter(struct migrator *migrator, int pid, size_t n)
{
	size_t i, left = 0;

	if (ask(migrator, pid, n) < 0)
		return n;
	for (i = 0; i < n; i++) {
		struct move *move = migrator->moves[i];
		int status = migrator->status[i];

		if (status == move->to) {
			settle(move, MOVE_ALREADY, status);
			continue;
		}
		if (status == -ENOENT || status == -EFAULT) {
			settle(move, MOVE_GONE, -1);
			continue;
		}
		keep(migrator, left++, move);
	}
	return left;
}

/*
 * One move_pages() over the first @n folios. Settles those whose fate the
 * kernel tells, and leaves the others at the front of the arrays.
 * Returns how many are left to be tried again.
 */
static size_t move_once(struct migrator *migrator, int pid, size_t n, enum move_result *ret_class)
{
	size_t i, open = 0;
	long ret;

	for (i = 0; i < n; i++)
		migrator->status[i] = STATUS_OPEN;
	ret = migrator->env.move_pages(pid, n, migrator->pages, migrator->nodes, migrator->status,
				       MPOL_MF_MOVE);
	*ret_class = ret < 0 ? classify_call(errno) : MOVE_BUSY;
	for (i = 0; i < n; i++) {
		struct move *move = migrator->moves[i];
		int status = migrator->status[i];

		if (status != STATUS_OPEN)
			settle(move, migrator_classify(status, move->to), status);
		if (status != STATUS_OPEN && move->result != MOVE_BUSY)
			continue;
		keep(migrator, open++, move);
	}
	return open;
}

/*
 * Folios with an open status: those that arrived all the same (a call can fail
 * half-way) are settled as moved, the others as @class, and are left.
 */
static size_t drop_arrived(struct migrator *migrator, int pid, size_t n, enum move_result class)
{
	size_t i, left = 0;
	int asked;

	if (!n)
		return 0;
	asked = ask(migrator, pid, n);
	if (asked < 0)
		class = classify_call(-asked);
	for (i = 0; i < n; i++) {
		struct move *move = migrator->moves[i];
		int status = migrator->status[i];

		if (status == move->to || (status < 0 && status != STATUS_OPEN)) {
			settle(move, migrator_classify(status, move->to), status);
			continue;
		}
		settle(move, class, status >= 0 ? status : -1);
		keep(migrator, left++, move);
	}
	return left;
}

static void load_call(struct migrator *migrator, struct move *moves, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		keep(migrator, i, &moves[i]);
}

static uint64_t flush_bound(struct move *const *moves, size_t n)
{
	uint64_t small = 0, large = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		if (moves[i]->order)
			large++;
		else
			small++;
	}
	return (small + FOLIOS_PER_FLUSH - 1) / FOLIOS_PER_FLUSH + large;
}

/* Moves @n folios of one target to one node, with retries, and adds to @call. */
static void move_folios(struct migrator *migrator, struct target *target, struct move *moves,
			size_t n, struct migrator_call *call)
{
	uint64_t start_ns = clock_thread_cpu_ns();
	int pid = (int)target->key.tgid;
	enum move_result class = MOVE_BUSY;
	size_t i, left;
	int try;

	load_call(migrator, moves, n);
	left = filter(migrator, pid, n);
	for (try = 0; left && class == MOVE_BUSY && try < MIGRATOR_TRIES; try++) {
		call->calls++;
		call->flush_bound += flush_bound(migrator->moves, left);
		left = move_once(migrator, pid, left, &class);
		left = drop_arrived(migrator, pid, left, class);
	}
	for (i = 0; i < left && class == MOVE_BUSY; i++)
		migrator->moves[i]->result = MOVE_PINNED;
	load_call(migrator, moves, n);
	verify_sample(migrator, pid, n);
	call->cpu_ns += clock_thread_cpu_ns() - start_ns;
}

static void void_moves(struct move *moves, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		settle(&moves[i], MOVE_VOID, -1);
}

static void count_moved(const struct move *moves, size_t n, struct migrator_call *call)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (moves[i].result != MOVE_MOVED && moves[i].result != MOVE_ELSEWHERE)
			continue;
		call->pages += folio_pages(&moves[i]);
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

	if (!migrator->env.alive(target)) {
		void_moves(moves, n);
		return;
	}
	migrator->env.victim(migrator->env.arg, target);
	move_folios(migrator, target, moves, n, &call);
	migrator->env.victim(migrator->env.arg, NULL);
	if (!migrator->env.alive(target))
		void_moves(moves, n);
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
	return folios > FOLIOS_PER_CALL_MAX ? FOLIOS_PER_CALL_MAX : (size_t)folios;
}

/*
 * How many of @n folios fit into @room pages, and their bytes.
 */
static size_t fit(const struct move *moves, size_t n, uint64_t room, uint64_t *ret_bytes)
{
	uint64_t pages = 0;
	size_t i;

	for (i = 0; i < n && pages + folio_pages(&moves[i]) <= room; i++)
		pages += folio_pages(&moves[i]);
	*ret_bytes = pages << TIERED_PAGE_SHIFT;
	return i;
}

static void refuse_moves(struct move *moves, size_t n, enum move_result result)
{
	size_t i;

	for (i = 0; i < n; i++)
		settle(&moves[i], result, -1);
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
		uint64_t bytes, room = migrator->env.room(migrator->env.arg, batch->to);
		size_t n = left < call_size(migrator) ? left : call_size(migrator);

		n = fit(moves, n, room < CALL_PAGES_MAX ? room : CALL_PAGES_MAX, &bytes);
		if (!n) {
			/* Never fill a node beyond its reserve; a smaller folio may still fit. */
			n = room ? 1 : left;
			refuse_moves(moves, n, MOVE_NO_MEMORY);
			moves += n;
			left -= n;
			continue;
		}
		ret = migrator->env.wait(migrator->env.arg,
					 migrator->env.pace(migrator->env.arg, bytes));
		if (ret)
			return ret;
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
