// SPDX-License-Identifier: GPL-2.0-only
/* check_print.c - the answer as a table for people, and as JSON. */
#include <errno.h>
#include <json-c/json.h>
#include <stdio.h>
#include <string.h>

#include "check.h"
#include "table.h"
#include "util/cleanup.h"

/* Verdicts are up to seven letters; a space on either side of the subjects. */
#define VERDICT_WIDTH 8
#define FIX_LABEL "fix: "

static void print_verdict(FILE *out, enum check_verdict verdict, int colour)
{
	static const char *const colours[CHECK_VERDICTS] = {
		[CHECK_OK] = "\033[32m",   [CHECK_NOTE] = "\033[36m", [CHECK_UNKNOWN] = "\033[35m",
		[CHECK_WARN] = "\033[33m", [CHECK_FAIL] = "\033[31m",
	};
	const char *name = check_verdict_name(verdict);

	fprintf(out, "%s%s%s%*s", colour ? colours[verdict] : "", name, colour ? "\033[0m" : "",
		VERDICT_WIDTH - (int)strlen(name), "");
}

static size_t subjects_width(const struct check *checks, size_t n)
{
	size_t i, width = 0;

	for (i = 0; i < n; i++)
		if (strlen(checks[i].subject) > width)
			width = strlen(checks[i].subject);
	return width;
}

void check_print_text(FILE *out, const struct check *checks, size_t n, const char *summary,
		      int colour)
{
	const size_t width = subjects_width(checks, n), indent = VERDICT_WIDTH + width + 1;
	size_t i;

	for (i = 0; i < n; i++) {
		print_verdict(out, checks[i].verdict, colour);
		fprintf(out, "%-*s ", (int)width, checks[i].subject);
		table_print_text(out, checks[i].finding, indent);
		if (!checks[i].fix[0])
			continue;
		/* Right before the text, so that commands have all of the width. */
		fprintf(out, "%*s", (int)indent, FIX_LABEL);
		table_print_text(out, checks[i].fix, indent);
	}
	fputc('\n', out);
	table_print_text(out, summary, 0);
}

static int add_string(struct json_object *object, const char *key, const char *value)
{
	struct json_object *string = json_object_new_string(value);

	if (string && json_object_object_add(object, key, string) == 0)
		return 0;
	json_object_put(string);
	return -ENOMEM;
}

static struct json_object *check_to_json(const struct check *check)
{
	struct json_object *object = json_object_new_object();

	if (object && add_string(object, "id", check->id) == 0 &&
	    add_string(object, "verdict", check_verdict_name(check->verdict)) == 0 &&
	    add_string(object, "subject", check->subject) == 0 &&
	    add_string(object, "finding", check->finding) == 0 &&
	    add_string(object, "fix", check->fix) == 0)
		return object;
	json_object_put(object);
	return NULL;
}

static struct json_object *checks_to_json(const struct check *checks, size_t n)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; array && i < n; i++) {
		struct json_object *object = check_to_json(&checks[i]);

		if (object && json_object_array_add(array, object) == 0)
			continue;
		json_object_put(object);
		json_object_put(array);
		return NULL;
	}
	return array;
}

int check_print_json(FILE *out, const struct check *checks, size_t n, const char *summary)
{
	struct json_object *root = json_object_new_object();
	struct json_object *array = checks_to_json(checks, n);
	const char *text = NULL;
	int err = -ENOMEM;

	if (!root || !array || json_object_object_add(root, "checks", array) != 0) {
		json_object_put(array);
		goto out;
	}
	if (json_object_object_add(root, "version", json_object_new_int(1)) != 0 ||
	    add_string(root, "verdict", check_verdict_name(check_worst(checks, n))) < 0 ||
	    add_string(root, "summary", summary) < 0)
		goto out;
	text = json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN |
							    JSON_C_TO_STRING_NOSLASHESCAPE);
	if (text) {
		fprintf(out, "%s\n", text);
		err = 0;
	}
out:
	json_object_put(root);
	return err;
}
