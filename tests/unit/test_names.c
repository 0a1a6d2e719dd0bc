// SPDX-License-Identifier: GPL-2.0-only
/* One counter has one name, whoever asks: plans, explanations, status, metrics. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bpf/events.h"
#include "config/config.h"
#include "report/metrics.h"
#include "verbs/internal.h"
#include "worker/query.h"

/* What is asked, and the text of metrics about the same. */
struct place {
	struct config config;
	struct board *board;
	struct verbs_env env;
	struct verbs verbs;
	char *metrics;
};

/* Metrics of which each counter has another number than its neighbours: its index. */
static char *metrics_make(struct place *place)
{
	static struct stats_flushes flushes[STATS_FLUSH_REASONS];
	static struct metrics_migrations migrations[SEEN_REASONS];
	static struct event_losses losses[EVENT_KINDS];
	struct stats_daemon *daemon = board_daemon(place->board);
	struct metrics_input input = { .version = "1",
				       .daemon = daemon,
				       .flushes = flushes,
				       .migrations = migrations,
				       .losses = losses };
	char *text;
	size_t length;
	uint64_t i;

	for (i = 0; i < MOVE_REASONS; i++)
		((__u64 *)&daemon->planned)[i] = i;
	for (i = 0; i < MOVE_RESULTS; i++)
		((__u64 *)&daemon->results)[i] = i;
	for (i = 0; i < STATS_FLUSH_REASONS; i++)
		flushes[i].full = i;
	for (i = 0; i < SEEN_REASONS; i++)
		migrations[i].calls = i;
	for (i = 0; i < EVENT_KINDS; i++)
		losses[i].ring_full = i;
	assert_int_equal(metrics_text(&input, METRICS_OPENMETRICS, &text, &length), 0);
	return text;
}

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	assert_int_equal(board_new(&place->board), 0);
	place->env.config = &place->config;
	place->env.board = place->board;
	place->verbs.env = &place->env;
	place->metrics = metrics_make(place);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;

	board_free(place->board);
	free(place->metrics);
	free(place);
	return 0;
}

/* Is the counter that metrics call by @name the one at @i? */
static void check_metric(const struct place *place, const char *family, const char *label,
			 const char *name, uint64_t i)
{
	char line[256];

	snprintf(line, sizeof(line), "\n%s{%s=\"%s\"} %llu\n", family, label, name,
		 (unsigned long long)i);
	if (!strstr(place->metrics, line))
		fail_msg("no%s in the metrics", line);
}

static const char *text_at(struct json_object *object, const char *name)
{
	return json_object_get_string(json_object_object_get(object, name));
}

/* Is there a field of that name, with that number? */
static void check_field(struct json_object *object, const char *path, const char *name, uint64_t i)
{
	struct json_object *fields = json_object_object_get(object, path), *field;

	if (!json_object_object_get_ex(fields, name, &field) || json_object_get_uint64(field) != i)
		fail_msg("no %s of %llu in \"%s\"", name, (unsigned long long)i, path);
}

static void test_move_reasons(void **state)
{
	struct place *place = *state;
	struct json_object *asked = json_asked_daemon(board_daemon(place->board));
	struct query_group groups[MOVE_REASONS] = { 0 };
	struct move moves[MOVE_REASONS] = { 0 };
	struct worker_answer answer = {
		.groups = groups, .n_groups = MOVE_REASONS, .moves = moves, .n_moves = MOVE_REASONS
	};
	struct json_object *plan;
	size_t i;

	for (i = 0; i < MOVE_REASONS; i++)
		groups[i].reason = moves[i].reason = (uint8_t)i;
	plan = plan_json(&place->verbs, &answer);
	for (i = 0; i < MOVE_REASONS; i++) {
		struct json_object *group, *move;
		const char *name;

		group = json_object_array_get_idx(json_object_object_get(plan, "groups"), i);
		move = json_object_array_get_idx(json_object_object_get(plan, "first"), i);
		name = text_at(group, "reason");
		assert_string_equal(name, text_at(move, "reason"));
		check_metric(place, "tiered_planned_pages_total", "reason", name, i);
		check_field(asked, "planned", name, i);
	}
	json_object_put(plan);
	json_object_put(asked);
}

static void test_move_results(void **state)
{
	struct place *place = *state;
	struct json_object *asked = json_asked_daemon(board_daemon(place->board));
	const struct question question = { .pid = 1 };
	struct worker_answer answer = { .page.last_move.window = 1 };
	unsigned int i;

	/* What is pending was not asked for: nobody counts it. */
	for (i = MOVE_PENDING + 1; i < MOVE_RESULTS; i++) {
		struct json_object *explain, *page;
		const char *name;

		answer.page.last_move.result = (uint8_t)i;
		explain = explain_json(&place->verbs, &question, &answer);
		page = json_object_object_get(explain, "page");
		name = text_at(json_object_object_get(page, "last_move"), "result");
		check_metric(place, "tiered_moves_total", "result", name, i);
		check_field(asked, "results", name, i);
		json_object_put(explain);
	}
	assert_null(json_object_object_get(json_object_object_get(asked, "results"), "pending"));
	json_object_put(asked);
}

static void test_seen_reasons(void **state)
{
	struct place *place = *state;
	struct stats_by_reason pages;
	struct json_object *process;
	struct stats_process stats = { 0 };
	const struct target_key key = { .tgid = 1 };
	unsigned int i;

	for (i = 0; i < SEEN_REASONS; i++)
		((__u64 *)&pages)[i] = i;
	stats.by_reason = pages;
	process = json_process(&key, &stats);
	for (i = 0; i < SEEN_REASONS; i++) {
		check_metric(place, "tiered_seen_migration_calls_total", "reason",
			     json_reason_name(i), i);
		check_field(process, "by_reason", json_reason_name(i), i);
	}
	json_object_put(process);
}

static void test_events_and_flushes(void **state)
{
	static const char *const flushes[] = { "task_switch", "received",  "local",    "local_mm",
					       "sent",        "wrong_cpu", "reason_6", "other" };
	struct place *place = *state;
	unsigned int i;

	for (i = 1; i < EVENT_KINDS; i++)
		check_metric(place, "tiered_ring_full_events_total", "kind", events_name(i), i);
	assert_int_equal(sizeof(flushes) / sizeof(flushes[0]), STATS_FLUSH_REASONS);
	for (i = 0; i < STATS_FLUSH_REASONS; i++)
		check_metric(place, "tiered_seen_full_tlb_flushes_total", "reason", flushes[i], i);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_move_reasons),
		TEST(test_move_results),
		TEST(test_seen_reasons),
		TEST(test_events_and_flushes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
