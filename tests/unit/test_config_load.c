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
	assert_non_null(strstr(files->faults.text, "t.conf:2: window_min (20000 ms) is above"));
	put(files, "10.conf", "[tiered]\nwindow_max = 30s\n");
	assert_int_equal(load(files), 0);
	assert_int_equal(config.window_min_ns, UINT64_C(20000000000));
	put(files, "20.conf", "\n[tiered]\nwindow_max = 2s\n");
	assert_int_equal(load(files), 1);
	assert_non_null(strstr(files->faults.text, "20.conf:3: window_min (20000 ms) is above"));
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
	assert_int_equal(load(files), 0);
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

#define FILES_TEST(test) cmocka_unit_test_setup_teardown(test, make_files, remove_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILES_TEST(test_drop_ins),   FILES_TEST(test_missing),   FILES_TEST(test_whole),
		FILES_TEST(test_unreadable), FILES_TEST(test_no_folder),
	};

	return cmocka_run_group_tests_name("config_load", tests, NULL, NULL);
}
