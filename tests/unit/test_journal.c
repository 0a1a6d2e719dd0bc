// SPDX-License-Identifier: GPL-2.0-only
/*
 * Records for the journal. The real sd-journal library sends them; where a mount
 * namespace can be had, to a socket of this test in the journal's place.
 */
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "report/journal.h"

/* Statuses of the child that is not to be seen as a failed test. */
#define NO_NAMESPACE 77
#define LOST_MS 20000

static const struct journal_window window = {
	.window = 12,
	.requested = 4096,
	.promoted = 4000,
	.demoted = 10,
	.share_ppm = 998877,
	.scan_cpu_ns = UINT64_MAX,
	.migrate_cpu_ns = 5,
};

static const struct journal_target target = {
	.id = 3,
	.pid = 4711,
	.comm = "redis-server",
	.requested = 100,
	.promoted = 60,
	.demoted = 30,
};

/* How many fields are exactly this one. */
static int count(const struct journal_fields *fields, const char *field)
{
	int i, n = 0;

	for (i = 0; i < fields->n; i++)
		n += fields->field[i].iov_len == strlen(field) &&
		     memcmp(fields->field[i].iov_base, field, strlen(field)) == 0;
	return n;
}

static void test_window(void **state)
{
	struct journal_fields fields;

	(void)state;
	journal_window_fields(&window, "window 12: fine", &fields);
	assert_int_equal(count(&fields, "MESSAGE=window 12: fine"), 1);
	assert_int_equal(count(&fields, "PRIORITY=6"), 1);
	assert_int_equal(count(&fields, "MESSAGE_ID=" JOURNAL_WINDOW_ID), 1);
	assert_int_equal(count(&fields, "SYSLOG_IDENTIFIER=tiered"), 1);
	assert_int_equal(count(&fields, "TIERED_WINDOW=12"), 1);
	assert_int_equal(count(&fields, "TIERED_REQUESTED=4096"), 1);
	assert_int_equal(count(&fields, "TIERED_PROMOTED=4000"), 1);
	assert_int_equal(count(&fields, "TIERED_DEMOTED=10"), 1);
	assert_int_equal(count(&fields, "TIERED_SHARE_PPM=998877"), 1);
	assert_int_equal(count(&fields, "TIERED_SCAN_CPU_NS=18446744073709551615"), 1);
	assert_int_equal(count(&fields, "TIERED_MIGRATE_CPU_NS=5"), 1);
	assert_int_equal(fields.n, 11);
}

static void test_target(void **state)
{
	struct journal_fields fields;

	(void)state;
	journal_target_fields(&target, "target 3: redis-server", &fields);
	assert_int_equal(count(&fields, "MESSAGE=target 3: redis-server"), 1);
	assert_int_equal(count(&fields, "MESSAGE_ID=" JOURNAL_TARGET_ID), 1);
	assert_int_equal(count(&fields, "TIERED_TARGET=3"), 1);
	assert_int_equal(count(&fields, "TIERED_PID=4711"), 1);
	assert_int_equal(count(&fields, "TIERED_COMM=redis-server"), 1);
	assert_int_equal(count(&fields, "TIERED_REQUESTED=100"), 1);
	assert_int_equal(count(&fields, "TIERED_PROMOTED=60"), 1);
	assert_int_equal(count(&fields, "TIERED_DEMOTED=30"), 1);
	assert_int_equal(count(&fields, "TIERED_PAGES=90"), 1);
	assert_int_equal(fields.n, 11);
}

/* The sentence is cut, not the numbers. */
static void test_long_sentence(void **state)
{
	struct journal_fields fields;
	char sentence[5000];

	(void)state;
	memset(sentence, 'x', sizeof(sentence) - 1);
	sentence[sizeof(sentence) - 1] = '\0';
	journal_window_fields(&window, sentence, &fields);
	assert_int_equal(fields.n, 11);
	assert_int_equal(fields.field[0].iov_len, strlen("MESSAGE=") + 1024);
	assert_int_equal(count(&fields, "TIERED_MIGRATE_CPU_NS=5"), 1);
}

/* 128 bits in hexadecimal, as the journal wants them, and different ones. */
static void test_ids(void **state)
{
	(void)state;
	assert_int_equal(strspn(JOURNAL_WINDOW_ID, "0123456789abcdef"), 32);
	assert_int_equal(strspn(JOURNAL_TARGET_ID, "0123456789abcdef"), 32);
	assert_int_equal(strlen(JOURNAL_WINDOW_ID) + strlen(JOURNAL_TARGET_ID), 64);
	assert_string_not_equal(JOURNAL_WINDOW_ID, JOURNAL_TARGET_ID);
}

static void test_stream(void **state)
{
	struct stat status;
	char stream[64];
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	assert_int_equal(fstat(fds[0], &status), 0);
	snprintf(stream, sizeof(stream), "%lu:%lu", (unsigned long)status.st_dev,
		 (unsigned long)status.st_ino);
	assert_true(journal_stream_is(stream, fds[0]));
	/* Redirected since the service manager said so. */
	assert_false(journal_stream_is(stream, fds[1]));
	assert_false(journal_stream_is(NULL, fds[0]));
	assert_false(journal_stream_is("", fds[0]));
	assert_false(journal_stream_is("1", fds[0]));
	assert_false(journal_stream_is("a:b", fds[0]));
	snprintf(stream, sizeof(stream), "%lu:%lux", (unsigned long)status.st_dev,
		 (unsigned long)status.st_ino);
	assert_false(journal_stream_is(stream, fds[0]));
	close(fds[0]);
	assert_false(journal_stream_is(stream, fds[0]));
	close(fds[1]);
}

/* A socket where the library looks for the journal, seen by this process alone; or -1. */
static int fake_journal(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX,
				       .sun_path = "/run/systemd/journal/socket" };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", "/run", "tmpfs", 0, NULL) < 0 || mkdir("/run/systemd", 0755) < 0 ||
	    mkdir("/run/systemd/journal", 0755) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	return fd;
}

/* One record in the journal's own protocol: lines, a value with newlines behind its length. */
static int receive(int fd, char *record, size_t size)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	ssize_t n;

	if (poll(&wait, 1, LOST_MS) != 1)
		return -1;
	n = recv(fd, record, size - 1, 0);
	record[n > 0 ? n : 0] = '\0';
	return n > 0 ? 0 : -1;
}

static int has(const char *record, const char *line)
{
	const char *at = strstr(record, line);

	return at && (at == record || at[-1] == '\n') && at[strlen(line)] == '\n';
}

/* In a child, whose namespace ends with it. 0, or the number of what went wrong. */
static int send_records(void)
{
	char record[4096];
	int fd = fake_journal();

	if (fd < 0)
		return NO_NAMESPACE;
	journal_window(1, &window, "window 12: fine");
	if (receive(fd, record, sizeof(record)) < 0)
		return 1;
	if (!has(record, "MESSAGE=window 12: fine") || !has(record, "TIERED_PROMOTED=4000") ||
	    !has(record, "MESSAGE_ID=" JOURNAL_WINDOW_ID) || strstr(record, "CODE_FILE"))
		return 2;
	journal_target(1, &target, "target 3: redis-server");
	if (receive(fd, record, sizeof(record)) < 0)
		return 3;
	if (!has(record, "TIERED_PAGES=90") || !has(record, "TIERED_COMM=redis-server"))
		return 4;
	/* Not connected: nothing comes here. */
	journal_window(0, &window, "window 12: fine");
	if (recv(fd, record, sizeof(record), MSG_DONTWAIT) >= 0 || errno != EAGAIN)
		return 5;
	return 0;
}

/* Standard error of a child that runs @run; returns its status. */
static int run_child(int (*run)(void), char *error, size_t size)
{
	size_t used = 0;
	int fds[2], status;
	pid_t child;
	ssize_t n;

	assert_int_equal(pipe(fds), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		dup2(fds[1], STDERR_FILENO);
		unsetenv("JOURNAL_STREAM");
		_exit(run());
	}
	close(fds[1]);
	while (used + 1 < size && (n = read(fds[0], error + used, size - 1 - used)) > 0)
		used += (size_t)n;
	error[used] = '\0';
	close(fds[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void test_to_the_journal(void **state)
{
	char error[1024];
	int status = run_child(send_records, error, sizeof(error));

	(void)state;
	if (status == NO_NAMESPACE)
		skip();
	assert_int_equal(status, 0);
	assert_string_equal(error, "tiered: window 12: fine\n");
}

static int log_records(void)
{
	journal_window(journal_connected(), &window, "window 12: fine");
	journal_target(journal_connected(), &target, "target 3: 100%s");
	return 0;
}

static void test_to_the_log(void **state)
{
	char error[1024];

	(void)state;
	assert_int_equal(run_child(log_records, error, sizeof(error)), 0);
	assert_string_equal(error, "tiered: window 12: fine\ntiered: target 3: 100%s\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window),         cmocka_unit_test(test_target),
		cmocka_unit_test(test_long_sentence),  cmocka_unit_test(test_ids),
		cmocka_unit_test(test_stream),         cmocka_unit_test(test_to_the_log),
		cmocka_unit_test(test_to_the_journal),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
