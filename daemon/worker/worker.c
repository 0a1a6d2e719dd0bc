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

struct worker {
	struct worker_config config;
	struct mailbox to_worker;
	struct mailbox to_main;
	pthread_t thread;
	struct window window;
	int stop;
	/* Messages that came during a window and wait for its end: */
	struct message *pending;
	struct message **last_pending;
	/* Those that must get through, whatever memory there is: */
	struct message *stop_message;
	struct worker_window *last_word;
};

static void send_main(struct worker *worker, struct message *message, unsigned int kind)
{
	message->kind = kind;
	mailbox_send(&worker->to_main, message);
}

/* Nothing is lost when memory is short: the target is found gone again, or by the sweep. */
static void send_gone(struct worker *worker, uint32_t id, int error)
{
	struct worker_gone *gone = calloc(1, sizeof(*gone));

	if (!gone)
		return;
	gone->id = id;
	gone->error = error;
	send_main(worker, &gone->message, WORKER_GONE);
}

static void send_account(struct worker *worker, const struct seat *seat)
{
	struct worker_target *report = calloc(1, sizeof(*report));

	if (!report)
		return;
	report->id = seat->target->id;
	report->tgid = seat->target->key.tgid;
	memcpy(report->comm, seat->target->comm, sizeof(report->comm));
	report->account = seat->account;
	send_main(worker, &report->message, WORKER_TARGET);
}

/* Takes messages in; a stop counts at once, the others wait for the end of the window. */
static void fetch(struct worker *worker)
{
	struct message *message;

	while ((message = mailbox_receive(&worker->to_worker))) {
		if (message->kind == WORKER_STOP) {
			worker->stop = 1;
			free(message);
			continue;
		}
		message->next = NULL;
		*worker->last_pending = message;
		worker->last_pending = &message->next;
	}
}

/* Waits until @ns have passed, or, with @wake, a message came; a stop always ends it early. */
static int wait_ns(struct worker *worker, uint64_t ns, int wake)
{
	uint64_t now_ns = clock_now_ns(), end_ns = now_ns + ns;
	struct pollfd mail = { .fd = worker->to_worker.event_fd, .events = POLLIN };

	for (;;) {
		struct timespec left = { 0 };

		if (now_ns < end_ns) {
			left.tv_sec = (time_t)((end_ns - now_ns) / NSEC_PER_SEC);
			left.tv_nsec = (long)((end_ns - now_ns) % NSEC_PER_SEC);
		}
		if (ppoll(&mail, 1, &left, NULL) > 0)
			fetch(worker);
		if (worker->stop)
			return -ECANCELED;
		now_ns = clock_now_ns();
		if (now_ns >= end_ns || (wake && worker->pending))
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
	int ret;

	ret = target_open(worker->config.proc_root, add->id, &add->key, &target);
	if (ret < 0) {
		send_gone(worker, add->id, ret);
		return;
	}
	target->rule = add->rule;
	ret = roster_add(&window->roster, target);
	if (ret < 0) {
		target_close(target);
		send_gone(worker, add->id, ret);
	}
}

static void remove_target(struct worker *worker, uint32_t id)
{
	struct seat *seat = roster_find(&worker->window.roster, id);

	if (seat)
		send_account(worker, seat);
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

static void handle_pending(struct worker *worker)
{
	struct message *message;

	while ((message = worker->pending)) {
		worker->pending = message->next;
		handle(worker, message);
		free(message);
	}
	worker->last_pending = &worker->pending;
}

/* Closes the targets that are no more. */
static void remove_gone(struct worker *worker)
{
	struct roster *roster = &worker->window.roster;
	size_t i = 0;

	while (i < roster->count) {
		uint32_t id = roster->targets[i]->id;

		if (!roster->seats[i].gone) {
			i++;
			continue;
		}
		remove_target(worker, id);
		send_gone(worker, id, -ESRCH);
	}
}

/* Between windows: targets come and go, mappings are read again. */
static int prepare(struct worker *worker)
{
	struct window *window = &worker->window;
	int ret;

	fetch(worker);
	handle_pending(worker);
	ret = roster_refresh(&window->roster, &window->env, worker->config.bpf ? bpf_vmas : NULL,
			     worker->config.bpf);
	if (ret < 0)
		return ret;
	remove_gone(worker);
	return worker->config.tracker->retarget(window->tracker, window->roster.targets,
						window->roster.count);
}

static void report(struct worker *worker, struct worker_window *message, unsigned int kind)
{
	const struct window *window = &worker->window;

	message->window = window->number;
	message->end_ns = clock_now_ns();
	message->targets = window->roster.count;
	message->account = window->account;
	message->totals = window->totals;
	send_main(worker, &message->message, kind);
}

static void report_window(struct worker *worker)
{
	struct worker_window *message = calloc(1, sizeof(*message));

	/* The next one says it all: totals are kept here. */
	if (message)
		report(worker, message, WORKER_WINDOW);
}

static void report_end(struct worker *worker, int error, const char *what)
{
	struct worker_window *message = worker->last_word;
	size_t i;

	for (i = 0; i < worker->window.roster.count; i++)
		send_account(worker, &worker->window.roster.seats[i]);
	worker->last_word = NULL;
	message->error = error;
	snprintf(message->error_what, sizeof(message->error_what), "%s", what);
	report(worker, message, WORKER_ENDED);
}

/* Nothing to watch: sleep until a target comes. */
static int idle(struct worker *worker)
{
	int ret = 0;

	while (ret == 0 && !worker->pending)
		ret = wait_ns(worker, 60 * NSEC_PER_SEC, 1);
	window_rested(&worker->window);
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
			report_window(worker);
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
	report_end(worker, ret == -ECANCELED ? 0 : ret, what);
	window_close(&worker->window);
	return NULL;
}

static void free_worker(struct worker *worker)
{
	struct message *message;

	while ((message = worker->pending)) {
		worker->pending = message->next;
		free(message);
	}
	free(worker->stop_message);
	free(worker->last_word);
	free(worker);
}

/* Signals are the main thread's: its event loop waits for them. */
static int start_thread(struct worker *worker)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&worker->thread, NULL, thread_main, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -error;
}

static int open_mail(struct worker *worker)
{
	int error = mailbox_open(&worker->to_worker);

	if (error < 0)
		return error;
	error = mailbox_open(&worker->to_main);
	if (error < 0)
		mailbox_close(&worker->to_worker);
	return error;
}

int worker_start(const struct worker_config *config, struct worker **ret)
{
	struct worker *worker = calloc(1, sizeof(*worker));
	int error = -ENOMEM;

	if (!worker)
		return error;
	worker->config = *config;
	worker->last_pending = &worker->pending;
	worker->stop_message = calloc(1, sizeof(*worker->stop_message));
	worker->last_word = calloc(1, sizeof(*worker->last_word));
	if (worker->stop_message && worker->last_word)
		error = open_mail(worker);
	if (error < 0) {
		free_worker(worker);
		return error;
	}
	error = start_thread(worker);
	if (error < 0) {
		mailbox_close(&worker->to_worker);
		mailbox_close(&worker->to_main);
		free_worker(worker);
		return error;
	}
	*ret = worker;
	return 0;
}

void worker_send(struct worker *worker, struct message *message, unsigned int kind)
{
	message->kind = kind;
	mailbox_send(&worker->to_worker, message);
}

void worker_stop(struct worker *worker)
{
	struct message *message = worker->stop_message;

	worker->stop_message = NULL;
	if (message)
		worker_send(worker, message, WORKER_STOP);
}

struct message *worker_receive(struct worker *worker)
{
	return mailbox_receive(&worker->to_main);
}

int worker_fd(const struct worker *worker)
{
	return worker->to_main.event_fd;
}

void worker_join(struct worker *worker)
{
	if (!worker)
		return;
	pthread_join(worker->thread, NULL);
	mailbox_close(&worker->to_worker);
	mailbox_close(&worker->to_main);
	free_worker(worker);
}
