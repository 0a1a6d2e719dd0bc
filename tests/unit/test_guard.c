// SPDX-License-Identifier: GPL-2.0-only
/* Calls that come back, that come back late, and that never do. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "util/clock.h"
#include "util/guard.h"

#define PATIENCE_NS (100 * NSEC_PER_MSEC)

static atomic_int dropped;

/* A room: reads a byte of a pipe, which is there when the test wants it. */
struct job {
	int fd;
	char byte;
};

static int run(void *room)
{
	struct job *job = room;

	return (int)read(job->fd, &job->byte, 1);
}

static void drop(void *room)
{
	(void)room;
	atomic_fetch_add(&dropped, 1);
}

static int spin(void *room)
{
	uint64_t end_ns = clock_thread_cpu_ns() + 3 * PATIENCE_NS;

	(void)room;
	while (clock_thread_cpu_ns() < end_ns)
		;
	return 7;
}

static int ask(struct guard_client *client, int fd, char *ret_byte)
{
	struct job *job = guard_room(client->guard, sizeof(*job));
	int ret;

	assert_non_null(job);
	job->fd = fd;
	ret = guard_call(client, run, drop);
	if (ret == 1)
		*ret_byte = job->byte;
	return ret;
}

static void await_retry(struct guard_client *client)
{
	uint64_t end_ns = clock_now_ns() + 10 * NSEC_PER_SEC;
	const struct timespec pause = { .tv_nsec = 1000000 };

	while (!guard_retry(client)) {
		assert_true(clock_now_ns() < end_ns);
		nanosleep(&pause, NULL);
	}
}

static void test_comes_back(void **state)
{
	struct guard_client client = { 0 };
	uint32_t tid;
	char byte = 0;
	int ends[2], i;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(guard_new(PATIENCE_NS, &client.guard), 0);
	tid = guard_tid(client.guard);
	assert_true(tid && tid != (uint32_t)gettid());
	for (i = 0; i < 1000; i++) {
		assert_int_equal(write(ends[1], "abc" + i % 3, 1), 1);
		assert_int_equal(ask(&client, ends[0], &byte), 1);
		assert_int_equal(byte, "abc"[i % 3]);
	}
	assert_int_equal(guard_tid(client.guard), tid);
	assert_true(guard_cpu_ns(client.guard) > 0);
	assert_false(client.blocked);
	guard_free(client.guard);
	close(ends[0]);
	close(ends[1]);
}

/* Slow is not blocked. */
static void test_works_for_long(void **state)
{
	struct guard_client client = { 0 };

	(void)state;
	assert_int_equal(guard_new(PATIENCE_NS, &client.guard), 0);
	assert_non_null(guard_room(client.guard, 1));
	assert_int_equal(guard_call(&client, spin, NULL), 7);
	assert_false(client.blocked);
	assert_true(guard_cpu_ns(client.guard) >= 3 * PATIENCE_NS);
	guard_free(client.guard);
}

/* One client is blocked, another goes on; the first comes back once its call is over. */
static void test_gets_stuck(void **state)
{
	struct guard_client stuck = { 0 }, other = { 0 };
	char byte = 0;
	int never[2], ready[2], i;

	(void)state;
	atomic_store(&dropped, 0);
	assert_int_equal(pipe(never), 0);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(guard_new(PATIENCE_NS, &stuck.guard), 0);
	other.guard = stuck.guard;
	assert_int_equal(ask(&stuck, never[0], &byte), -EBUSY);
	assert_true(stuck.blocked);
	assert_int_equal(ask(&stuck, ready[0], &byte), -EBUSY);
	assert_false(guard_retry(&stuck));
	for (i = 0; i < 100; i++) {
		assert_int_equal(write(ready[1], "x", 1), 1);
		assert_int_equal(ask(&other, ready[0], &byte), 1);
	}
	assert_false(other.blocked);
	assert_int_equal(atomic_load(&dropped), 0);
	assert_int_equal(write(never[1], "y", 1), 1);
	await_retry(&stuck);
	assert_int_equal(atomic_load(&dropped), 1);
	assert_int_equal(write(ready[1], "z", 1), 1);
	assert_int_equal(ask(&stuck, ready[0], &byte), 1);
	assert_int_equal(byte, 'z');
	guard_free(stuck.guard);
	close(never[0]);
	close(never[1]);
	close(ready[0]);
	close(ready[1]);
}

/* Bounded, and the guard may go while calls are stuck. */
static void test_many_stuck(void **state)
{
	static struct guard_client clients[80];
	struct guard *guard;
	size_t i, stuck = 0;
	char byte;
	int never[2];

	(void)state;
	assert_int_equal(pipe(never), 0);
	assert_int_equal(guard_new(NSEC_PER_MSEC, &guard), 0);
	for (i = 0; i < 80; i++) {
		clients[i].guard = guard;
		if (!guard_room(guard, sizeof(struct job)))
			break;
		assert_int_equal(ask(&clients[i], never[0], &byte), -EBUSY);
		stuck++;
	}
	assert_int_equal(stuck, 64);
	guard_free(guard);
	close(never[1]);
	for (i = 0; i < stuck; i++)
		await_retry(&clients[i]);
	close(never[0]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_comes_back),
		cmocka_unit_test(test_works_for_long),
		cmocka_unit_test(test_gets_stuck),
		cmocka_unit_test(test_many_stuck),
	};

	return cmocka_run_group_tests_name("guard", tests, NULL, NULL);
}
