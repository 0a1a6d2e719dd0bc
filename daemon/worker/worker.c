// SPDX-License-Identifier: GPL-2.0-only
#include "worker/worker.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "bpf/loader.h"
#include "bpf/vmas.h"
#include "observe/target.h"
#include "observe/topology.h"
#include "util/clock.h"
#include "worker/aside.h"
#include "worker/query.h"
#include "worker/reports.h"
#include "worker/trim.h"
#include "worker/window.h"

/* Of 1,024 targets these take 2.5 MiB. */
#define FIGURES_UNREAD_MAX 4

struct worker {
	struct worker_config config;
	struct mailbox to_worker;
	struct mailbox to_main;
	pthread_t thread;
	struct window window;
	int stop;
	atomic_uint figures_unread; /* WORKER_FIGURES on their way */
	struct trim trim;
	/* Messages that came during a window and wait for its end: */
	struct message *pending;
	struct message **last_pending;
	/* Those that must get through, whatever memory there is: */
	struct message *stop_message;
	struct worker_window *last_word;
};

/* At once: a question only reads. */
static void answer_query(struct worker *worker, const struct worker_query *query)
{
	struct worker_answer *answer = query_answer(&worker->window, query);

	/* Without memory even for that, the one who asked runs out of patience. */
	if (!answer)
		return;
	answer->message.kind = WORKER_ANSWER;
	mailbox_send(&worker->to_main, &answer->message);
}

/* Takes messages in; a stop and questions count at once, the others when the window ends. */
static void fetch(struct worker *worker)
{
	struct message *message;

	while ((message = mailbox_receive(&worker->to_worker))) {
		if (message->kind == WORKER_STOP) {
			worker->stop = 1;
			free(message);
			continue;
		}
		if (message->kind == WORKER_QUERY) {
			answer_query(worker, (const struct worker_query *)message);
			free(message);
			continue;
		}
		/* Whoever says pause means now, not in a window's time. */
		if (message->kind == WORKER_TUNE)
			worker->window.hold = ((const struct worker_tune *)message)->paused;
		/* Nor may another page go where memory is going away. */
		if (message->kind == WORKER_NODES)
			window_use_nodes(&worker->window, &worker->config,
					 (const struct worker_nodes *)message);
		message->next = NULL;
		*worker->last_pending = message;
		worker->last_pending = &message->next;
	}
}

/* Waits until @ns have passed, or, with @wake, a message came; a stop or a pause ends it early. */
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
		if (now_ns >= end_ns || (wake && worker->pending) || worker->window.hold)
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
	int ret = target_open(worker->config.proc_root, add->id, &add->key, window->guard, &target);

	if (ret < 0) {
		report_gone(&worker->to_main, add->id, ret);
		return;
	}
	target->rule = add->rule;
	ret = roster_add(&window->roster, target);
	if (ret < 0) {
		target_close(target);
		report_gone(&worker->to_main, add->id, ret);
		return;
	}
	window_pause_target(window, add->id, add->paused);
}

static void remove_target(struct worker *worker, uint32_t id)
{
	struct seat *seat = roster_find(&worker->window.roster, id);

	if (seat)
		report_target(&worker->to_main, seat);
	roster_remove(&worker->window.roster, id);
	heat_forget(worker->window.heat, id);
	trail_forget(&worker->window.trail, id);
	worker->trim.due = 1;
}

static void handle(struct worker *worker, const struct message *message)
{
	const struct worker_pause *pause;

	switch (message->kind) {
	case WORKER_ADD:
		add_target(worker, (const struct worker_add *)message);
		break;
	case WORKER_REMOVE:
		remove_target(worker, ((const struct worker_remove *)message)->id);
		break;
	case WORKER_TUNE:
		window_tune(&worker->window, &worker->config, (const struct worker_tune *)message);
		break;
	case WORKER_FAULTS:
		window_faults(&worker->window, (const struct worker_faults *)message);
		break;
	case WORKER_PAUSE:
		pause = (const struct worker_pause *)message;
		window_pause_target(&worker->window, pause->id, pause->paused);
		break;
	}
}

static void handle_pending(struct worker *worker)
{
	struct message *message;

	while ((message = worker->pending)) {
		worker->pending = message->next;
		/* Between windows nobody holds on to the nodes of before. */
		if (message->kind == WORKER_NODES) {
			mailbox_send(&worker->to_main, message);
			continue;
		}
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
		report_gone(&worker->to_main, id, -ESRCH);
	}
}

/* Between windows: targets come and go, mappings are read again. */
static int prepare(struct worker *worker)
{
	struct window *window = &worker->window;
	int ret;

	fetch(worker);
	handle_pending(worker);
	sleepers_look(window);
	ret = roster_refresh(&window->roster, &window->env, worker->config.bpf ? bpf_vmas : NULL,
			     worker->config.bpf);
	if (ret < 0)
		return ret;
	remove_gone(worker);
	roster_watch(&window->roster);
	ret = worker->config.tracker->retarget(window->tracker, window->roster.watched,
					       window->roster.n_watched);
	/* What the tracker had of them is free as well now. */
	trim_memory(&worker->trim, TRIM_NS);
	return ret;
}

/*
 * Figures of many targets are large: while those of some windows wait to be read, no more are
 * added. They are sums, so the next ones say it all.
 */
static void say_figures(struct worker *worker)
{
	if (atomic_load(&worker->figures_unread) >= FIGURES_UNREAD_MAX)
		return;
	atomic_fetch_add(&worker->figures_unread, 1);
	if (!report_figures(&worker->to_main, &worker->window))
		atomic_fetch_sub(&worker->figures_unread, 1);
}

static int rests(const struct worker *worker)
{
	return worker->window.paused || !worker->window.roster.n_watched ||
	       topology_tiers(worker->config.topology) < 2;
}

/*
 * Nothing to watch, nothing to tier, or told to pause: sleep until something is said, or
 * somebody comes back.
 */
static int idle(struct worker *worker)
{
	const struct roster *roster = &worker->window.roster;
	uint64_t left_ns = 60 * NSEC_PER_SEC;
	int ret = 0;

	window_rest(&worker->window);
	trim_memory(&worker->trim, 0);
	while (ret == 0 && !worker->pending && left_ns == 60 * NSEC_PER_SEC) {
		left_ns = aside_left_ns(roster, clock_now_ns(), 60 * NSEC_PER_SEC);
		ret = wait_ns(worker, left_ns, 1);
	}
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
		if (rests(worker)) {
			if (aside_any(&worker->window.roster))
				say_figures(worker);
			ret = idle(worker);
			if (ret < 0)
				return ret;
			continue;
		}
		ret = window_run(&worker->window, ret_what);
		if (ret < 0)
			return ret;
		say_figures(worker);
		report_window(&worker->to_main, &worker->window);
	}
}

static void *thread_main(void *arg)
{
	struct worker *worker = arg;
	struct worker_window *last_word = worker->last_word;
	const char *what = "";
	int ret;

	bpf_set_worker(worker->config.bpf, (uint32_t)syscall(SYS_gettid));
	ret = window_open(&worker->window, &worker->config, pause_worker, worker, &what);
	if (ret == 0)
		ret = run(worker, &what);
	worker->last_word = NULL;
	report_end(&worker->to_main, &worker->window, last_word, ret == -ECANCELED ? 0 : ret, what);
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
	struct message *message = mailbox_receive(&worker->to_main);

	if (message && message->kind == WORKER_FIGURES)
		atomic_fetch_sub(&worker->figures_unread, 1);
	return message;
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
