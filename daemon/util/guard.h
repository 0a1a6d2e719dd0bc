/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * guard.h - system calls that may block for as long as somebody else likes.
 *
 * Whatever reads page tables or moves pages of another process waits for its
 * mmap_lock, which that process, or a file system it has mapped, can hold for
 * ever; no signal but a deadly one ends that. So such calls are made by a helper
 * thread, and whoever asked waits for a bounded time. A call that does not come
 * back is left to its thread, which ends with it; the next call gets a new one.
 *
 * Memory that a call uses belongs to the thread that makes it: the room.
 */
#ifndef TIERED_GUARD_H
#define TIERED_GUARD_H

#include <stddef.h>
#include <stdint.h>

struct guard;
struct guard_lane;

/**
 * struct guard_client - somebody whose calls may block, as the guard knows it
 * @guard: NULL: calls are made straight away
 * @stuck: the call that did not come back
 * @blocked: there was one; no other is begun until guard_retry()
 */
struct guard_client {
	struct guard *guard;
	struct guard_lane *stuck;
	int blocked;
};

/* @patience_ns: how long a call may sleep without getting anywhere. 0 or -ENOMEM. */
int guard_new(uint64_t patience_ns, struct guard **ret);

/* Calls that are stuck go on by themselves. Takes NULL. */
void guard_free(struct guard *guard);

/*
 * Room for the next call, at least @size bytes, with the alignment of malloc(). What is in
 * it after a call that came back is good until the next guard_room(). NULL: no memory, or
 * as many calls are stuck as there may be.
 */
void *guard_room(struct guard *guard, size_t size);

/**
 * guard_call() - has @run called with the room, by a helper
 * @drop: called after @run instead of giving its result when nobody waits any more; or NULL
 *
 * Returns what @run does, or -EBUSY when it did not come back, now or earlier.
 */
int guard_call(struct guard_client *client, int (*run)(void *room), void (*drop)(void *room));

/*
 * guard_run() - guard_call() for what is small enough to be copied
 * @client: NULL, or without a guard: @run gets @job itself
 * @job: of @size bytes; goes into the room, and what came back comes out of it again
 *
 * As guard_call(); -EBUSY also when there is no room.
 */
int guard_run(struct guard_client *client, int (*run)(void *room), void (*drop)(void *room),
	      void *job, size_t size);

/*
 * For what guard_call() runs, after each call that may have blocked: 1 when nobody waits
 * for it any more. Then all that is not in the room may be gone.
 */
int guard_deserted(void);

/* 1 when the call that was stuck is over (or there was none): calls may be made again. */
int guard_retry(struct guard_client *client);

/* Forgets what is stuck. */
void guard_leave(struct guard_client *client);

/* CPU time of calls that came back; 0 for NULL. */
uint64_t guard_cpu_ns(const struct guard *guard);

/* CPU time of the calling thread, and of the calls that were made for it and came back. */
uint64_t guard_cpu_now_ns(const struct guard *guard);

/* The thread that makes the next call; 0: it cannot be had. */
uint32_t guard_tid(struct guard *guard);

#endif
