// SPDX-License-Identifier: GPL-2.0-only
/*
 * The smallest tracker there can be: it reports what it was told to. Tests use
 * it in place of a kernel; a new tracker starts as a copy of it.
 */
#include <errno.h>
#include <stdlib.h>

#include "target.h"
#include "tracker.h"

struct stub {
	struct target *const *targets;
	size_t n_targets;
	const struct observation *script;
	size_t n_script;
};

void tracker_stub_script(void *state, const struct observation *script, size_t n)
{
	struct stub *stub = state;

	stub->script = script;
	stub->n_script = n;
}

static int stub_probe(const struct tracker_env *env, char *reason, size_t size)
{
	(void)env;
	(void)reason;
	(void)size;
	return 0;
}

static int stub_start(const struct tracker_env *env, void **ret_state)
{
	struct stub *stub = calloc(1, sizeof(*stub));

	(void)env;
	if (!stub)
		return -ENOMEM;
	*ret_state = stub;
	return 0;
}

static int stub_retarget(void *state, struct target *const *targets, size_t n)
{
	struct stub *stub = state;

	stub->targets = targets;
	stub->n_targets = n;
	return 0;
}

/* Marks are in the script already. */
static int stub_mark(void *state, uint64_t max_pages, struct tracker_cost *ret_cost)
{
	(void)state;
	(void)max_pages;
	*ret_cost = (struct tracker_cost){ 0 };
	return 0;
}

static void stub_marked_targets(void *state, void (*each)(void *arg, struct target *target),
				void *arg)
{
	struct stub *stub = state;
	size_t i;

	for (i = 0; i < stub->n_targets; i++)
		each(arg, stub->targets[i]);
}

static int has_target(const struct stub *stub, uint32_t id)
{
	size_t i;

	for (i = 0; i < stub->n_targets; i++)
		if (stub->targets[i]->id == id)
			return 1;
	return 0;
}

static int stub_read(void *state, uint64_t interval_ns, observe_fn *observe, void *arg,
		     struct tracker_cost *ret_cost)
{
	struct stub *stub = state;
	struct tracker_cost cost = { 0 };
	size_t i;

	for (i = 0; i < stub->n_script; i++) {
		struct observation one = stub->script[i];

		if (!has_target(stub, one.target))
			continue;
		one.interval_ns = interval_ns;
		observe(arg, &one, 1);
		cost.pages += UINT64_C(1) << one.order;
		cost.marked++;
	}
	*ret_cost = cost;
	return 0;
}

static void stub_stop(void *state)
{
	free(state);
}

const struct tracker_ops tracker_stub = {
	.name = "stub",
	.summary = "reports what a test tells it to",
	.probe = stub_probe,
	.start = stub_start,
	.retarget = stub_retarget,
	.mark = stub_mark,
	.marked_targets = stub_marked_targets,
	.read = stub_read,
	.stop = stub_stop,
};
