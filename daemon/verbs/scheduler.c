// SPDX-License-Identifier: GPL-2.0-only
/* scheduler.c - the optional scheduler: is it on, what it did, where processes are at home. */
#include "bpf/scheduler.h"

#include "observe/cpus.h"
#include "verbs/internal.h"

static const struct scheduler *scheduler_of(const struct verbs *verbs)
{
	return verbs->env->scheduler ? *verbs->env->scheduler : NULL;
}

struct json_object *scheduler_json(const struct verbs *verbs)
{
	const char *state = verbs->env->scheduler_state;
	struct stats_sched counts;
	struct json_object *object;

	if (!state || !*state)
		return NULL;
	object = json_object_new_object();
	json_add_text(object, "state", state);
	if (scheduler_counts(scheduler_of(verbs), &counts) < 0)
		return object;
	json_add_u64(object, "enqueued", counts.enqueued);
	json_add_u64(object, "woken", counts.woken);
	json_add_u64(object, "at_home", counts.at_home);
	json_add_u64(object, "elsewhere", counts.elsewhere);
	json_add_u64(object, "homeless", counts.homeless);
	json_add_u64(object, "home_ns", counts.home_ns);
	json_add_u64(object, "elsewhere_ns", counts.elsewhere_ns);
	json_add_u64(object, "homeless_ns", counts.homeless_ns);
	json_add_u64(object, "strays_lost", counts.strays_lost);
	return object;
}

struct json_object *scheduler_target_json(const struct verbs *verbs, uint32_t tgid)
{
	struct stats_sched_process process;
	struct json_object *object, *home = NULL;
	uint32_t slot;

	if (scheduler_process(scheduler_of(verbs), tgid, &process, &slot) < 0)
		return NULL;
	object = json_object_new_object();
	if (slot < SCHED_SLOTS)
		home = json_object_new_int64(verbs->env->cpus->node[slot]);
	json_object_object_add(object, "home_node", home);
	json_add_u64(object, "home_ns", process.home_ns);
	json_add_u64(object, "elsewhere_ns", process.elsewhere_ns);
	return object;
}
