// SPDX-License-Identifier: GPL-2.0-only
#include "worker/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/loader.h"
#include "bpf/vmas.h"
#include "observe/target.h"
#include "util/clock.h"
#include "worker/window.h"

/* More messages than this wait in line only if the thread is stuck in the kernel. */
#define PENDING_MAX 4096

struct worker {
	struct worker_config config;
	struct mailbox mailbox;
	pthread_t thread;
	struct window window;
	int stop;
	/* Messages that came during a window and wait for its end: */
	struct message *pending[PENDING_MAX];
	size_t n_pending;
};

/* The ends of the mailbox: main's and the worker's. */
enum { MAIN_END, WORKER_END };

static int send_kind(struct worker *worker, struct message *message, unsigned int kind)
{
	int ret;

	message->kind = kind;
	ret = mailbox_send(worker->mailbox.ends[WORKER_END], message);
	if (ret < 0)
		free(message);
	return ret;
}

static void send_gone(void *arg, uint32_t id)
{
	struct worker_remove *gone = calloc(1, sizeof(*gone));

	if (!gone)
		return;
	gone->id = id;
	send_kind(arg, &gone->message, WORKER_GONE);
}

static void fetch(struct worker *worker)
{
	struct message *message;

	while (worker->n_pending < PENDING_MAX &&
	       (message = mailbox_receive(worker->mailbox.ends[WORKER_END]))) {
		if (message->kind == WORKER_STOP) {
			worker->stop = 1;
			free(message);
			continue;
		}
		worker->pending[worker->n_pending++] = message;
	}
}

/* Waits until @ns have passed, or, with @wake, a message came; a stop always ends it early. */
static int wait_ns(struct worker *worker, uint64_t ns, int wake)
{
	uint64_t now_ns = clock_now_ns(), end_ns = now_ns + ns;
	struct pollfd end = { .fd = worker->mailbox.ends[WORKER_END], .events = POLLIN };

	for (;;) {
		struct timespec left = { 0 };

		if (now_ns < end_ns) {
			left.tv_sec = (time_t)((end_ns - now_ns) / NSEC_PER_SEC);
			left.tv_nsec = (long)((end_ns - now_ns) % NSEC_PER_SEC);
		}
		if (ppoll(&end, 1, &left, NULL) > 0)
			fetch(worker);
		if (worker->stop)
			return -ECANCELED;
		now_ns = clock_now_ns();
		if (now_ns >= end_ns || (wake && worker->n_pending))
			return 0;
	}
}

static int pause_worker(void *arg, uint64_t ns)
{
	return wait_ns(arg, ns, 0);
}

static void add_target(struct worker *worker, const struct worker_add *add)
{
	struct window *window = &worker->window;
	struct target *target;

	if (target_open(worker->config.proc_root, add->id, &add->key, &target) < 0) {
		send_gone(worker, add->id);
		return;
	}
	target->rule = add->rule;
	if (roster_add(&window->roster, target) < 0) {
		target_close(target);
		send_gone(worker, add->id);
	}
}

static void remove_target(struct worker *worker, uint32_t id)
{
	roster_remove(&worker->window.roster, id);
	heat_forget(worker->window.heat, id);
}

static void handle(struct worker *worker, const struct message *message)
{
	switch (message->kind) {
	case WORKER_ADD:
		add_target(worker, (const struct worker_add *)message);
		break;
	case WORKER_REMOVE:
		remove_target(worker, ((const struct worker_remove *)message)->id);
		break;
	}
}

struct gone_list {
	uint32_t ids[64];
	size_t n;
};

static void note_gone(void *arg, uint32_t id)
{
	struct gone_list *list = arg;

	/* Those that do not fit are found again in the next window. */
	if (list->n < sizeof(list->ids) / sizeof(list->ids[0]))
		list->ids[list->n++] = id;
}

/* Between windows: targets come and go, mappings are read again. */
static int prepare(struct worker *worker)
{
	struct window *window = &worker->window;
	struct gone_list list = { .n = 0 };
	size_t i;

	fetch(worker);
	for (i = 0; i < worker->n_pending; i++) {
		handle(worker, worker->pending[i]);
		free(worker->pending[i]);
	}
	worker->n_pending = 0;
	roster_refresh(&window->roster, worker->config.proc_root,
		       worker->config.bpf ? bpf_vmas : NULL, worker->config.bpf, clock_now_ns(),
		       note_gone, &list);
	for (i = 0; i < list.n; i++) {
		remove_target(worker, list.ids[i]);
		send_gone(worker, list.ids[i]);
	}
	return worker->config.tracker->retarget(window->tracker, window->roster.targets,
						window->roster.count);
}

static void report(struct worker *worker, unsigned int kind, int error, const char *what)
{
	const struct window *window = &worker->window;
	struct worker_window *message = calloc(1, sizeof(*message));

	if (!message)
		return;
	message->error = error;
	snprintf(message->error_what, sizeof(message->error_what), "%s", what);
	message->window = window->number;
	message->end_ns = clock_now_ns();
	message->interval_ns = window->account.elapsed_ns;
	message->targets = window->roster.count;
	message->account = window->account;
	message->totals = window->totals;
	send_kind(worker, &message->message, kind);
}

/* Nothing to watch: sleep until a target comes. */
static int idle(struct worker *worker)
{
	int ret = 0;

	while (ret == 0 && !worker->n_pending)
		ret = wait_ns(worker, 60 * NSEC_PER_SEC, 1);
	return ret;
}

static int run(struct worker *worker, const char **ret_what)
{
	int ret;

	for (;;) {
		*ret_what = "prepare";
		ret = prepare(worker);
		if (ret < 0)
			return ret;
		if (worker->stop)
			return -ECANCELED;
		if (!worker->window.roster.count)
			ret = idle(worker);
		else
			ret = window_run(&worker->window, ret_what);
		if (ret < 0)
			return ret;
		if (worker->window.roster.count)
			report(worker, WORKER_WINDOW, 0, "");
	}
}

static void *thread_main(void *arg)
{
	struct worker *worker = arg;
	const char *what = "";
	int ret;

	bpf_set_worker(worker->config.bpf, (uint32_t)syscall(SYS_gettid));
	ret = window_open(&worker->window, &worker->config, pause_worker, worker, &what);
	if (ret == 0)
		ret = run(worker, &what);
	report(worker, WORKER_ENDED, ret == -ECANCELED ? 0 : ret, what);
	window_close(&worker->window);
	return NULL;
}

int worker_start(const struct worker_config *config, struct worker **ret, int *ret_end)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	sigset_t all, before;
	int error;

	if (!worker)
		return -ENOMEM;
	worker->config = *config;
	error = mailbox_open(&worker->mailbox);
	if (error < 0) {
		free(worker);
		return error;
	}
	/* Signals are the main thread's: its event loop waits for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = -pthread_create(&worker->thread, NULL, thread_main, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (error < 0) {
		mailbox_close(&worker->mailbox);
		free(worker);
		return error;
	}
	*ret_end = worker->mailbox.ends[MAIN_END];
	*ret = worker;
	return 0;
}

void worker_join(struct worker *worker)
{
	size_t i;

	if (!worker)
		return;
	pthread_join(worker->thread, NULL);
	for (i = 0; i < worker->n_pending; i++)
		free(worker->pending[i]);
	mailbox_close(&worker->mailbox);
	free(worker);
}
