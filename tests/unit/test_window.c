// SPDX-License-Identifier: GPL-2.0-only
/* One window after the other, without a thread: the order of its steps and what stops it. */
#include "decide/heat.h"
#include "fake_tracker.h"
#include "worker/window.h"

/* What the window asked of its surroundings, in order: m(ark), w(ait), r(ead), d(ecide), b(reathe). */
static struct {
	char steps[64];
	size_t n;
	uint64_t waited_ns; /* by the last wait */
	int cancel;         /* the wait ends with -ECANCELED */
	int decide_error;
	struct snapshot snapshot; /* of the last decision; its arrays are gone */
	struct node_view nodes[3];
} seen;

struct bench {
	struct topology *topology;
	struct worker_config config;
	struct tracker_ops tracker;
	struct policy_ops policy;
	struct window window;
	void *pages;
	pid_t child;
	int open;
};

static void step(char name)
{
	if (seen.n < sizeof(seen.steps) - 1)
		seen.steps[seen.n++] = name;
}

static int seen_mark(void *state, uint64_t max_pages, struct tracker_cost *ret_cost)
{
	step('m');
	return fake_mark(state, max_pages, ret_cost);
}

static int seen_read(void *state, uint64_t interval_ns, observe_fn *observe, void *arg,
		     struct tracker_cost *ret_cost)
{
	step('r');
	return fake_read(state, interval_ns, observe, arg, ret_cost);
}

static int seen_decide(void *state, const struct snapshot *snapshot, struct plan *ret_plan)
{
	size_t i;

	(void)state;
	(void)ret_plan;
	step('d');
	seen.snapshot = *snapshot;
	for (i = 0; i < snapshot->n_nodes && i < 3; i++)
		seen.nodes[i] = snapshot->nodes[i];
	return seen.decide_error;
}

static int seen_pause(void *arg, uint64_t ns)
{
	(void)arg;
	if (!ns)
		return 0;
	step('w');
	seen.waited_ns = ns;
	return seen.cancel ? -ECANCELED : 0;
}

static int setup(void **state)
{
	struct bench *bench = calloc(1, sizeof(*bench));

	if (!bench)
		return -1;
	memset(&seen, 0, sizeof(seen));
	bench->pages = pages_make();
	bench->child = child_make();
	bench->topology = fake_topology();
	if (!bench->topology)
		return -1;
	fake_reset(bench->pages);
	bench->tracker = fake_tracker;
	bench->tracker.mark = seen_mark;
	bench->tracker.read = seen_read;
	bench->policy = (struct policy_ops){ .name = "fake", .decide = seen_decide };
	bench->config = fake_config(bench->topology);
	bench->config.tracker = &bench->tracker;
	bench->config.policy = &bench->policy;
	*state = bench;
	return 0;
}

static int teardown(void **state)
{
	struct bench *bench = *state;

	if (bench->open)
		window_close(&bench->window);
	child_end(bench->child);
	topology_free(bench->topology);
	munmap(bench->pages, FAKE_PAGES * TIERED_PAGE_SIZE);
	free(bench);
	return 0;
}

static struct window *open_window(struct bench *bench)
{
	struct target_key key = child_key(bench->child);
	struct window *window = &bench->window;
	const char *what = "";
	struct target *target;

	bench->open = 1;
	assert_int_equal(window_open(window, &bench->config, seen_pause, NULL, &what), 0);
	assert_int_equal(target_open("/proc", 1, &key, NULL, &target), 0);
	assert_int_equal(roster_add(&window->roster, target), 0);
	assert_int_equal(fake_retarget(window->tracker, window->roster.targets, 1), 0);
	return window;
}

static void test_steps(void **state)
{
	struct bench *bench = *state;
	struct window *window = open_window(bench);
	const char *what = "";

	assert_int_equal(window_run(window, &what), 0);
	assert_string_equal(seen.steps, "mwrd");
	assert_int_equal(seen.waited_ns, bench->config.window_ns);
	assert_int_equal(window_run(window, &what), 0);
	assert_string_equal(seen.steps, "mwrdmwrd");
	assert_int_equal(window->number, 2);
	assert_int_equal(window->account.observed, FAKE_PAGES);
	assert_int_equal(window->account.accessed, FAKE_HOT);
	assert_int_equal(window->account.marked_pages, FAKE_PAGES);
	assert_int_equal(window->account.scan_calls, 3);
	assert_int_equal(window->totals.windows, 2);
}

static void test_snapshot(void **state)
{
	struct bench *bench = *state;
	struct window *window;
	const char *what = "";
	uint8_t i;

	bench->config.reserve_pages[1] = 4242;
	window = open_window(bench);
	assert_int_equal(window_run(window, &what), 0);
	assert_int_equal(seen.snapshot.window, 1);
	assert_int_equal(seen.snapshot.n_targets, 1);
	assert_int_equal(seen.snapshot.n_nodes, 3);
	assert_ptr_equal(seen.snapshot.heat, window->heat);
	for (i = 0; i < 3; i++) {
		assert_int_equal(seen.nodes[i].id, i);
		assert_int_equal(seen.nodes[i].tier, i);
		assert_int_equal(seen.nodes[i].reserve, i == 1 ? 4242 : 0);
		assert_true(seen.nodes[i].free > 100000);
	}
}

/* Unknown is not cold: without a flush, what looks idle was perhaps accessed through the TLB. */
static void test_idle_needs_a_flush(void **state)
{
	static const struct {
		int observe;
		uint64_t unknown;
	} cases[] = {
		{ 0, FAKE_PAGES - FAKE_HOT },
		{ 1, 0 },
	};
	struct bench *bench = *state;
	const char *what = "";
	struct window *window;
	size_t i;

	for (i = 0; i < 2; i++) {
		bench->config.observe = cases[i].observe;
		window = open_window(bench);
		/* No way to flush, whatever kernel this is. */
		window->flush = FLUSH_NATURAL;
		assert_int_equal(window_run(window, &what), 0);
		assert_int_equal(window->account.marked_targets, 1);
		assert_int_equal(window->account.stale_targets, 1);
		assert_int_equal(window->account.accessed, FAKE_HOT);
		assert_int_equal(window->account.observed, FAKE_PAGES);
		assert_int_equal(window->account.unknown, cases[i].unknown);
		window_close(window);
		bench->open = 0;
	}
}

/*
 * Over its limit it waits and decides, but looks at nothing, and says so. The next window
 * is longer, unless the conf has a say in that.
 */
static void test_starved(void **state)
{
	struct bench *bench = *state;
	struct window *window;
	uint64_t before_ns;
	const char *what = "";

	bench->config.cpu_max_ppm = 0;
	bench->config.window_ns = 0;
	bench->config.window_min_ns = 1;
	bench->config.window_max_ns = UINT64_MAX;
	window = open_window(bench);
	before_ns = window->interval_ns;
	assert_int_equal(window_run(window, &what), 0);
	assert_string_equal(seen.steps, "wd");
	assert_int_equal(window->interval_ns, 2 * before_ns);
	assert_int_equal(window->account.starved, 1);
	assert_int_equal(window->account.marked_targets, 0);
	assert_int_equal(window->account.stale_targets, 0);
	assert_int_equal(fake.marks, 0);
}

static void test_errors_have_a_name(void **state)
{
	static const struct {
		int mark, read, decide, cancel;
		int ret;
		const char *what, *steps;
	} cases[] = {
		{ -EIO, 0, 0, 0, -EIO, "mark", "m" },
		{ 0, 0, 0, 1, -ECANCELED, "wait", "mw" },
		{ 0, -ENODEV, 0, 0, -ENODEV, "read", "mwr" },
		{ 0, 0, -ENOMEM, 0, -ENOMEM, "decide", "mwrd" },
		{ 0, 0, 0, 0, 0, "decide", "mwrd" },
	};
	struct window *window = open_window(*state);
	const char *what;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&seen, 0, sizeof(seen));
		fake.mark_error = cases[i].mark;
		fake.read_error = cases[i].read;
		seen.decide_error = cases[i].decide;
		seen.cancel = cases[i].cancel;
		what = "";
		assert_int_equal(window_run(window, &what), cases[i].ret);
		assert_string_equal(what, cases[i].what);
		assert_string_equal(seen.steps, cases[i].steps);
		/* Whatever came of it, its time is in the books. */
		assert_int_equal(window->totals.windows, i + 1);
		assert_true(window->account.elapsed_ns > 0);
	}
}

static void test_tracker_does_not_start(void **state)
{
	struct bench *bench = *state;
	const char *what = "";

	fake.start_error = -EBUSY;
	bench->open = 1;
	assert_int_equal(window_open(&bench->window, &bench->config, seen_pause, NULL, &what),
			 -EBUSY);
	assert_string_equal(what, "fake");
}

/* Without a length in the conf the load finds one, a factor of 2 at a time, within its bounds. */
static void test_length_adapts(void **state)
{
	static const struct {
		size_t hot;
		uint64_t waits_ms[8];
	} cases[] = {
		{ 2, { 1000, 2000, 4000, 5000, 5000 } },
		{ FAKE_PAGES, { 5000, 2500, 1250, 625, 312, 156, 78, 50 } },
		/* Wanted: 3/8 of the pages. */
		{ 24, { 50, 50, 50 } },
		{ 18, { 50, 66, 88 } },
	};
	struct bench *bench = *state;
	struct window *window;
	const char *what = "";
	size_t i, k;

	bench->config.window_ns = 0;
	bench->config.window_min_ns = 50 * NSEC_PER_MSEC;
	bench->config.window_max_ns = 5 * NSEC_PER_SEC;
	window = open_window(bench);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fake.hot = cases[i].hot;
		for (k = 0; k < 8 && cases[i].waits_ms[k]; k++) {
			assert_int_equal(window_run(window, &what), 0);
			assert_int_equal(seen.waited_ns / NSEC_PER_MSEC, cases[i].waits_ms[k]);
		}
	}
}

static void test_rest_is_booked(void **state)
{
	struct window *window = open_window(*state);
	const char *what = "";
	uint64_t booked_ns;

	assert_int_equal(window_run(window, &what), 0);
	booked_ns = window->booked_ns;
	window_rested(window);
	assert_int_equal(window->totals.windows, 1);
	assert_int_equal(window->account.elapsed_ns, window->booked_ns - booked_ns);
	assert_int_equal(window->number, 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_steps),
		TEST(test_snapshot),
		TEST(test_idle_needs_a_flush),
		TEST(test_starved),
		TEST(test_errors_have_a_name),
		TEST(test_tracker_does_not_start),
		TEST(test_length_adapts),
		TEST(test_rest_is_booked),
	};

	return cmocka_run_group_tests_name("window", tests, NULL, NULL);
}
