// SPDX-License-Identifier: GPL-2.0-only
/* targets_explain.c - why a process is left alone. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "targets_internal.h"
#include "util/units.h"

struct traits {
	struct proc_stat stat;
	char exe[TARGET_GLOB_MAX * 4];
	char cgroup[TARGET_GLOB_MAX * 4];
	struct target_traits view;
};

static int traits_read(const char *proc_root, uint32_t tgid, struct traits *ret)
{
	int r = proc_read_stat(proc_root, tgid, &ret->stat);

	if (r < 0)
		return r;
	ret->exe[0] = ret->cgroup[0] = '\0';
	proc_read_exe(proc_root, tgid, ret->exe, sizeof(ret->exe));
	proc_read_cgroup(proc_root, tgid, ret->cgroup, sizeof(ret->cgroup));
	ret->view = (struct target_traits){
		.comm = ret->stat.comm,
		.exe = ret->exe,
		.cgroup = ret->cgroup,
		.rss_bytes = ret->stat.rss_pages * TIERED_PAGE_SIZE,
		.pid = tgid,
	};
	proc_read_uid(proc_root, tgid, &ret->view.uid);
	return 0;
}

/* The exclude that fits, else the section that decides, else NULL. */
static const struct target_rule *deciding_rule(const struct targets_config *config,
					       const struct target_traits *traits,
					       int *ret_sections)
{
	const struct target_rule *chosen = NULL;
	size_t i;

	*ret_sections = 0;
	for (i = 0; i < config->n_rules; i++) {
		const struct target_rule *rule = &config->rules[i];
		int fits = target_rule_fits(rule, traits);

		*ret_sections += !rule->exclude;
		if (fits && rule->exclude)
			return rule;
		if (fits && !chosen)
			chosen = rule;
	}
	return chosen;
}

static void explain_rules(const struct targets_config *config, const struct target_traits *traits,
			  char *ret_why, size_t size)
{
	const struct target_rule *rule;
	uint64_t size_min = config->size_min;
	char resident[32], wanted[32];
	int sections;

	rule = deciding_rule(config, traits, &sections);
	if (rule && rule->exclude) {
		snprintf(ret_why, size, "[target %s] excludes it", rule->name);
		return;
	}
	if (!rule && sections) {
		snprintf(ret_why, size, "no [target] section of the conf fits it");
		return;
	}
	if (rule && rule->min_size != TARGET_SIZE_DEFAULT)
		size_min = rule->min_size;
	if (traits->rss_bytes < size_min)
		snprintf(ret_why, size, "%s resident, less than min_size of %s",
			 units_format_size(traits->rss_bytes, resident, sizeof(resident)),
			 units_format_size(size_min, wanted, sizeof(wanted)));
}

int targets_explain(const struct targets *targets, const char *proc_root, uint32_t tgid,
		    char *ret_why, size_t size)
{
	const struct known *known = targets_known(targets, tgid);
	struct traits traits;
	int r = traits_read(proc_root, tgid, &traits);

	if (r < 0)
		return r;
	*ret_why = '\0';
	if (!targets_is_user_process(&traits.stat))
		snprintf(ret_why, size,
			 "kernel threads, init, the dead and the daemon itself are never managed");
	else if (known && known->refused)
		snprintf(ret_why, size, "the kernel did not let the daemon at it; see the log");
	else
		explain_rules(&targets->config, &traits.view, ret_why, size);
	if (!*ret_why && targets->n_list >= targets->config.max && !(known && known->held))
		snprintf(ret_why, size, "targets_max of %zu larger ones is reached",
			 targets->config.max);
	return 0;
}
