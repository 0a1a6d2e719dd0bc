/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * answer.h - values out of an answer.
 *
 * A path is names with dots between: "asked.results.moved". What is missing, or
 * of another type than asked for, counts as 0, "" or false: a daemon may leave
 * out what it does not know, and nothing of what it sends can hurt.
 */
#ifndef TIERED_CTL_ANSWER_H
#define TIERED_CTL_ANSWER_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* NULL when there is none, or null. */
struct json_object *answer_at(struct json_object *answer, const char *path);

uint64_t answer_number(struct json_object *answer, const char *path);
int64_t answer_signed(struct json_object *answer, const char *path);
const char *answer_text(struct json_object *answer, const char *path);

/* true, or a number other than 0. */
bool answer_flag(struct json_object *answer, const char *path);

/* "0x7f..." */
uint64_t answer_address(struct json_object *answer, const char *path);

/* An array's length and elements; no array is an empty one. */
size_t answer_length(struct json_object *array);
struct json_object *answer_element(struct json_object *array, size_t i);

/*
 * Writes the fields of the object at @path that are numbers other than 0,
 * "busy 20, shared 3", without the one called @except (may be NULL), in order;
 * "" when there are none. Returns @buffer.
 */
const char *answer_list(struct json_object *answer, const char *path, const char *except,
			char *buffer, size_t size);

/* Their sum. */
uint64_t answer_sum(struct json_object *answer, const char *path, const char *except);

#endif
