// SPDX-License-Identifier: GPL-2.0-only
/*
 * THEORY OF OPERATION: pins are made in a BPF file system that the test mounts
 * for itself, and looked at from outside: with stat() for their modes, through
 * descriptors of their own for their values, and with bpftool, where it is
 * installed, for what a person sees. Leftovers of an earlier run, things that
 * are not ours, and folders that somebody else put in the way are planted.
 */
#include <bpf/bpf.h>
#include <dirent.h>
#include <fcntl.h>

#include "views.h"

static const char *const maps[] = { "meta",        "totals",    "losses",  "migrations",
				    "tlb_flushes", "processes", "cgroups", "node_pairs",
				    "targets",     "daemon" };
static const char *const tables[] = { "processes", "migrations", "shootdowns" };

static void check_mode(const char *path, mode_t mode)
{
	struct stat stat;

	if (lstat(path, &stat) < 0)
		fail_msg("%s: %s", path, strerror(errno));
	if ((stat.st_mode & (S_IFMT | 07777)) != mode)
		fail_msg("%s has mode %o, not %o", path, stat.st_mode, mode);
}

static int entries(const char *folder)
{
	DIR *dir = opendir(folder);
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n - 2; /* . and .. */
}

static void check_pinned(const char *folder)
{
	char path[256];

	check_mode(folder, S_IFDIR | 0700);
	snprintf(path, sizeof(path), "%s/maps", folder);
	check_mode(path, S_IFDIR | 0700);
	assert_int_equal(entries(path), sizeof(maps) / sizeof(maps[0]));
	for (size_t i = 0; i < sizeof(maps) / sizeof(maps[0]); i++) {
		snprintf(path, sizeof(path), "%s/maps/%s", folder, maps[i]);
		check_mode(path, S_IFREG | 0600);
	}
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, tables[i]);
		check_mode(path, S_IFREG | 0600);
	}
}

static void test_pins_come_and_go(void **state)
{
	struct bpf *bpf = open_bpf(NULL);

	(void)state;
	bpffs_mount();
	pin(bpf);
	check_pinned(PINS);
	assert_int_equal(entries(PINS), 4);
	bpf_unpin(bpf);
	assert_int_equal(access(PINS, F_OK), -1);
	bpf_unpin(bpf);
	pin(bpf);
	/* Again, over its own. */
	pin(bpf);
	check_pinned(PINS);
	bpf_close(bpf);
	assert_int_equal(access(PINS, F_OK), -1);
	bpffs_unmount();
}

/* A daemon that was killed leaves its pins behind; a child plays it. */
static void test_leftovers_are_replaced(void **state)
{
	struct stats_meta meta = { 0 };
	struct bpf *bpf;
	uint32_t zero = 0;
	int status, fd;
	pid_t pid;

	(void)state;
	bpffs_mount();
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		const struct bpf_config other = { .event_rate = 77 };

		pin(open_bpf(&other));
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	check_pinned(PINS);
	bpf = open_bpf(NULL);
	pin(bpf);
	check_pinned(PINS);
	fd = bpf_obj_get(PINS "/maps/meta");
	assert_true(fd >= 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &meta), 0);
	close(fd);
	assert_int_equal(meta.stats_abi, TIERED_STATS_ABI);
	assert_int_equal(meta.event_abi, TIERED_EVENT_ABI);
	assert_int_equal(meta.event_rate, 2000);
	bpf_close(bpf);
	assert_int_equal(access(PINS, F_OK), -1);
	bpffs_unmount();
}

static void test_foreign_things_are_left_and_named(void **state)
{
	struct bpf *bpf = open_bpf(NULL);
	char why[256] = "";

	(void)state;
	bpffs_mount();
	assert_int_equal(mkdir(PINS, 0755), 0);
	assert_int_equal(mkdir(PINS "/maps", 0755), 0);
	assert_int_equal(mkdir(PINS "/maps/stranger", 0700), 0);
	assert_int_equal(bpf_pin(bpf, PINS, why, sizeof(why)), 0);
	printf("# %s\n", why);
	assert_non_null(strstr(why, PINS "/maps/stranger"));
	check_mode(PINS, S_IFDIR | 0700);
	check_mode(PINS "/maps/meta", S_IFREG | 0600);
	bpf_close(bpf);
	assert_int_equal(access(PINS "/maps/meta", F_OK), -1);
	assert_int_equal(access(PINS "/maps/stranger", F_OK), 0);
	bpffs_unmount();
}

/* A BPF file system mounted without a mode lets everybody make folders. */
static void test_folders_of_others_are_refused(void **state)
{
	struct bpf *bpf = open_bpf(NULL);
	char why[256] = "";

	(void)state;
	bpffs_mount();
	assert_int_equal(mkdir(PINS, 0777), 0);
	assert_int_equal(chown(PINS, 65534, 65534), 0);
	assert_int_equal(bpf_pin(bpf, PINS, why, sizeof(why)), -EEXIST);
	printf("# %s\n", why);
	assert_non_null(strstr(why, PINS));
	assert_int_equal(entries(PINS), 0);
	rmdir(PINS);
	assert_int_equal(symlink("/tmp", PINS), 0);
	assert_int_equal(bpf_pin(bpf, PINS, why, sizeof(why)), -EEXIST);
	assert_int_equal(access("/tmp/maps", F_OK), -1);
	bpf_close(bpf);
	bpffs_unmount();
}

static void test_no_bpf_file_system(void **state)
{
	struct bpf *bpf = open_bpf(NULL);
	char why[256] = "";

	(void)state;
	assert_int_equal(bpf_pin(bpf, "/tmp/tiered", why, sizeof(why)), -ENOENT);
	printf("# %s\n", why);
	assert_non_null(strstr(why, "/tmp is no BPF file system"));
	assert_int_equal(bpf_pin(bpf, "/no/such/folder", why, sizeof(why)), -ENOENT);
	assert_int_equal(bpf_pin(bpf, "tiered", why, sizeof(why)), -EINVAL);
	assert_int_equal(bpf_pin(NULL, PINS, why, sizeof(why)), -EOPNOTSUPP);
	bpf_close(bpf);
}

static const struct target_key some_key = { .start_ns = 10000000, .tgid = 4711, .exec_count = 3 };

static void publish(struct bpf *bpf)
{
	struct stats_target target = { .comm = "some-server", .id = 9, .requested = 1234 };
	struct stats_daemon daemon = { .pid = 77, .windows = 5, .results = { .moved = 4321 } };

	target.moved_for.promote_hot = 1111;
	assert_int_equal(bpf_publish_daemon(bpf, &daemon), 0);
	assert_int_equal(bpf_publish_target(bpf, &some_key, &target), 0);
}

static void test_ledger_is_published(void **state)
{
	struct stats_daemon daemon = { 0 };
	struct stats_target target = { 0 };
	struct bpf *bpf = open_bpf(NULL);
	uint32_t zero = 0;
	int fd;

	(void)state;
	bpffs_mount();
	pin(bpf);
	publish(bpf);
	fd = bpf_obj_get(PINS "/maps/daemon");
	assert_int_equal(bpf_map_lookup_elem(fd, &zero, &daemon), 0);
	assert_int_equal(daemon.results.moved, 4321);
	close(fd);
	fd = bpf_obj_get(PINS "/maps/targets");
	assert_int_equal(bpf_map_lookup_elem(fd, &some_key, &target), 0);
	assert_int_equal(target.requested, 1234);
	assert_int_equal(bpf_retire_target(bpf, &some_key), 0);
	assert_int_equal(bpf_map_lookup_elem(fd, &some_key, &target), -ENOENT);
	assert_int_equal(bpf_retire_target(bpf, &some_key), 0);
	close(fd);
	bpf_close(bpf);
	bpffs_unmount();
	assert_int_equal(bpf_publish_daemon(NULL, &daemon), -EOPNOTSUPP);
	assert_int_equal(bpf_publish_target(NULL, &some_key, &target), -EOPNOTSUPP);
	assert_int_equal(bpf_retire_target(NULL, &some_key), -EOPNOTSUPP);
}

/* The tool of the oldest Debian that we run on is 7.1. */
static void test_bpftool_prints_names(void **state)
{
	struct bpf *bpf = open_bpf(NULL);
	char *text;

	(void)state;
	bpffs_mount();
	pin(bpf);
	publish(bpf);
	text = bpftool_dump("", "meta");
	if (!text) {
		bpf_close(bpf);
		bpffs_unmount();
		skip_because("no bpftool");
	}
	free(text);
	check_dump("meta", "\"stats_abi\": ", "3,");
	check_dump("targets", "\"comm\": ", "\"some-server\",");
	check_dump("targets", "\"tgid\": ", "4711,");
	check_dump("targets", "\"promote_hot\": ", "1111,");
	check_dump("daemon", "\"moved\": ", "4321,");
	check_dump("migrations", "\"succeeded\": ", "");
	text = bpftool_dump("-j", "daemon");
	assert_int_equal(text[0], '[');
	assert_non_null(strstr(text, "\"formatted\":{"));
	free(text);
	bpf_close(bpf);
	bpffs_unmount();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pins_come_and_go),
		cmocka_unit_test(test_leftovers_are_replaced),
		cmocka_unit_test(test_foreign_things_are_left_and_named),
		cmocka_unit_test(test_folders_of_others_are_refused),
		cmocka_unit_test(test_no_bpf_file_system),
		cmocka_unit_test(test_ledger_is_published),
		cmocka_unit_test(test_bpftool_prints_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
