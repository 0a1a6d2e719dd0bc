/* SPDX-License-Identifier: GPL-2.0-only */
/* request.h - bytes of one line to a checked request. Pure. */
#ifndef TIERED_CONTROL_REQUEST_H
#define TIERED_CONTROL_REQUEST_H

#include <json-c/json.h>
#include <stddef.h>

#include "control/control.h"

/* @args: an object, the receiver's to put. */
struct control_request {
	const struct control_verb *verb;
	struct json_object *args;
};

/*
 * control_request_parse() - what does this line ask?
 * @line: without its newline
 * @why: on failure what is wrong, as a sentence
 *
 * Numbers are whole, not negative and fit an int64_t; strings hold no NUL; no
 * name comes twice. 0; -EINVAL when the line is no such request; -ENOMEM.
 */
int control_request_parse(const char *line, size_t length, const struct control_verb *verbs,
			  size_t n_verbs, struct control_request *ret, char *why, size_t why_size);

#endif
