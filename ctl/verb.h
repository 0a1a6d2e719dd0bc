/* SPDX-License-Identifier: GPL-2.0-only */
/* verb.h - what most verbs do: ask once, print, and say what went wrong. */
#ifndef TIERED_CTL_VERB_H
#define TIERED_CTL_VERB_H

#include <json-c/json.h>

#include "client.h"
#include "options.h"
#include "output.h"

/* Connects; says on standard error why not. CTL_OK or the exit status. */
int verb_connect(const struct verb_common *common, struct client **ret);

/* Says on standard error what @client failed at; returns the exit status. */
int verb_failed(const struct client *client, int error);

/*
 * Connects, asks, closes. Takes @args over. CTL_OK, or the exit status of a
 * failure that was told; the caller puts @ret_result.
 */
int verb_ask(const struct verb_common *common, const char *verb, struct json_object *args,
	     struct json_object **ret_result);

/* One line of JSON, on standard output or @out. */
void verb_write_json(FILE *out, struct json_object *object);
void verb_print_json(struct json_object *object);

/* Asks, and prints the answer as --json says or with @print. Returns the exit status. */
int verb_show(const struct verb_common *common, const char *verb, struct json_object *args,
	      void (*print)(struct json_object *result));

/* {"pid":N} of the first argument if there is one; NULL when it is no pid, which was told. */
struct json_object *verb_pid_args(const struct verb_common *common);

/* Closes @output. Says so when it did not take everything. @status, or CTL_FAILED. */
int verb_end_output(struct output *output, int status);

/* Did standard output take everything? Says so if not. @status, or CTL_FAILED. */
int verb_finish(int status);

#endif
