// SPDX-License-Identifier: GPL-2.0-only
/* What the worker books: time and CPU time without a gap, moves per target, and sums that agree. */
#include "report/ledger.h"
#include "worker_session.h"

/* Between the end of a booking and the time stamp of its message; a busy machine takes its time. */
#define SLACK_NS (400 * NSEC_PER_MSEC)
#define SILENCE_MS 600
#define BURN_NS (50 * NSEC_PER_MSEC)

static uint64_t process_cpu_ns(void)
{
	return clock_ns(CLOCK_PROCESS_CPUTIME_ID);
}

static void await_windows(struct session *session, uint64_t windows)
{
	while (session->windows < windows)
		free(session_await(session, WORKER_WINDOW));
}

/* Idle time has no window, so time and CPU time of the totals may exceed the sum; all else is equal. */
static void expect_sums(const struct session *session)
{
	struct ledger_account sum = session->sum, totals = session->end.totals;

	assert_true(totals.elapsed_ns >= sum.elapsed_ns);
	assert_true(totals.scan_cpu_ns >= sum.scan_cpu_ns);
	totals.elapsed_ns = sum.elapsed_ns;
	totals.scan_cpu_ns = sum.scan_cpu_ns;
	/* Of the last one added, which may be one of the idle time. */
	totals.share_ppm = sum.share_ppm;
	totals.coverage_ppm = sum.coverage_ppm;
	totals.tracked = sum.tracked;
	totals.oldest_ns = sum.oldest_ns;
	assert_memory_equal(&totals, &sum, sizeof(sum));
	assert_true(ledger_balanced(&totals));
}

static void test_totals_are_the_sum(void **state)
{
	struct session *session = *state;
	const struct ledger_account *totals = &session->end.totals;

	session_start(session);
	session_add(session, 1, session->children[0]);
	session_add(session, 2, session->children[1]);
	await_windows(session, 10);
	worker_stop(session->worker);
	session_await_ended(session);
	expect_sums(session);
	assert_int_equal(totals->windows, session->end.window);
	assert_int_equal(totals->windows, fake.marks);
	assert_true(totals->marked_targets >= 18 && totals->marked_targets <= 2 * totals->windows);
	assert_int_equal(totals->marked_pages, FAKE_PAGES * totals->marked_targets);
	assert_int_equal(totals->scan_calls, fake.marks + 2 * fake.reads);
	assert_int_equal(totals->unknown, 0);
}

/* A window that fails is in the books too. */
static void test_failed_window_is_booked(void **state)
{
	struct session *session = *state;

	session_start(session);
	session_add(session, 1, session->children[0]);
	await_windows(session, 3);
	fake.read_error = -EIO;
	session_await_ended(session);
	assert_int_equal(session->end.error, -EIO);
	assert_int_equal(session->end.window, session->windows + 1);
	assert_int_equal(session->end.totals.windows, session->end.window);
	expect_sums(session);
}

/* Observing decides as managing does, and asks for nothing; without a forced flush all is stale. */
static void test_observe_moves_nothing(void **state)
{
	struct session *session = *state;
	const struct ledger_account *totals = &session->end.totals;

	session_start(session);
	session_add(session, 1, session->children[0]);
	do {
		free(session_await(session, WORKER_WINDOW));
	} while (!session->sum.planned[MOVE_PROMOTE_HOT].pages);
	worker_stop(session->worker);
	session_await_ended(session);
	assert_true(totals->planned[MOVE_PROMOTE_HOT].pages >= FAKE_HOT);
	assert_int_equal(totals->requested.pages, 0);
	assert_int_equal(totals->batches, 0);
	assert_int_equal(totals->flush_moves, 0);
	/* Of windows that were not cut short. */
	assert_int_equal(session->last.totals.stale_targets, session->last.totals.marked_targets);
	expect_sums(session);
}

/*
 * The tracker says that the pages lie on the slow node; on a machine of one
 * node they are where they shall go already. So the kernel is really asked, and
 * has nothing to move. (Elsewhere it moves pages of a child that never runs.)
 */
static void test_moves_are_booked_per_target(void **state)
{
	struct session *session = *state;
	const struct worker_target *target;
	struct ledger_account totals;
	struct message *message;

	session->config.observe = 0;
	session_start(session);
	session_add(session, 1, session->children[0]);
	do {
		free(session_await(session, WORKER_WINDOW));
	} while (!session->sum.requested.pages);
	session_remove(session, 1);
	message = session_await(session, WORKER_TARGET);
	target = (const struct worker_target *)message;
	totals = session->last.totals;
	assert_int_equal(target->id, 1);
	assert_true(target->account.requested.pages >= FAKE_HOT);
	assert_int_equal(target->account.requested.folios, totals.requested.folios);
	assert_memory_equal(target->account.results, totals.results, sizeof(totals.results));
	assert_true(ledger_balanced(&target->account));
	free(message);
	worker_stop(session->worker);
	session_await_ended(session);
	expect_sums(session);
}

static void burn(uint64_t ns)
{
	uint64_t end_ns = clock_thread_cpu_ns() + ns;

	while (clock_thread_cpu_ns() < end_ns)
		;
}

/*
 * Window, a while of nothing to watch, window: the totals grow by all the time
 * in between, and by all CPU time of the process, the main thread's included.
 */
static void test_no_gap_between_windows(void **state)
{
	struct session *session = *state;
	struct ledger_account before, after;
	uint64_t sent_ns, end_ns, elapsed_ns, cpu_start_ns = process_cpu_ns();
	struct pollfd mail;

	session_start(session);
	session_add(session, 1, session->children[0]);
	await_windows(session, 3);
	session_remove(session, 1);
	free(session_await(session, WORKER_TARGET));
	before = session->last.totals;
	end_ns = session->last.end_ns;
	mail = (struct pollfd){ .fd = worker_fd(session->worker), .events = POLLIN };
	/* It has nothing to say while it rests. */
	assert_int_equal(poll(&mail, 1, SILENCE_MS), 0);
	burn(BURN_NS);
	sent_ns = clock_now_ns();
	session_add(session, 2, session->children[1]);
	await_windows(session, session->windows + 1);
	after = session->last.totals;
	elapsed_ns = session->last.end_ns - end_ns;
	assert_true(elapsed_ns >= SILENCE_MS * NSEC_PER_MSEC);
	assert_in_range(after.elapsed_ns - before.elapsed_ns, elapsed_ns - SLACK_NS,
			elapsed_ns + SLACK_NS);
	assert_in_range(after.scan_cpu_ns - before.scan_cpu_ns, BURN_NS,
			process_cpu_ns() - cpu_start_ns);
	/* The rest is not part of the window that came after it. */
	assert_true(session->last.account.elapsed_ns <= session->last.end_ns - sent_ns);
}

/* From the first booking to the last, over many windows: no time is lost, none is booked twice. */
static void test_windows_add_up_to_real_time(void **state)
{
	struct session *session = *state;
	struct worker_window first;
	uint64_t elapsed_ns, windows_ns;

	session_start(session);
	session_add(session, 1, session->children[0]);
	await_windows(session, 1);
	first = session->last;
	windows_ns = session->sum.elapsed_ns;
	await_windows(session, 41);
	elapsed_ns = session->last.end_ns - first.end_ns;
	windows_ns = session->sum.elapsed_ns - windows_ns;
	assert_true(elapsed_ns >= 40 * session->config.window_ns);
	assert_in_range(windows_ns, elapsed_ns - SLACK_NS, elapsed_ns + SLACK_NS);
	assert_int_equal(session->last.totals.elapsed_ns - first.totals.elapsed_ns, windows_ns);
	assert_true(session->last.totals.elapsed_ns <= session->last.end_ns - session->started_ns);
	assert_true(session->last.account.elapsed_ns >= session->config.window_ns);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION(test_totals_are_the_sum),     SESSION(test_failed_window_is_booked),
		SESSION(test_observe_moves_nothing),  SESSION(test_moves_are_booked_per_target),
		SESSION(test_no_gap_between_windows), SESSION(test_windows_add_up_to_real_time),
	};

	return cmocka_run_group_tests_name("worker_books", tests, NULL, NULL);
}
