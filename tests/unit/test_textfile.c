// SPDX-License-Identifier: GPL-2.0-only
/* The metrics file: old or new and never half, and nothing else is touched. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "report/textfile.h"
#include "tree.h"
#include "util/file.h"

struct place {
	struct tree tree;
	char path[128];
	char temporary[136];
	char why[256];
};

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	tree_make(&place->tree);
	snprintf(place->path, sizeof(place->path), "%s/tiered.prom", place->tree.root);
	snprintf(place->temporary, sizeof(place->temporary), "%s.tmp", place->path);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	tree_remove(&place->tree, "");
	free(place);
	return 0;
}

static int put(struct place *place, const char *text)
{
	return metrics_write_file(place->path, text, strlen(text), place->why, sizeof(place->why));
}

static void expect(const char *path, const char *text)
{
	char got[256];

	assert_true(file_read_text(got, sizeof(got), "%s", path) >= 0);
	assert_string_equal(got, text);
}

static void test_new_and_again(void **state)
{
	struct place *place = *state;
	struct stat status;
	mode_t mask = umask(077);
	ino_t first;

	assert_int_equal(put(place, "one\n"), 0);
	umask(mask);
	expect(place->path, "one");
	assert_int_equal(stat(place->path, &status), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0644);
	first = status.st_ino;
	assert_int_equal(put(place, "two, and shorter\n"), 0);
	expect(place->path, "two, and shorter");
	assert_int_equal(access(place->temporary, F_OK), -1);
	/* Who has the old one open still reads the old one: it is another file. */
	assert_int_equal(stat(place->path, &status), 0);
	assert_true(status.st_ino != first);
	assert_int_equal(put(place, ""), 0);
	expect(place->path, "");
}

/* What a crash left, and what somebody who owns the folder may put there. */
static void test_leftovers_and_traps(void **state)
{
	struct place *place = *state;
	char victim[PATH_MAX];

	tree_text(&place->tree, "tiered.prom.tmp", "half a te");
	assert_int_equal(put(place, "whole\n"), 0);
	expect(place->path, "whole");

	tree_text(&place->tree, "victim", "precious");
	snprintf(victim, sizeof(victim), "%s/victim", place->tree.root);
	tree_link(&place->tree, "tiered.prom.tmp", victim);
	assert_int_equal(put(place, "symbolic\n"), 0);
	expect(place->path, "symbolic");
	expect(victim, "precious");
	assert_int_equal(link(victim, place->temporary), 0);
	assert_int_equal(put(place, "hard\n"), 0);
	expect(place->path, "hard");
	expect(victim, "precious");

	tree_link(&place->tree, "tiered.prom", victim);
	assert_int_equal(put(place, "through a link\n"), -EEXIST);
	assert_non_null(strstr(place->why, "no regular file"));
	expect(victim, "precious");
}

static void test_failures(void **state)
{
	struct place *place = *state;

	snprintf(place->path, sizeof(place->path), "%s/none/tiered.prom", place->tree.root);
	assert_int_equal(put(place, "x"), -ENOENT);
	assert_non_null(strstr(place->why, "none/tiered.prom: No such file"));
	assert_non_null(strstr(place->why, "expected a folder to write to"));
	snprintf(place->path, sizeof(place->path), "%s", place->tree.root);
	assert_int_equal(put(place, "x"), -EEXIST);
	snprintf(place->path, sizeof(place->path), "%s/file/tiered.prom", place->tree.root);
	tree_text(&place->tree, "file", "x");
	assert_int_equal(put(place, "x"), -ENOTDIR);
}

/* No room: the old file stays, and nothing is left beside it. */
static void test_no_room(void **state)
{
	struct rlimit limit, small;
	struct place *place = *state;
	char text[8192];
	int ret;

	assert_int_equal(put(place, "old\n"), 0);
	memset(text, 'x', sizeof(text));
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	small = limit;
	small.rlim_cur = 4096;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	ret = metrics_write_file(place->path, text, sizeof(text), place->why, sizeof(place->why));
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	signal(SIGXFSZ, SIG_DFL);
	assert_int_equal(ret, -EFBIG);
	expect(place->path, "old");
	assert_int_equal(access(place->temporary, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_new_and_again),
		TEST(test_leftovers_and_traps),
		TEST(test_failures),
		TEST(test_no_room),
	};

	return cmocka_run_group_tests_name("textfile", tests, NULL, NULL);
}
