// SPDX-License-Identifier: GPL-2.0-only
/*
 * The worker thread and its messages: targets that come, go and cannot be had,
 * and every way in which it ends. What it books: test_worker_books.c
 */
#include <sys/resource.h>

#include "tree.h"
#include "worker_session.h"

#define MANY 1024

static struct worker_gone take_gone(struct session *session)
{
	struct message *message = session_await(session, WORKER_GONE);
	struct worker_gone gone = *(const struct worker_gone *)message;

	free(message);
	return gone;
}

static struct worker_target take_target(struct session *session)
{
	struct message *message = session_await(session, WORKER_TARGET);
	struct worker_target target = *(const struct worker_target *)message;

	free(message);
	return target;
}

static void set_fd_limit(rlim_t fds, rlim_t *ret_before)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	if (ret_before)
		*ret_before = limit.rlim_cur;
	limit.rlim_cur = fds < limit.rlim_max ? fds : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* All in one go, as after the first sweep of a large machine; none is lost, none refused. */
static void test_many_at_once(void **state)
{
	struct session *session = *state;
	struct target_key key = child_key(session->children[0]);
	struct message *message;
	rlim_t before;
	uint32_t id;

	set_fd_limit(2 * MANY + 256, &before);
	session_start(session);
	for (id = 1; id <= MANY; id++)
		session_add_key(session, id, &key);
	do {
		message = session_next(session);
		assert_non_null(message);
		assert_true(message->kind == WORKER_WINDOW || message->kind == WORKER_FIGURES);
		free(message);
	} while (session->last.targets != MANY);
	assert_int_equal(session->last.account.marked_targets, MANY);
	assert_int_equal(fake.targets, MANY);
	set_fd_limit(before, NULL);
}

static void test_child_exits(void **state)
{
	struct session *session = *state;
	struct worker_target target;
	struct worker_gone gone;

	session_start(session);
	session_add(session, 1, session->children[0]);
	session_add(session, 2, session->children[1]);
	session_await_targets(session, 2);
	kill(session->children[0], SIGKILL);
	target = take_target(session);
	assert_int_equal(target.id, 1);
	assert_int_equal(target.tgid, session->children[0]);
	gone = take_gone(session);
	assert_int_equal(gone.id, 1);
	assert_int_equal(gone.error, -ESRCH);
	session_await_targets(session, 1);
	assert_int_equal(fake.targets, 1);
}

/* Another process with the same pid: no window is spent on it. */
static void test_wrong_start_time(void **state)
{
	struct session *session = *state;
	struct target_key key = child_key(session->children[0]);
	struct worker_gone gone;

	key.start_ns++;
	session_start(session);
	session_add_key(session, 5, &key);
	gone = take_gone(session);
	assert_int_equal(gone.id, 5);
	assert_int_equal(gone.error, -ESRCH);
	worker_stop(session->worker);
	session_await_ended(session);
	assert_int_equal(session->windows, 0);
	assert_int_equal(session->end.window, 0);
	assert_int_equal(fake.marks, 0);
}

/* Why a target cannot be had is told as the kernel said it, and others are had all the same. */
static void test_cannot_be_opened(void **state)
{
	struct session *session = *state;
	const struct {
		struct target_key key;
		int error;
	} cases[] = {
		{ { .tgid = 0 }, -EINVAL },
		{ { .tgid = 0x7fffffff }, -ESRCH },
		{ { .tgid = 0xffffffff }, -EINVAL },
	};
	struct worker_gone gone;
	uint32_t i;

	session_start(session);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		session_add_key(session, i + 1, &cases[i].key);
	session_add(session, 100, session->children[0]);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		gone = take_gone(session);
		assert_int_equal(gone.id, i + 1);
		assert_int_equal(gone.error, cases[i].error);
	}
	session_await_targets(session, 1);
}

static void test_no_descriptors_left(void **state)
{
	struct session *session = *state;
	struct target_key key = child_key(session->children[0]);
	struct worker_gone gone;
	rlim_t before;

	session_start(session);
	set_fd_limit(3, &before);
	session_add_key(session, 1, &key);
	gone = take_gone(session);
	set_fd_limit(before, NULL);
	assert_int_equal(gone.id, 1);
	assert_int_equal(gone.error, -EMFILE);
	/* It may be had later. */
	session_add_key(session, 2, &key);
	session_await_targets(session, 1);
}

/* A pagemap that is a link to itself. */
static void test_pagemap_cannot_be_opened(void **state)
{
	struct session *session = *state;
	struct target_key key = child_key(session->children[0]);
	struct worker_gone gone;
	struct tree tree;
	char path[64];

	tree_make(&tree);
	snprintf(path, sizeof(path), "%u/pagemap", key.tgid);
	tree_link(&tree, path, "pagemap");
	session->config.proc_root = tree.root;
	session_start(session);
	session_add_key(session, 1, &key);
	gone = take_gone(session);
	tree_remove(&tree, "");
	assert_int_equal(gone.id, 1);
	assert_int_equal(gone.error, -ELOOP);
}

static void test_remove(void **state)
{
	struct session *session = *state;
	struct worker_target target;
	char comm[16] = { 0 };

	prctl(PR_GET_NAME, comm);
	session_start(session);
	session_add(session, 3, session->children[0]);
	session_add(session, 4, session->children[1]);
	session_await_targets(session, 2);
	session_remove(session, 77); /* never heard of: nothing happens */
	session_remove(session, 3);
	target = take_target(session);
	assert_int_equal(target.id, 3);
	assert_int_equal(target.tgid, session->children[0]);
	assert_string_equal(target.comm, comm);
	session_await_targets(session, 1);
	/* The same process may come again, under a new name. */
	session_add(session, 5, session->children[0]);
	session_await_targets(session, 2);
}

/* Each that is left has its say before the last word. */
static void test_ended_is_the_last_word(void **state)
{
	struct session *session = *state;
	uint32_t id;

	session_start(session);
	session_add(session, 1, session->children[0]);
	session_add(session, 2, session->children[1]);
	session_await_targets(session, 2);
	worker_stop(session->worker);
	worker_stop(session->worker); /* once more is no harm */
	for (id = 1; id <= 2; id++)
		assert_int_equal(take_target(session).id, id);
	session_await_ended(session);
	assert_int_equal(session->end.error, 0);
	assert_int_equal(session->end.targets, 2);
	assert_null(worker_receive(session->worker));
	worker_join(session->worker);
	session->worker = NULL;
	assert_int_equal(fake.stops, 1);
}

/* In the wait of a window of an hour, and in that for a first target. */
static void test_stop_ends_a_long_wait(void **state)
{
	struct session *session = *state;
	uint64_t stopped_ns, end_ns = clock_now_ns() + DEADLINE_MS * NSEC_PER_MSEC;

	session->config.window_ns = 3600 * NSEC_PER_SEC;
	session_start(session);
	session_add(session, 1, session->children[0]);
	while (!fake.marks && clock_now_ns() < end_ns)
		poll(NULL, 0, 1);
	assert_int_equal(fake.marks, 1);
	stopped_ns = clock_now_ns();
	worker_stop(session->worker);
	session_await_ended(session);
	assert_true(session->end.end_ns - stopped_ns < 5 * NSEC_PER_SEC);
	assert_int_equal(session->end.error, 0);
	assert_int_equal(session->end.window, 1);
	assert_int_equal(fake.reads, 0);
}

static void test_stop_without_targets(void **state)
{
	struct session *session = *state;
	uint64_t stopped_ns;

	session_start(session);
	stopped_ns = clock_now_ns();
	worker_stop(session->worker);
	session_await_ended(session);
	assert_true(session->end.end_ns - stopped_ns < 5 * NSEC_PER_SEC);
	assert_int_equal(session->end.error, 0);
	assert_int_equal(session->windows, 0);
}

static void test_errors_end_the_worker(void **state)
{
	struct session *session = *state;
	static const struct {
		atomic_int *error;
		const char *what;
		int reads; /* before it */
	} cases[] = {
		{ &fake.start_error, "fake", 0 },
		{ &fake.retarget_error, "prepare", 0 },
		{ &fake.mark_error, "mark", 0 },
		{ &fake.read_error, "read", 1 },
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake_reset(session->pages);
		session->ended = 0;
		*cases[i].error = -EIO - (int)i;
		session_start(session);
		session_add(session, 1, session->children[0]);
		session_await_ended(session);
		assert_int_equal(session->end.error, -EIO - (int)i);
		assert_string_equal(session->end.error_what, cases[i].what);
		assert_int_equal(fake.reads, cases[i].reads);
		worker_join(session->worker);
		session->worker = NULL;
		assert_int_equal(fake.starts, 1);
		assert_int_equal(fake.stops, 1);
	}
}

/* What comes after its end is freed with it (LeakSanitizer). */
static void test_messages_after_the_end(void **state)
{
	struct session *session = *state;
	uint32_t id;

	session_start(session);
	worker_stop(session->worker);
	session_await_ended(session);
	for (id = 1; id < 10; id++)
		session_add(session, id, session->children[0]);
	assert_null(worker_receive(session->worker));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION(test_many_at_once),
		SESSION(test_child_exits),
		SESSION(test_wrong_start_time),
		SESSION(test_cannot_be_opened),
		SESSION(test_no_descriptors_left),
		SESSION(test_pagemap_cannot_be_opened),
		SESSION(test_remove),
		SESSION(test_ended_is_the_last_word),
		SESSION(test_stop_ends_a_long_wait),
		SESSION(test_stop_without_targets),
		SESSION(test_errors_end_the_worker),
		SESSION(test_messages_after_the_end),
	};

	return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
