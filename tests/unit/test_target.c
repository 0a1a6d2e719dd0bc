// SPDX-License-Identifier: GPL-2.0-only
/* Holding real processes: identity, death, exec. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/pagemap.h"
#include "observe/proc.h"
#include "observe/target.h"
#include "util/clock.h"

static pid_t child;
static int to_child[2];

/* A child that waits for a byte: 'x' makes it exec cat on the same pipe, end of file ends it. */
static int setup(void **state)
{
	char byte;

	(void)state;
	if (pipe(to_child) < 0)
		return -1;
	child = fork();
	if (child)
		return child < 0 ? -1 : 0;
	close(to_child[1]);
	if (read(to_child[0], &byte, 1) == 1 && byte == 'x') {
		dup2(to_child[0], 0);
		execlp("cat", "cat", (char *)NULL);
	}
	_exit(0);
}

static int teardown(void **state)
{
	(void)state;
	close(to_child[0]);
	close(to_child[1]);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}

static struct target_key key_of_child(void)
{
	struct target_key key = { .tgid = (uint32_t)child };
	struct proc_stat stat;

	assert_int_equal(proc_read_stat("/proc", key.tgid, &stat), 0);
	key.start_ns = stat.start_ns;
	return key;
}

/* 1 when the target is not alive within 10 s. */
static int dies(const struct target *target)
{
	const uint64_t end_ns = clock_now_ns() + 10 * NSEC_PER_SEC;

	while (target_alive(target)) {
		if (clock_now_ns() > end_ns)
			return 0;
		poll(NULL, 0, 1);
	}
	return 1;
}

static void test_open(void **state)
{
	struct target_key key = key_of_child();
	struct target *target = NULL;
	uint64_t entries[64], stack = (uintptr_t)&key / TIERED_PAGE_SIZE * TIERED_PAGE_SIZE;

	(void)state;
	assert_int_equal(target_open("/proc", 7, &key, NULL, &target), 0);
	assert_int_equal(target->id, 7);
	assert_true(target->allowed_nodes & 1);
	assert_true(strlen(target->comm) > 0);
	assert_true(target_alive(target));
	assert_int_equal(target_pagemap(target, stack, entries, 1), 1);
	assert_true(entries[0] & PAGEMAP_PRESENT);
	assert_int_equal(target_pagemap(target, 0x10000, entries, 64), 64);
	assert_false(entries[0] & PAGEMAP_PRESENT);
	assert_int_equal(pagemap_next_present(target, stack, stack + TIERED_PAGE_SIZE), stack);
	target_close(target);
	target_close(NULL);
}

static void test_wrong_process(void **state)
{
	struct target_key key = key_of_child();
	struct target *target = (struct target *)&key;

	(void)state;
	key.start_ns += NSEC_PER_SEC;
	assert_int_equal(target_open("/proc", 7, &key, NULL, &target), -ESRCH);
	key.tgid = INT32_MAX;
	assert_int_equal(target_open("/proc", 7, &key, NULL, &target), -ESRCH);
	assert_ptr_equal(target, &key);
}

static void test_death(void **state)
{
	struct target_key key = key_of_child();
	struct target *target;
	uint64_t entry;

	(void)state;
	assert_int_equal(target_open("/proc", 7, &key, NULL, &target), 0);
	kill(child, SIGKILL);
	assert_true(dies(target));
	assert_int_equal(target_pagemap(target, 0, &entry, 1), -ESRCH);
	waitpid(child, NULL, 0);
	assert_false(target_alive(target));
	assert_int_equal(target_refresh_nodes(target, "/proc"), -ESRCH);
	target_close(target);
}

/* The process lives on, the address space does not. */
static void test_exec(void **state)
{
	struct target_key key = key_of_child();
	struct target *target;
	uint64_t entry;

	(void)state;
	assert_int_equal(target_open("/proc", 7, &key, NULL, &target), 0);
	assert_int_equal(write(to_child[1], "x", 1), 1);
	assert_true(dies(target));
	assert_int_equal(kill(child, 0), 0);
	assert_int_equal(target_pagemap(target, 0, &entry, 1), -ESRCH);
	target_close(target);
}

#define UNIT(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		UNIT(test_open),
		UNIT(test_wrong_process),
		UNIT(test_death),
		UNIT(test_exec),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
