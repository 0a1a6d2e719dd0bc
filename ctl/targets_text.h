/* SPDX-License-Identifier: GPL-2.0-only */
/* targets_text.h - targets: sorted, filtered, one row each. */
#ifndef TIERED_CTL_TARGETS_TEXT_H
#define TIERED_CTL_TARGETS_TEXT_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* What targets can be sorted by; the largest first. */
enum targets_key {
	TARGETS_RESIDENT,
	TARGETS_HIT,
	TARGETS_PROMOTED,
	TARGETS_DEMOTED,
	TARGETS_FAST,
	TARGETS_KEYS,
};

/* "resident", "hit", ...; NULL beyond the last. */
const char *targets_key_name(unsigned int key);

struct targets_order {
	enum targets_key key;
	bool reverse;       /* the smallest first */
	const char *filter; /* only command names that contain this; NULL: all */
};

/* @targets is the array of TARGETs. Gives back an array of those chosen, in order. */
struct json_object *targets_sort(struct json_object *targets, const struct targets_order *order);

/* For --sort; says what is wrong. 0 or -1. */
int targets_key_parse(const char *text, enum targets_key *ret_key);

/* As a table on @out, @width columns wide. */
void targets_print(struct json_object *targets, FILE *out, size_t width);

/* Part of the known pages of @target that are on the fastest tier, in millionths. */
uint64_t targets_fast_ppm(struct json_object *target);

#endif
