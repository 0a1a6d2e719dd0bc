// SPDX-License-Identifier: GPL-2.0-only
/* The control socket: requests in order, answers now and later, streams. */
#include "control_fixture.h"

static void test_answers_in_order(void **state)
{
	struct fixture *f = *state;
	int fd;

	fixture_start(f);
	fd = client_open(f);
	client_send(fd, ECHO("{\"pid\":1}"));
	expect_line(f, fd, OK("{\"pid\":1}"));
	/* Several at once, and one in pieces. */
	client_send(fd, ECHO("{\"pid\":2}") ASK("refuse") ECHO("{\"pid\":3}") "{\"version\":");
	expect_line(f, fd, OK("{\"pid\":2}"));
	expect_refusal(f, fd, "not-found", "no target has pid 12");
	expect_line(f, fd, OK("{\"pid\":3}"));
	client_send(fd, "1,\"verb\":");
	turn(f);
	client_send(fd, "\"echo\"}\n");
	expect_line(f, fd, OK("{}"));
	assert_int_equal(stats_of(f).requests, 5);
	close(fd);
	turn_until(f, stats_of(f).clients == 0);
}

/* A bad request is answered and the connection goes on. */
static void test_bad_requests(void **state)
{
	struct fixture *f = *state;
	int fd;

	fixture_start(f);
	fd = client_open(f);
	client_send(fd, "hello\n\n{\"version\":1,\"verb\":\"no\"}\n" ASK("echo"));
	expect_refusal(f, fd, "bad-request", "expected one JSON object");
	expect_refusal(f, fd, "bad-request", "expected one JSON object");
	expect_refusal(f, fd, "bad-request", "no verb 'no'");
	expect_line(f, fd, OK("{}"));
	assert_int_equal(send(fd, "\0\xff\0\n", 4, 0), 4);
	expect_refusal(f, fd, "bad-request", "byte 1 is not UTF-8");
	client_send(fd, ASK("echo"));
	expect_line(f, fd, OK("{}"));
	close(fd);
}

static void test_deferred_answers(void **state)
{
	struct fixture *f = *state;
	int fd, other;

	fixture_start(f);
	fd = client_open(f);
	other = client_open(f);
	client_send(fd, ASK("later") ECHO("{\"pid\":2}"));
	turn_until(f, f->n_calls == 1);
	/* Others do not wait for it; what is behind it does. */
	client_send(other, ASK("later") ECHO("{\"pid\":3}"));
	turn_until(f, f->n_calls == 2);
	assert_int_equal(stats_of(f).requests, 2);
	control_reply(f->control, f->calls[1], json_object_new_int(22));
	control_reply(f->control, f->calls[1], json_object_new_int(23));
	expect_line(f, other, OK("22"));
	expect_line(f, other, OK("{\"pid\":3}"));
	assert_int_equal(stats_of(f).requests, 3);
	control_refuse(f->control, f->calls[0], CONTROL_UNAVAILABLE, "not here");
	expect_refusal(f, fd, "unavailable", "not here");
	expect_line(f, fd, OK("{\"pid\":2}"));
	/* A request is answered once. */
	control_reply(f->control, f->calls[0], NULL);
	client_send(fd, ECHO("{\"pid\":4}"));
	expect_line(f, fd, OK("{\"pid\":4}"));
	close(fd);
	close(other);
}

/* Answers to clients that went meanwhile do nothing, also when somebody has their place. */
static void test_answer_to_nobody(void **state)
{
	struct fixture *f = *state;
	int fd;

	fixture_start(f);
	fd = client_open(f);
	client_send(fd, ASK("later"));
	turn_until(f, f->n_calls == 1);
	close(fd);
	turn_until(f, stats_of(f).clients == 0);
	fd = client_open(f);
	client_send(fd, ASK("later"));
	turn_until(f, f->n_calls == 2);
	control_reply(f->control, f->calls[0], json_object_new_int(1));
	control_refuse(f->control, f->calls[0], CONTROL_FAILED, "no");
	assert_int_equal(control_stream(f->control, f->calls[0], run_ended), -ENOENT);
	assert_int_equal(control_stream_line(f->control, f->calls[0], "{}\n", 3), -ENOENT);
	control_reply(f->control, f->calls[1], json_object_new_int(2));
	expect_line(f, fd, OK("2"));
	assert_int_equal(f->n_ended, 0);
	close(fd);
}

/* One who sends all and closes that half still gets all answers, then the end. */
static void test_half_closed(void **state)
{
	struct fixture *f = *state;
	int fd;

	fixture_start(f);
	fd = client_open(f);
	client_send(fd, ASK("later") ASK("later") ECHO("{\"pid\":5}"));
	shutdown(fd, SHUT_WR);
	turn_until(f, f->n_calls == 1);
	control_reply(f->control, f->calls[0], json_object_new_int(1));
	turn_until(f, f->n_calls == 2);
	control_reply(f->control, f->calls[1], json_object_new_int(2));
	expect_line(f, fd, OK("1"));
	expect_line(f, fd, OK("2"));
	expect_line(f, fd, OK("{\"pid\":5}"));
	expect_end(f, fd);
	assert_int_equal(stats_of(f).clients, 0);
}

static void test_half_a_request(void **state)
{
	struct fixture *f = *state;
	int fd;

	fixture_start(f);
	fd = client_open(f);
	client_send(fd, "{\"version\":1,\"verb\":\"echo\"}");
	shutdown(fd, SHUT_WR);
	expect_refusal(f, fd, "bad-request", "expected a newline");
	expect_end(f, fd);
	assert_int_equal(stats_of(f).clients, 0);
}

static void test_stream(void **state)
{
	struct fixture *f = *state;
	char line[64];
	int fd, i;

	fixture_start(f);
	fd = client_open(f);
	/* What is sent behind it is not looked at any more. */
	client_send(fd, ASK("stream") ASK("echo"));
	turn_until(f, f->n_calls == 1);
	/* It is no call any more. */
	control_reply(f->control, f->calls[0], json_object_new_int(1));
	expect_line(f, fd, OK("{}"));
	for (i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "{\"event\":%d,\"comm\":\"\xff\"}\n", i);
		assert_int_equal(control_stream_line(f->control, f->calls[0], line, strlen(line)),
				 0);
	}
	for (i = 0; i < 100; i++) {
		snprintf(line, sizeof(line), "{\"event\":%d,\"comm\":\"?\"}", i);
		expect_line(f, fd, line);
	}
	assert_int_equal(stats_of(f).requests, 1);
	assert_int_equal(f->n_ended, 0);
	close(fd);
	turn_until(f, f->n_ended == 1);
	assert_int_equal(control_stream_line(f->control, f->calls[0], "{}\n", 3), -ENOENT);
	assert_int_equal(stats_of(f).clients, 0);
}

/* The daemon stops: streams are ended, and what was answered a moment ago arrives. */
static void test_close(void **state)
{
	struct fixture *f = *state;
	int fd, stream;

	fixture_start(f);
	fd = client_open(f);
	stream = client_open(f);
	client_send(stream, ASK("stream"));
	turn_until(f, f->n_calls == 1);
	client_send(fd, ASK("later"));
	turn_until(f, f->n_calls == 2);
	control_reply(f->control, f->calls[1], json_object_new_string("bye"));
	control_stream_line(f->control, f->calls[0], "{\"event\":1}\n", 12);
	control_close(f->control);
	f->control = NULL;
	assert_int_equal(f->n_ended, 1);
	expect_line(f, fd, OK("\"bye\""));
	expect_end(f, fd);
	expect_line(f, stream, OK("{}"));
	expect_line(f, stream, "{\"event\":1}");
	expect_end(f, stream);
	assert_int_equal(access(f->path, F_OK), -1);
	assert_int_equal(connect_to(f->path), -ENOENT);
}

static void test_text_of_any_bytes(void **state)
{
	struct fixture *f = *state;
	int fd;

	fixture_start(f);
	fd = client_open(f);
	client_send(fd, ASK("later"));
	turn_until(f, f->n_calls == 1);
	control_reply(f->control, f->calls[0], json_object_new_string("a\xff\"\n\xc3\xa9/"));
	expect_line(f, fd, OK("\"a?\\\"\\n\xc3\xa9/\""));
	client_send(fd, ASK("later"));
	turn_until(f, f->n_calls == 2);
	control_refuse(f->control, f->calls[1], CONTROL_FAILED, "%s \xfe", "x\ny");
	expect_line(f, fd,
		    "{\"version\":1,\"ok\":false,\"code\":\"failed\",\"error\":\"x\\ny ?\"}");
	close(fd);
}

/* A sentence that grows when it is escaped is still one refusal. */
static void test_long_refusal(void **state)
{
	struct fixture *f = *state;
	char sentence[1000];
	int fd;

	fixture_start(f);
	fd = client_open(f);
	client_send(fd, ASK("later"));
	turn_until(f, f->n_calls == 1);
	memset(sentence, 1, sizeof(sentence) - 1);
	sentence[sizeof(sentence) - 1] = '\0';
	control_refuse(f->control, f->calls[0], CONTROL_FAILED, "%s", sentence);
	expect_refusal(f, fd, "failed", "\\u0001\\u0001");
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_setup, fixture_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_answers_in_order), TEST(test_bad_requests), TEST(test_deferred_answers),
		TEST(test_answer_to_nobody), TEST(test_half_closed),  TEST(test_half_a_request),
		TEST(test_stream),           TEST(test_close),        TEST(test_text_of_any_bytes),
		TEST(test_long_refusal),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
