// SPDX-License-Identifier: GPL-2.0-only
/* How the answer looks: wrapped at 80 columns, in JSON, and as an exit status. */
#include <fcntl.h>
#include <json-c/json.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../ctl/check.h"
#include "../../ctl/ctl.h"
#include "../../ctl/table.h"

static void test_wrap(void **state)
{
	static const struct {
		const char *text;
		size_t width;
		size_t length;
		const char *next;
	} cases[] = {
		{ "", 10, 0, "" },
		{ "short", 10, 5, "" },
		{ "exactly ten", 11, 11, "" },
		{ "one two three", 7, 7, "three" },
		{ "one two three", 8, 7, "three" },
		{ "one two three", 6, 3, "two three" },
		{ "one   two", 5, 3, "two" },
		{ "abcdefghij", 4, 4, "efghij" }, /* no place to break */
		{ "abcd efgh", 4, 4, "efgh" },
		{ " abcdefgh", 4, 4, "defgh" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *next = NULL;

		if (table_wrap(cases[i].text, cases[i].width, &next) != cases[i].length ||
		    strcmp(next, cases[i].next) != 0)
			fail_msg("'%s' at %zu goes on with '%s'", cases[i].text, cases[i].width,
				 next);
	}
}

static const struct check samples[] = {
	{ "one", "first one", CHECK_OK, "fine", "" },
	{ "two", "number two", CHECK_WARN,
	  "a finding that is much longer than what is left of a line of eighty columns beside the "
	  "verdict and the subject, so that it has to go on below",
	  "a fix: 'echo 0 > "
	  "/sys/kernel/a/path/that/is/longer/than/any/line/could/be/so/that/it/has/to/be/cut/"
	  "somewhere'" },
	{ "three", "3", CHECK_UNKNOWN, "needs \"CAP_X\"", "run as root" },
};

static void print(char **ret_text, int colour)
{
	size_t size;
	FILE *out = open_memstream(ret_text, &size);

	check_print_text(out, samples, 3, "it would \"do\" something", colour);
	fclose(out);
}

/* All of @words is there, in this order, whatever spaces and lines lie between. */
static void assert_words(const char *text, const char *words)
{
	for (; *words; words++) {
		if (*words == ' ')
			continue;
		text += strspn(text, " \n");
		if (*text++ != *words)
			fail_msg("missing: %s", words);
	}
}

static void test_text(void **state)
{
	char *text, *line, *save;
	size_t lines = 0;

	(void)state;
	print(&text, 0);
	assert_null(strchr(text, '\033'));
	assert_int_equal(strncmp(text, "ok      first one  fine\nwarn    number two a finding", 52),
			 0);
	assert_non_null(
		strstr(text, "\n              fix: a fix: 'echo 0 >\n                   /sys/"));
	assert_non_null(strstr(text, "\nunknown 3          needs \"CAP_X\"\n"));
	assert_non_null(strstr(text, "\n\nit would \"do\" something\n"));
	assert_words(strstr(text, "a finding"), samples[1].finding);
	assert_words(strstr(text, "a fix"), samples[1].fix);
	for (line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		if (strlen(line) > 80)
			fail_msg("%zu columns: %s", strlen(line), line);
		lines++;
	}
	assert_true(lines > 8);
	free(text);
	print(&text, 1);
	assert_int_equal(strncmp(text, "\033[32mok\033[0m      first one", 24), 0);
	assert_non_null(strstr(text, "\033[33mwarn\033[0m    number two"));
	free(text);
}

static const char *field(struct json_object *object, const char *key)
{
	struct json_object *value;

	assert_true(json_object_object_get_ex(object, key, &value));
	assert_int_equal(json_object_get_type(value), json_type_string);
	return json_object_get_string(value);
}

static void test_json(void **state)
{
	struct json_object *root, *checks, *version;
	char *text;
	size_t i, size;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_int_equal(check_print_json(out, samples, 3, "it would \"do\" something"), 0);
	fclose(out);
	assert_ptr_equal(strchr(text, '\n'), text + size - 1);
	root = json_tokener_parse(text);
	assert_non_null(root);
	assert_int_equal(json_object_object_length(root), 4);
	assert_true(json_object_object_get_ex(root, "version", &version));
	assert_int_equal(json_object_get_int(version), 1);
	assert_string_equal(field(root, "verdict"), "warn");
	assert_string_equal(field(root, "summary"), "it would \"do\" something");
	assert_true(json_object_object_get_ex(root, "checks", &checks));
	assert_int_equal(json_object_array_length(checks), 3);
	for (i = 0; i < 3; i++) {
		struct json_object *one = json_object_array_get_idx(checks, i);

		assert_int_equal(json_object_object_length(one), 5);
		assert_string_equal(field(one, "id"), samples[i].id);
		assert_string_equal(field(one, "verdict"), check_verdict_name(samples[i].verdict));
		assert_string_equal(field(one, "subject"), samples[i].subject);
		assert_string_equal(field(one, "finding"), samples[i].finding);
		assert_string_equal(field(one, "fix"), samples[i].fix);
	}
	json_object_put(root);
	free(text);
}

/* What comes from files of others may not steer a terminal, nor spoil the JSON. */
static void test_clean(void **state)
{
	struct check check = { 0 };

	(void)state;
	check_set(&check, CHECK_WARN, "a %s", "\033[2Jb\nc\xff d~");
	check_fix(&check, "%s", "\t!");
	assert_string_equal(check.finding, "a ?[2Jb?c? d~");
	assert_string_equal(check.fix, "?!");
	assert_int_equal(check.verdict, CHECK_WARN);
}

static void test_worst(void **state)
{
	static const int statuses[CHECK_VERDICTS] = {
		[CHECK_OK] = CTL_OK,       [CHECK_NOTE] = CTL_OK,     [CHECK_UNKNOWN] = CTL_OK,
		[CHECK_WARN] = CTL_FAILED, [CHECK_FAIL] = CTL_FAILED,
	};
	struct check checks[3] = { 0 };
	int verdict;

	(void)state;
	assert_int_equal(check_worst(checks, 0), CHECK_OK);
	for (verdict = CHECK_OK; verdict < CHECK_VERDICTS; verdict++) {
		checks[1].verdict = (enum check_verdict)verdict;
		assert_int_equal(check_worst(checks, 3), verdict);
		assert_int_equal(check_status(check_worst(checks, 3)), statuses[verdict]);
	}
}

/* Runs the verb with its output thrown away. */
static int run_verb(const char *one, const char *two)
{
	char verb[] = "check", first[64], second[64];
	char *argv[] = { verb, first, two ? second : NULL, NULL };
	int out = dup(STDOUT_FILENO), err = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);
	int status;

	snprintf(first, sizeof(first), "%s", one);
	snprintf(second, sizeof(second), "%s", two ? two : "");
	fflush(stdout);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	status = cmd_check(two ? 3 : 2, argv);
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	dup2(err, STDERR_FILENO);
	close(out);
	close(err);
	close(null);
	return status;
}

static void test_usage(void **state)
{
	(void)state;
	assert_int_equal(run_verb("--help", NULL), CTL_OK);
	assert_int_equal(run_verb("--nosuch", NULL), CTL_USAGE);
	assert_int_equal(run_verb("--config", NULL), CTL_USAGE);
	assert_int_equal(run_verb("--json", "7"), CTL_USAGE);
	assert_int_equal(run_verb("extra", NULL), CTL_USAGE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_wrap),  cmocka_unit_test(test_text),
		cmocka_unit_test(test_json),  cmocka_unit_test(test_clean),
		cmocka_unit_test(test_worst), cmocka_unit_test(test_usage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
