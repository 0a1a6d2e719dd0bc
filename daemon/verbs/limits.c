// SPDX-License-Identifier: GPL-2.0-only
/* limits.c - what [target] sections may have of the fastest tier, and what they do have. */
#include "config/config.h"
#include "tiered/policy.h"
#include "verbs/internal.h"

static struct json_object *limit_of(const struct verbs *verbs, uint32_t rule)
{
	const struct group_view *group = &verbs->env->groups[rule];
	struct json_object *object = json_object_new_object();
	size_t targets;
	uint64_t held = board_fast_pages(verbs->env->board, rule, &targets);
	int unmet = board_floor_unmet(verbs->env->board, rule, group->fast_min, &held);

	json_add_text(object, "rule", verbs->env->config->rules[rule].name);
	json_add_u64(object, "targets", targets);
	json_add_u64(object, "fast_pages", held);
	json_add_u64(object, "fast_min_pages", group->fast_min);
	json_object_object_add(
		object, "fast_max_pages",
		group->fast_max == UINT64_MAX ? NULL : json_object_new_uint64(group->fast_max));
	json_add_u64(object, "priority", group->priority);
	json_object_object_add(object, "floor_unmet", json_object_new_boolean(unmet));
	return object;
}

struct json_object *limits_json(const struct verbs *verbs)
{
	struct json_object *array = json_object_new_array();
	uint32_t rule;

	for (rule = 0; verbs->env->groups && rule < verbs->env->config->n_rules; rule++) {
		const struct group_view *group = &verbs->env->groups[rule];

		if (!verbs->env->config->rules[rule].exclude &&
		    (group->fast_min || group->fast_max != UINT64_MAX ||
		     group->priority != GROUP_PRIORITY))
			json_object_array_add(array, limit_of(verbs, rule));
	}
	return array;
}
