// SPDX-License-Identifier: GPL-2.0-only
/* places.c - which file, and which line of it, set what is in force. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"

size_t config_find(const char *section, const char *name)
{
	size_t i, n;
	const struct config_key *keys = config_keys(&n);

	for (i = 0; i < n; i++)
		if (strcmp(keys[i].section, section) == 0 && strcmp(keys[i].name, name) == 0)
			break;
	return i;
}

int config_set(struct config *config, size_t at, const char *value, struct config_place place)
{
	size_t n, length = strlen(value);
	const struct config_key *key = config_keys(&n) + at;
	int ret;

	if (at >= n || length >= CONFIG_VALUE_MAX)
		return -ERANGE;
	ret = key->parse(key, value, (char *)config + key->offset);
	if (ret < 0)
		return ret;
	memcpy(config->values[at], value, length + 1);
	config->places[at] = place;
	return 0;
}

unsigned int config_add_file(struct config *config, const char *path)
{
	char *name = config->files[config->n_files];
	size_t length = strlen(path);

	if (config->n_files == CONFIG_FILES_MAX)
		return 0;
	if (length < CONFIG_FILE_SHOWN)
		memcpy(name, path, length + 1);
	else
		snprintf(name, CONFIG_FILE_SHOWN, "...%s", path + length - CONFIG_FILE_SHOWN + 4);
	return (unsigned int)++config->n_files;
}

const char *config_place(const struct config *config, struct config_place place, char *buffer,
			 size_t size)
{
	if (place.file == CONFIG_PLACE_SET)
		snprintf(buffer, size, "tieredctl set");
	else if (place.file == 0 || place.file > config->n_files)
		snprintf(buffer, size, "default");
	else
		snprintf(buffer, size, "%s:%u", config->files[place.file - 1], place.line);
	return buffer;
}
