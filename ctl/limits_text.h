/* SPDX-License-Identifier: GPL-2.0-only */
/* limits_text.h - what [target] sections may have of the fastest tier, for people. */
#ifndef CTL_LIMITS_TEXT_H
#define CTL_LIMITS_TEXT_H

#include <json-c/json.h>
#include <stdio.h>

/* The "limits" of `status` and `targets`; nothing when there are none. */
void limits_print(struct json_object *answer, FILE *out);

#endif
