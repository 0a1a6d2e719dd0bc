// SPDX-License-Identifier: GPL-2.0-only
/*
 * Every verb against canned answers: what it prints is in tests/data/control/expected.
 *
 * UPDATE_EXPECTED=1 writes these files anew instead of comparing; read the
 * difference before keeping it.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>

#include <cmocka.h>

#include "../../ctl/ctl.h"
#include "fake_control.h"
#include "util/file.h"

#define DATA "tests/data/control"
#define OUTPUT_MAX (1 << 20)

/* What one run left. */
struct output {
	int status;
	char *out;
	char *err;
};

struct place {
	char folder[64];
	struct fake_control fake;
	struct output output;
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	strcpy(place->folder, "/tmp/ctl-XXXXXX");
	if (!mkdtemp(place->folder))
		return -1;
	snprintf(place->fake.path, sizeof(place->fake.path), "%s/control", place->folder);
	place->fake.folder = DATA;
	unsetenv("COLORTERM");
	setenv("LC_ALL", "C.UTF-8", 1);
	*state = place;
	return 0;
}

static void forget(struct output *output)
{
	free(output->out);
	free(output->err);
	*output = (struct output){ 0 };
}

static int teardown(void **state)
{
	struct place *place = *state;

	forget(&place->output);
	rmdir(place->folder);
	free(place);
	return 0;
}

/* Sends @file to memory; returns what it went to before. */
static int divert(FILE *file, int memory)
{
	int before;

	fflush(file);
	before = dup(fileno(file));
	dup2(memory, fileno(file));
	return before;
}

static char *restore(FILE *file, int memory, int before)
{
	char *text = calloc(1, OUTPUT_MAX);

	fflush(file);
	dup2(before, fileno(file));
	close(before);
	if (pread(memory, text, OUTPUT_MAX - 1, 0) < 0)
		fail_msg("cannot read what was written");
	close(memory);
	return text;
}

/* Runs @verb with the words of @line, and --socket, against the fake daemon. */
static struct output *run(struct place *place, int (*verb)(int argc, char **argv), const char *line)
{
	int out = memfd_create("out", MFD_CLOEXEC), err = memfd_create("err", MFD_CLOEXEC);
	char words[512], *argv[20], *word, *rest = NULL;
	int argc = 0, before_out, before_err;

	snprintf(words, sizeof(words), "%s", line);
	for (word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
		argv[argc++] = word;
	argv[argc++] = (char *)"--socket";
	argv[argc++] = place->fake.path;
	argv[argc] = NULL;
	forget(&place->output);
	memset(place->fake.turns, 0, sizeof(place->fake.turns));
	assert_int_equal(fake_start(&place->fake), 0);
	before_out = divert(stdout, out);
	before_err = divert(stderr, err);
	place->output.status = verb(argc, argv);
	place->output.out = restore(stdout, out, before_out);
	place->output.err = restore(stderr, err, before_err);
	fake_stop(&place->fake);
	return &place->output;
}

static void write_expected(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static void compare(const char *name, const char *text)
{
	char path[256], *expected = NULL;
	size_t size;

	snprintf(path, sizeof(path), DATA "/expected/%s.txt", name);
	if (getenv("UPDATE_EXPECTED"))
		write_expected(path, text);
	assert_int_equal(file_read_whole(path, OUTPUT_MAX, &expected, &size), 0);
	if (strlen(text) != size || memcmp(text, expected, size) != 0)
		fail_msg("not what %s says:\n%s", path, text);
	free(expected);
}

/* For people: nothing that a terminal obeys, and no line above 80 characters. */
static void check_for_people(const char *text)
{
	size_t column = 0;

	for (; *text; text++) {
		if (*text == '\n') {
			column = 0;
			continue;
		}
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			fail_msg("character 0x%02x in the text", (unsigned char)*text);
		if (++column > 80)
			fail_msg("a line of more than 80 characters: %.80s", text - 80);
	}
}

struct verb_case {
	int (*verb)(int argc, char **argv);
	const char *line;
	const char *suffix; /* of the answer's file */
	const char *expected;
	const char *request; /* that the daemon got last, from "verb" on */
};

static const struct verb_case cases[] = {
	{ cmd_status, "status", NULL, "status", "\"status\",\"args\":{}" },
	{ cmd_status, "status 4711", NULL, "status-pid", "\"status\",\"args\":{\"pid\":4711}" },
	{ cmd_status, "status", "-idle", "status-idle", "\"status\",\"args\":{}" },
	{ cmd_targets, "targets", NULL, "targets", "\"targets\"" },
	{ cmd_targets, "targets --sort promoted -r", NULL, "targets-sorted", "\"targets\"" },
	{ cmd_targets, "targets --comm redis", NULL, "targets-filtered", "\"targets\"" },
	{ cmd_top, "top --once", NULL, "top", "\"targets\"" },
	{ cmd_top, "top --once --sort hit", NULL, "top-hit", "\"targets\"" },
	{ cmd_trace, "trace --count 4", NULL, "trace", "\"trace\",\"args\":{}" },
	{ cmd_trace, "trace -n 1 --pid 7 --comm a* --cgroup /b --reason demotion --calls", NULL,
	  "trace-one",
	  "\"trace\",\"args\":{\"pid\":7,\"comm\":\"a*\",\"cgroup\":\"\\/b\",\"reason\":"
	  "\"demotion\",\"calls\":1}" },
	{ cmd_explain, "explain 4711", NULL, "explain", "\"explain\",\"args\":{\"pid\":4711}" },
	{ cmd_explain, "explain 4711 7f1000234000", "-page", "explain-page",
	  "\"explain\",\"args\":{\"pid\":4711,\"address\":\"0x7f1000234000\"}" },
	{ cmd_explain, "explain 4711 0x7f2000000000", "-unwatched", "explain-unwatched",
	  "\"explain\",\"args\":{\"pid\":4711,\"address\":\"0x7f2000000000\"}" },
	{ cmd_explain, "explain 1", "-excluded", "explain-excluded",
	  "\"explain\",\"args\":{\"pid\":1}" },
	{ cmd_heatmap, "heatmap 4711 --windows 12", NULL, "heatmap",
	  "\"heatmap\",\"args\":{\"pid\":4711,\"columns\":64}" },
	{ cmd_plan, "plan --limit 3", NULL, "plan", "\"plan\",\"args\":{\"limit\":3}" },
	{ cmd_plan, "plan --limit 0", NULL, "plan-groups", "\"plan\",\"args\":{\"limit\":1}" },
	{ cmd_plan, "plan", "-paused", "plan-paused", "\"plan\",\"args\":{\"limit\":10}" },
	{ cmd_plan, "plan", "-empty", "plan-empty", "\"plan\",\"args\":{\"limit\":10}" },
	{ cmd_metrics, "metrics", NULL, "metrics", "\"metrics\"" },
	{ cmd_set, "set migration.rate 100M/s", NULL, "set",
	  "\"set\",\"args\":{\"key\":\"migration.rate\",\"value\":\"100M\\/s\"}" },
	{ cmd_pause, "pause", NULL, "pause", "\"pause\",\"args\":{}" },
	{ cmd_pause, "resume 4711", NULL, "resume", "\"resume\",\"args\":{\"pid\":4711}" },
	{ cmd_reload, "reload", NULL, "reload", "\"reload\"" },
};

#define N_CASES (sizeof(cases) / sizeof(cases[0]))

static void test_text(void **state)
{
	struct place *place = *state;
	char request[512];
	size_t i;

	for (i = 0; i < N_CASES; i++) {
		struct output *output;

		place->fake.suffix = cases[i].suffix;
		output = run(place, cases[i].verb, cases[i].line);
		if (output->status != CTL_OK)
			fail_msg("%s: status %d, %s", cases[i].line, output->status, output->err);
		check_for_people(output->out);
		compare(cases[i].expected, output->out);
		snprintf(request, sizeof(request), "{\"version\":1,\"verb\":%s}\n",
			 cases[i].request);
		assert_string_equal(place->fake.request, request);
	}
}

/* One line for each object, and nothing else. */
static void test_json(void **state)
{
	struct place *place = *state;
	char line[256];
	size_t i;

	for (i = 0; i < N_CASES; i++) {
		char *text, *end;
		struct output *output;

		place->fake.suffix = cases[i].suffix;
		snprintf(line, sizeof(line), "%s --json", cases[i].line);
		output = run(place, cases[i].verb, line);
		assert_int_equal(output->status, CTL_OK);
		for (text = output->out; *text; text = end + 1) {
			struct json_object *object;

			end = strchr(text, '\n');
			assert_non_null(end);
			*end = '\0';
			object = json_tokener_parse(text);
			if (!json_object_is_type(object, json_type_object))
				fail_msg("%s: no object: %s", line, text);
			json_object_put(object);
		}
		assert_ptr_not_equal(text, output->out);
	}
}

/* The numbers of a script are those that the daemon sent. */
static void test_json_is_the_result(void **state)
{
	struct json_object *file = json_object_from_file(DATA "/explain.json"), *got;
	struct output *output = run(*state, cmd_explain, "explain 4711 --json");

	got = json_tokener_parse(output->out);
	assert_true(json_object_equal(got, file));
	json_object_put(got);
	json_object_put(file);
}

static void test_refused(void **state)
{
	struct place *place = *state;
	struct output *output;
	size_t i;

	place->fake.suffix = "-no-such-file";
	for (i = 0; i < N_CASES; i++) {
		output = run(place, cases[i].verb, cases[i].line);
		assert_int_equal(output->status, CTL_FAILED);
		assert_string_equal(output->out, "");
		assert_string_equal(output->err, "tieredctl: no target has pid 99\\x1b[2J\n");
	}
}

static void test_help(void **state)
{
	struct place *place = *state;
	char line[256], usage[64];
	size_t i;

	for (i = 0; i < N_CASES; i++) {
		struct output *output;

		snprintf(line, sizeof(line), "%s --help", cases[i].line);
		output = run(place, cases[i].verb, line);
		assert_int_equal(output->status, CTL_OK);
		check_for_people(output->out);
		snprintf(usage, sizeof(usage), "Usage: tieredctl %.*s ", (int)strcspn(line, " "),
			 line);
		assert_int_equal(strncmp(output->out, usage, strlen(usage)), 0);
		assert_non_null(strstr(output->out, "Example"));
		assert_non_null(strstr(output->out, "Exit status"));
	}
}

static void test_bad_usage(void **state)
{
	static const struct {
		int (*verb)(int argc, char **argv);
		const char *line;
		const char *words;
	} bad[] = {
		{ cmd_status, "status 0", "pid '0': expected a number from 1 to 4194304" },
		{ cmd_status, "status 1x", "pid '1x'" },
		{ cmd_status, "status 1 2", "unexpected argument '2'; expected [PID]" },
		{ cmd_status, "status --no-such", "Try 'tieredctl status --help'" },
		{ cmd_status, "status --sort x", "Try 'tieredctl status --help'" },
		{ cmd_targets, "targets --sort x", "--sort x: expected resident, hit" },
		{ cmd_targets, "targets x", "unexpected argument 'x'; expected options only" },
		{ cmd_top, "top --interval 0", "expected a number from 1 to 3600" },
		{ cmd_trace, "trace --count 0", "--count '0'" },
		{ cmd_trace, "trace --pid x", "pid 'x'" },
		{ cmd_explain, "explain", "an argument is missing; expected PID [ADDRESS]" },
		{ cmd_explain, "explain 1 zz", "address 'zz': expected a hexadecimal number" },
		{ cmd_explain, "explain 1 0x", "address '0x'" },
		{ cmd_explain, "explain 1 11112222333344445", "address '11112222333344445'" },
		{ cmd_heatmap, "heatmap 1 -o x.jpg", "expected a name that ends in .png or .svg" },
		{ cmd_heatmap, "heatmap 1 -o .png", "expected a name that ends in .png or .svg" },
		{ cmd_heatmap, "heatmap 1 --columns 513", "expected a number from 1 to 512" },
		{ cmd_heatmap, "heatmap 1 --color maybe", "expected auto, always or never" },
		{ cmd_plan, "plan --limit 1001", "expected a number from 0 to 1000" },
		{ cmd_set, "set migration.rate", "an argument is missing" },
		{ cmd_pause, "resume x", "pid 'x'" },
	};
	struct place *place = *state;
	size_t i;

	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct output *output = run(place, bad[i].verb, bad[i].line);

		if (output->status != CTL_USAGE || !strstr(output->err, bad[i].words) ||
		    output->out[0])
			fail_msg("%s: status %d, said: %s", bad[i].line, output->status,
				 output->err);
	}
}

static void test_nobody_there(void **state)
{
	struct place *place = *state;
	char *const argv[] = { (char *)"status", (char *)"--socket", place->fake.path, NULL };
	int err = memfd_create("err", MFD_CLOEXEC), before = divert(stderr, err), status;
	char *said;

	status = cmd_status(3, (char **)argv);
	said = restore(stderr, err, before);
	assert_int_equal(status, CTL_UNREACHABLE);
	assert_non_null(strstr(said, "tieredctl: no daemon listens on"));
	free(said);
}

/* What was traced is summed up, and losses are told apart. */
static void test_trace_summary(void **state)
{
	struct output *output = run(*state, cmd_trace, "trace --count 4");

	assert_string_equal(output->err, "4 events, 2 pages moved, 1 undone, 115 events lost\n");
}

/* The signal is there from the start, and so are more lines than anybody wants to wait for. */
static void test_trace_ends_in_a_storm(void **state)
{
	static const char event[] = "{\"event\":\"mapping\",\"pid\":1,\"comm\":\"a\"}\n";
	struct place *place = *state;
	struct output *output;
	size_t lines = 0, i;
	sigset_t interrupt;
	char *raw, *at;

	sigemptyset(&interrupt);
	sigaddset(&interrupt, SIGINT);
	raw = malloc(100 + 1000 * sizeof(event));
	at = raw + sprintf(raw, "{\"version\":1,\"ok\":true,\"result\":{}}\n");
	for (i = 0; i < 1000; i++)
		at = stpcpy(at, event);
	place->fake.raw = raw;
	place->fake.raw_length = (size_t)(at - raw);
	place->fake.hold = true;
	sigprocmask(SIG_BLOCK, &interrupt, NULL);
	raise(SIGINT);
	output = run(place, cmd_trace, "trace");
	sigprocmask(SIG_UNBLOCK, &interrupt, NULL);
	free(raw);
	for (at = output->out; (at = strchr(at, '\n')); at++)
		lines++;
	assert_int_equal(output->status, CTL_OK);
	assert_in_range(lines, 1, 100);
	assert_non_null(strstr(output->err, " events, "));
}

/* Of --limit 0 the scripts get as much as people do. */
static void test_plan_without_moves(void **state)
{
	struct output *output = run(*state, cmd_plan, "plan --limit 0 --json");
	struct json_object *plan = json_tokener_parse(output->out);

	assert_int_equal(json_object_array_length(json_object_object_get(plan, "first")), 0);
	assert_int_equal(json_object_array_length(json_object_object_get(plan, "groups")), 3);
	json_object_put(plan);
}

static void test_colours(void **state)
{
	struct place *place = *state;
	struct output *output = run(place, cmd_trace, "trace --count 4 --color always");

	assert_non_null(strstr(output->out, "\033[31mlost 115 events"));
	output = run(place, cmd_heatmap, "heatmap 4711 --windows 1 --color always");
	assert_non_null(strstr(output->out, "\033[48;5;"));
	assert_non_null(strstr(output->out, "\xe2\x96\x84"));
	assert_null(strstr(output->out, "\033[48;2;"));
	setenv("COLORTERM", "truecolor", 1);
	output = run(place, cmd_heatmap, "heatmap 4711 --windows 1 --color always");
	assert_non_null(strstr(output->out, "\033[48;2;"));
	output = run(place, cmd_heatmap, "heatmap 4711 --windows 1 --color auto");
	assert_null(strchr(output->out, '\033'));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_text),
		TEST(test_json),
		TEST(test_json_is_the_result),
		TEST(test_refused),
		TEST(test_help),
		TEST(test_bad_usage),
		TEST(test_nobody_there),
		TEST(test_trace_summary),
		TEST(test_colours),
		TEST(test_trace_ends_in_a_storm),
		TEST(test_plan_without_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
