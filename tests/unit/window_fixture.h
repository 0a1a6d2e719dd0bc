/* SPDX-License-Identifier: GPL-2.0-only */
/* window_fixture.h - a window with one target, without a thread, and questions to it. */
#ifndef TEST_WINDOW_FIXTURE_H
#define TEST_WINDOW_FIXTURE_H

#include "decide/filter.h"
#include "decide/heat.h"
#include "fake_tracker.h"
#include "observe/vmas.h"
#include "worker/query.h"
#include "worker/window.h"

#define TARGET 1
#define PAGE UINT64_C(4096)

/**
 * struct stage - the window and what it stands on
 * @hidden: a mapping of the child that nobody may access
 */
struct stage {
	struct topology *topology;
	struct worker_config config;
	struct policy_ops policy;
	struct window window;
	void *pages;
	void *hidden;
	pid_t child;
};

static inline int no_pause(void *arg, uint64_t ns)
{
	(void)arg;
	(void)ns;
	return 0;
}

static inline int stage_open(void **state)
{
	struct stage *stage = calloc(1, sizeof(*stage));
	struct target_key key;
	struct target *target;
	const char *what = "";

	if (!stage)
		return -1;
	*state = stage;
	stage->pages = pages_make();
	stage->hidden = mmap(NULL, 16 * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	stage->child = child_make();
	stage->topology = fake_topology();
	if (!stage->topology || stage->hidden == MAP_FAILED)
		return -1;
	fake_reset(stage->pages);
	stage->config = fake_config(stage->topology);
	if (window_open(&stage->window, &stage->config, no_pause, NULL, &what) < 0)
		return -1;
	key = child_key(stage->child);
	if (target_open("/proc", TARGET, &key, NULL, &target) < 0 ||
	    roster_add(&stage->window.roster, target) < 0)
		return -1;
	roster_watch(&stage->window.roster);
	return fake_retarget(stage->window.tracker, stage->window.roster.watched, 1);
}

static inline int stage_close(void **state)
{
	struct stage *stage = *state;

	window_close(&stage->window);
	child_end(stage->child);
	topology_free(stage->topology);
	munmap(stage->pages, FAKE_PAGES * TIERED_PAGE_SIZE);
	munmap(stage->hidden, 16 * PAGE);
	free(stage);
	return 0;
}

static inline struct seat *stage_seat(struct stage *stage)
{
	return roster_find(&stage->window.roster, TARGET);
}

static inline void stage_run(struct stage *stage, unsigned int windows)
{
	const char *what = "";

	while (windows-- > 0)
		assert_int_equal(window_run(&stage->window, &what), 0);
}

/* The target has these mappings, whatever the kernel says. */
static inline void stage_map(struct stage *stage, const struct vma *vmas, size_t n)
{
	struct target *target = stage_seat(stage)->target;

	free(target->vmas);
	target->vmas = calloc(n + 1, sizeof(*vmas));
	assert_non_null(target->vmas);
	memcpy(target->vmas, vmas, n * sizeof(*vmas));
	target->n_vmas = n;
}

/* Folios of one window, seen as given. */
static inline void stage_see(struct stage *stage, uint64_t address, size_t n, uint8_t order,
			     uint8_t node, uint8_t seen)
{
	size_t i;

	for (i = 0; i < n; i++) {
		struct observation one = { .address = address + (i * PAGE << order),
					   .interval_ns = NSEC_PER_SEC,
					   .target = TARGET,
					   .order = order,
					   .node = node,
					   .seen = seen };

		assert_int_equal(heat_observe(stage->window.heat, &one, 1), 0);
	}
}

/* The answer to a question, to be freed; it must have come. */
static inline struct worker_answer *ask(const struct stage *stage, struct worker_query query)
{
	struct worker_answer *answer;

	query.token = UINT64_C(0x1234567890);
	answer = query_answer(&stage->window, &query);
	assert_non_null(answer);
	assert_int_equal(answer->kind, query.kind);
	assert_int_equal(answer->token, query.token);
	assert_int_equal(answer->target, query.target);
	assert_int_equal(answer->window, stage->window.ended);
	return answer;
}

static inline struct query_page explain_page(const struct stage *stage, uint64_t address)
{
	struct worker_answer *answer = ask(stage, (struct worker_query){ .kind = QUERY_EXPLAIN,
									 .target = TARGET,
									 .address = address });
	struct query_page page = answer->page;

	assert_int_equal(answer->error, 0);
	worker_answer_free(answer);
	return page;
}

#define MAP_BASE UINT64_C(0x500000000000)

static const struct vma two_mappings[] = {
	{ MAP_BASE, MAP_BASE + 100 * PAGE },
	{ MAP_BASE + 1000 * PAGE, MAP_BASE + 1028 * PAGE },
};

static inline int16_t rate_at(const struct stage *stage, uint64_t address)
{
	struct heat_item item;
	uint64_t seen;

	assert_int_equal(heat_find(stage->window.heat, TARGET, address, &item, &seen), 0);
	return item.rate;
}

#define STAGE(test) cmocka_unit_test_setup_teardown(test, stage_open, stage_close)

#endif
