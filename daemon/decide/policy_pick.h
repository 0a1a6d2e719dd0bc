/* SPDX-License-Identifier: GPL-2.0-only */
/* policy_pick.h - the pages that cross a border, once it is known how many shall. */
#ifndef TIERED_POLICY_PICK_H
#define TIERED_POLICY_PICK_H

#include "decide/policy_border.h"

/* For heat_each(), with a struct decision: plan what the choice wants of @item; 0 or -ENOMEM. */
int pick_cold(void *arg, const struct heat_item *item);
int pick_hot(void *arg, const struct heat_item *item);

#endif
