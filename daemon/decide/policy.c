// SPDX-License-Identifier: GPL-2.0-only
/* policy.c - the table of policies. */
#include "decide/policy.h"

#include <string.h>

static const struct policy_ops *const policies[] = { &policy_heat };

const struct policy_ops *policy_at(size_t index)
{
	return index < sizeof(policies) / sizeof(*policies) ? policies[index] : NULL;
}

const struct policy_ops *policy_find(const char *name)
{
	const struct policy_ops *policy;
	size_t i;

	for (i = 0; (policy = policy_at(i)) != NULL; i++)
		if (strcmp(policy->name, name) == 0)
			return policy;
	return NULL;
}
