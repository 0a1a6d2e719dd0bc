// SPDX-License-Identifier: GPL-2.0-only
#include "util/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/clock.h"

/* Each is a thread that sleeps; a machine with more blocked targets has other troubles. */
#define STUCK_MAX 64
/* A helper does system calls and walks a list. */
#define STACK_BYTES (256 * 1024)

enum lane_state { LANE_IDLE, LANE_ASKED, LANE_RUNS, LANE_DONE, LANE_QUITS };

/* A helper thread and what it works on; @lock guards all but @room while it runs. */
struct guard_lane {
	pthread_mutex_t lock;
	pthread_cond_t changed;
	unsigned int holders;
	enum lane_state state;
	int abandoned;
	int (*run)(void *room);
	void (*drop)(void *room);
	void *room;
	size_t room_size;
	int result;
	uint64_t cpu_ns;
	uint32_t tid; /* 0: not running yet */
};

struct guard {
	uint64_t patience_ns;
	uint64_t cpu_ns;
	struct guard_lane *lane;
	struct guard_lane *stuck[STUCK_MAX];
};

/* In a helper: its lane. */
static _Thread_local struct guard_lane *own_lane;

static void lane_put(struct guard_lane *lane)
{
	unsigned int holders;

	if (!lane)
		return;
	pthread_mutex_lock(&lane->lock);
	holders = --lane->holders;
	pthread_mutex_unlock(&lane->lock);
	if (holders)
		return;
	pthread_cond_destroy(&lane->changed);
	pthread_mutex_destroy(&lane->lock);
	free(lane->room);
	free(lane);
}

/* Called and left with the lock held. */
static void lane_serve(struct guard_lane *lane)
{
	uint64_t cpu_ns = clock_thread_cpu_ns();
	int result;

	lane->state = LANE_RUNS;
	pthread_mutex_unlock(&lane->lock);
	result = lane->run(lane->room);
	pthread_mutex_lock(&lane->lock);
	lane->result = result;
	lane->cpu_ns = clock_thread_cpu_ns() - cpu_ns;
	lane->state = lane->abandoned ? LANE_QUITS : LANE_DONE;
	if (lane->abandoned && lane->drop)
		lane->drop(lane->room);
	pthread_cond_broadcast(&lane->changed);
}

static void *lane_main(void *arg)
{
	struct guard_lane *lane = arg;

	own_lane = lane;
	pthread_mutex_lock(&lane->lock);
	lane->tid = (uint32_t)syscall(SYS_gettid);
	pthread_cond_broadcast(&lane->changed);
	while (lane->state != LANE_QUITS) {
		if (lane->state == LANE_ASKED)
			lane_serve(lane);
		else
			pthread_cond_wait(&lane->changed, &lane->lock);
	}
	pthread_mutex_unlock(&lane->lock);
	lane_put(lane);
	return NULL;
}

/* Signals are blocked in whoever asks (worker.c), so they are in what it starts. */
static int lane_start(struct guard_lane *lane)
{
	pthread_attr_t attributes;
	pthread_t thread;
	int error;

	pthread_attr_init(&attributes);
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_BYTES);
	error = pthread_create(&thread, &attributes, lane_main, lane);
	pthread_attr_destroy(&attributes);
	return -error;
}

static int lane_new(struct guard_lane **ret)
{
	struct guard_lane *lane = calloc(1, sizeof(*lane));
	pthread_condattr_t monotonic;
	int r;

	if (!lane)
		return -ENOMEM;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&lane->changed, &monotonic);
	pthread_condattr_destroy(&monotonic);
	pthread_mutex_init(&lane->lock, NULL);
	lane->holders = 2;
	r = lane_start(lane);
	if (r < 0) {
		lane->holders = 1;
		lane_put(lane);
		return r;
	}
	pthread_mutex_lock(&lane->lock);
	while (!lane->tid)
		pthread_cond_wait(&lane->changed, &lane->lock);
	pthread_mutex_unlock(&lane->lock);
	*ret = lane;
	return 0;
}

static int lane_is_over(struct guard_lane *lane)
{
	int over;

	pthread_mutex_lock(&lane->lock);
	over = lane->state == LANE_QUITS;
	pthread_mutex_unlock(&lane->lock);
	return over;
}

/* Is the thread running, or waiting for a CPU? Then it is not blocked, just slow. */
static int lane_is_running(const struct guard_lane *lane)
{
	char path[64], text[512];
	auto_close int fd = -1;
	const char *close;
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/task/%u/stat", lane->tid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = '\0';
	close = strrchr(text, ')');
	return close && strncmp(close, ") R", 3) == 0;
}

int guard_new(uint64_t patience_ns, struct guard **ret)
{
	struct guard *guard = calloc(1, sizeof(*guard));

	if (!guard)
		return -ENOMEM;
	guard->patience_ns = patience_ns;
	*ret = guard;
	return 0;
}

/* Its thread ends as soon as it is out of what it is in. */
static void lane_quit(struct guard_lane *lane)
{
	if (!lane)
		return;
	pthread_mutex_lock(&lane->lock);
	lane->abandoned = 1;
	if (lane->state != LANE_RUNS)
		lane->state = LANE_QUITS;
	pthread_cond_broadcast(&lane->changed);
	pthread_mutex_unlock(&lane->lock);
	lane_put(lane);
}

void guard_free(struct guard *guard)
{
	size_t i;

	if (!guard)
		return;
	lane_quit(guard->lane);
	for (i = 0; i < STUCK_MAX; i++)
		lane_put(guard->stuck[i]);
	free(guard);
}

/* A place for a call that gets stuck; NULL when all are taken. */
static struct guard_lane **find_place(struct guard *guard)
{
	size_t i;

	for (i = 0; i < STUCK_MAX; i++) {
		if (guard->stuck[i] && lane_is_over(guard->stuck[i])) {
			lane_put(guard->stuck[i]);
			guard->stuck[i] = NULL;
		}
		if (!guard->stuck[i])
			return &guard->stuck[i];
	}
	return NULL;
}

static struct guard_lane *lane_of(struct guard *guard)
{
	if (!guard->lane && find_place(guard))
		lane_new(&guard->lane);
	return guard->lane;
}

void *guard_room(struct guard *guard, size_t size)
{
	struct guard_lane *lane = lane_of(guard);
	void *room;

	if (!lane)
		return NULL;
	if (size <= lane->room_size)
		return lane->room;
	room = realloc(lane->room, size);
	if (!room)
		return NULL;
	lane->room = room;
	lane->room_size = size;
	return room;
}

/* Waits with the lock held; 1 when the call is over. */
static int lane_wait(struct guard_lane *lane, uint64_t patience_ns)
{
	uint64_t end_ns;
	struct timespec end;
	int error;

	do {
		end_ns = clock_now_ns() + patience_ns;
		end.tv_sec = (time_t)(end_ns / NSEC_PER_SEC);
		end.tv_nsec = (long)(end_ns % NSEC_PER_SEC);
		for (error = 0; lane->state != LANE_DONE && !error;)
			error = pthread_cond_timedwait(&lane->changed, &lane->lock, &end);
	} while (lane->state != LANE_DONE && lane_is_running(lane));
	return lane->state == LANE_DONE;
}

/* The thread is in the call for good, or never began it. */
static void abandon(struct guard_client *client, struct guard_lane *lane)
{
	struct guard *guard = client->guard;
	struct guard_lane **place = find_place(guard);

	client->blocked = 1;
	/* guard_room() made no lane without a place. */
	if (!place) {
		lane_put(lane);
		return;
	}
	client->stuck = lane;
	*place = lane;
	guard->lane = NULL;
}

int guard_call(struct guard_client *client, int (*run)(void *room), void (*drop)(void *room))
{
	struct guard_lane *lane = client->guard->lane;
	int over, result;

	if (client->blocked || !lane)
		return -EBUSY;
	pthread_mutex_lock(&lane->lock);
	lane->run = run;
	lane->drop = drop;
	lane->state = LANE_ASKED;
	pthread_cond_broadcast(&lane->changed);
	over = lane_wait(lane, client->guard->patience_ns);
	result = lane->result;
	if (over) {
		lane->state = LANE_IDLE;
		client->guard->cpu_ns += lane->cpu_ns;
	} else {
		lane->abandoned = 1;
		/* For @client; its thread may let go of it as soon as the lock is free. */
		lane->holders++;
		if (lane->state == LANE_ASKED)
			lane->state = LANE_QUITS;
	}
	pthread_mutex_unlock(&lane->lock);
	if (over)
		return result;
	abandon(client, lane);
	return -EBUSY;
}

int guard_run(struct guard_client *client, int (*run)(void *room), void (*drop)(void *room),
	      void *job, size_t size)
{
	void *room;
	int err;

	if (!client || !client->guard)
		return run(job);
	room = client->blocked ? NULL : guard_room(client->guard, size);
	if (!room)
		return -EBUSY;
	memcpy(room, job, size);
	err = guard_call(client, run, drop);
	/* What did not come back keeps its room. */
	if (!client->blocked)
		memcpy(job, room, size);
	return err;
}

int guard_deserted(void)
{
	int deserted;

	if (!own_lane)
		return 0;
	pthread_mutex_lock(&own_lane->lock);
	deserted = own_lane->abandoned;
	pthread_mutex_unlock(&own_lane->lock);
	return deserted;
}

int guard_retry(struct guard_client *client)
{
	if (client->stuck && !lane_is_over(client->stuck))
		return 0;
	guard_leave(client);
	return 1;
}

void guard_leave(struct guard_client *client)
{
	lane_put(client->stuck);
	client->stuck = NULL;
	client->blocked = 0;
}

uint64_t guard_cpu_ns(const struct guard *guard)
{
	return guard ? guard->cpu_ns : 0;
}

uint64_t guard_cpu_now_ns(const struct guard *guard)
{
	return clock_thread_cpu_ns() + guard_cpu_ns(guard);
}

uint32_t guard_tid(struct guard *guard)
{
	struct guard_lane *lane = guard ? lane_of(guard) : NULL;

	return lane ? lane->tid : 0;
}
