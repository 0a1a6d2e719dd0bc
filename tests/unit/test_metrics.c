// SPDX-License-Identifier: GPL-2.0-only
/*
 * Metrics as text: every number in its place, labels escaped, the size bounded.
 *
 *	test_metrics --print openmetrics|prometheus
 *
 * writes a text with all there is, for tests/check/test-metrics.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "observe/vmstat.h"
#include "report/metrics_internal.h"
#include "util/utf8.h"

#define TARGETS_MAX 3000

/* Some of everything. */
struct sample {
	struct stats_daemon daemon;
	struct stats_totals totals;
	struct event_losses losses[EVENT_KINDS];
	struct metrics_migrations migrations[SEEN_REASONS];
	struct stats_flushes flushes[STATS_FLUSH_REASONS];
	struct metrics_node_pair pairs[2];
	struct metrics_node nodes[2];
	struct stats_target stats[TARGETS_MAX];
	struct metrics_target targets[TARGETS_MAX];
	struct metrics_kernel kernel[VMSTAT_COUNTERS];
	struct metrics_input input;
};

static void fill_seen(struct sample *s)
{
	unsigned int i;

	s->totals = (struct stats_totals){ .faults = 50, .fault_writes = 20, .folios = 30 };
	for (i = 0; i < EVENT_KINDS; i++)
		s->losses[i] = (struct event_losses){ .ring_full = i, .rate_capped = 10 + i };
	for (i = 0; i < SEEN_REASONS; i++)
		s->migrations[i] = (struct metrics_migrations){ 100 + i, 200 + i, 300 + i };
	for (i = 0; i < STATS_FLUSH_REASONS; i++)
		s->flushes[i] = (struct stats_flushes){ 400 + i, 500 + i, 600 + i };
	s->pairs[0] = (struct metrics_node_pair){ 0, 1, 7, 3584 };
	s->pairs[1] = (struct metrics_node_pair){ 1, 0, 9, 9 };
	for (i = 0; i < VMSTAT_COUNTERS; i++)
		s->kernel[i] = (struct metrics_kernel){ vmstat_name(i), 900 + i };
}

static void fill_target(struct sample *s, unsigned int i, const char *comm)
{
	struct stats_target *stats = &s->stats[i];

	memset(stats, 0, sizeof(*stats));
	memcpy(stats->comm, comm, strnlen(comm, sizeof(stats->comm)));
	stats->id = i;
	stats->requested = 1000 + i;
	stats->promoted = 500 + i;
	stats->demoted = 1;
	stats->tracked_pages = 10;
	stats->share_ppm = 250000;
	s->targets[i] = (struct metrics_target){ { i, 5000 + i, 1 }, stats };
}

static void fill(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	s->daemon = (struct stats_daemon){ .share_ppm = 998877, .targets = 2, .windows = 12 };
	s->daemon.requested = 4096;
	s->daemon.promoted = 4000;
	s->daemon.demoted = 10;
	s->daemon.planned.promote_hot = 4100;
	s->daemon.results = (struct stats_results){ .moved = 4010, .no_memory = 86 };
	s->daemon.scan_cpu_ns = 1234567890123;
	s->daemon.migrate_cpu_ns = 5;
	s->nodes[0] = (struct metrics_node){ 0, 0, 1000, 10 };
	s->nodes[1] = (struct metrics_node){ 1, 1, 2000, 20 };
	fill_seen(s);
	fill_target(s, 0, "redis-server");
	fill_target(s, 1, "a \"b\\\n\xff");
	s->input = (struct metrics_input){
		.version = "0.1.0",
		.daemon = &s->daemon,
		.totals = &s->totals,
		.losses = s->losses,
		.migrations = s->migrations,
		.flushes = s->flushes,
		.pairs = s->pairs,
		.n_pairs = 2,
		.nodes = s->nodes,
		.n_nodes = 2,
		.targets = s->targets,
		.n_targets = 2,
		.kernel = s->kernel,
		.n_kernel = VMSTAT_COUNTERS,
	};
}

static char *text_of(const struct metrics_input *input, enum metrics_form form)
{
	size_t length;
	char *text;

	assert_int_equal(metrics_text(input, form, &text, &length), 0);
	assert_int_equal(strlen(text), length);
	assert_int_equal(utf8_check(text, length), length);
	return text;
}

/* How often this line is there. */
static size_t count(const char *text, const char *line)
{
	size_t n = 0, length = strlen(line);
	const char *at;

	for (at = text; (at = strstr(at, line)); at += length)
		n += (at == text || at[-1] == '\n') && at[length] == '\n';
	return n;
}

static void has(const char *text, const char *line)
{
	if (count(text, line) != 1)
		fail_msg("%zu times: %s", count(text, line), line);
}

static size_t count_lines(const char *text, const char *beginning)
{
	size_t n = strncmp(text, beginning, strlen(beginning)) == 0;
	const char *at;

	for (at = text; (at = strchr(at, '\n')); at++)
		n += strncmp(at + 1, beginning, strlen(beginning)) == 0;
	return n;
}

static struct sample sample;

static void test_numbers(void **state)
{
	char *text;

	(void)state;
	fill(&sample);
	text = text_of(&sample.input, METRICS_OPENMETRICS);
	has(text, "tiered_build_info{version=\"0.1.0\"} 1");
	has(text, "tiered_promoted_pages_total 4000");
	has(text, "tiered_demoted_pages_total 10");
	has(text, "tiered_requested_pages_total 4096");
	has(text, "tiered_planned_pages_total{reason=\"promote_hot\"} 4100");
	has(text, "tiered_moves_total{result=\"moved\"} 4010");
	has(text, "tiered_moves_total{result=\"no_memory\"} 86");
	has(text, "tiered_moves_total{result=\"process_gone\"} 0");
	has(text, "tiered_scan_cpu_seconds_total 1234.567890123");
	has(text, "tiered_migrate_cpu_seconds_total 0.000000005");
	has(text, "tiered_fast_share_ratio 0.998877");
	has(text, "tiered_node_size_bytes{node=\"1\",tier=\"1\"} 8192000");
	has(text, "tiered_node_free_bytes{node=\"0\",tier=\"0\"} 40960");
	has(text, "tiered_seen_migration_calls_total{reason=\"tiered\"} 100");
	has(text, "tiered_seen_migrated_pages_total{reason=\"numa_balancing\"} 203");
	has(text, "tiered_seen_unmigrated_pages_total{reason=\"unknown\"} 311");
	has(text, "tiered_seen_node_pages_total{from=\"0\",to=\"1\"} 3584");
	has(text, "tiered_seen_full_tlb_flushes_total{reason=\"sent\"} 404");
	has(text, "tiered_seen_tlb_flushed_pages_total{reason=\"task_switch\"} 600");
	has(text, "tiered_ring_full_events_total{kind=\"shootdowns\"} 7");
	has(text, "tiered_rate_capped_events_total{kind=\"exec\"} 11");
	has(text, "tiered_target_promoted_pages_total{pid=\"5000\",comm=\"redis-server\"} 500");
	has(text, "tiered_target_tracked_pages{pid=\"5001\",comm=\"a \\\"b\\\\\\n?\"} 10");
	has(text, "tiered_target_fast_share_ratio{pid=\"5000\",comm=\"redis-server\"} 0.250000");
	has(text, "tiered_kernel_pgpromote_success_total 900");
	assert_int_equal(count_lines(text, "tiered_moves_total{"), MOVE_RESULTS - 1);
	assert_int_equal(count_lines(text, "tiered_ring_full_events_total{"), EVENT_KINDS - 1);
	/* Each counter of vmstat.h has a family. */
	assert_int_equal(count_lines(text, "tiered_kernel_"), VMSTAT_COUNTERS);
	free(text);
}

/* A family: # HELP, # TYPE, its samples, all in one piece and all of its name. */
static void test_structure(void **state)
{
	char family[128], line[512], *text, *at, *end;
	size_t n_families = 0, n_samples = 0, length;

	(void)state;
	fill(&sample);
	text = text_of(&sample.input, METRICS_OPENMETRICS);
	for (at = text; *at; at = end + 1) {
		end = strchr(at, '\n');
		snprintf(line, sizeof(line), "%.*s", (int)(end - at), at);
		if (sscanf(line, "# HELP %127s", family) == 1) {
			n_families++;
			n_samples = 1;
			snprintf(line, sizeof(line), "# TYPE %s ", family);
			assert_memory_equal(end + 1, line, strlen(line));
			assert_int_equal(count_lines(text, line), 1);
		} else if (line[0] != '#') {
			length = strlen(family);
			assert_memory_equal(line, family, length);
			assert_non_null(strchr("_ {", line[length]));
			n_samples++;
		} else if (strcmp(line, "# EOF") == 0) {
			assert_string_equal(end, "\n");
		} else {
			assert_true(strncmp(line, "# TYPE ", 7) == 0 ||
				    strncmp(line, "# UNIT ", 7) == 0);
			assert_int_equal(n_samples, 1);
		}
	}
	assert_int_equal(n_families, metrics_n_families);
	has(text, "# EOF");
	has(text, "# TYPE tiered_promoted_pages counter");
	has(text, "# UNIT tiered_promoted_pages pages");
	free(text);
}

/* The unit is the end of the name, as both forms of text want it. */
static void test_table(void **state)
{
	size_t i, j, length, unit;

	(void)state;
	for (i = 0; i < metrics_n_families; i++) {
		const struct metrics_family *family = &metrics_families[i];

		length = strlen(family->name);
		unit = strlen(family->unit);
		assert_memory_equal(family->name, "tiered_", 7);
		assert_true(length < 7 || strcmp(family->name + length - 6, "_total") != 0);
		assert_string_equal(family->name + length - unit, family->unit);
		assert_int_equal(family->help[strlen(family->help) - 1], '.');
		assert_null(strpbrk(family->help, "\\\n\""));
		for (j = 0; j < i; j++)
			assert_string_not_equal(metrics_families[j].name, family->name);
	}
}

static void test_prometheus(void **state)
{
	char *text;

	(void)state;
	fill(&sample);
	text = text_of(&sample.input, METRICS_PROMETHEUS);
	has(text, "# TYPE tiered_promoted_pages_total counter");
	has(text, "tiered_promoted_pages_total 4000");
	has(text, "# TYPE tiered_node_free_bytes gauge");
	assert_int_equal(count_lines(text, "# UNIT"), 0);
	assert_int_equal(count_lines(text, "# EOF"), 0);
	free(text);
}

/* What is not known is not there; zeros would be lies. */
static void test_nothing_known(void **state)
{
	struct metrics_input input = { 0 };
	char *text;

	(void)state;
	text = text_of(&input, METRICS_OPENMETRICS);
	assert_string_equal(text, "# EOF\n");
	free(text);
	text = text_of(&input, METRICS_PROMETHEUS);
	assert_string_equal(text, "");
	free(text);
	fill(&sample);
	input.daemon = &sample.daemon;
	input.kernel = (struct metrics_kernel[]){ { "nr_free_pages", 3 }, { "pgmigrate_fail", 4 } };
	input.n_kernel = 2;
	text = text_of(&input, METRICS_OPENMETRICS);
	has(text, "tiered_promoted_pages_total 4000");
	has(text, "tiered_kernel_pgmigrate_fail_total 4");
	assert_int_equal(count_lines(text, "tiered_kernel_"), 1);
	assert_null(strstr(text, "tiered_seen_"));
	assert_null(strstr(text, "tiered_target_"));
	free(text);
}

/* Those that most was asked for are shown; nothing is lost from the sum. */
static void test_many_targets(void **state)
{
	unsigned long long value, sum = 0, expected = 0;
	unsigned int i, n = 0;
	char *text, *at;

	(void)state;
	fill(&sample);
	for (i = 0; i < TARGETS_MAX; i++) {
		fill_target(&sample, i, "worker");
		expected += sample.stats[i].requested;
	}
	sample.input.n_targets = TARGETS_MAX;
	text = text_of(&sample.input, METRICS_OPENMETRICS);
	for (at = text; (at = strstr(at, "\ntiered_target_requested_pages_total{")); n++) {
		at = strstr(at, "} ");
		assert_non_null(at);
		assert_int_equal(sscanf(at, "} %llu", &value), 1);
		sum += value;
	}
	assert_int_equal(n, METRICS_TARGETS_MAX + 1);
	assert_int_equal(sum, expected);
	assert_non_null(strstr(text, "requested_pages_total{pid=\"7999\",comm=\"worker\"} 3999"));
	assert_non_null(strstr(text, "requested_pages_total{pid=\"7800\",comm=\"worker\"} 3800"));
	assert_null(strstr(text, "requested_pages_total{pid=\"7799\""));
	assert_int_equal(count_lines(text, "tiered_target_requested_pages_total{pid=\"\","
					   "comm=\"other\"} "),
			 1);
	assert_int_equal(count_lines(text, "tiered_target_fast_share_ratio{"), METRICS_TARGETS_MAX);
	assert_true(strlen(text) < METRICS_BYTES_MAX / 4);
	free(text);
}

/* A process that is there twice, as two programs, is shown once: the newer one. */
static void test_same_process_twice(void **state)
{
	char *text;

	(void)state;
	fill(&sample);
	fill_target(&sample, 2, "newer");
	sample.targets[2].key = sample.targets[0].key;
	sample.targets[2].key.exec_count++;
	sample.input.n_targets = 3;
	text = text_of(&sample.input, METRICS_OPENMETRICS);
	has(text, "tiered_target_requested_pages_total{pid=\"5000\",comm=\"newer\"} 1002");
	has(text, "tiered_target_requested_pages_total{pid=\"\",comm=\"other\"} 1000");
	assert_null(strstr(text, "redis-server"));
	free(text);
}

static void test_too_long(void **state)
{
	struct metrics_input input = { .n_pairs = 40000 };
	struct metrics_node_pair *pairs = calloc(input.n_pairs, sizeof(*pairs));
	char *text = NULL;
	size_t length;

	(void)state;
	assert_non_null(pairs);
	input.pairs = pairs;
	assert_int_equal(metrics_text(&input, METRICS_OPENMETRICS, &text, &length), -EFBIG);
	assert_null(text);
	/* What 64 nodes can have is not. */
	input.n_pairs = 64 * 64;
	text = text_of(&input, METRICS_OPENMETRICS);
	free(text);
	free(pairs);
}

static void test_large_numbers(void **state)
{
	char *text;

	(void)state;
	fill(&sample);
	sample.daemon.promoted = UINT64_MAX;
	sample.daemon.elapsed_ns = UINT64_MAX;
	text = text_of(&sample.input, METRICS_OPENMETRICS);
	has(text, "tiered_promoted_pages_total 18446744073709551615");
	has(text, "tiered_elapsed_seconds_total 18446744073.709551615");
	free(text);
}

static int print_sample(const char *form)
{
	size_t length;
	char *text;

	fill(&sample);
	if (metrics_text(&sample.input,
			 strcmp(form, "prometheus") == 0 ? METRICS_PROMETHEUS : METRICS_OPENMETRICS,
			 &text, &length) < 0)
		return 1;
	fwrite(text, 1, length, stdout);
	free(text);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numbers),
		cmocka_unit_test(test_structure),
		cmocka_unit_test(test_table),
		cmocka_unit_test(test_prometheus),
		cmocka_unit_test(test_nothing_known),
		cmocka_unit_test(test_many_targets),
		cmocka_unit_test(test_same_process_twice),
		cmocka_unit_test(test_too_long),
		cmocka_unit_test(test_large_numbers),
	};

	if (argc == 3 && strcmp(argv[1], "--print") == 0)
		return print_sample(argv[2]);
	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
