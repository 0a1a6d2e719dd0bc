// SPDX-License-Identifier: GPL-2.0-only
/* The worker thread while it runs: asked, tuned, paused, and what it says of each target. */
#include "worker/query.h"
#include "worker_session.h"

#define HOUR_NS (3600 * NSEC_PER_SEC)

static void send_query(struct session *session, struct worker_query query)
{
	struct worker_query *message = malloc(sizeof(*message));

	assert_non_null(message);
	*message = query;
	worker_send(session->worker, &message->message, WORKER_QUERY);
}

/* The answer, the caller's; other messages before it are booked. */
static struct worker_answer *ask(struct session *session, struct worker_query query)
{
	struct worker_answer *answer;

	query.token = clock_now_ns();
	send_query(session, query);
	answer = (struct worker_answer *)session_await(session, WORKER_ANSWER);
	assert_int_equal(answer->token, query.token);
	assert_int_equal(answer->kind, query.kind);
	return answer;
}

static enum query_hold hold_of(struct session *session, uint32_t target)
{
	struct worker_answer *answer =
		ask(session, (struct worker_query){ .kind = QUERY_EXPLAIN,
						    .target = target,
						    .address = (uintptr_t)session->pages });
	enum query_hold hold = answer->page.hold;

	assert_int_equal(answer->error, 0);
	worker_answer_free(answer);
	return hold;
}

static void await_hold(struct session *session, uint32_t target, enum query_hold hold)
{
	uint64_t end_ns = clock_now_ns() + DEADLINE_MS * NSEC_PER_MSEC;

	while (hold_of(session, target) != hold)
		assert_true(clock_now_ns() < end_ns);
}

static void tune(struct session *session, int paused, uint64_t window_ns, unsigned int cpu_max_ppm)
{
	struct worker_tune *message = calloc(1, sizeof(*message));

	assert_non_null(message);
	message->paused = paused;
	message->observe = session->config.observe;
	message->window_ns = window_ns;
	message->cpu_max_ppm = cpu_max_ppm;
	message->rate = session->config.rate;
	worker_send(session->worker, &message->message, WORKER_TUNE);
}

static void pause_daemon(struct session *session, int paused)
{
	tune(session, paused, session->config.window_ns, session->config.cpu_max_ppm);
}

static void pause_target(struct session *session, uint32_t id, int paused)
{
	struct worker_pause *message = calloc(1, sizeof(*message));

	assert_non_null(message);
	message->id = id;
	message->paused = paused;
	worker_send(session->worker, &message->message, WORKER_PAUSE);
}

static void start_with_targets(struct session *session, uint32_t n)
{
	uint32_t id;

	session_start(session);
	for (id = 1; id <= n; id++)
		session_add(session, id, session->children[id - 1]);
	session_await_targets(session, n);
}

static void await_windows(struct session *session, uint64_t more)
{
	uint64_t windows = session->windows + more;

	while (session->windows < windows)
		free(session_await(session, WORKER_WINDOW));
}

/* Before there is a target, and between the first one and the end of its first window. */
static void test_too_early(void **state)
{
	struct session *session = *state;
	struct worker_answer *answer;

	session_start(session);
	answer = ask(session, (struct worker_query){ .kind = QUERY_HEATMAP, .target = 1 });
	assert_int_equal(answer->error, -ENOENT);
	worker_answer_free(answer);
	answer = ask(session, (struct worker_query){ .kind = QUERY_PLAN });
	assert_int_equal(answer->error, -EAGAIN);
	assert_int_equal(answer->window, 0);
	worker_answer_free(answer);
	assert_int_equal(session->windows, 0);
}

/* Until enough is known of the pages: a window that a busy machine spoils tells nothing. */
static void await_plan(struct session *session)
{
	uint64_t end_ns = clock_now_ns() + DEADLINE_MS * NSEC_PER_MSEC, planned;

	do {
		struct worker_answer *answer;

		assert_true(clock_now_ns() < end_ns);
		await_windows(session, 1);
		answer = ask(session, (struct worker_query){ .kind = QUERY_PLAN, .count = 1 });
		planned = answer->error ? 0 : answer->n_planned;
		worker_answer_free(answer);
	} while (planned < FAKE_HOT);
}

/* A window of an hour: every kind of answer comes while it waits. */
static void test_answers_while_a_window_waits(void **state)
{
	struct session *session = *state;
	uint64_t windows, end_ns = clock_now_ns() + DEADLINE_MS * NSEC_PER_MSEC;
	struct worker_answer *answer;
	int reads;

	start_with_targets(session, 1);
	await_plan(session);
	/* From a pause on, so that the next window is the long one and no other. */
	pause_daemon(session, 1);
	await_hold(session, 1, HOLD_PAUSED);
	windows = session->windows;
	assert_int_equal(fake.marks, fake.reads);
	tune(session, 0, HOUR_NS, session->config.cpu_max_ppm);
	while (fake.marks != fake.reads + 1) {
		poll(NULL, 0, 1);
		assert_true(clock_now_ns() < end_ns);
	}
	reads = fake.reads;
	answer = ask(session, (struct worker_query){ .kind = QUERY_PLAN, .count = 4 });
	assert_int_equal(answer->error, 0);
	assert_int_equal(answer->n_moves, 4);
	assert_true(answer->n_planned >= FAKE_HOT);
	assert_int_equal(answer->window, session->last.window);
	worker_answer_free(answer);
	answer = ask(session,
		     (struct worker_query){ .kind = QUERY_HEATMAP, .target = 1, .count = 9 });
	assert_int_equal(answer->error, 0);
	assert_true(answer->n_cells > 0 && answer->n_cells <= 9);
	worker_answer_free(answer);
	assert_int_equal(hold_of(session, 1), HOLD_OBSERVE);
	assert_int_equal(fake.reads, reads);
	assert_int_equal(session->windows, windows);
	/* Whoever says pause means now, not in an hour. */
	pause_daemon(session, 1);
	await_hold(session, 1, HOLD_PAUSED);
	assert_int_equal(fake.marks, fake.reads);
}

/* Many questions at once, none of them read before the end: nothing is lost (LeakSanitizer). */
static void test_answers_nobody_reads(void **state)
{
	struct session *session = *state;
	unsigned int i;

	start_with_targets(session, 1);
	for (i = 0; i < 100; i++)
		send_query(session,
			   (struct worker_query){ .kind = 1 + i % 3, .target = 1, .count = 100 });
	worker_stop(session->worker);
}

/* Until the worker has taken the target in. */
static void await_known(struct session *session, uint32_t target)
{
	uint64_t end_ns = clock_now_ns() + DEADLINE_MS * NSEC_PER_MSEC;
	int error;

	do {
		struct worker_answer *answer = ask(
			session, (struct worker_query){ .kind = QUERY_EXPLAIN, .target = target });

		error = answer->error;
		worker_answer_free(answer);
		assert_true(clock_now_ns() < end_ns);
	} while (error == -ENOENT);
	assert_int_equal(error, 0);
}

/* No marks, no windows, but answers; targets come and go meanwhile. Then it goes on. */
static void test_pause_and_resume(void **state)
{
	struct session *session = *state;
	struct message *message;
	uint64_t windows;
	int marks;

	start_with_targets(session, 1);
	await_windows(session, 2);
	pause_daemon(session, 1);
	await_hold(session, 1, HOLD_PAUSED);
	marks = fake.marks;
	windows = session->windows;
	session_add(session, 2, session->children[1]);
	await_known(session, 2);
	session_remove(session, 1);
	message = session_await(session, WORKER_TARGET);
	assert_int_equal(((struct worker_target *)message)->id, 1);
	free(message);
	assert_int_equal(fake.marks, marks);
	assert_int_equal(session->windows, windows);
	pause_daemon(session, 0);
	await_windows(session, 2);
	assert_true(fake.marks > marks);
	assert_int_equal(session->last.targets, 1);
	assert_int_equal(hold_of(session, 2), HOLD_OBSERVE);
}

/* The tracker has the other one only; with both paused there are no windows. */
static void test_pause_of_targets(void **state)
{
	struct session *session = *state;
	uint64_t windows;

	start_with_targets(session, 2);
	await_windows(session, 2);
	pause_target(session, 1, 1);
	pause_target(session, 77, 1); /* never heard of: nothing happens */
	await_hold(session, 1, HOLD_PAUSED);
	await_windows(session, 2);
	assert_int_equal(fake.targets, 1);
	assert_int_equal(session->last.targets, 2);
	assert_int_equal(session->last.account.marked_targets, 1);
	assert_int_equal(session->last.account.observed, FAKE_PAGES);
	assert_int_equal(hold_of(session, 2), HOLD_OBSERVE);
	pause_target(session, 2, 1);
	await_hold(session, 2, HOLD_PAUSED);
	windows = session->windows;
	assert_int_equal(hold_of(session, 1), HOLD_PAUSED);
	assert_int_equal(session->windows, windows);
	pause_target(session, 1, 0);
	pause_target(session, 2, 0);
	do {
		await_windows(session, 1);
	} while (session->last.account.marked_targets != 2);
	assert_int_equal(fake.targets, 2);
	assert_int_equal(hold_of(session, 1), HOLD_OBSERVE);
}

/* From the next window on: without CPU time windows are starved, with some they are not. */
static void test_tune_takes_effect(void **state)
{
	struct session *session = *state;

	start_with_targets(session, 1);
	assert_int_equal(session->last.account.starved, 0);
	tune(session, 0, session->config.window_ns, 0);
	do {
		await_windows(session, 1);
	} while (!session->last.account.starved);
	await_windows(session, 2);
	assert_int_equal(session->last.account.starved, 1);
	tune(session, 0, 2 * session->config.window_ns, session->config.cpu_max_ppm);
	do {
		await_windows(session, 1);
	} while (session->last.account.starved);
	await_windows(session, 2);
	assert_int_equal(session->last.account.starved, 0);
	assert_true(session->last.account.elapsed_ns >= 2 * session->config.window_ns);
}

static struct worker_figures *take_figures(struct session *session)
{
	return (struct worker_figures *)session_await(session, WORKER_FIGURES);
}

/* One for each target, before the window that it is of; pages as the tracker has shown them. */
static void test_figures(void **state)
{
	struct session *session = *state;
	struct worker_figures *figures;
	uint64_t marked = 0;
	size_t i;

	start_with_targets(session, 2);
	await_windows(session, 5);
	figures = take_figures(session);
	free(session_await(session, WORKER_WINDOW));
	assert_int_equal(figures->n, 2);
	for (i = 0; i < 2; i++) {
		const struct worker_figure *figure = &figures->figures[i];

		assert_int_equal(figure->id, i + 1);
		assert_int_equal(figure->tracked_pages, FAKE_PAGES);
		assert_int_equal(figure->fast_pages, 0);
		assert_int_equal(figure->share_ppm, 0);
		assert_int_equal(figure->last_move_ns, 0);
		marked += figure->windows;
	}
	assert_int_equal(marked, session->last.totals.marked_targets);
	free(figures);
	/* As many as wait to be read, and no more: it goes on without. */
	await_windows(session, 3);
}

/* What was asked of each adds up to what was asked in all; a move leaves a trail. */
static void test_figures_add_up(void **state)
{
	struct session *session = *state;
	struct ledger_account sum = { 0 };
	struct worker_figures *figures;
	struct worker_answer *answer;
	size_t i;

	session->config.observe = 0;
	start_with_targets(session, 2);
	do {
		free(session_await(session, WORKER_WINDOW));
	} while (session->sum.requested.pages < 2 * FAKE_HOT);
	figures = take_figures(session);
	free(session_await(session, WORKER_WINDOW));
	for (i = 0; i < figures->n; i++)
		ledger_add(&sum, &figures->figures[i].account);
	assert_int_equal(sum.requested.pages, session->last.totals.requested.pages);
	assert_memory_equal(sum.results, session->last.totals.results, sizeof(sum.results));
	assert_true(ledger_balanced(&sum));
	for (i = 0; i < figures->n; i++)
		assert_int_equal(
			figures->figures[i].last_move_ns != 0,
			figures->figures[i].account.results[MOVE_MOVED].pages +
					figures->figures[i].account.results[MOVE_ELSEWHERE].pages !=
				0);
	free(figures);
	answer = ask(session, (struct worker_query){ .kind = QUERY_EXPLAIN,
						     .target = 1,
						     .address = (uintptr_t)session->pages });
	assert_int_equal(answer->error, 0);
	assert_true(answer->page.last_move.window > 0);
	assert_int_equal(answer->page.last_move.to, 0);
	assert_int_equal(answer->page.last_move.from, SLOW_NODE);
	worker_answer_free(answer);
}

/* A reader that sleeps through 40 windows finds a few figures among the first 30. */
static void test_figures_do_not_pile_up(void **state)
{
	struct session *session = *state;
	uint64_t end_ns = clock_now_ns() + DEADLINE_MS * NSEC_PER_MSEC;
	unsigned int figures = 0, windows = 0;
	int marks;

	start_with_targets(session, 1);
	marks = fake.marks;
	while (fake.marks < marks + 40) {
		poll(NULL, 0, 1);
		assert_true(clock_now_ns() < end_ns);
	}
	while (windows < 30) {
		struct message *message = session_next(session);

		assert_non_null(message);
		figures += message->kind == WORKER_FIGURES;
		windows += message->kind == WORKER_WINDOW;
		free(message);
	}
	assert_in_range(figures, 1, 4);
}

/* Where many faults happen: the tracker is told of each, between windows. */
static void test_faults_reach_the_tracker(void **state)
{
	struct session *session = *state;
	struct worker_faults *faults = calloc(1, sizeof(*faults));

	assert_non_null(faults);
	session_start(session);
	session_add(session, 1, session->children[0]);
	session_await_targets(session, 1);
	for (faults->n = 0; faults->n < 3; faults->n++)
		faults->list[faults->n].header.kind = EVENT_FAULTS;
	worker_send(session->worker, &faults->message, WORKER_FAULTS);
	do {
		free(session_await(session, WORKER_WINDOW));
	} while (fake.events < 3);
	assert_int_equal(fake.events, 3);
	worker_stop(session->worker);
	session_await_ended(session);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION(test_too_early),
		SESSION(test_answers_while_a_window_waits),
		SESSION(test_answers_nobody_reads),
		SESSION(test_pause_and_resume),
		SESSION(test_pause_of_targets),
		SESSION(test_tune_takes_effect),
		SESSION(test_figures),
		SESSION(test_figures_add_up),
		SESSION(test_figures_do_not_pile_up),
		SESSION(test_faults_reach_the_tracker),
	};

	return cmocka_run_group_tests_name("worker_query", tests, NULL, NULL);
}
