// SPDX-License-Identifier: GPL-2.0-only
/* The conf: every fault has its line and its sentence, and nothing else is one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/config.h"
#include "decide/policy.h"
#include "observe/tracker.h"

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

static size_t parse(const char *text, size_t size, struct faults *faults)
{
	size_t n;

	memset(faults, 0, sizeof(*faults));
	config_defaults(&config);
	n = config_parse("t.conf", text, size, &config, collect, faults);
	return n ? n : config_check(&config, collect, faults);
}

static void test_defaults(void **state)
{
	(void)state;
	config_defaults(&config);
	assert_int_equal(config.observe, 0);
	assert_string_equal(config.tracker, "auto");
	assert_int_equal(config.cpu_max_ppm, 10000);
	assert_int_equal(config.min_size, 64 << 20);
	assert_int_equal(config.rate, 500 << 20);
	assert_int_equal(config.window.ns, 0);
	assert_int_equal(config.memory_max.ppm, 1000);
	assert_int_equal(config.ring_bytes, 0);
	assert_int_equal(config.tiers.count, 0);
	assert_int_equal(config.n_rules, 0);
}

static void test_good(void **state)
{
	static const char text[] = "# a comment\n"
				   "[tiered]\n"
				   "mode = observe\n"
				   "cpu_max=0.5%\n"
				   "window = 2s ; inline\n"
				   "\n"
				   "[tiers]\n"
				   "order = 0-1 > 2,4\n"
				   "reserve = 128M\n"
				   "[migration]\n"
				   "rate = unlimited\n"
				   "[target db]\n"
				   "comm = postgres\n"
				   "uid = 26\n"
				   "fast_min = 5%\n"
				   "fast_max = 4G\n"
				   "priority = 300\n"
				   "demote = no\n"
				   "shared = never\n"
				   "[target none]\n"
				   "exe = /usr/bin/qemu*\n"
				   "exclude = yes";
	struct faults faults;

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &faults), 0);
	assert_string_equal(faults.text, "");
	assert_int_equal(config.observe, 1);
	assert_int_equal(config.cpu_max_ppm, 5000);
	assert_int_equal(config.window.ns, 2000000000);
	assert_int_equal(config.tiers.count, 2);
	assert_int_equal(config.tiers.nodes[0], 0x3);
	assert_int_equal(config.tiers.nodes[1], 0x14);
	assert_int_equal(config.reserve.bytes, 128 << 20);
	assert_int_equal(config.rate, 0);
	assert_int_equal(config.n_rules, 2);
	assert_string_equal(config.rules[0].comm, "postgres");
	assert_int_equal(config.rules[0].uid, 26);
	assert_int_equal(config.rules[0].exclude, 0);
	assert_int_equal(config.rules[0].fast_min.ppm, 50000);
	assert_int_equal(config.rules[0].fast_max.bytes, UINT64_C(4) << 30);
	assert_int_equal(config.rules[0].priority, 300);
	assert_int_equal(config.rules[0].promote, 1);
	assert_int_equal(config.rules[0].demote, 0);
	assert_int_equal(config.rules[0].shared, TARGET_SHARED_NEVER);
	assert_int_equal(config.rules[1].fast_max.bytes, UINT64_MAX);
	assert_int_equal(config.rules[1].priority, 100);
	assert_int_equal(config.rules[1].shared, TARGET_SHARED_MANAGED);
	assert_int_equal(config.rules[1].exclude, 1);
}

/* What lines may look like: the only fault of each, behind the name of the file. */
static const struct {
	const char *text;
	const char *expected;
} bad_lines[] = {
	{ "mode = observe\n", "1: key 'mode' outside of a section; expected" },
	{ "[nonsense]\n", "1: unknown section [nonsense]; expected" },
	{ "[tiered ]\n", "1: unknown section [tiered ]; expected" },
	{ "[]\n", "1: unknown section []; expected" },
	{ "[tiered\nmode = observe\n", "1: section without end; expected [NAME]" },
	{ "[tiered] rubbish\nmode = observe\n", "1: text behind [tiered]; expected a comment" },
	{ "[tiered]mode = observe\n", "1: text behind [tiered]; expected a comment" },
	{ "[target a]b]\n", "1: text behind [target a]; expected a comment" },
	{ "[target a ;b]\n", "1: section without end; expected [NAME]" },
	{ "[tiered]\n\nmode ; = observe\n", "3: line without '='; expected KEY = VALUE" },
	{ "[tiered]\nmode: x = observe\n", "2: ':' before '='; expected KEY = VALUE" },
	{ "[tiered]\nmode\n", "2: line without '='; expected KEY = VALUE" },
	{ "[tiered]\nmode = observe\n  more\n", "3: indented line; expected" },
	{ "[tiered]\nmood = observe\n", "2: unknown key 'mood' in [tiered]; expected" },
	{ "[bpf]\nmode = observe\n", "2: unknown key 'mode' in [bpf]; expected" },
	{ "[tiered]\nmode = observe\nmode = manage\n",
	  "3: 'mode' for the second time, after line 2; expected it once" },
	{ "[tiered]\nmode = observe\n[bpf]\n[tiered]\nmode = manage\n",
	  "5: 'mode' for the second time, after line 2; expected it once" },
	{ "[target]\ncomm = x\n", "1: [target] without a usable name; expected" },
	{ "[target 12345678901234567890123456789012]\n", "1: [target] without a usable name" },
	{ "[target a]\ncomm = x\n[target a]\n",
	  "3: [target a] for the second time, after t.conf:1; expected each name once" },
	{ "[target a]\ncolor = red\n", "2: unknown key 'color' in [target]; expected" },
	{ "[target a]\nfast_min = 50%\nfast_max = 40%\n",
	  "3: fast_min above fast_max in [target a]; expected it at or below" },
	{ "[target a]\nfast_max = 1G\n\nfast_min = 2G\n",
	  "4: fast_min above fast_max in [target a]; expected it at or below" },
	{ "[target a]\nfast_max = 0\nfast_min = 1%\n",
	  "3: fast_min above fast_max in [target a]; expected it at or below" },
	{ "[tiered]\nwindow_min = 10s\nwindow_max = 1s\n",
	  "3: window_min (10000 ms, t.conf:2) is above window_max (1000 ms, t.conf:3); "
	  "expected it below" },
	{ "[tiered]\nwindow_max = 20ms\n\n",
	  "2: window_min (200 ms, default) is above window_max (20 ms, t.conf:2); expected" },
};

static void test_bad_lines(void **state)
{
	struct faults faults;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad_lines) / sizeof(bad_lines[0]); i++) {
		const char *expected = bad_lines[i].expected;

		if (parse(bad_lines[i].text, strlen(bad_lines[i].text), &faults) != 1 ||
		    strncmp(faults.text, "t.conf:", 7) != 0 ||
		    strncmp(faults.text + 7, expected, strlen(expected)) != 0)
			fail_msg("case %zu: expected \"%s\", got \"%s\"", i, expected, faults.text);
	}
}

struct value_case {
	const char *section;
	const char *key;
	const char *value;
	const char *expected; /* NULL: a good value */
};

static const struct value_case bad_values[] = {
	{ "tiered", "mode", "maybe", "manage or observe" },
	{ "tiered", "mode", "", "manage or observe" },
	{ "tiered", "mode", "Observe", "manage or observe" },
	{ "tiered", "tracker", "nonsense", "auto, idle, young or damon" },
	{ "tiered", "tracker", "stub", "auto, idle, young or damon" },
	{ "tiered", "tracker", "idl", "auto, idle, young or damon" },
	{ "tiered", "tracker", "", "auto, idle, young or damon" },
	{ "tiered", "policy", "typo", "heat" },
	{ "tiered", "policy", "auto", "heat" },
	{ "tiered", "window", "2 s", "auto or a duration from 10ms to 60min" },
	{ "tiered", "window", "0s", "auto or a duration from 10ms to 60min" },
	{ "tiered", "window", "9999us", "auto or a duration from 10ms to 60min" },
	{ "tiered", "window", "61min", "auto or a duration from 10ms to 60min" },
	{ "tiered", "window_min", "auto", "a duration from 10ms to 60min" },
	{ "tiered", "window_min", "1us", "a duration from 10ms to 60min" },
	{ "tiered", "window_max", "9ms", "a duration from 10ms to 60min" },
	{ "tiered", "window_max", "3601s", "a duration from 10ms to 60min" },
	{ "tiered", "window_max", "99999999999999999min", "a duration from 10ms to 60min" },
	{ "tiered", "cpu_max", "0%", "a part of one core" },
	{ "tiered", "cpu_max", "-1%", "a part of one core" },
	{ "tiered", "cpu_max", "1", "a part of one core" },
	{ "tiered", "cpu_max", "0.00001%", "a part of one core" },
	{ "tiered", "memory_max", "0", "a share above 0%" },
	{ "tiered", "memory_max", "0%", "a share above 0%" },
	{ "tiered", "memory_max", "0.0000%", "a share above 0%" },
	{ "tiered", "memory_max", "0.00005%", "a share above 0%" },
	{ "tiered", "memory_max", "101%", "a share above 0%" },
	{ "tiered", "memory_max", "4095", "a share above 0% such as 0.1%, or a size from 4K" },
	{ "tiered", "min_size", "99999999999T", "a size" },
	{ "tiered", "min_size", "-1", "a size" },
	{ "tiered", "targets_max", "0", "a number from 1 to 16384" },
	{ "tiered", "targets_max", "16385", "a number from 1 to 16384" },
	{ "tiered", "targets_max", "1K", "a number from 1 to 16384" },
	{ "tiered", "sweep", "99ms", "a duration from 100ms to 60min" },
	{ "tiered", "sweep", "5", "a duration from 100ms to 60min" },
	{ "tiered", "log_every", "0s", "a duration from 100ms to 60min" },
	{ "tiered", "log_every", "3600001ms", "a duration from 100ms to 60min" },
	{ "tiers", "order", "0 > 0", "auto or node lists" },
	{ "tiers", "order", "64", "auto or node lists" },
	{ "tiers", "order", "0 >", "auto or node lists" },
	{ "tiers", "order", "> 0", "auto or node lists" },
	{ "tiers", "order", ">", "auto or node lists" },
	{ "tiers", "order", "0 1 junk > 2", "auto or node lists" },
	{ "tiers", "order", "0 > 1 2", "auto or node lists" },
	{ "tiers", "order", "0 > auto", "auto or node lists" },
	{ "tiers", "reserve", "-1%", "a share such as" },
	{ "tiers", "reserve", "100.0001%", "a share such as" },
	{ "tiers", "reserve", "0.00005%", "a share such as" },
	{ "migration", "rate", "500M", "a rate such as 500M/s, or unlimited" },
	{ "migration", "rate", "0/s", "a rate such as 500M/s, or unlimited" },
	{ "bpf", "enable", "perhaps", "yes or no" },
	{ "bpf", "event_rate", "0", "a number from 1 to 4294967294" },
	{ "bpf", "event_rate", "4294967295", "a number from 1 to 4294967294" },
	{ "bpf", "event_rate", "4294967296", "a number from 1 to 4294967294" },
	{ "bpf", "event_rate", "18446744073709551617", "a number from 1 to 4294967294" },
	{ "bpf", "ring", "100000", "auto or a power of two from 64K to 1G" },
	{ "bpf", "ring", "0", "auto or a power of two from 64K to 1G" },
	{ "bpf", "ring", "32K", "auto or a power of two from 64K to 1G" },
	{ "bpf", "ring", "2G", "auto or a power of two from 64K to 1G" },
	{ "target a", "pid", "0", "a process id from 1 to 4194304" },
	{ "target a", "pid", "4194305", "a process id from 1 to 4194304" },
	{ "target a", "uid", "root", "a numeric user id" },
	{ "target a", "uid", "4294967295", "a numeric user id" },
	{ "target a", "min_size", "18446744073709551615", "a size" },
	{ "target a", "comm", "", "a command name" },
	{ "target a", "exclude", "2", "yes or no" },
	{ "target a", "fast_min", "none", "a share such as 20% or a size such as 4G" },
	{ "target a", "fast_min", "101%", "a share such as 20% or a size such as 4G" },
	{ "target a", "fast_max", "all", "none, a share such as 50% or a size such as 16G" },
	{ "target a", "fast_max", "-1", "none, a share such as 50% or a size such as 16G" },
	{ "target a", "priority", "0", "a number from 1 to 1000" },
	{ "target a", "priority", "1001", "a number from 1 to 1000" },
	{ "target a", "priority", "1K", "a number from 1 to 1000" },
	{ "target a", "promote", "maybe", "yes or no" },
	{ "target a", "demote", "", "yes or no" },
	{ "target a", "shared", "yes", "never, managed or all" },
};

static const struct value_case good_values[] = {
	{ "tiered", "tracker", "auto", NULL },
	{ "tiered", "window", "auto", NULL },
	{ "tiered", "window", "10ms", NULL },
	{ "tiered", "window", "60min", NULL },
	{ "tiered", "window_min", "10ms", NULL },
	{ "tiered", "window_max", "3600s", NULL },
	{ "tiered", "sweep", "100ms", NULL },
	{ "tiered", "log_every", "60min", NULL },
	{ "tiered", "memory_max", "4K", NULL },
	{ "tiered", "memory_max", "0.0001%", NULL },
	{ "tiered", "memory_max", "100%", NULL },
	{ "tiered", "min_size", "0", NULL },
	{ "tiered", "targets_max", "1", NULL },
	{ "tiered", "targets_max", "16384", NULL },
	{ "tiers", "order", "0-1\t>2 > 3,5", NULL },
	{ "tiers", "reserve", "0%", NULL },
	{ "tiers", "reserve", "0", NULL },
	{ "migration", "rate", "1/s", NULL },
	{ "bpf", "event_rate", "1", NULL },
	{ "bpf", "event_rate", "4294967294", NULL },
	{ "bpf", "ring", "auto", NULL },
	{ "bpf", "ring", "64K", NULL },
	{ "bpf", "ring", "1G", NULL },
	{ "target a", "uid", "0", NULL },
	{ "target a", "fast_min", "0", NULL },
	{ "target a", "fast_max", "none", NULL },
	{ "target a", "fast_max", "0%", NULL },
	{ "target a", "priority", "1000", NULL },
	{ "target a", "shared", "all", NULL },
	{ "target a", "uid", "4294967294", NULL },
	{ "target a", "pid", "4194304", NULL },
	{ "target a", "min_size", "18446744073709551614", NULL },
};

static void check_value(const struct value_case *row)
{
	char text[256], told[256] = "";
	struct faults faults;

	snprintf(text, sizeof(text), "[%s]\n%s = %s\n", row->section, row->key, row->value);
	if (row->expected)
		snprintf(told, sizeof(told), "t.conf:2: bad value '%s' for %s; expected %s",
			 row->value, row->key, row->expected);
	if (parse(text, strlen(text), &faults) != (row->expected ? 1 : 0) ||
	    strncmp(faults.text, told, strlen(told)) != 0)
		fail_msg("%s = %s: expected \"%s\", got \"%s\"", row->key, row->value, told,
			 faults.text);
}

static void test_values(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad_values) / sizeof(bad_values[0]); i++)
		check_value(&bad_values[i]);
	for (i = 0; i < sizeof(good_values) / sizeof(good_values[0]); i++)
		check_value(&good_values[i]);
}

/* Small parts stay what they are. */
static void test_small_shares(void **state)
{
	static const char text[] = "[tiered] ; comment\nmemory_max = 0.05%\ncpu_max = 0.0001%\n"
				   "[tiers]# comment\nreserve = 0.0001%\n";
	struct faults faults;

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &faults), 0);
	assert_int_equal(config.memory_max.ppm, 500);
	assert_int_equal(config.memory_max.bytes, 0);
	assert_int_equal(config.cpu_max_ppm, 1);
	assert_int_equal(config.reserve.ppm, 1);
}

static const struct config_key *find_key(const char *name)
{
	size_t i, n;
	const struct config_key *keys = config_keys(&n);

	for (i = 0; i < n; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	fail_msg("no key %s", name);
	return NULL;
}

static void check_named(const char *key_name, const char *name)
{
	const struct config_key *key = find_key(key_name);
	const struct value_case row = { "tiered", key_name, name, NULL };

	check_value(&row);
	assert_non_null(strstr(key->expected, name));
	assert_non_null(strstr(key->doc, name));
}

/* Every tracker and policy there is can be had by its name, and is told of. */
static void test_names(void **state)
{
	size_t i, n;
	const struct tracker_ops *const *trackers = tracker_list(&n);

	(void)state;
	assert_true(n > 0);
	for (i = 0; i < n; i++)
		check_named("tracker", trackers[i]->name);
	assert_non_null(policy_at(0));
	for (i = 0; policy_at(i); i++)
		check_named("policy", policy_at(i)->name);
}

static void test_hostile_bytes(void **state)
{
	static const char nul[] = "[tiered]\nmode = obs\0erve\n";
	char line[1024];
	struct faults faults;

	(void)state;
	assert_int_equal(parse(nul, sizeof(nul) - 1, &faults), 1);
	assert_non_null(strstr(faults.text, "t.conf:2: NUL byte; expected text"));
	memset(line, 'a', sizeof(line));
	assert_int_equal(parse(line, sizeof(line), &faults), 1);
	assert_non_null(strstr(faults.text, "t.conf:1: line of 1024 bytes; expected at most"));
	assert_int_equal(parse("", 0, &faults), 0);
	assert_int_equal(parse("[tiered]\nmode = \x1b[31mred\n", 25, &faults), 1);
	assert_non_null(strstr(faults.text, "t.conf:2: bad value '?[31mred' for mode; expected"));
	assert_int_equal(parse("\xef\xbb\xbf[tiered]\n", 12, &faults), 1);
}

/* All faults are told, not just the first. */
static void test_all_faults(void **state)
{
	static const char text[] = "[tiered]\nmode = x\ncpu_max = y\n[z]\na = b\n";
	struct faults faults;

	(void)state;
	assert_int_equal(parse(text, sizeof(text) - 1, &faults), 3);
	assert_int_equal(faults.n, 3);
}

/* The printed defaults, with every key uncommented, are the defaults. */
static void test_printed_defaults(void **state)
{
	static struct config expected;
	char *text = NULL, *at;
	size_t size = 0;
	struct faults faults;
	FILE *out = open_memstream(&text, &size);

	(void)state;
	assert_non_null(out);
	config_print_defaults(out);
	fclose(out);
	assert_int_equal(parse(text, size, &faults), 0);
	at = strstr(text, "#[target NAME]");
	assert_non_null(at);
	*at = '\0';
	for (at = text; (at = strstr(at, "\n#")); at++)
		if (at[2] != ' ' && at[2] != '\n')
			memmove(at + 1, at + 2, strlen(at + 2) + 1);
	assert_null(strstr(text, "\n#mode"));
	assert_int_equal(parse(text, strlen(text), &faults), 0);
	config_defaults(&expected);
	/* As if it had been in no file. */
	config.n_files = 0;
	memset(config.files, 0, sizeof(config.files));
	memset(config.places, 0, sizeof(config.places));
	assert_memory_equal(&config, &expected, sizeof(config));
	free(text);
}

static void test_tables(void **state)
{
	const struct config_key *keys;
	size_t i, n;

	(void)state;
	keys = config_keys(&n);
	assert_true(n <= CONFIG_KEYS_MAX);
	for (i = 0; i < n; i++)
		assert_memory_equal(keys[i].expected, "expected ", 9);
	config_target_keys(&n);
	assert_true(n <= CONFIG_KEYS_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),         cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad_lines),        cmocka_unit_test(test_values),
		cmocka_unit_test(test_small_shares),     cmocka_unit_test(test_names),
		cmocka_unit_test(test_hostile_bytes),    cmocka_unit_test(test_all_faults),
		cmocka_unit_test(test_printed_defaults), cmocka_unit_test(test_tables),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
