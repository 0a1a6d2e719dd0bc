// SPDX-License-Identifier: GPL-2.0-only
/* The conf as files: the main one, its drop-ins, and what cannot be read. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "config/config.h"

struct faults {
	char text[4096];
	size_t n;
};

static void collect(void *arg, const char *line)
{
	struct faults *faults = arg;
	size_t length = strlen(faults->text);

	snprintf(faults->text + length, sizeof(faults->text) - length, "%s\n", line);
	faults->n++;
}

static struct config config;

struct files {
	char folder[32];
	char conf[64];
	char drop_ins[96];
	struct faults faults;
};

static int make_files(void **state)
{
	struct files *files = calloc(1, sizeof(*files));

	assert_non_null(files);
	strcpy(files->folder, "/tmp/tiered-conf-XXXXXX");
	assert_non_null(mkdtemp(files->folder));
	snprintf(files->conf, sizeof(files->conf), "%s/t.conf", files->folder);
	snprintf(files->drop_ins, sizeof(files->drop_ins), "%s.d", files->conf);
	*state = files;
	return 0;
}

static int remove_files(void **state)
{
	struct files *files = *state;
	static const char *const names[] = { "10.conf", "20.conf", "ignored", ".30.conf" };
	char path[160];
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", files->drop_ins, names[i]);
		remove(path);
	}
	remove(files->drop_ins);
	remove(files->conf);
	rmdir(files->folder);
	free(files);
	return 0;
}

/* @name NULL: the conf itself. */
static void put(const struct files *files, const char *name, const char *text)
{
	char path[160];
	FILE *file;

	if (name) {
		mkdir(files->drop_ins, 0755);
		snprintf(path, sizeof(path), "%s/%s", files->drop_ins, name);
	}
	file = fopen(name ? path : files->conf, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static int load(struct files *files)
{
	memset(&files->faults, 0, sizeof(files->faults));
	return config_load(files->conf, &config, collect, &files->faults);
}

static void test_drop_ins(void **state)
{
	struct files *files = *state;

	put(files, NULL, "[tiered]\ncpu_max = 2%\nmode = observe\n");
	put(files, "10.conf", "[tiered]\ncpu_max = 3%\n");
	put(files, "20.conf", "[tiered]\ncpu_max = 4%\n");
	put(files, "ignored", "nonsense\n");
	put(files, ".30.conf", "nonsense\n");
	assert_int_equal(load(files), 0);
	assert_int_equal(config.cpu_max_ppm, 40000);
	assert_int_equal(config.observe, 1);
	put(files, "10.conf", "[tiered]\ncpu_max = 3%\nnonsense\n");
	config.cpu_max_ppm = 77;
	assert_int_equal(load(files), 1);
	assert_non_null(strstr(files->faults.text, "10.conf:3: line without"));
	assert_int_equal(config.cpu_max_ppm, 77);
}

/* A path that nobody named may be missing; its drop-ins count all the same. */
static void test_missing(void **state)
{
	struct files *files = *state;

	config.cpu_max_ppm = 77;
	assert_int_equal(load(files), -ENOENT);
	assert_int_equal(config.cpu_max_ppm, 77);
	assert_int_equal(config_load_optional(files->conf, &config, collect, &files->faults), 0);
	assert_int_equal(config.cpu_max_ppm, 10000);
	put(files, "10.conf", "[tiered]\ncpu_max = 3%\n");
	assert_int_equal(load(files), -ENOENT);
	assert_int_equal(config_load_optional(files->conf, &config, collect, &files->faults), 0);
	assert_int_equal(config.cpu_max_ppm, 30000);
	put(files, "20.conf", "nonsense\n");
	assert_int_equal(config_load_optional(files->conf, &config, collect, &files->faults), 1);
	assert_non_null(strstr(files->faults.text, "20.conf:1: line without"));
	put(files, NULL, "[tiered]\nmode = x\n");
	assert_int_equal(config_load_optional(files->conf, &config, collect, &files->faults), 2);
}

/* Bounds that belong together are looked at when all files are read. */
static void test_whole(void **state)
{
	struct files *files = *state;

	put(files, NULL, "[tiered]\nwindow_min = 20s\n");
	assert_int_equal(load(files), 1);
	assert_non_null(strstr(files->faults.text, "t.conf:2: window_min (20000 ms, "));
	put(files, "10.conf", "[tiered]\nwindow_max = 30s\n");
	assert_int_equal(load(files), 0);
	assert_int_equal(config.window_min_ns, UINT64_C(20000000000));
	put(files, "20.conf", "\n[tiered]\nwindow_max = 2s\n");
	assert_int_equal(load(files), 1);
	assert_non_null(strstr(files->faults.text, "20.conf:3: window_min (20000 ms, "));
}

static void test_unreadable(void **state)
{
	struct files *files = *state;
	char path[160], *large;

	assert_int_equal(mkdir(files->conf, 0755), 0);
	assert_int_equal(load(files), -EISDIR);
	rmdir(files->conf);
	large = malloc(CONFIG_BYTES_MAX + 2);
	assert_non_null(large);
	memset(large, '\n', CONFIG_BYTES_MAX + 1);
	large[CONFIG_BYTES_MAX + 1] = '\0';
	put(files, NULL, large);
	assert_int_equal(load(files), -EFBIG);
	put(files, NULL, large + 1);
	assert_int_equal(load(files), 0);
	free(large);
	put(files, "10.conf", "");
	snprintf(path, sizeof(path), "%s/20.conf", files->drop_ins);
	assert_int_equal(symlink("nowhere", path), 0);
	assert_int_equal(load(files), 1);
	assert_non_null(strstr(files->faults.text, "20.conf: No such file or directory; expected"));
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(load(files), 1);
	assert_non_null(strstr(files->faults.text, "20.conf: neither text nor a file; expected"));
}

/* Where the folder of drop-ins is to be, there is something else. */
static void test_no_folder(void **state)
{
	struct files *files = *state;
	FILE *file = fopen(files->drop_ins, "w");

	assert_non_null(file);
	fclose(file);
	put(files, NULL, "");
	assert_int_equal(load(files), 1);
	assert_non_null(strstr(files->faults.text, "t.conf.d: Not a directory; expected a folder"));
}

/* Two faults of a file are two lines, each once. */
static void check_owned(struct files *files, const char *path, mode_t mode, const char *what)
{
	char expected[256];

	assert_int_equal(chmod(path, mode), 0);
	assert_int_equal(load(files), what ? 1 : 0);
	snprintf(expected, sizeof(expected), "%s: %s\n", path, what);
	if (what)
		assert_string_equal(files->faults.text, expected);
}

/* For root, the conf, its drop-ins and their folder are root's alone. */
static void test_owner(void **state)
{
	struct files *files = *state;
	char drop_in[160];

	if (geteuid() != 0)
		skip();
	put(files, NULL, "");
	put(files, "10.conf", "[tiered]\nmode = observe\n");
	snprintf(drop_in, sizeof(drop_in), "%s/10.conf", files->drop_ins);
	check_owned(files, files->conf, 0664,
		    "mode 0664 lets others than root write; expected chmod go-w");
	check_owned(files, files->conf, 0602,
		    "mode 0602 lets others than root write; expected chmod go-w");
	check_owned(files, files->conf, 0444, NULL);
	check_owned(files, drop_in, 0666,
		    "mode 0666 lets others than root write; expected chmod go-w");
	check_owned(files, drop_in, 0600, NULL);
	check_owned(files, files->drop_ins, 0777,
		    "mode 0777 lets others than root write; expected chmod go-w");
	check_owned(files, files->drop_ins, 0755, NULL);
	assert_int_equal(chown(files->conf, 65534, 0), 0);
	check_owned(files, files->conf, 0644, "owned by uid 65534; expected root");
	assert_int_equal(chown(files->conf, 0, 65534), 0);
	check_owned(files, files->conf, 0644, NULL);
}

/* What is in force is known with the line that set it. */
static void test_places(void **state)
{
	const size_t mode = config_find("tiered", "mode"), rate = config_find("migration", "rate");
	struct files *files = *state;
	char place[300], expected[300];

	put(files, NULL, "[tiered]\nmode = observe\ncpu_max = 2%\n[target a]\ncomm = a\n");
	put(files, "10.conf", "\n\n[tiered]\nmode = manage\n[target b]\n");
	assert_int_equal(load(files), 0);
	assert_int_equal(config.n_files, 2);
	snprintf(expected, sizeof(expected), "%s/10.conf:4", files->drop_ins);
	assert_string_equal(config_place(&config, config.places[mode], place, sizeof(place)),
			    expected);
	assert_string_equal(config.values[mode], "manage");
	assert_string_equal(config_place(&config, config.places[rate], place, sizeof(place)),
			    "default");
	assert_string_equal(config.values[rate], "500M/s");
	snprintf(expected, sizeof(expected), "%s:4", files->conf);
	assert_string_equal(config_place(&config, config.rule_places[0], place, sizeof(place)),
			    expected);
	put(files, "20.conf", "[target a]\n");
	assert_int_equal(load(files), 1);
	snprintf(expected, sizeof(expected),
		 "20.conf:1: [target a] for the second time, after %s:4; expected each name once\n",
		 files->conf);
	assert_non_null(strstr(files->faults.text, expected));
}

/* As many files as there is room for, and one more. */
static void test_many_files(void **state)
{
	struct files *files = *state;
	char name[32], path[160];
	unsigned int i;

	put(files, NULL, "");
	for (i = 1; i < CONFIG_FILES_MAX; i++) {
		snprintf(name, sizeof(name), "%u.conf", 100 + i);
		put(files, name, "");
	}
	assert_int_equal(load(files), 0);
	put(files, "999.conf", "");
	assert_int_equal(load(files), 1);
	assert_non_null(
		strstr(files->faults.text, "999.conf: too many files; expected at most 64"));
	for (i = 1; i < CONFIG_FILES_MAX; i++) {
		snprintf(path, sizeof(path), "%s/%u.conf", files->drop_ins, 100 + i);
		unlink(path);
	}
	snprintf(path, sizeof(path), "%s/999.conf", files->drop_ins);
	unlink(path);
}

#define FILES_TEST(test) cmocka_unit_test_setup_teardown(test, make_files, remove_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILES_TEST(test_drop_ins),   FILES_TEST(test_missing),    FILES_TEST(test_whole),
		FILES_TEST(test_unreadable), FILES_TEST(test_no_folder),  FILES_TEST(test_owner),
		FILES_TEST(test_places),     FILES_TEST(test_many_files),
	};

	return cmocka_run_group_tests_name("config_load", tests, NULL, NULL);
}
