/* SPDX-License-Identifier: GPL-2.0-only */
/* worker_session.h - a worker, two children to be its targets, and all that it has said. */
#ifndef TEST_WORKER_SESSION_H
#define TEST_WORKER_SESSION_H

#include "fake_tracker.h"

/* Nothing that is waited for here takes a second; later than this it does not come. */
#define DEADLINE_MS 60000

/**
 * struct session - one worker from start to end
 * @sum: of the accounts of windows, that of the last one, cut short, included
 * @windows: how many WORKER_WINDOW came
 * @last: the last of these
 * @ended: WORKER_ENDED came: @end
 */
struct session {
	struct topology *topology;
	struct worker_config config;
	struct worker *worker;
	void *pages;
	pid_t children[2];
	uint64_t started_ns;
	struct ledger_account sum;
	uint64_t windows;
	struct worker_window last;
	struct worker_window end;
	int ended;
};

static inline int session_open(void **state)
{
	struct session *session = calloc(1, sizeof(*session));

	if (!session)
		return -1;
	session->pages = pages_make();
	/* Now, while there is no other thread. */
	session->children[0] = child_make();
	session->children[1] = child_make();
	session->topology = fake_topology();
	if (!session->topology)
		return -1;
	session->config = fake_config(session->topology);
	fake_reset(session->pages);
	*state = session;
	return 0;
}

static inline void session_start(struct session *session)
{
	session->started_ns = clock_now_ns();
	assert_int_equal(worker_start(&session->config, &session->worker), 0);
}

/* The next message, or NULL when none comes in time. */
static inline struct message *session_next(struct session *session)
{
	struct pollfd mail = { .fd = worker_fd(session->worker), .events = POLLIN };
	const struct worker_window *window;
	struct message *message;

	message = worker_receive(session->worker);
	if (!message && poll(&mail, 1, DEADLINE_MS) == 1)
		message = worker_receive(session->worker);
	if (!message)
		return NULL;
	window = (const struct worker_window *)message;
	if (message->kind == WORKER_WINDOW) {
		session->windows++;
		session->last = *window;
		ledger_add(&session->sum, &window->account);
	} else if (message->kind == WORKER_ENDED) {
		session->ended = 1;
		session->end = *window;
		if (window->window > session->last.window)
			ledger_add(&session->sum, &window->account);
	}
	return message;
}

/* The next message of this kind; those before it are only booked. The caller's. */
static inline struct message *session_await(struct session *session, unsigned int kind)
{
	struct message *message;

	for (;;) {
		assert_false(session->ended);
		message = session_next(session);
		assert_non_null(message);
		if (message->kind == kind)
			return message;
		free(message);
	}
}

/* Reads on to a window with so many targets. */
static inline void session_await_targets(struct session *session, uint64_t targets)
{
	do {
		free(session_await(session, WORKER_WINDOW));
	} while (session->last.targets != targets);
}

static inline void session_await_ended(struct session *session)
{
	free(session_await(session, WORKER_ENDED));
}

static inline void session_add_key(struct session *session, uint32_t id,
				   const struct target_key *key)
{
	struct worker_add *add = calloc(1, sizeof(*add));

	assert_non_null(add);
	add->id = id;
	add->key = *key;
	worker_send(session->worker, &add->message, WORKER_ADD);
}

static inline void session_add(struct session *session, uint32_t id, pid_t child)
{
	struct target_key key = child_key(child);

	session_add_key(session, id, &key);
}

static inline void session_remove(struct session *session, uint32_t id)
{
	struct worker_remove *remove_it = calloc(1, sizeof(*remove_it));

	assert_non_null(remove_it);
	remove_it->id = id;
	worker_send(session->worker, &remove_it->message, WORKER_REMOVE);
}

/* Also after a failure in the middle: the thread ends before its surroundings do. */
static inline int session_close(void **state)
{
	struct session *session = *state;
	struct message *message;

	if (session->worker && !session->ended)
		worker_stop(session->worker);
	while (session->worker && !session->ended && (message = session_next(session)))
		free(message);
	if (session->worker && !session->ended)
		abort();
	worker_join(session->worker);
	child_end(session->children[0]);
	child_end(session->children[1]);
	topology_free(session->topology);
	munmap(session->pages, FAKE_PAGES * TIERED_PAGE_SIZE);
	free(session);
	return 0;
}

#define SESSION(function) cmocka_unit_test_setup_teardown(function, session_open, session_close)

#endif
