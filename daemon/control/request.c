// SPDX-License-Identifier: GPL-2.0-only
#include "control/request.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "tiered/control.h"
#include "util/utf8.h"

/* The request, its "args", and a value in them. */
#define REQUEST_DEPTH 3

struct problem {
	char *why;
	size_t size;
};

static int __attribute__((format(printf, 2, 3)))
bad(const struct problem *problem, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(problem->why, problem->size, format, args);
	va_end(args);
	return -EINVAL;
}

/* Inside a string, at a byte that is not its end. */
static int scan_string(const char *line, size_t length, size_t *at, const struct problem *problem)
{
	if ((unsigned char)line[*at] < ' ')
		return bad(problem,
			   "byte %zu: a control character in a string; expected it escaped", *at);
	if (line[*at] != '\\')
		return 0;
	/* A name or value with a NUL in it is cut off by whoever takes it for a C string. */
	if (length - *at >= 6 && memcmp(line + *at + 1, "u0000", 5) == 0)
		return bad(problem, "byte %zu: \\u0000; expected strings without NUL", *at);
	*at += 1;
	return 0;
}

/*
 * What json-c lets pass though it is no JSON, or loses: quotes that are not
 * double, raw control characters, NULs. Also counts the members of all objects.
 */
static int scan(const char *line, size_t length, size_t *ret_members, const struct problem *problem)
{
	static const char outside[] =
		" \t\r{}[]:,+-."
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t at = utf8_check(line, length), members = 0;
	int in_string = 0, ret;

	if (at < length)
		return bad(problem, "byte %zu is not UTF-8", at);
	for (at = 0; at < length; at++) {
		if (line[at] == '"') {
			in_string = !in_string;
		} else if (in_string) {
			ret = scan_string(line, length, &at, problem);
			if (ret < 0)
				return ret;
		} else if (!line[at] || !strchr(outside, line[at])) {
			return bad(problem, "byte %zu: 0x%02x outside of strings; expected JSON",
				   at, (unsigned char)line[at]);
		} else if (line[at] == ':') {
			members++;
		}
	}
	*ret_members = members;
	return 0;
}

static size_t count_members(struct json_object *value)
{
	size_t i, n = 0;

	if (json_object_is_type(value, json_type_object)) {
		json_object_object_foreach(value, key, member)
		{
			(void)key;
			n += 1 + count_members(member);
		}
	} else if (json_object_is_type(value, json_type_array)) {
		for (i = 0; i < json_object_array_length(value); i++)
			n += count_members(json_object_array_get_idx(value, i));
	}
	return n;
}

/* One object and nothing behind it. */
static int parse_object(const char *line, size_t length, struct json_object **ret,
			const struct problem *problem)
{
	struct json_tokener *tokener = json_tokener_new_ex(REQUEST_DEPTH);
	enum json_tokener_error error;
	struct json_object *object;
	size_t end;

	if (!tokener)
		return -ENOMEM;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, line, (int)length);
	error = json_tokener_get_error(tokener);
	end = json_tokener_get_parse_end(tokener);
	json_tokener_free(tokener);
	if (json_object_is_type(object, json_type_object)) {
		*ret = object;
		return 0;
	}
	json_object_put(object);
	if (error == json_tokener_continue)
		return bad(problem, "the line ends early; expected one JSON object");
	if (error != json_tokener_success)
		return bad(problem, "byte %zu: %s; expected one JSON object", end,
			   json_tokener_error_desc(error));
	return bad(problem, "expected a JSON object");
}

static int check_member(const char *key, const struct problem *problem)
{
	static const char *const known[] = { "version", "verb", "args" };
	size_t i;

	for (i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(key, known[i]) == 0)
			return 0;
	return bad(problem, "'%.40s' in the request; expected version, verb and args", key);
}

static int check_version(struct json_object *request, const struct problem *problem)
{
	struct json_object *version = json_object_object_get(request, "version");

	if (!json_object_is_type(version, json_type_int))
		return bad(problem, "version: expected the number %d", TIERED_CONTROL_VERSION);
	if (json_object_get_int64(version) != TIERED_CONTROL_VERSION)
		return bad(problem, "version %.20s is not spoken here; expected %d",
			   json_object_get_string(version), TIERED_CONTROL_VERSION);
	return 0;
}

static int find_verb(struct json_object *request, const struct control_verb *verbs, size_t n_verbs,
		     const struct control_verb **ret, const struct problem *problem)
{
	struct json_object *verb = json_object_object_get(request, "verb");
	size_t i;

	if (!json_object_is_type(verb, json_type_string))
		return bad(problem, "verb: expected a string");
	for (i = 0; i < n_verbs; i++) {
		if (strcmp(json_object_get_string(verb), verbs[i].name) == 0) {
			*ret = &verbs[i];
			return 0;
		}
	}
	return bad(problem, "no verb '%.40s'", json_object_get_string(verb));
}

/* One entry of control_verb.arguments. */
struct argument {
	const char *name;
	size_t length;
	int number;
	int needed;
};

/* Steps to the next entry; NULL when there is none. */
static const char *next_argument(const char *at, struct argument *ret)
{
	at += strspn(at, " ");
	if (!*at)
		return NULL;
	*ret = (struct argument){ .name = at, .length = strcspn(at, "#! ") };
	for (at += ret->length; *at && *at != ' '; at++) {
		ret->number |= *at == '#';
		ret->needed |= *at == '!';
	}
	return at;
}

static const char *arguments_of(const struct control_verb *verb)
{
	return verb->arguments ? verb->arguments : "";
}

/* "expected pid, columns" */
static int bad_argument(const struct control_verb *verb, const char *key,
			const struct problem *problem)
{
	struct argument argument;
	const char *at = arguments_of(verb);
	char names[160] = "";
	size_t used = 0;

	while ((at = next_argument(at, &argument)) && used < sizeof(names))
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%.*s",
					 used ? ", " : "", (int)argument.length, argument.name);
	return bad(problem, "%s: no argument '%.40s'; expected %s", verb->name, key,
		   names[0] ? names : "none");
}

/* json-c makes numbers that are too large the largest it has. */
static int check_value(const struct control_verb *verb, const struct argument *argument,
		       struct json_object *value, const struct problem *problem)
{
	int64_t number;

	if (!argument->number) {
		if (json_object_is_type(value, json_type_string))
			return 0;
		return bad(problem, "%s: %.*s: expected a string", verb->name,
			   (int)argument->length, argument->name);
	}
	number = json_object_get_int64(value);
	if (json_object_is_type(value, json_type_int) && number >= 0 && number < INT64_MAX)
		return 0;
	return bad(problem, "%s: %.*s: expected a whole number from 0", verb->name,
		   (int)argument->length, argument->name);
}

static int check_argument(const struct control_verb *verb, const char *key,
			  struct json_object *value, const struct problem *problem)
{
	const char *at = arguments_of(verb);
	struct argument argument;

	while ((at = next_argument(at, &argument)))
		if (strlen(key) == argument.length &&
		    memcmp(key, argument.name, argument.length) == 0)
			return check_value(verb, &argument, value, problem);
	return bad_argument(verb, key, problem);
}

static int check_needed(const struct control_verb *verb, struct json_object *args,
			const struct problem *problem)
{
	const char *at = arguments_of(verb);
	struct argument argument;

	while ((at = next_argument(at, &argument))) {
		int found = !argument.needed;

		json_object_object_foreach(args, key, value)
		{
			(void)value;
			found |= strlen(key) == argument.length &&
				 memcmp(key, argument.name, argument.length) == 0;
		}
		if (!found)
			return bad(problem, "%s: %.*s is missing", verb->name, (int)argument.length,
				   argument.name);
	}
	return 0;
}

static int check_args(const struct control_verb *verb, struct json_object *args,
		      const struct problem *problem)
{
	int ret;

	if (!json_object_is_type(args, json_type_object))
		return bad(problem, "args: expected an object");
	json_object_object_foreach(args, key, value)
	{
		ret = check_argument(verb, key, value, problem);
		if (ret < 0)
			return ret;
	}
	return check_needed(verb, args, problem);
}

/* "args", with a reference of the caller's own; an empty object when there is none. */
static int take_args(struct json_object *request, struct json_object **ret)
{
	struct json_object *args;

	if (json_object_object_get_ex(request, "args", &args))
		json_object_get(args);
	else
		args = json_object_new_object();
	if (!args && !json_object_object_get_ex(request, "args", NULL))
		return -ENOMEM;
	*ret = args;
	return 0;
}

static int check_request(struct json_object *request, const struct control_verb *verbs,
			 size_t n_verbs, struct control_request *ret, const struct problem *problem)
{
	const struct control_verb *verb = NULL;
	struct json_object *args = NULL;
	int error;

	json_object_object_foreach(request, key, value)
	{
		(void)value;
		error = check_member(key, problem);
		if (error < 0)
			return error;
	}
	error = check_version(request, problem);
	if (error == 0)
		error = find_verb(request, verbs, n_verbs, &verb, problem);
	if (error == 0)
		error = take_args(request, &args);
	if (error < 0)
		return error;
	error = check_args(verb, args, problem);
	if (error < 0) {
		json_object_put(args);
		return error;
	}
	*ret = (struct control_request){ .verb = verb, .args = args };
	return 0;
}

int control_request_parse(const char *line, size_t length, const struct control_verb *verbs,
			  size_t n_verbs, struct control_request *ret, char *why, size_t why_size)
{
	const struct problem problem = { .why = why, .size = why_size };
	struct json_object *request = NULL;
	size_t members = 0;
	int error;

	snprintf(why, why_size, "out of memory");
	error = scan(line, length, &members, &problem);
	/* JSON allows blanks around; json-c in strict mode takes them for more behind the end. */
	while (error == 0 && length && strchr(" \t\r", line[length - 1]))
		length--;
	if (error == 0)
		error = parse_object(line, length, &request, &problem);
	if (error < 0)
		return error;
	/* Of members with one name json-c keeps the last. */
	if (count_members(request) != members)
		error = bad(&problem, "a name comes twice; expected each once");
	else
		error = check_request(request, verbs, n_verbs, ret, &problem);
	json_object_put(request);
	return error;
}
