// SPDX-License-Identifier: GPL-2.0-only
/* The client against daemons that are good, slow, old, chatty, or not there. */
#include <errno.h>
#include <grp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include <cmocka.h>

#include "../../ctl/client.h"
#include "../../ctl/ctl.h"
#include "fake_control.h"

#define DATA "tests/data/control"

struct place {
	char folder[64];
	struct fake_control fake;
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->folder, "/tmp/ctl-XXXXXX");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(place->fake.path, sizeof(place->fake.path), "%s/control", place->folder);
	place->fake.folder = DATA;
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	rmdir(place->folder);
	free(place);
	return 0;
}

static struct client *connected(struct place *place)
{
	struct client *client = NULL;
	char why[CLIENT_WHY_MAX];

	assert_int_equal(fake_start(&place->fake), 0);
	assert_int_equal(client_open(place->fake.path, 0, &client, why), 0);
	return client;
}

static void finish(struct place *place, struct client *client)
{
	client_close(client);
	fake_stop(&place->fake);
}

/* What the daemon sends is @raw: the error and a part of the sentence. */
static void expect_failure(struct place *place, const char *raw, size_t length, int error,
			   const char *words)
{
	struct json_object *result = NULL;
	struct client *client;

	place->fake.raw = raw;
	place->fake.raw_length = length;
	client = connected(place);
	client_set_deadline(client, 5000);
	assert_int_equal(client_ask(client, "status", NULL, &result), error);
	assert_null(result);
	if (!strstr(client_why(client), words))
		fail_msg("'%s' does not say '%s'", client_why(client), words);
	finish(place, client);
}

#define EXPECT_FAILURE(place, raw, error, words)                                                   \
	expect_failure(place, raw, strlen(raw), error, words)

static void test_nobody_there(void **state)
{
	struct place *place = *state;
	struct client *client = NULL;
	char why[CLIENT_WHY_MAX], expected[CLIENT_WHY_MAX];

	snprintf(expected, sizeof(expected),
		 "no daemon listens on %s; start it with 'systemctl start tiered'",
		 place->fake.path);
	assert_int_equal(client_open(place->fake.path, 0, &client, why), -ENOENT);
	assert_string_equal(why, expected);
	/* A socket that a daemon left behind. */
	assert_int_equal(fake_listen(&place->fake), 0);
	close(place->fake.listener);
	assert_int_equal(client_open(place->fake.path, 0, &client, why), -ECONNREFUSED);
	assert_string_equal(why, expected);
	unlink(place->fake.path);
	assert_null(client);
	assert_int_equal(client_status(-ENOENT), CTL_UNREACHABLE);
	assert_int_equal(client_status(-ECONNREFUSED), CTL_UNREACHABLE);
	assert_int_equal(client_status(-EACCES), CTL_UNREACHABLE);
	assert_int_equal(client_status(-ETIMEDOUT), CTL_FAILED);
	assert_int_equal(client_status(-EREMOTEIO), CTL_FAILED);
	assert_int_equal(client_status(0), CTL_OK);
}

/* Nobody accepts: the backlog fills, and connecting gives up. */
static void test_full_backlog(void **state)
{
	struct place *place = *state;
	struct client *clients[64];
	char why[CLIENT_WHY_MAX];
	int n = 0, err = 0;

	assert_int_equal(fake_listen(&place->fake), 0);
	while (n < 64 && (err = client_open(place->fake.path, 30, &clients[n], why)) == 0)
		n++;
	assert_int_equal(err, -ETIMEDOUT);
	assert_non_null(strstr(why, "takes no connection; try again"));
	while (n)
		client_close(clients[--n]);
	close(place->fake.listener);
	unlink(place->fake.path);
}

static void test_long_path(void **state)
{
	struct client *client = NULL;
	char why[CLIENT_WHY_MAX], path[200];

	(void)state;
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(client_open(path, 0, &client, why), -ENAMETOOLONG);
	assert_string_equal(why, "the path of the socket is too long: 199 bytes; expected at "
				 "most 107");
}

/* The child is nobody: 0 when it was told what to be. */
static int ask_as_nobody(const char *path)
{
	struct client *client;
	char why[CLIENT_WHY_MAX];

	if (setgroups(0, NULL) < 0 || setgid(65534) < 0 || setuid(65534) < 0)
		return 2;
	if (client_open(path, 0, &client, why) != -EACCES)
		return 3;
	return strstr(why, "you may not talk to the daemon") &&
			       strstr(why, "be root or in the group tiered")
		       ? 0
		       : 4;
}

static void test_not_allowed(void **state)
{
	struct place *place = *state;
	int status;
	pid_t child;

	if (geteuid() != 0)
		skip();
	assert_int_equal(fake_start(&place->fake), 0);
	assert_int_equal(chmod(place->folder, 0755), 0);
	assert_int_equal(chmod(place->fake.path, 0660), 0);
	child = fork();
	if (child == 0)
		_exit(ask_as_nobody(place->fake.path));
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	fake_stop(&place->fake);
}

static void test_good(void **state)
{
	struct place *place = *state;
	struct client *client = connected(place);
	struct json_object *args = json_object_new_object(), *result;

	json_object_object_add(args, "pid", json_object_new_int(4711));
	assert_int_equal(client_ask(client, "targets", args, &result), 0);
	assert_string_equal(place->fake.request,
			    "{\"version\":1,\"verb\":\"targets\",\"args\":{\"pid\":4711}}\n");
	assert_int_equal(json_object_array_length(json_object_object_get(result, "targets")), 3);
	json_object_put(result);
	/* The same connection again, without arguments. */
	assert_int_equal(client_ask(client, "reload", NULL, &result), 0);
	assert_string_equal(place->fake.request, "{\"version\":1,\"verb\":\"reload\"}\n");
	json_object_put(result);
	finish(place, client);
}

/* Answers come in pieces of any size; the next line begins where the last ended. */
static void test_pieces(void **state)
{
	static const size_t pieces[] = { 1, 7, 4095 };
	struct place *place = *state;
	size_t i;

	for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct json_object *result, *line;
		struct client *client;
		int lines = 0;

		place->fake.piece = pieces[i];
		client = connected(place);
		assert_int_equal(client_ask(client, "status", NULL, &result), 0);
		assert_int_equal(json_object_object_length(result), 9);
		json_object_put(result);
		assert_int_equal(client_ask(client, "trace", NULL, &result), 0);
		json_object_put(result);
		for (; lines < 5; lines++) {
			assert_int_equal(client_line(client, 5000, &line), 0);
			assert_non_null(json_object_object_get(line, "event"));
			json_object_put(line);
		}
		assert_int_equal(client_line(client, 0, &line), -EAGAIN);
		finish(place, client);
	}
}

static void test_refused(void **state)
{
	struct place *place = *state;
	struct json_object *result = NULL;
	struct client *client = connected(place);

	/* The sentence is escaped: the daemon quotes what others named. */
	assert_int_equal(client_ask(client, "no-such-file", NULL, &result), -EREMOTEIO);
	assert_string_equal(client_why(client), "no target has pid 99\\x1b[2J");
	/* And the connection goes on. */
	assert_int_equal(client_ask(client, "reload", NULL, &result), 0);
	json_object_put(result);
	finish(place, client);
}

static void test_refused_caller(void **state)
{
	EXPECT_FAILURE(*state,
		       "{\"version\":1,\"ok\":false,\"code\":\"refused\",\"error\":\"not you\"}\n",
		       -EACCES, "not you");
}

static void test_refused_without_words(void **state)
{
	EXPECT_FAILURE(*state, "{\"version\":1}\n", -EREMOTEIO, "does not say why");
}

static void test_other_version(void **state)
{
	EXPECT_FAILURE(*state, "{\"version\":2,\"ok\":true,\"result\":{}}\n", -EPROTO,
		       "speaks version 2 of the protocol, this tieredctl 1");
}

static void test_no_version(void **state)
{
	EXPECT_FAILURE(*state, "{\"version\":\"1\",\"ok\":true}\n", -EPROTO, "speaks version ?");
}

static void test_no_json(void **state)
{
	EXPECT_FAILURE(*state, "HTTP/1.1 400 Bad Request\n", -EBADMSG, "is no tiered");
}

static void test_array(void **state)
{
	EXPECT_FAILURE(*state, "[1]\n", -EBADMSG, "is no tiered");
}

static void test_rest_of_line(void **state)
{
	EXPECT_FAILURE(*state, "{\"version\":1,\"ok\":true}x\n", -EBADMSG, "is no tiered");
}

static void test_half_a_line(void **state)
{
	EXPECT_FAILURE(*state, "{\"version\":1,\"ok\":tr", -EPIPE, "closed the connection");
}

static void test_deep(void **state)
{
	char deep[2001];

	memset(deep, '[', sizeof(deep) - 1);
	deep[sizeof(deep) - 2] = '\n';
	expect_failure(*state, deep, sizeof(deep) - 1, -EBADMSG, "is no tiered");
}

static void test_too_long(void **state)
{
	size_t length = TIERED_CONTROL_ANSWER_MAX + 4096;
	char *raw = malloc(length);

	memset(raw, ' ', length);
	expect_failure(*state, raw, length, -EMSGSIZE, "more than 4194304 bytes");
	free(raw);
}

/* An answer of exactly the longest is taken. */
static void test_longest(void **state)
{
	static const char head[] = "{\"version\":1,\"ok\":true,\"result\":{}}";
	struct place *place = *state;
	struct json_object *result;
	struct client *client;
	char *raw = malloc(TIERED_CONTROL_ANSWER_MAX);

	memset(raw, ' ', TIERED_CONTROL_ANSWER_MAX);
	memcpy(raw + TIERED_CONTROL_ANSWER_MAX - sizeof(head), head, sizeof(head) - 1);
	raw[TIERED_CONTROL_ANSWER_MAX - 1] = '\n';
	place->fake.raw = raw;
	place->fake.raw_length = TIERED_CONTROL_ANSWER_MAX;
	client = connected(place);
	assert_int_equal(client_ask(client, "status", NULL, &result), 0);
	json_object_put(result);
	finish(place, client);
	free(raw);
}

static void test_silent(void **state)
{
	struct place *place = *state;
	struct json_object *result = NULL;
	struct client *client;

	place->fake.raw = "{";
	place->fake.raw_length = 1;
	place->fake.hold = true;
	client = connected(place);
	client_set_deadline(client, 50);
	assert_int_equal(client_ask(client, "status", NULL, &result), -ETIMEDOUT);
	assert_non_null(strstr(client_why(client), "did not answer within 0.05 s"));
	assert_null(result);
	finish(place, client);
}

static void test_long_request(void **state)
{
	struct place *place = *state;
	struct client *client = connected(place);
	struct json_object *args = json_object_new_object();
	char value[TIERED_CONTROL_REQUEST_MAX + 1];

	memset(value, 'v', sizeof(value) - 1);
	value[sizeof(value) - 1] = '\0';
	json_object_object_add(args, "value", json_object_new_string(value));
	assert_int_equal(client_send(client, "set", args), -E2BIG);
	finish(place, client);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_nobody_there),
		TEST(test_full_backlog),
		TEST(test_long_path),
		TEST(test_not_allowed),
		TEST(test_good),
		TEST(test_pieces),
		TEST(test_refused),
		TEST(test_refused_caller),
		TEST(test_refused_without_words),
		TEST(test_other_version),
		TEST(test_no_version),
		TEST(test_no_json),
		TEST(test_array),
		TEST(test_rest_of_line),
		TEST(test_half_a_line),
		TEST(test_deep),
		TEST(test_too_long),
		TEST(test_longest),
		TEST(test_silent),
		TEST(test_long_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
