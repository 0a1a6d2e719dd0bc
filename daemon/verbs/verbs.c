// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/verbs.h"

#include <errno.h>
#include <stdlib.h>

#include "verbs/internal.h"

static const struct control_verb table[] = {
	{ "status", "pid#", verb_status },
	{ "targets", "", verb_targets },
	{ "explain", "pid#! address", verb_explain },
	{ "heatmap", "pid#! columns#", verb_heatmap },
	{ "plan", "limit#", verb_plan },
	{ "metrics", "form", verb_metrics },
	{ "trace", "pid# comm cgroup reason calls#", verb_trace },
	{ "set", "key! value!", verb_set },
	{ "pause", "pid#", verb_pause },
	{ "resume", "pid#", verb_resume },
	{ "reload", "", verb_reload },
};

const struct control_verb *verbs_table(size_t *ret_n)
{
	*ret_n = sizeof(table) / sizeof(table[0]);
	return table;
}

int verbs_new(struct verbs_env *env, struct verbs **ret)
{
	struct verbs *verbs = calloc(1, sizeof(*verbs));

	if (!verbs)
		return -ENOMEM;
	verbs->env = env;
	*ret = verbs;
	return 0;
}

void verbs_free(struct verbs *verbs)
{
	if (!verbs)
		return;
	trace_close(verbs);
	query_close(verbs);
	free(verbs);
}

void verbs_connect(struct verbs *verbs, struct control *control)
{
	verbs->control = control;
}
