// SPDX-License-Identifier: GPL-2.0-only
/* Changes to the kernel: noted first, undone at the end or by the next one, and no others' undone. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "tree.h"
#include "undo/record.h"
#include "undo/undo.h"
#include "util/file.h"

#define SETTING "proc/sys/kernel/numa_balancing"

struct scene {
	struct tree tree;
	char run_dir[128];
	char proc_root[128];
	struct undo_env env;
};

static unsigned int unpinned;

static void unpin(void)
{
	unpinned++;
}

static int class_error;
static unsigned int class_left;

static int leave_class(void)
{
	class_left++;
	return class_error;
}

static int make_scene(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	tree_make(&scene->tree);
	snprintf(scene->run_dir, sizeof(scene->run_dir), "%s/run", scene->tree.root);
	snprintf(scene->proc_root, sizeof(scene->proc_root), "%s/proc", scene->tree.root);
	scene->env = (struct undo_env){
		.run_dir = scene->run_dir,
		.proc_root = scene->proc_root,
		.unpin = unpin,
		.leave_class = leave_class,
	};
	tree_text(&scene->tree, SETTING, "2\n");
	unpinned = 0;
	class_left = 0;
	class_error = 0;
	*state = scene;
	return 0;
}

static int remove_scene(void **state)
{
	struct scene *scene = *state;

	tree_remove(&scene->tree, "");
	free(scene);
	return 0;
}

static int there(const struct scene *scene, const char *path)
{
	char full[256];

	snprintf(full, sizeof(full), "%s/%s", scene->tree.root, path);
	return access(full, F_OK) == 0;
}

static uint64_t setting(const struct scene *scene)
{
	uint64_t value = 77;

	assert_int_equal(file_read_u64(&value, "%s/" SETTING, scene->tree.root), 0);
	return value;
}

static struct undo *open_undo(const struct scene *scene)
{
	struct undo *undo = NULL;
	char why[256];

	assert_int_equal(undo_open(&scene->env, &undo, why, sizeof(why)), 0);
	return undo;
}

/* A daemon that changes everything and is killed: a process that does not come to its end. */
static void be_killed(const struct scene *scene)
{
	pid_t pid = fork();
	uint64_t was;
	int status;

	if (pid == 0) {
		struct undo *undo = open_undo(scene);

		_exit(undo_set(undo, "numa_balancing", 0, &was) == 1 && was == 2 &&
				      undo_note_pins(undo) == 0
			      ? 0
			      : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(setting(scene), 0);
	assert_true(there(scene, "run/undo/numa_balancing") && there(scene, "run/undo/pins"));
}

static void test_end(void **state)
{
	struct scene *scene = *state;
	struct undo *undo = open_undo(scene);
	uint64_t was = 0;

	assert_int_equal(undo_set(undo, "numa_balancing", 0, &was), 1);
	assert_int_equal(was, 2);
	assert_int_equal(setting(scene), 0);
	assert_true(there(scene, "run/undo/numa_balancing"));
	assert_int_equal(undo_note_pins(undo), 0);
	undo_close(undo);
	assert_int_equal(setting(scene), 2);
	assert_int_equal(unpinned, 1);
	assert_false(there(scene, "run"));
}

/* Threads in the class of the scheduler: put back once, and again where that did not work. */
static void test_class(void **state)
{
	struct scene *scene = *state;
	struct undo *undo = open_undo(scene);
	uint64_t was;

	undo_put_back(undo, "sched_class");
	assert_int_equal(class_left, 0);
	assert_int_equal(undo_note_class(undo), 0);
	assert_true(there(scene, "run/undo/sched_class"));
	undo_put_back(undo, "sched_class");
	assert_int_equal(class_left, 1);
	assert_false(there(scene, "run/undo/sched_class"));
	/* No setting: it has no value. */
	assert_int_equal(undo_set(undo, "sched_class", 0, &was), -EINVAL);
	assert_int_equal(undo_note_class(undo), 0);
	class_error = -EPERM;
	undo_close(undo);
	assert_int_equal(class_left, 2);
	assert_true(there(scene, "run/undo/sched_class"));
	class_error = 0;
	undo_close(open_undo(scene));
	assert_int_equal(class_left, 3);
	assert_false(there(scene, "run/undo"));
}

/* Nothing to change: nothing to undo. */
static void test_nothing(void **state)
{
	struct scene *scene = *state;
	struct undo *undo = open_undo(scene);
	uint64_t was;

	tree_text(&scene->tree, SETTING, "0\n");
	assert_int_equal(undo_set(undo, "numa_balancing", 0, &was), 0);
	assert_false(there(scene, "run/undo/numa_balancing"));
	tree_remove(&scene->tree, SETTING);
	assert_int_equal(undo_set(undo, "numa_balancing", 0, &was), 0);
	assert_int_equal(undo_set(undo, "pins", 0, &was), -EINVAL);
	undo_close(undo);
	assert_int_equal(unpinned, 0);
}

static void test_killed(void **state)
{
	struct scene *scene = *state;

	be_killed(scene);
	undo_close(open_undo(scene));
	assert_int_equal(setting(scene), 2);
	assert_int_equal(unpinned, 1);
	/* That the folder was not there before is known across the two. */
	assert_false(there(scene, "run"));
}

/* Killed between the record and the change, or between the restoring and its removal. */
static void test_killed_between(void **state)
{
	struct scene *scene = *state;

	be_killed(scene);
	tree_text(&scene->tree, SETTING, "2\n");
	undo_close(open_undo(scene));
	assert_int_equal(setting(scene), 2);
	assert_false(there(scene, "run"));
}

static void test_changed_since(void **state)
{
	struct scene *scene = *state;
	struct undo *undo = open_undo(scene);
	uint64_t was;

	assert_int_equal(undo_set(undo, "numa_balancing", 0, &was), 1);
	tree_text(&scene->tree, SETTING, "1\n");
	undo_close(undo);
	assert_int_equal(setting(scene), 1);
	assert_false(there(scene, "run"));
}

/* One at a time; the lock goes with its holder, whatever becomes of it. */
/* What cannot be put back now is put back by who can, later. */
static void test_refused(void **state)
{
	struct scene *scene = *state;
	uint64_t was;

	be_killed(scene);
	tree_text(&scene->tree, SETTING, "?\n");
	undo_close(open_undo(scene));
	assert_true(there(scene, "run/undo/numa_balancing"));
	assert_false(there(scene, "run/undo/pins"));
	/* A daemon that wants the same changes nothing, and keeps what was known. */
	tree_text(&scene->tree, SETTING, "?\n");
	{
		struct undo *undo = open_undo(scene);

		tree_text(&scene->tree, SETTING, "0\n");
		assert_int_equal(undo_set(undo, "numa_balancing", 0, &was), 0);
		undo_close(undo);
	}
	assert_int_equal(setting(scene), 2);
	assert_false(there(scene, "run/undo/numa_balancing"));
}

static void test_lock(void **state)
{
	struct scene *scene = *state;
	struct undo *undo = open_undo(scene), *second = NULL;
	char why[256] = "";

	assert_int_equal(undo_open(&scene->env, &second, why, sizeof(why)), -EADDRINUSE);
	assert_null(second);
	assert_non_null(strstr(why, "/run: another daemon is at work already"));
	undo_close(undo);
	undo_close(open_undo(scene));
}

/* The operator's folder stays, and what others put there. */
/* What a reload with another conf does: this one is put back, the lock and the rest stay. */
static void test_put_back(void **state)
{
	struct scene *scene = *state;
	struct undo *undo = open_undo(scene);
	uint64_t was;

	undo_put_back(undo, "numa_balancing");
	assert_int_equal(setting(scene), 2);
	assert_int_equal(undo_set(undo, "numa_balancing", 0, &was), 1);
	/* As it is already: the record stays that of the first time. */
	assert_int_equal(undo_set(undo, "numa_balancing", 0, &was), 0);
	undo_put_back(undo, "no such setting");
	assert_int_equal(setting(scene), 0);
	undo_put_back(undo, "numa_balancing");
	assert_int_equal(setting(scene), 2);
	assert_false(there(scene, "run/undo/numa_balancing"));
	undo_close(undo);
}

/* The link to the process leads somewhere for as long as that lives, and not longer. */
static void test_mark(void **state)
{
	struct scene *scene = *state;
	struct undo *undo;

	be_killed(scene);
	assert_false(there(scene, "run/process"));
	undo = open_undo(scene);
	assert_true(there(scene, "run/process"));
	undo_close(undo);
	assert_false(there(scene, "run"));
}

static void test_folders(void **state)
{
	struct scene *scene = *state;
	struct undo *undo;

	assert_int_equal(mkdir(scene->run_dir, 0755), 0);
	undo_close(open_undo(scene));
	assert_true(there(scene, "run"));
	assert_false(there(scene, "run/undo"));
	assert_int_equal(rmdir(scene->run_dir), 0);
	undo = open_undo(scene);
	tree_text(&scene->tree, "run/other", "x");
	undo_close(undo);
	assert_true(there(scene, "run/other"));
}

/* What is no record changes nothing, however much it looks like one. */
static void test_strange_records(void **state)
{
	static const char *const texts[] = {
		"",
		"tiered undo record 1\nwas = 2\n",
		"tiered undo record 2\nwas = 1\nset = 2\n",
		"tiered undo record 1\nwas = 1\nset = 2",
		"tiered undo record 1\nwas = -1\nset = 2\n",
		"tiered undo record 1\nwas = 1\nset = 2\nmore\n",
		"tiered undo record 1 was = 1 set = 2\n",
	};
	struct scene *scene = *state;
	size_t i;

	for (i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		tree_text(&scene->tree, "run/undo/numa_balancing", "%s", texts[i]);
		undo_close(open_undo(scene));
		assert_int_equal(setting(scene), 2);
		assert_true(there(scene, "run/undo/numa_balancing"));
	}
	tree_text(&scene->tree, "run/undo/numa_balancing",
		  "tiered undo record 1\nwas = 1\nset = 2\n");
	tree_text(&scene->tree, "run/undo/.draft", "tiered undo rec");
	tree_text(&scene->tree, "run/undo/etc_passwd", "tiered undo record 1\nwas = 1\nset = 2\n");
	undo_close(open_undo(scene));
	assert_int_equal(setting(scene), 1);
	assert_false(there(scene, "run/undo/numa_balancing") || there(scene, "run/undo/.draft"));
	assert_true(there(scene, "run/undo/etc_passwd"));
}

/* Without a record no change. */
static void test_no_record(void **state)
{
	struct scene *scene = *state;
	struct undo *undo = open_undo(scene);
	uint64_t was;

	/* Where the draft is to be, there is a folder. */
	tree_text(&scene->tree, "run/undo/.draft/x", "x");
	assert_true(undo_set(undo, "numa_balancing", 0, &was) < 0);
	assert_int_equal(setting(scene), 2);
	assert_true(undo_note_pins(undo) < 0);
	undo_close(undo);
	assert_int_equal(unpinned, 0);
}

#define SCENE_TEST(test) cmocka_unit_test_setup_teardown(test, make_scene, remove_scene)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SCENE_TEST(test_end),
		SCENE_TEST(test_nothing),
		SCENE_TEST(test_class),
		SCENE_TEST(test_killed),
		SCENE_TEST(test_killed_between),
		SCENE_TEST(test_changed_since),
		SCENE_TEST(test_lock),
		SCENE_TEST(test_put_back),
		SCENE_TEST(test_mark),
		SCENE_TEST(test_folders),
		SCENE_TEST(test_strange_records),
		SCENE_TEST(test_no_record),
		SCENE_TEST(test_refused),
	};

	return cmocka_run_group_tests_name("undo", tests, NULL, NULL);
}
