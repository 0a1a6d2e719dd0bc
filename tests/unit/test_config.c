// SPDX-License-Identifier: GPL-2.0-only
/* The conf: every fault has its line and its sentence, and nothing else is one. */
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

static size_t parse(const char *text, size_t size, struct faults *faults)
{
	memset(faults, 0, sizeof(*faults));
	config_defaults(&config);
	return config_parse("t.conf", text, size, &config, collect, faults);
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
	assert_int_equal(config.rules[1].exclude, 1);
}

/* One fault each, with where it is and how its sentence begins. */
static const struct {
	const char *text;
	const char *expected;
} bad[] = {
	{ "mode = observe\n", "t.conf:1: key 'mode' outside of a section; expected" },
	{ "[nonsense]\n", "t.conf:1: unknown section [nonsense]; expected" },
	{ "[tiered]\nmode = maybe\n", "t.conf:2: bad value 'maybe' for mode; expected manage or" },
	{ "[tiered]\nmode =\n", "t.conf:2: bad value '' for mode; expected" },
	{ "[tiered]\nmood = observe\n", "t.conf:2: unknown key 'mood' in [tiered]; expected" },
	{ "[tiered]\nmode = observe\nmode = manage\n",
	  "t.conf:3: 'mode' for the second time; expected it once" },
	{ "[tiered]\nmode = observe\n  more\n", "t.conf:3: indented line; expected" },
	{ "[tiered]\nmode\n", "t.conf:2: line without '='; expected KEY = VALUE" },
	{ "[tiered\nmode = observe\n", "t.conf:1: section without end; expected [NAME]" },
	{ "[tiered]\ncpu_max = 0%\n", "t.conf:2: bad value '0%' for cpu_max; expected" },
	{ "[tiered]\ncpu_max = -1%\n", "t.conf:2: bad value '-1%' for cpu_max; expected" },
	{ "[tiered]\ncpu_max = 1\n", "t.conf:2: bad value '1' for cpu_max; expected" },
	{ "[tiered]\nwindow = 2 s\n", "t.conf:2: bad value '2 s' for window; expected auto or" },
	{ "[tiered]\nwindow = 0s\n", "t.conf:2: bad value '0s' for window; expected" },
	{ "[tiered]\nmin_size = 99999999999T\n",
	  "t.conf:2: bad value '99999999999T' for min_size" },
	{ "[tiers]\norder = 0 > 0\n", "t.conf:2: bad value '0 > 0' for order; expected" },
	{ "[tiers]\norder = 64\n", "t.conf:2: bad value '64' for order; expected" },
	{ "[tiers]\norder = 0 >\n", "t.conf:2: bad value '0 >' for order; expected" },
	{ "[migration]\nrate = 500M\n", "t.conf:2: bad value '500M' for rate; expected a rate" },
	{ "[bpf]\nring = 100000\n", "t.conf:2: bad value '100000' for ring; expected a power" },
	{ "[target]\ncomm = x\n", "t.conf:1: [target] without a usable name; expected" },
	{ "[target a]\ncomm = x\n[target a]\n", "t.conf:3: [target a] for the second time" },
	{ "[target a]\ncolor = red\n", "t.conf:2: unknown key 'color' in [target]; expected" },
	{ "[target a]\npid = 0\n", "t.conf:2: bad value '0' for pid; expected a process id" },
	{ "[target a]\nuid = root\n", "t.conf:2: bad value 'root' for uid; expected a numeric" },
	{ "[tiered]\nmode = \x1b[31mred\n", "t.conf:2: bad value '?[31mred' for mode; expected" },
	{ "[tiered]\nwindow_min = 10s\nwindow_max = 1s\n",
	  "t.conf:3: window_min is above window_max; expected it below" },
};

static void test_bad(void **state)
{
	struct faults faults;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		parse(bad[i].text, strlen(bad[i].text), &faults);
		if (!strstr(faults.text, bad[i].expected))
			fail_msg("case %zu: expected \"%s\", got \"%s\"", i, bad[i].expected,
				 faults.text);
	}
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
	assert_memory_equal(&config, &expected, sizeof(config));
	free(text);
}

static void test_tables(void **state)
{
	const struct config_key *keys;
	size_t i, n;

	(void)state;
	keys = config_keys(&n);
	assert_true(n <= 64);
	for (i = 0; i < n; i++)
		assert_memory_equal(keys[i].expected, "expected ", 9);
	config_target_keys(&n);
	assert_true(n <= 64);
}

/* Files: what cannot be read, and drop-ins. */
static void test_files(void **state)
{
	char folder[] = "/tmp/tiered-conf-XXXXXX", path[64], drop[96];
	struct faults faults = { .n = 0 };
	FILE *file;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/t.conf", folder);
	config.cpu_max_ppm = 77;
	assert_int_equal(config_load(path, &config, collect, &faults), -2);
	file = fopen(path, "w");
	fputs("[tiered]\ncpu_max = 2%\nmode = observe\n", file);
	fclose(file);
	snprintf(drop, sizeof(drop), "%s.d", path);
	mkdir(drop, 0755);
	snprintf(drop, sizeof(drop), "%s.d/10.conf", path);
	file = fopen(drop, "w");
	fputs("[tiered]\ncpu_max = 3%\n", file);
	fclose(file);
	assert_int_equal(config_load(path, &config, collect, &faults), 0);
	assert_int_equal(config.cpu_max_ppm, 30000);
	assert_int_equal(config.observe, 1);
	file = fopen(drop, "a");
	fputs("nonsense\n", file);
	fclose(file);
	config.cpu_max_ppm = 77;
	assert_int_equal(config_load(path, &config, collect, &faults), 1);
	assert_non_null(strstr(faults.text, "10.conf:3: line without"));
	assert_int_equal(config.cpu_max_ppm, 77);
	unlink(drop);
	snprintf(drop, sizeof(drop), "%s.d", path);
	rmdir(drop);
	unlink(path);
	rmdir(folder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_defaults),   cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad),        cmocka_unit_test(test_hostile_bytes),
		cmocka_unit_test(test_all_faults), cmocka_unit_test(test_printed_defaults),
		cmocka_unit_test(test_tables),     cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
