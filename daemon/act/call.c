// SPDX-License-Identifier: GPL-2.0-only
#include "act/call.h"

#include <errno.h>
#include <limits.h>
#include <numaif.h>
#include <string.h>

#include "util/guard.h"

/* The kernel batches this many small folios per flush (NR_MAX_BATCHED_MIGRATION). */
#define FOLIOS_PER_FLUSH 512
/* One landing in this many is looked up again after the kernel said it moved. */
#define VERIFY_EVERY 64
/* No kernel status has this value: it says that the kernel did not write one. */
#define STATUS_OPEN INT_MIN

void call_init(struct call *call, move_pages_fn *double_or_null)
{
	call->move_pages = double_or_null ? double_or_null : move_pages;
}

enum move_result call_classify(int status, int to)
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

/* A call of move_pages(), with all its arrays, in the room of whoever makes it. */
struct kernel_call {
	move_pages_fn *move_pages;
	int pid;
	int flags;
	int with_nodes;
	int error; /* -errno, or what the kernel returned */
	size_t n;
	void *pages[CALL_FOLIOS_MAX];
	int nodes[CALL_FOLIOS_MAX];
	int status[CALL_FOLIOS_MAX];
};

static int kernel_run(void *room)
{
	struct kernel_call *job = room;
	long ret = job->move_pages(job->pid, job->n, job->pages,
				   job->with_nodes ? job->nodes : NULL, job->status, job->flags);

	job->error = ret < 0 ? -errno : 0;
	return 0;
}

/*
 * move_pages() over the first @n folios; 0 or -errno. -EBUSY: the process is blocked; what
 * becomes of the call nobody will know.
 */
static int kernel_call(struct call *call, int pid, size_t n, int with_nodes, int flags)
{
	struct guard_client *client = call->client;
	struct kernel_call *job;
	int err;

	if (!client || !client->guard)
		return call->move_pages(pid, n, call->pages, with_nodes ? call->nodes : NULL,
					call->status, flags) < 0
			       ? -errno
			       : 0;
	if (client->blocked)
		return -EBUSY;
	/* As many calls of others are stuck as there may be: not the fault of this one. */
	job = guard_room(client->guard, sizeof(*job));
	if (!job)
		return -ENOMEM;
	job->move_pages = call->move_pages;
	job->pid = pid;
	job->flags = flags;
	job->with_nodes = with_nodes;
	job->n = n;
	memcpy(job->pages, call->pages, n * sizeof(job->pages[0]));
	memcpy(job->nodes, call->nodes, n * sizeof(job->nodes[0]));
	memcpy(job->status, call->status, n * sizeof(job->status[0]));
	err = guard_call(client, kernel_run, NULL);
	if (err < 0)
		return err;
	memcpy(call->status, job->status, n * sizeof(job->status[0]));
	return job->error;
}

/* Puts a folio into place @i of the call. */
static void keep(struct call *call, size_t i, struct move *move)
{
	call->moves[i] = move;
	call->nodes[i] = move->to;
	call->pages[i] = (void *)(uintptr_t)move->address;
}

/* Where the first @n pages of the call are now; -errno of the whole call. */
static int ask(struct call *call, int pid, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		call->status[i] = STATUS_OPEN;
	return kernel_call(call, pid, n, 0, 0);
}

/* A failed call says one thing about all folios whose status it did not write. */
static enum move_result classify_call(int error)
{
	if (error == EACCES || error == EPERM || error == ENODEV)
		return MOVE_NOT_ALLOWED;
	return call_classify(-error, TIERED_NODE_NONE);
}

void call_settle(struct move *move, enum move_result result, int landed)
{
	move->result = (uint8_t)result;
	move->landed = landed >= 0 ? (uint8_t)landed : TIERED_NODE_NONE;
}

/* The kernel says "moved": believe it, but look at some of them. */
static void verify_sample(struct call *call, int pid, size_t n)
{
	size_t i, sampled = 0;

	for (i = 0; i < n; i++) {
		if (call->moves[i]->result != MOVE_MOVED || i % VERIFY_EVERY)
			continue;
		keep(call, sampled++, call->moves[i]);
	}
	if (!sampled || ask(call, pid, sampled) < 0)
		return;
	for (i = 0; i < sampled; i++) {
		struct move *move = call->moves[i];

		/* A page that was unmapped or swapped since is no proof of anything. */
		if (call->status[i] >= 0)
			call_settle(move, call_classify(call->status[i], move->to),
				    call->status[i]);
	}
}

/*
 * Takes out what need not or cannot move: pages that are on their node or gone
 * would end the kernel's batch early, and would be counted as moved.
 * Returns how many folios are left at the front of the arrays.
 */
static size_t filter(struct call *call, int pid, size_t n)
{
	size_t i, left = 0;

	if (ask(call, pid, n) < 0)
		return n;
	for (i = 0; i < n; i++) {
		struct move *move = call->moves[i];
		int status = call->status[i];

		if (status == move->to) {
			call_settle(move, MOVE_ALREADY, status);
			continue;
		}
		if (status == -ENOENT || status == -EFAULT) {
			call_settle(move, MOVE_GONE, -1);
			continue;
		}
		keep(call, left++, move);
	}
	return left;
}

/*
 * One move_pages() over the first @n folios. Settles those whose fate the
 * kernel tells, and leaves the others at the front of the arrays.
 * Returns how many are left to be tried again.
 */
static size_t move_once(struct call *call, int pid, size_t n, enum move_result *ret_class)
{
	size_t i, open = 0;
	int ret;

	for (i = 0; i < n; i++)
		call->status[i] = STATUS_OPEN;
	ret = kernel_call(call, pid, n, 1, call->shared ? MPOL_MF_MOVE_ALL : MPOL_MF_MOVE);
	*ret_class = ret < 0 ? classify_call(-ret) : MOVE_BUSY;
	for (i = 0; i < n; i++) {
		struct move *move = call->moves[i];
		int status = call->status[i];

		if (status != STATUS_OPEN)
			call_settle(move, call_classify(status, move->to), status);
		if (status != STATUS_OPEN && move->result != MOVE_BUSY)
			continue;
		keep(call, open++, move);
	}
	return open;
}

/*
 * Folios with an open status: those that arrived all the same (a call can fail
 * half-way) are settled as moved, the others as @class, and are left.
 */
static size_t drop_arrived(struct call *call, int pid, size_t n, enum move_result class)
{
	size_t i, left = 0;
	int asked;

	if (!n)
		return 0;
	asked = ask(call, pid, n);
	if (asked < 0)
		class = classify_call(-asked);
	for (i = 0; i < n; i++) {
		struct move *move = call->moves[i];
		int status = call->status[i];

		if (status == move->to || (status < 0 && status != STATUS_OPEN)) {
			call_settle(move, call_classify(status, move->to), status);
			continue;
		}
		call_settle(move, class, status >= 0 ? status : -1);
		keep(call, left++, move);
	}
	return left;
}

/* Returns how many are to be moved. */
static size_t load_pending(struct call *call, struct move *moves, size_t n)
{
	size_t i, pending = 0;

	for (i = 0; i < n; i++)
		if (moves[i].result == MOVE_PENDING)
			keep(call, pending++, &moves[i]);
	return pending;
}

static void load(struct call *call, struct move *moves, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		keep(call, i, &moves[i]);
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

static int is_blocked(const struct call *call)
{
	return call->client && call->client->blocked;
}

/* By now its number may be that of another process. */
static int is_dead(const struct call *call)
{
	return call->alive && !call->alive(call->target);
}

void call_run(struct call *call, int pid, struct move *moves, size_t n, struct call_cost *cost)
{
	enum move_result class = MOVE_BUSY;
	size_t i, left;
	int try;

	left = load_pending(call, moves, n);
	if (!left)
		return;
	left = filter(call, pid, left);
	for (try = 0;
	     left && class == MOVE_BUSY && try < CALL_TRIES && !is_blocked(call) && !is_dead(call);
	     try++) {
		cost->calls++;
		cost->flush_bound += flush_bound(call->moves, left);
		left = move_once(call, pid, left, &class);
		left = drop_arrived(call, pid, left, class);
	}
	/* Of one that is blocked it is not known what holds its pages. */
	for (i = 0; i < left && class == MOVE_BUSY && !is_blocked(call); i++)
		call->moves[i]->result = MOVE_PINNED;
	load(call, moves, n);
	verify_sample(call, pid, n);
}
