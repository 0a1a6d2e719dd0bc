// SPDX-License-Identifier: GPL-2.0-only
/*
 * THEORY OF OPERATION: what can be hooked on this machine is worked out here a
 * second time, from what the kernel tells through tracefs, kallsyms,
 * securityfs and /proc, with none of the loader's means. Both must come to the
 * same verdict on every hook, and whatever is off must say why. The file
 * systems are mounted in a mount namespace of the test's own.
 */
#include <dirent.h>
#include <sched.h>
#include <sys/mount.h>

#include "common.h"

#define TRACEFS "/sys/kernel/tracing"
#define SECURITYFS "/sys/kernel/security"

static void mounts_make(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		fail_msg("a mount namespace: %s", strerror(errno));
	/* Either may be mounted already, or not be built in. */
	mount("tracefs", TRACEFS, "tracefs", 0, NULL);
	mount("securityfs", SECURITYFS, "securityfs", 0, NULL);
}

/* Is there a line that begins with @begin and goes on with a blank or ends there? */
static bool file_has(const char *path, const char *begin)
{
	FILE *file = fopen(path, "re");
	const size_t length = strlen(begin);
	char line[1024];
	bool found = false;

	while (file && !found && fgets(line, sizeof(line), file))
		found = !strncmp(line, begin, length) && strchr(" \t\n", line[length]);
	if (file)
		fclose(file);
	return found;
}

static bool event_exists(const char *event)
{
	return file_has(TRACEFS "/available_events", event);
}

static bool symbol_exists(const char *symbol)
{
	FILE *file = fopen("/proc/kallsyms", "re");
	char line[512], name[256];
	bool found = false;

	assert_non_null(file);
	while (!found && fgets(line, sizeof(line), file))
		found = sscanf(line, "%*x %*c %255s", name) == 1 && !strcmp(name, symbol);
	fclose(file);
	return found;
}

/* Kernels without lockdown have no such file and lock nothing down. */
static bool locked_down(void)
{
	FILE *file = fopen(SECURITYFS "/lockdown", "re");
	char text[128] = "[none]";

	if (file) {
		assert_non_null(fgets(text, sizeof(text), file));
		fclose(file);
	}
	return !strstr(text, "[none]");
}

/* CONFIG_MEMCG, and with it mm_struct.owner, shows as a controller. */
static bool memory_cgroups(void)
{
	bool found = file_has("/proc/cgroups", "memory");
	FILE *file = fopen("/sys/fs/cgroup/cgroup.controllers", "re");
	char text[512] = "";

	if (file) {
		found |= fgets(text, sizeof(text), file) && strstr(text, "memory");
		fclose(file);
	}
	return found;
}

static bool expect_function(const char *function)
{
	return file_has(TRACEFS "/available_filter_functions", function) && !locked_down() &&
	       memory_cgroups();
}

static bool expect_targets(void)
{
	return event_exists("csd:csd_queue_cpu") && symbol_exists("flush_tlb_func") &&
	       memory_cgroups();
}

static bool expect(const char *hook)
{
	static const struct {
		const char *hook, *event;
	} tracepoints[] = {
		{ "faults", "exceptions:page_fault_user" },
		{ "migrations", "migrate:mm_migrate_pages" },
		{ "migration-starts", "migrate:mm_migrate_pages_start" },
		{ "shootdowns", "tlb:tlb_flush" },
		{ "fork", "sched:sched_process_fork" },
		{ "exec", "sched:sched_process_exec" },
		{ "exit", "sched:sched_process_exit" },
		{ "cgroup-removals", "cgroup:cgroup_rmdir" },
		{ "damon", "damon:damon_aggregated" },
	};

	for (size_t i = 0; i < sizeof(tracepoints) / sizeof(tracepoints[0]); i++)
		if (!strcmp(hook, tracepoints[i].hook))
			return event_exists(tracepoints[i].event);
	if (!strcmp(hook, "migration-owners"))
		return expect_function("remove_migration_pte");
	if (!strcmp(hook, "shootdown-targets"))
		return expect_targets();
	if (!strcmp(hook, "mappings"))
		return symbol_exists("task_vma_seq_show");
	if (!strcmp(hook, "page-tables"))
		return symbol_exists("bpf_prog_test_run_syscall");
	if (!strncmp(hook, "table-", 6))
		return symbol_exists("bpf_iter_attach_map");
	fail_msg("nobody knows what to expect of the hook %s", hook);
	return false;
}

static void test_verdicts_are_right(void **state)
{
	const struct bpf_hook *hooks;
	struct bpf *bpf;
	size_t n;

	(void)state;
	mounts_make();
	if (access(TRACEFS "/available_events", R_OK) < 0)
		skip_because("no tracefs on this kernel: nothing to compare with");
	bpf = open_bpf(NULL);
	hooks = bpf_report(bpf, &n);
	assert_int_equal(n, 16);
	for (size_t i = 0; i < n; i++) {
		bool expected = expect(hooks[i].name);

		printf("# %-17s %-29s %s%s%s\n", hooks[i].name, hooks[i].where,
		       hooks[i].enabled ? "on" : "off", hooks[i].enabled ? "" : ": ",
		       hooks[i].reason);
		assert_true(*hooks[i].purpose);
		if (hooks[i].enabled != expected)
			fail_msg("hook %s is %s, but the machine says it should be %s",
				 hooks[i].name, hooks[i].enabled ? "on" : "off",
				 expected ? "on" : "off");
		assert_int_equal(!*hooks[i].reason, hooks[i].enabled);
		assert_int_equal(bpf_enabled(bpf, hooks[i].name), hooks[i].enabled);
	}
	assert_false(bpf_enabled(bpf, "no-such-hook"));
	bpf_close(bpf);
}

static int count_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	int n = 0;

	assert_non_null(dir);
	while (readdir(dir))
		n++;
	closedir(dir);
	return n;
}

static void test_nothing_is_left_open(void **state)
{
	int before = count_descriptors();

	(void)state;
	for (int i = 0; i < 3; i++)
		bpf_close(open_bpf(NULL));
	assert_int_equal(count_descriptors(), before);
}

static void test_two_at_once(void **state)
{
	struct bpf *first = open_bpf(NULL), *second = open_bpf(NULL);
	struct stats_totals totals;
	struct sums sums = { 0 };

	(void)state;
	bpf_close(first);
	drain_into(second, &sums);
	assert_int_equal(bpf_totals(second, &totals), 0);
	bpf_close(second);
}

/* Without privileges: one error, one sentence. Runs in a child that gives them up. */
static void test_without_privileges(void **state)
{
	int status;
	pid_t pid = fork();

	(void)state;
	assert_true(pid >= 0);
	if (!pid) {
		struct bpf *bpf = NULL;
		char why[256] = "";
		int r;

		if (setgid(65534) < 0 || setuid(65534) < 0)
			_exit(2);
		r = bpf_open(NULL, &bpf, why, sizeof(why));
		fprintf(stderr, "# without privileges: %d: %s\n", r, why);
		_exit(r == -EPERM && *why && !bpf ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts_are_right),
		cmocka_unit_test(test_nothing_is_left_open),
		cmocka_unit_test(test_two_at_once),
		cmocka_unit_test(test_without_privileges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
