// SPDX-License-Identifier: GPL-2.0-only
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "format.h"

struct json_object *answer_at(struct json_object *answer, const char *path)
{
	char name[64];

	while (answer && *path) {
		size_t length = strcspn(path, ".");

		if (length >= sizeof(name) || !json_object_is_type(answer, json_type_object))
			return NULL;
		memcpy(name, path, length);
		name[length] = '\0';
		answer = json_object_object_get(answer, name);
		path += length + (path[length] == '.');
	}
	return answer;
}

static bool is_number(struct json_object *value)
{
	return json_object_is_type(value, json_type_int) ||
	       json_object_is_type(value, json_type_double);
}

uint64_t answer_number(struct json_object *answer, const char *path)
{
	struct json_object *value = answer_at(answer, path);

	return is_number(value) ? json_object_get_uint64(value) : 0;
}

int64_t answer_signed(struct json_object *answer, const char *path)
{
	struct json_object *value = answer_at(answer, path);

	return is_number(value) ? json_object_get_int64(value) : 0;
}

const char *answer_text(struct json_object *answer, const char *path)
{
	struct json_object *value = answer_at(answer, path);

	return json_object_is_type(value, json_type_string) ? json_object_get_string(value) : "";
}

bool answer_flag(struct json_object *answer, const char *path)
{
	struct json_object *value = answer_at(answer, path);

	if (json_object_is_type(value, json_type_boolean))
		return json_object_get_boolean(value);
	return answer_number(answer, path) != 0;
}

uint64_t answer_address(struct json_object *answer, const char *path)
{
	return strtoull(answer_text(answer, path), NULL, 16);
}

size_t answer_length(struct json_object *array)
{
	return json_object_is_type(array, json_type_array) ? json_object_array_length(array) : 0;
}

struct json_object *answer_element(struct json_object *array, size_t i)
{
	return i < answer_length(array) ? json_object_array_get_idx(array, i) : NULL;
}

const char *answer_list(struct json_object *answer, const char *path, const char *except,
			char *buffer, size_t size)
{
	struct json_object *object = answer_at(answer, path);
	size_t used = 0;

	buffer[0] = '\0';
	if (!json_object_is_type(object, json_type_object))
		return buffer;
	json_object_object_foreach(object, name, value)
	{
		int n;

		if (!is_number(value) || !json_object_get_uint64(value) ||
		    (except && strcmp(name, except) == 0))
			continue;
		n = snprintf(buffer + used, size - used, "%s%s %llu", used ? ", " : "", WORD(name),
			     (unsigned long long)json_object_get_uint64(value));
		if (n < 0 || (size_t)n >= size - used) {
			buffer[used] = '\0';
			break;
		}
		used += (size_t)n;
	}
	return buffer;
}

uint64_t answer_sum(struct json_object *answer, const char *path, const char *except)
{
	struct json_object *object = answer_at(answer, path);
	uint64_t sum = 0;

	if (!json_object_is_type(object, json_type_object))
		return 0;
	json_object_object_foreach(object, name, value)
	{
		if (is_number(value) && !(except && strcmp(name, except) == 0))
			sum += json_object_get_uint64(value);
	}
	return sum;
}
