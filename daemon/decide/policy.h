/* SPDX-License-Identifier: GPL-2.0-only */
/* policy.h - the policies there are. */
#ifndef TIERED_DECIDE_POLICY_H
#define TIERED_DECIDE_POLICY_H

#include "tiered/policy.h"

extern const struct policy_ops policy_heat;

/* The policy called @name, or NULL. */
const struct policy_ops *policy_find(const char *name);

/* The policy number @index, the default first, or NULL behind the last. */
const struct policy_ops *policy_at(size_t index);

#endif
