// SPDX-License-Identifier: GPL-2.0-only
/* Slow memory in the tier of DRAM, on recorded and made-up machines, and what tiered would do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "check_machine.h"

static const struct recorded {
	const char *tree;
	enum check_verdict verdict;
	const char *finding;
	const char *fix;
} recorded[] = {
	/* One tier for the kernel before 6.7; the firmware's latencies tell. */
	{ "three-tier-6.1", CHECK_NOTE,
	  "node 1 (no CPUs, latency 250 ns), node 2 (no CPUs, latency 900 ns) in one tier with the "
	  "DRAM of node 0; tiered tells them apart",
	  "[tiers] order = 0 > 1 > 2" },
	{ "three-tier-7.2", CHECK_OK, "no slow node", "" },
	{ "two-socket-slow-6.1", CHECK_NOTE,
	  "node 2 (no CPUs, latency 250 ns) in one tier with the DRAM of node 0-1",
	  "[tiers] order = 0-1 > 2" },
	{ "two-socket-slow-7.2", CHECK_OK, "no slow node", "" },
	/* No HMAT: node 2 has no CPUs, and the kernel put it beside node 0. */
	{ "memoryless-node-6.12", CHECK_NOTE, "node 2 (no CPUs, distance ",
	  "[tiers] order = 0 > 2" },
};

static void test_recorded(void **state)
{
	static struct machine machine;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(recorded) / sizeof(recorded[0]); i++) {
		const struct recorded *one = &recorded[i];
		const struct check *check;

		machine_make(&machine);
		snprintf(machine.proc_root, sizeof(machine.proc_root),
			 "tests/data/topology/%s/proc", one->tree);
		snprintf(machine.sys_root, sizeof(machine.sys_root), "tests/data/topology/%s/sys",
			 one->tree);
		machine_run(&machine);
		check = machine_check(&machine, "tier-order");
		if (check->verdict != one->verdict || !strstr(check->finding, one->finding) ||
		    strcmp(check->fix, one->fix) != 0)
			fail_msg("%s: %s: %s (fix: %s)", one->tree,
				 check_verdict_name(check->verdict), check->finding, check->fix);
		machine_drop(&machine);
	}
}

/* Three or four nodes; what the kernel makes of them, and what should come of it. */
static const struct made_up {
	const char *tiers[2]; /* nodelists of memory_tier4 and memory_tier56 */
	const char *cpus;     /* of node 1, as cpulist */
	const char *distances[4];
	const char *latency_ns[4];
	enum check_verdict verdict;
	const char *fix;
} made_up[] = {
	/* Slow nodes among the fast ones: beside the others of their distance, or between. */
	{ { "0,2", "1" }, "", { "10 20 20 30" }, { NULL }, CHECK_WARN, "[tiers] order = 0 > 1-2" },
	{ { "0,2", "1" },
	  "",
	  { "10 20 40 30" },
	  { NULL },
	  CHECK_WARN,
	  "[tiers] order = 0 > 1 > 2" },
	{ { "0,2", "1" },
	  "",
	  { "10 40 20 30" },
	  { NULL },
	  CHECK_WARN,
	  "[tiers] order = 0 > 2 > 1" },
	/* Latencies of 1.5 times count, less does not, whatever the distance. */
	{ { "0,2", "1" },
	  "",
	  { "10 20 20 30" },
	  { "80", "300", "120" },
	  CHECK_WARN,
	  "[tiers] order = 0 > 1-2" },
	{ { "0,2", "1" }, "", { "10 20 40 30" }, { "80", "300", "119" }, CHECK_OK, "" },
	/* Two sockets; and two whose second is far slower. */
	{ { "0-1", "2" }, "2-3", { "10 21 40 30" }, { NULL }, CHECK_OK, "" },
	{ { "0-1", "2" },
	  "2-3",
	  { "10 21 40 30" },
	  { "80", "140", "900" },
	  CHECK_WARN,
	  "[tiers] order = 0 > 1 > 2" },
	/* The kernel has it right. */
	{ { "0", "1-2" }, "", { "10 20 40 30" }, { NULL }, CHECK_OK, "" },
};

static void make_up(struct machine *machine, const struct made_up *one)
{
	const struct tree *tree = &machine->tree;
	char path[128];
	size_t i;

	machine_make(machine);
	tree_text(tree, "proc/zoneinfo", "%s", ZONE(0, 0) ZONE(1, 32768) ZONE(2, 65536));
	tree_text(tree, NODE "online", "0-2\n");
	tree_text(tree, NODE "has_memory", "0-2\n");
	tree_text(tree, NODE "has_cpu", one->cpus[0] ? "0-1\n" : "0\n");
	tree_text(tree, NODE "node1/cpulist", "%s\n", one->cpus);
	tree_text(tree, TIERING "memory_tier4/nodelist", "%s\n", one->tiers[0]);
	tree_text(tree, TIERING "memory_tier56/nodelist", "%s\n", one->tiers[1]);
	for (i = 0; i < 3; i++) {
		const char *to_0 = one->distances[0];

		/* To node 0, to node 1, to node 2; the matrix is symmetric, and 3 of 4 are used. */
		snprintf(path, sizeof(path), NODE "node%zu/distance", i);
		tree_text(tree, path, "%.2s %s %s\n", to_0 + 3 * i, i == 1 ? "10" : "30",
			  i == 2 ? "10" : "30");
		snprintf(path, sizeof(path), NODE "node%zu/access1/initiators/read_latency", i);
		if (one->latency_ns[i])
			tree_text(tree, path, "%s\n", one->latency_ns[i]);
	}
}

static void test_made_up(void **state)
{
	static struct machine machine;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(made_up) / sizeof(made_up[0]); i++) {
		const struct made_up *one = &made_up[i];
		const struct check *check;

		make_up(&machine, one);
		machine_run(&machine);
		check = machine_check(&machine, "tier-order");
		if (check->verdict != one->verdict || strcmp(check->fix, one->fix) != 0)
			fail_msg("machine %zu: %s: %s (fix: %s)", i,
				 check_verdict_name(check->verdict), check->finding, check->fix);
		if (check->verdict == CHECK_WARN)
			assert_non_null(strstr(check->finding, "takes them for equally fast"));
		check_env_close(&machine.env);
		/* The fix, done, is a good conf, and then all is well. */
		if (check->fix[0])
			tree_text(&machine.tree, "tiered.conf", "[tiers]\n%s\n",
				  check->fix + strlen("[tiers] "));
		machine_run(&machine);
		assert_int_equal(machine_check(&machine, "tier-order")->verdict, CHECK_OK);
		assert_int_equal(machine_check(&machine, "conf")->verdict, CHECK_OK);
		machine_drop(&machine);
	}
}

static const char *summary_of(struct machine *machine, char *text, size_t size)
{
	machine_run(machine);
	return check_summary(&machine->env, text, size);
}

static void test_summary(void **state)
{
	static struct machine machine;
	char text[512];

	(void)state;
	machine_make(&machine);
	assert_string_equal(summary_of(&machine, text, sizeof(text)),
			    "tiered would manage 2 tiers with tracker idle");
	check_env_close(&machine.env);
	tree_text(&machine.tree, "tiered.conf", "[tiered]\nmode = observe\n");
	assert_string_equal(summary_of(&machine, text, sizeof(text)),
			    "tiered would observe 2 tiers with tracker idle");
	check_env_close(&machine.env);
	tree_text(&machine.tree, "tiered.conf", "[tiered]\nmode = x\n");
	assert_non_null(strstr(summary_of(&machine, text, sizeof(text)), "the conf has faults"));
	check_env_close(&machine.env);
	tree_text(&machine.tree, "tiered.conf", "[tiers]\norder = 0 > 7\n");
	assert_string_equal(summary_of(&machine, text, sizeof(text)),
			    "tiered would not start: memory topology: node 7 has no memory");
	check_env_close(&machine.env);
	tree_remove(&machine.tree, "tiered.conf");
	machine.env.conf_required = 1;
	assert_string_equal(summary_of(&machine, text, sizeof(text)),
			    "tiered would not start: the conf cannot be read");
	check_env_close(&machine.env);
	machine.env.conf_required = 0;
	tree_remove(&machine.tree, "sys/kernel/mm/page_idle/bitmap");
	assert_non_null(strstr(summary_of(&machine, text, sizeof(text)),
			       "tracker idle: the kernel has no idle page tracking"));
	check_env_close(&machine.env);
	tree_text(&machine.tree, "proc/zoneinfo", "%s", ZONE(0, 0));
	assert_non_null(strstr(summary_of(&machine, text, sizeof(text)), "only one memory tier"));
	machine_drop(&machine);
}

/* A user who may read nothing gets told what is missing, not that all is well. */
static void test_nobody(void **state)
{
	static const char *const closed[] = {
		"proc/zoneinfo",
		"proc/sys/kernel/numa_balancing",
		"proc/self/limits",
		"sys/devices/system/node/online",
		"sys/kernel/mm/page_idle/bitmap",
		"sys/kernel/mm/numa/demotion_enabled",
		"sys/kernel/mm/lru_gen/enabled",
		"sys/kernel/mm/transparent_hugepage/enabled",
		"sys/module/damon_stat/parameters/enabled",
		"sys/kernel/security/lockdown",
		"sys/kernel/security/lsm",
		"tiered.conf",
	};
	static const char *const unknown[] = {
		"tiers",    "nodes",  "mems-allowed", "tracker", "numa-balancing",
		"demotion", "mglru",  "damon-stat",   "thp",     "lockdown",
		"lsm",      "nofile", "conf",
	};
	static struct machine machine;
	char path[PATH_MAX], text[512];
	const int root = geteuid() == 0;
	size_t i;

	(void)state;
	machine_make(&machine);
	tree_text(&machine.tree, "tiered.conf", "[tiered]\n");
	tree_text(&machine.tree, "proc/self/status",
		  STATUS("0000000000000000", CAPS_ALL, "00000003"));
	/* Not known to be that of DAMON_STAT. */
	tree_text(&machine.tree, "proc/812/stat", "812 (kdamond.1) S 2 0 0\n");
	for (i = 0; i < sizeof(closed) / sizeof(closed[0]); i++) {
		tree_path(&machine.tree, closed[i], path);
		assert_int_equal(chmod(path, 0), 0);
	}
	if (root)
		assert_int_equal(seteuid(65534), 0);
	machine_run(&machine);
	check_summary(&machine.env, text, sizeof(text));
	if (root)
		assert_int_equal(seteuid(0), 0);
	for (i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
		if (machine_check(&machine, unknown[i])->verdict != CHECK_UNKNOWN)
			fail_msg("%s: %s", unknown[i],
				 machine_check(&machine, unknown[i])->finding);
	assert_int_equal(machine_check(&machine, "damon")->verdict, CHECK_UNKNOWN);
	assert_non_null(strstr(machine_check(&machine, "damon")->finding, "needs CAP_"));
	assert_non_null(strstr(machine_check(&machine, "tracker")->finding, "CAP_SYS_ADMIN"));
	assert_non_null(strstr(machine_check(&machine, "mglru")->fix, "as root"));
	assert_int_equal(machine_check(&machine, "capabilities")->verdict, CHECK_WARN);
	assert_non_null(strstr(text, "zoneinfo cannot be read"));
	machine_drop(&machine);
}

/* A socket that somebody listens on, one that nobody does, and one that is not for us. */
static void test_daemon(void **state)
{
	static struct machine machine;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int root = geteuid() == 0;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	(void)state;
	machine_make(&machine);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s", machine.socket);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	machine_run(&machine);
	assert_string_equal(machine_check(&machine, "daemon")->finding, "not running");
	check_env_close(&machine.env);
	assert_int_equal(listen(fd, 0), 0);
	machine_run(&machine);
	assert_string_equal(machine_check(&machine, "daemon")->finding, "running");
	check_env_close(&machine.env);
	/* Nobody has accepted that one, and the queue has no room for another. */
	machine_run(&machine);
	assert_string_equal(machine_check(&machine, "daemon")->finding, "running");
	check_env_close(&machine.env);
	assert_int_equal(chmod(machine.socket, 0), 0);
	if (root)
		assert_int_equal(seteuid(65534), 0);
	machine_run(&machine);
	if (root)
		assert_int_equal(seteuid(0), 0);
	assert_int_equal(machine_check(&machine, "daemon")->verdict, CHECK_UNKNOWN);
	assert_non_null(strstr(machine_check(&machine, "daemon")->finding, "group tiered"));
	close(fd);
	machine_drop(&machine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_recorded), cmocka_unit_test(test_made_up),
		cmocka_unit_test(test_summary),  cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_daemon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
