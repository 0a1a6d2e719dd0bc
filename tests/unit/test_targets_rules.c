// SPDX-License-Identifier: GPL-2.0-only
/* Files of /proc/PID by table, and the rules that choose processes. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "observe/proc.h"
#include "observe/targets.h"

#define MIB (UINT64_C(1) << 20)

/* --- /proc/PID/stat */

static void test_parse_stat(void **state)
{
	static const struct {
		const char *text;
		int ret;
		const char *comm;
		uint64_t start_ns, rss_pages;
		uint32_t flags;
	} cases[] = {
		{ "42 (cat) R 7 1 1 0 -1 4194304 1 2 3 4 5 6 7 8 20 0 1 0 1234 99 77 1 2", 0, "cat",
		  12340000000, 77, 4194304 },
		/* Names may hold what looks like the rest of the line. */
		{ "42 (a) R 1 (b) S 7 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 1 0 100 99 5 1", 0,
		  "a) R 1 (b", 1000000000, 5, 64 },
		{ "42 (a\nb ) S 7 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 1 0 100 99 5 1", 0, "a\nb ",
		  1000000000, 5, 64 },
		{ "42 () S 7 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 1 0 100 99 5", 0, "", 1000000000, 5,
		  64 },
		{ "42 (kworker/u16:3-events_unbound) I 2 0 0 0 -1 2097152 1 2 3 4 5 6 7 8 20 0 1 0 "
		  "1 0 0",
		  0, "kworker/u16:3-e", 10000000, 0, 2097152 },
		/* A negative number is none. */
		{ "42 (x) S 7 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 1 0 100 99 -5", 0, "x", 1000000000,
		  0, 64 },
		{ "42 (x) S 7 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 1 0 100 99", -EINVAL, NULL, 0, 0,
		  0 },
		{ "42 (x) S", -EINVAL, NULL, 0, 0, 0 },
		{ "42 x) S", -EINVAL, NULL, 0, 0, 0 },
		{ ")(", -EINVAL, NULL, 0, 0, 0 },
		{ "(x) S 7 1 1 0 -1 64 1 2 3 4 5 6 7 8 20 0 1 0 100 99 5", -EINVAL, NULL, 0, 0, 0 },
		{ "", -EINVAL, NULL, 0, 0, 0 },
	};
	struct proc_stat stat;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&stat, 0x5a, sizeof(stat));
		assert_int_equal(proc_parse_stat(cases[i].text, strlen(cases[i].text), &stat),
				 cases[i].ret);
		if (cases[i].ret < 0) {
			assert_int_equal(stat.pid, 0x5a5a5a5a);
			continue;
		}
		assert_string_equal(stat.comm, cases[i].comm);
		assert_int_equal(stat.start_ns, cases[i].start_ns);
		assert_int_equal(stat.rss_pages, cases[i].rss_pages);
		assert_int_equal(stat.flags, cases[i].flags);
	}
}

static void test_parse_mask(void **state)
{
	uint64_t mask = 1;

	(void)state;
	assert_int_equal(proc_parse_mask("00000000,00000003\n", &mask), 0);
	assert_int_equal(mask, 3);
	assert_int_equal(proc_parse_mask("ffffffff,80000000,00000001", &mask), 0);
	assert_true(mask == UINT64_C(0x8000000000000001));
	assert_int_equal(proc_parse_mask("f", &mask), 0);
	assert_int_equal(mask, 15);
	assert_int_equal(proc_parse_mask("", &mask), -EINVAL);
	assert_int_equal(proc_parse_mask("3 4", &mask), -EINVAL);
	assert_int_equal(mask, 15);
}

/* --- rules */

static struct target_rule rule(const char *name, const char *comm, int exclude)
{
	struct target_rule made;

	target_rule_init(&made, name);
	snprintf(made.comm, sizeof(made.comm), "%s", comm);
	made.exclude = exclude;
	return made;
}

static void test_rules(void **state)
{
	struct target_rule rules[6];
	static const struct {
		const char *comm, *exe, *cgroup;
		uint64_t mib;
		uint32_t uid, pid;
		int held, wanted;
		uint32_t rule;
	} cases[] = {
		{ "redis-server", "/usr/bin/redis", "/a", 100, 5, 9, 0, 1, 0 },
		{ "redis-server", "/usr/bin/redis", "/a", 63, 5, 9, 0, 0, 0 },
		{ "redis-server", "/usr/bin/redis", "/a", 63, 5, 9, 1, 1,
		  0 }, /* stays down to half */
		{ "redis-server", "/usr/bin/redis", "/a", 31, 5, 9, 1, 0, 0 },
		{ "redis-secret", "/usr/bin/redis", "/a", 100, 5, 9, 0, 0,
		  0 },                                            /* excluded, though later */
		{ "x", "/opt/db/bin/x", "/a", 1, 5, 9, 0, 1, 1 }, /* has a size of its own */
		{ "x", "/bin/x", "/system.slice/db.service", 100, 5, 9, 0, 1, 2 },
		{ "x", "/bin/x", "/a", 100, 0, 9, 0, 1, 3 },
		{ "x", "/bin/x", "/a", 100, 5, 77, 0, 1, 4 },
		{ "x", "/bin/x", "/a", 100, 5, 9, 0, 0, 0 }, /* none fits */
		{ "", "", "", 100, 5, 9, 0, 0, 0 },
	};
	size_t i;

	(void)state;
	rules[0] = rule("redis", "redis*", 0);
	rules[1] = rule("db", "", 0);
	strcpy(rules[1].exe, "/opt/*");
	rules[1].min_size = 1 * MIB;
	rules[2] = rule("slice", "", 0);
	strcpy(rules[2].cgroup, "/system.slice/*");
	rules[3] = rule("root", "", 0);
	rules[3].uid = 0;
	rules[4] = rule("one", "", 0);
	rules[4].pid = 77;
	rules[5] = rule("not", "*secret", 1);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct target_traits traits = { .comm = cases[i].comm,
						.exe = cases[i].exe,
						.cgroup = cases[i].cgroup,
						.rss_bytes = cases[i].mib * MIB,
						.uid = cases[i].uid,
						.pid = cases[i].pid };
		uint32_t chosen = 1234;

		assert_int_equal(
			targets_choose(rules, 6, 64 * MIB, cases[i].held, &traits, &chosen),
			cases[i].wanted);
		assert_int_equal(chosen, cases[i].wanted ? cases[i].rule : 1234);
	}
}

static void test_rules_default(void **state)
{
	struct target_rule exclude = rule("not", "x*", 1);
	struct target_traits traits = {
		.comm = "y", .exe = "", .cgroup = "", .rss_bytes = 64 * MIB
	};
	uint32_t chosen = 0;

	(void)state;
	assert_int_equal(targets_choose(NULL, 0, 64 * MIB, 0, &traits, &chosen), 1);
	assert_int_equal(chosen, TARGET_RULE_DEFAULT);
	assert_int_equal(targets_choose(&exclude, 1, 64 * MIB, 0, &traits, &chosen), 1);
	traits.rss_bytes--;
	assert_int_equal(targets_choose(&exclude, 1, 64 * MIB, 0, &traits, &chosen), 0);
	traits.rss_bytes++;
	traits.comm = "xyz";
	assert_int_equal(targets_choose(&exclude, 1, 64 * MIB, 0, &traits, &chosen), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parse_stat),
		cmocka_unit_test(test_parse_mask),
		cmocka_unit_test(test_rules),
		cmocka_unit_test(test_rules_default),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
