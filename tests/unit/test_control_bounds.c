// SPDX-License-Identifier: GPL-2.0-only
/*
 * The bounds of the control socket. Each test makes one time limit short and
 * leaves the others at an hour: what ends a connection then is that one.
 */
#include <poll.h>
#include <sys/resource.h>

#include "control_fixture.h"

/* Sockets of clients are large enough for one line, not for long answers. */
static size_t read_all(struct fixture *f, int fd)
{
	static char buffer[65536];
	size_t total = 0;

	for (;;) {
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

		if (n <= 0 && !(n < 0 && errno == EAGAIN))
			return total;
		if (n > 0)
			total += (size_t)n;
		else
			turn(f);
	}
}

static void test_clients(void **state)
{
	struct fixture *f = *state;
	int fds[CONTROL_CLIENTS_MAX], fd, i;

	fixture_start(f);
	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		fds[i] = client_open(f);
	fd = connect_to(f->path);
	expect_refusal(f, fd, "busy", "64 clients are connected");
	expect_end(f, fd);
	assert_int_equal(stats_of(f).refused, 1);
	assert_int_equal(stats_of(f).clients, CONTROL_CLIENTS_MAX);
	/* All that are in work, and one who goes makes room. */
	client_send(fds[63], ASK("echo"));
	expect_line(f, fds[63], OK("{}"));
	close(fds[0]);
	turn_until(f, stats_of(f).clients == CONTROL_CLIENTS_MAX - 1);
	fds[0] = client_open(f);
	client_send(fds[0], ASK("echo"));
	expect_line(f, fds[0], OK("{}"));
	for (i = 0; i < CONTROL_CLIENTS_MAX; i++)
		close(fds[i]);
	turn_until(f, stats_of(f).clients == 0);
}

static void test_idle(void **state)
{
	struct fixture *f = *state;
	int fd, stream;

	f->limits.idle_ns = SOON_NS;
	fixture_start(f);
	stream = client_open(f);
	client_send(stream, ASK("stream"));
	turn_until(f, f->n_calls == 1);
	fd = client_open(f);
	expect_end(f, fd);
	/* A connection that waits for its answer is not idle. */
	fd = client_open(f);
	client_send(fd, ASK("later"));
	turn_until(f, f->n_calls == 2);
	/* Many times the limit, in turns of others who are. */
	for (int i = 0; i < 5; i++)
		expect_end(f, client_open(f));
	control_reply(f->control, f->calls[1], NULL);
	expect_line(f, fd, OK("{}"));
	expect_end(f, fd);
	/* Nor is a stream, ever. */
	assert_int_equal(f->n_ended, 0);
	assert_int_equal(control_stream_line(f->control, f->calls[0], "{}\n", 3), 0);
	expect_line(f, stream, OK("{}"));
	expect_line(f, stream, "{}");
	close(stream);
}

/* Byte after byte does not help. */
static void test_slow_request(void **state)
{
	struct fixture *f = *state;
	char line[1];
	size_t sent = 0;
	int fd;

	f->limits.line_ns = SOON_NS;
	fixture_start(f);
	fd = client_open(f);
	/* A second turn has nothing to do, so it takes a millisecond: 4 s for all of them. */
	while (sent < 4000 && recv(fd, line, 1, MSG_PEEK) < 0 && send(fd, " ", 1, 0) == 1) {
		sent++;
		turn(f);
		turn(f);
	}
	assert_true(sent < 4000);
	expect_refusal(f, fd, "bad-request", "did not come to its end in time");
	expect_end(f, fd);
}

/* The time for a request does not run while the one before it is answered. */
static void test_slow_request_behind_another(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->limits.line_ns = SOON_NS;
	fixture_start(f);
	fd = client_open(f);
	client_send(fd, ASK("later") "{\"version\":1,");
	turn_until(f, f->n_calls == 1);
	for (int i = 0; i < 3; i++) {
		int other = client_open(f);

		client_send(other, "{");
		expect_refusal(f, other, "bad-request", "in time");
		expect_end(f, other);
	}
	client_send(fd, "\"verb\":\"echo\"}\n");
	control_reply(f->control, f->calls[0], json_object_new_int(1));
	expect_line(f, fd, OK("1"));
	expect_line(f, fd, OK("{}"));
	close(fd);
}

static void test_long_request(void **state)
{
	struct fixture *f = *state;
	char line[TIERED_CONTROL_REQUEST_MAX + 2];
	int fd;

	fixture_start(f);
	/* As long as may be: blanks count. */
	memset(line, ' ', sizeof(line));
	memcpy(line, ASK("echo"), sizeof(ASK("echo")) - 2);
	line[TIERED_CONTROL_REQUEST_MAX - 1] = '\n';
	line[TIERED_CONTROL_REQUEST_MAX] = '\0';
	fd = client_open(f);
	client_send(fd, line);
	expect_line(f, fd, OK("{}"));
	/* And one byte more. */
	line[TIERED_CONTROL_REQUEST_MAX - 1] = ' ';
	line[TIERED_CONTROL_REQUEST_MAX] = '\n';
	line[TIERED_CONTROL_REQUEST_MAX + 1] = '\0';
	client_send(fd, line);
	expect_refusal(f, fd, "bad-request", "too long; expected a line of at most 4096 bytes");
	expect_end(f, fd);
}

static long resident_kb(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* Sends until the other side has enough; returns how many bytes. */
static size_t send_much(struct fixture *f, int fd, const char *bytes, size_t size)
{
	size_t total = 0;

	while (total < 100 << 20) {
		ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN)
			break;
		if (n > 0)
			total += (size_t)n;
		turn(f);
	}
	return total;
}

static void test_100_mb_of_garbage(void **state)
{
	static char garbage[65536];
	struct fixture *f = *state;
	long before;
	int fd;

	memset(garbage, 0xfe, sizeof(garbage));
	fixture_start(f);
	fd = client_open(f);
	before = resident_kb();
	/* Cut off at the first line's limit: what was sent is what the socket held. */
	assert_true(send_much(f, fd, garbage, sizeof(garbage)) < 1 << 20);
	expect_refusal(f, fd, "bad-request", "too long");
	expect_end(f, fd);
	assert_true(resident_kb() - before < 4096);
}

/* 100 MB of requests by one who reads nothing: one answer is made, and waits. */
static void test_requests_without_reading(void **state)
{
	struct fixture *f = *state;
	int fd, i;

	f->limits.stall_ns = SOON_NS;
	fixture_start(f);
	fd = client_open(f);
	for (i = 0; i < 20; i++)
		client_send(fd, "{\"version\":1,\"verb\":\"big\",\"args\":{\"bytes\":2000000}}\n");
	turn_until(f, stats_of(f).clients == 0);
	assert_int_equal(stats_of(f).requests, 1);
	assert_true(read_all(f, fd) < 2000000);
	close(fd);
}

/* Nor does one who reads a little get ahead: the next request waits for all of the answer. */
static void test_requests_with_little_reading(void **state)
{
	struct fixture *f = *state;
	size_t got = 0;
	int fd;

	fixture_start(f);
	fd = client_open(f);
	client_send(fd,
		    "{\"version\":1,\"verb\":\"big\",\"args\":{\"bytes\":2000000}}\n" ASK("echo"));
	turn_until(f, stats_of(f).requests == 1);
	while (got < 1000000) {
		char buffer[10000];
		ssize_t n = recv(fd, buffer, sizeof(buffer), 0);

		got += n > 0 ? (size_t)n : 0;
		turn(f);
		assert_int_equal(stats_of(f).requests, 1);
	}
	shutdown(fd, SHUT_WR);
	got += read_all(f, fd);
	assert_int_equal(got, strlen(OK("\"\"")) + 2000000 + 1 + strlen(OK("{}")) + 1);
	close(fd);
}

/* Slow is not the same as not at all: the time begins anew whenever something was read. */
static void test_slow_reader(void **state)
{
	struct fixture *f = *state;
	size_t length = strlen(OK("\"\"")) + 2000000 + 1, got = 0;
	uint64_t before;
	char bytes[4096];
	ssize_t n;
	int fd;

	fixture_start(f);
	fd = client_open(f);
	client_send(fd, "{\"version\":1,\"verb\":\"big\",\"args\":{\"bytes\":2000000}}\n");
	shutdown(fd, SHUT_WR);
	turn_until(f, stats_of(f).requests == 1);
	before = f->control->clients[0]->sent_ns;
	while (f->control->clients[0] && f->control->clients[0]->sent_ns == before) {
		assert_true(got < 1000000);
		assert_true((n = recv(fd, bytes, sizeof(bytes), 0)) > 0);
		got += (size_t)n;
		turn(f);
	}
	assert_non_null(f->control->clients[0]);
	assert_int_equal(got + read_all(f, fd), length);
	close(fd);
}

static void test_vanishes_in_an_answer(void **state)
{
	struct fixture *f = *state;
	char byte;
	int fd;

	fixture_start(f);
	fd = client_open(f);
	client_send(fd, "{\"version\":1,\"verb\":\"big\",\"args\":{\"bytes\":2000000}}\n");
	turn_until(f, recv(fd, &byte, 1, 0) == 1);
	close(fd);
	turn_until(f, stats_of(f).clients == 0);
	/* Takes no answers: half of the connection is closed. */
	fd = client_open(f);
	shutdown(fd, SHUT_RD);
	client_send(fd, ASK("echo"));
	turn_until(f, stats_of(f).clients == 0);
	close(fd);
}

static void test_answer_max(void **state)
{
	struct fixture *f = *state;
	char line[1024];
	int fd;

	f->limits.answer = 1000;
	fixture_start(f);
	fd = client_open(f);
	client_send(fd, "{\"version\":1,\"verb\":\"big\",\"args\":{\"bytes\":900}}\n");
	client_send(fd, "{\"version\":1,\"verb\":\"big\",\"args\":{\"bytes\":1000}}\n");
	client_line(f, fd, line, sizeof(line));
	assert_int_equal(strlen(line), strlen(OK("\"\"")) + 900);
	expect_refusal(f, fd, "failed", "longer than 1000 bytes");
	close(fd);
}

/* All clients together: those that read go on. */
static void test_total_max(void **state)
{
	struct fixture *f = *state;
	int greedy, other;

	f->limits.total = 3000000;
	fixture_start(f);
	greedy = client_open(f);
	other = client_open(f);
	client_send(greedy, "{\"version\":1,\"verb\":\"big\",\"args\":{\"bytes\":2000000}}\n");
	turn_until(f, stats_of(f).requests == 1);
	client_send(other, "{\"version\":1,\"verb\":\"big\",\"args\":{\"bytes\":2000000}}\n");
	expect_refusal(f, other, "busy", "clients that do not read");
	client_send(other, ASK("echo"));
	expect_line(f, other, OK("{}"));
	close(greedy);
	turn_until(f, stats_of(f).clients == 1);
	client_send(other, "{\"version\":1,\"verb\":\"big\",\"args\":{\"bytes\":2000000}}\n");
	shutdown(other, SHUT_WR);
	assert_true(read_all(f, other) > 2000000);
	close(other);
}

static void test_no_answer_in_time(void **state)
{
	struct fixture *f = *state;
	int fd;

	f->limits.answer_ns = SOON_NS;
	fixture_start(f);
	fd = client_open(f);
	client_send(fd, ASK("later") ECHO("{\"pid\":1}"));
	expect_refusal(f, fd, "busy", "no answer in time");
	expect_line(f, fd, OK("{\"pid\":1}"));
	assert_int_equal(stats_of(f).timed_out, 1);
	/* Too late, also while the next one waits. */
	client_send(fd, ASK("later"));
	turn_until(f, f->n_calls == 2);
	control_reply(f->control, f->calls[0], json_object_new_int(1));
	expect_refusal(f, fd, "busy", "no answer in time");
	control_reply(f->control, f->calls[1], json_object_new_int(2));
	client_send(fd, ASK("echo"));
	expect_line(f, fd, OK("{}"));
	assert_int_equal(stats_of(f).timed_out, 2);
	close(fd);
}

#define EVENT "{\"event\":\"mapping\",\"pid\":12345,\"address\":\"0x7f0000000000\"}\n"
#define EVENT_LENGTH (sizeof(EVENT) - 1)

/* A storm of lines: dropped when there is no room, whole lines arrive, and later ones again. */
static void test_stream_without_room(void **state)
{
	struct fixture *f = *state;
	size_t taken = 0, dropped = 0, got, line;
	int fd, ret;

	fixture_start(f);
	fd = client_open(f);
	client_send(fd, ASK("stream"));
	turn_until(f, f->n_calls == 1);
	expect_line(f, fd, OK("{}"));
	for (line = 0; line < 100000; line++) {
		ret = control_stream_line(f->control, f->calls[0], EVENT, EVENT_LENGTH);
		assert_true(ret == 0 || ret == -ENOBUFS);
		taken += ret == 0;
		dropped += ret != 0;
	}
	assert_true(dropped > 0);
	assert_true(taken * EVENT_LENGTH > f->limits.stream - EVENT_LENGTH);
	assert_true(taken * EVENT_LENGTH < f->limits.stream + (2 << 20));
	for (got = 0; got < taken; got++)
		expect_line(f, fd,
			    "{\"event\":\"mapping\",\"pid\":12345,"
			    "\"address\":\"0x7f0000000000\"}");
	assert_int_equal(control_stream_line(f->control, f->calls[0], "{}\n", 3), 0);
	expect_line(f, fd, "{}");
	close(fd);
	turn_until(f, f->n_ended == 1);
}

/* One who reads all the while loses nothing, though the loop does not turn. */
static void test_stream_with_a_quick_reader(void **state)
{
	static char buffer[65536];
	struct fixture *f = *state;
	size_t got = 0, line;
	int fd;

	f->limits.stream = 16384;
	fixture_start(f);
	fd = client_open(f);
	client_send(fd, ASK("stream"));
	turn_until(f, f->n_calls == 1);
	expect_line(f, fd, OK("{}"));
	for (line = 0; line < 20000; line++) {
		ssize_t n;

		assert_int_equal(control_stream_line(f->control, f->calls[0], EVENT, EVENT_LENGTH),
				 0);
		while ((n = recv(fd, buffer, sizeof(buffer), 0)) > 0)
			got += (size_t)n;
	}
	close(fd);
	assert_true(got > 19000 * EVENT_LENGTH);
}

static void test_stream_that_is_not_read(void **state)
{
	struct fixture *f = *state;
	int fd, ret = 0;

	f->limits.stream_stall_ns = SOON_NS;
	fixture_start(f);
	fd = client_open(f);
	client_send(fd, ASK("stream"));
	turn_until(f, f->n_calls == 1);
	while (ret == 0)
		ret = control_stream_line(f->control, f->calls[0], EVENT, EVENT_LENGTH);
	assert_int_equal(ret, -ENOBUFS);
	turn_until(f, f->n_ended == 1);
	assert_int_equal(stats_of(f).clients, 0);
	assert_int_equal(control_stream_line(f->control, f->calls[0], EVENT, EVENT_LENGTH),
			 -ENOENT);
	close(fd);
}

/* No descriptors left: no busy loop, and the client gets in when there are some again. */
static void test_no_descriptors(void **state)
{
	struct fixture *f = *state;
	struct rlimit limit, none;
	int fd, i;

	f->limits.backoff_ns = SOON_NS;
	fixture_start(f);
	fd = connect_to(f->path);
	assert_true(fd >= 0);
	client_send(fd, ASK("echo"));
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	turn_until(f, f->control->accept_failed);
	/* The socket stays readable, and is not looked at. */
	sd_event_source_get_enabled(f->control->listening, &i);
	assert_int_equal(i, SD_EVENT_OFF);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	expect_line(f, fd, OK("{}"));
	assert_false(f->control->accept_failed);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_clients),
		TEST(test_idle),
		TEST(test_slow_request),
		TEST(test_slow_request_behind_another),
		TEST(test_long_request),
		TEST(test_100_mb_of_garbage),
		TEST(test_requests_without_reading),
		TEST(test_requests_with_little_reading),
		TEST(test_slow_reader),
		TEST(test_vanishes_in_an_answer),
		TEST(test_answer_max),
		TEST(test_total_max),
		TEST(test_no_answer_in_time),
		TEST(test_stream_without_room),
		TEST(test_stream_with_a_quick_reader),
		TEST(test_stream_that_is_not_read),
		TEST(test_no_descriptors),
	};

	return cmocka_run_group_tests_name("control bounds", tests, NULL, NULL);
}
