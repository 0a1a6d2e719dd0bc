// SPDX-License-Identifier: GPL-2.0-only
/* Memory comes and goes while the worker is at work: other nodes, in force at once. */
#include "observe/targets.h"
#include "tree.h"
#include "worker_session.h"

/* A machine like the recorded one, of which one node is left. */
static struct topology *one_node(struct tree *tree)
{
	struct topology *topology = NULL;
	char proc[128], why[256];

	tree_make(tree);
	tree_text(tree, "proc/zoneinfo",
		  "Node 0, zone   Normal\n  pages free     5000\n        high     10\n"
		  "        spanned  32768\n        present  32768\n        managed  32000\n"
		  "  start_pfn:           0\n");
	snprintf(proc, sizeof(proc), "%s/proc", tree->root);
	assert_int_equal(topology_read(tree->root, proc, NULL, 0, &topology, why, sizeof(why)), 0);
	return topology;
}

static void send_nodes(struct session *session, const struct topology *topology)
{
	struct worker_nodes *nodes = calloc(1, sizeof(*nodes));

	assert_non_null(nodes);
	nodes->topology = topology;
	nodes->reserve_pages[0] = 77;
	worker_send(session->worker, &nodes->message, WORKER_NODES);
}

static void await_windows(struct session *session, unsigned int n)
{
	while (n-- > 0)
		free(session_await(session, WORKER_WINDOW));
}

/* Fewer than two tiers: no windows, but it listens; then it goes on and has forgotten nothing. */
static void test_rests_with_one_tier(void **state)
{
	struct session *session = *state;
	struct topology *alone, *all;
	struct worker_figures *figures;
	struct tree tree;
	uint64_t windows;
	int marks;

	alone = one_node(&tree);
	all = fake_topology();
	session_start(session);
	session_add(session, 1, session->children[0]);
	session_await_targets(session, 1);
	await_windows(session, 3);
	send_nodes(session, alone);
	/* What was in force before is free when the message is back. */
	free(session_await(session, WORKER_NODES));
	topology_free(session->topology);
	session->topology = all;
	marks = fake.marks;
	windows = session->windows;
	session_add(session, 2, session->children[1]);
	session_remove(session, 2);
	free(session_await(session, WORKER_TARGET));
	assert_int_equal(fake.marks, marks);
	assert_int_equal(session->windows, windows);
	send_nodes(session, all);
	free(session_await(session, WORKER_NODES));
	topology_free(alone);
	await_windows(session, 1);
	assert_true(session->windows > windows);
	assert_int_equal(session->last.window, session->windows);
	figures = (struct worker_figures *)session_await(session, WORKER_FIGURES);
	assert_int_equal(figures->n, 1);
	assert_true(figures->figures[0].windows > 3);
	assert_int_equal(figures->figures[0].tracked_pages, FAKE_PAGES);
	free(figures);
	tree_remove(&tree, "");
}

/* In the middle of a long window: in force at once, given back at its end, in order. */
static void test_many_in_one_window(void **state)
{
	struct session *session = *state;
	struct topology *others[3];
	size_t i;

	for (i = 0; i < 3; i++)
		others[i] = fake_topology();
	session->config.window_ns = 200 * NSEC_PER_MSEC;
	session_start(session);
	session_add(session, 1, session->children[0]);
	session_await_targets(session, 1);
	for (i = 0; i < 3; i++)
		send_nodes(session, others[i]);
	for (i = 0; i < 3; i++)
		free(session_await(session, WORKER_NODES));
	topology_free(session->topology);
	topology_free(others[0]);
	topology_free(others[1]);
	session->topology = others[2];
	await_windows(session, 2);
	assert_int_equal(session->last.error, 0);
}

/* With a share of nothing, of a machine without fast memory, nothing is promoted; then it is. */
static void test_limits_are_of_the_nodes(void **state)
{
	static const struct group_view none = { .priority = GROUP_PRIORITY };
	struct target_rule rule;
	struct session *session = *state;
	struct topology *other = fake_topology();
	struct worker_nodes *nodes;

	target_rule_init(&rule, "all");
	session->config.rules = &rule;
	session->config.groups[0] = none;
	session->config.n_rules = 1;
	session_start(session);
	session_add(session, 1, session->children[0]);
	session_await_targets(session, 1);
	await_windows(session, 8);
	assert_int_equal(session->sum.planned[MOVE_PROMOTE_HOT].pages, 0);
	nodes = calloc(1, sizeof(*nodes));
	assert_non_null(nodes);
	nodes->topology = other;
	nodes->groups[0] = none;
	nodes->groups[0].fast_max = UINT64_MAX;
	worker_send(session->worker, &nodes->message, WORKER_NODES);
	free(session_await(session, WORKER_NODES));
	topology_free(session->topology);
	session->topology = other;
	while (!session->sum.planned[MOVE_PROMOTE_HOT].pages && session->windows < 100)
		await_windows(session, 1);
	assert_true(session->sum.planned[MOVE_PROMOTE_HOT].pages > 0);
}

/* A worker that ends does not give them back, and does not free them either. */
static void test_stop_in_between(void **state)
{
	struct session *session = *state;
	struct topology *other = fake_topology();

	session->config.window_ns = 60 * NSEC_PER_SEC;
	session_start(session);
	session_add(session, 1, session->children[0]);
	send_nodes(session, other);
	worker_stop(session->worker);
	session_await_ended(session);
	assert_int_equal(session->end.error, 0);
	topology_free(other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		SESSION(test_rests_with_one_tier),
		SESSION(test_many_in_one_window),
		SESSION(test_limits_are_of_the_nodes),
		SESSION(test_stop_in_between),
	};

	return cmocka_run_group_tests_name("worker_nodes", tests, NULL, NULL);
}
