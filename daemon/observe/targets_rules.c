// SPDX-License-Identifier: GPL-2.0-only
/* The pure part of targets.h: which rule decides over a process. */
#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#include "targets.h"
#include "tiered/policy.h"

void target_rule_init(struct target_rule *rule, const char *name)
{
	memset(rule, 0, sizeof(*rule));
	snprintf(rule->name, sizeof(rule->name), "%s", name);
	rule->uid = TARGET_UID_ANY;
	rule->min_size = TARGET_SIZE_DEFAULT;
	rule->fast_max.bytes = UINT64_MAX;
	rule->priority = GROUP_PRIORITY;
	rule->promote = rule->demote = 1;
	rule->shared = TARGET_SHARED;
}

int target_glob_fits(const char *glob, const char *text)
{
	return !glob[0] || fnmatch(glob, text, 0) == 0;
}

int target_rule_fits(const struct target_rule *rule, const struct target_traits *traits)
{
	if (rule->pid && rule->pid != traits->pid)
		return 0;
	if (rule->uid != TARGET_UID_ANY && rule->uid != traits->uid)
		return 0;
	return target_glob_fits(rule->comm, traits->comm) &&
	       target_glob_fits(rule->exe, traits->exe) &&
	       target_glob_fits(rule->cgroup, traits->cgroup);
}

/* A process whose size swings around the threshold must not come and go. */
static int large_enough(uint64_t size_min, int held, uint64_t rss_bytes)
{
	return rss_bytes >= (held ? size_min / 2 : size_min);
}

int targets_choose(const struct target_rule *rules, size_t n_rules, uint64_t size_min, int held,
		   const struct target_traits *traits, uint32_t *ret_rule)
{
	uint32_t chosen = TARGET_RULE_DEFAULT;
	uint64_t wanted_min = size_min;
	int only_excludes = 1;
	size_t i;

	for (i = 0; i < n_rules; i++) {
		int fits = target_rule_fits(&rules[i], traits);

		if (rules[i].exclude) {
			if (fits)
				return 0;
			continue;
		}
		only_excludes = 0;
		if (!fits || chosen != TARGET_RULE_DEFAULT)
			continue;
		chosen = (uint32_t)i;
		if (rules[i].min_size != TARGET_SIZE_DEFAULT)
			wanted_min = rules[i].min_size;
	}
	if (chosen == TARGET_RULE_DEFAULT && !only_excludes)
		return 0;
	if (!large_enough(wanted_min, held, traits->rss_bytes))
		return 0;
	*ret_rule = chosen;
	return 1;
}
