// SPDX-License-Identifier: GPL-2.0-only
/* load.c - the conf file and its drop-ins, all or nothing. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "util/cleanup.h"
#include "util/file.h"

static int load_file(const char *path, struct config *config, config_fault_fn *fault, void *arg)
{
	auto_free char *text = NULL;
	size_t size = 0;
	int ret;

	ret = file_read_whole(path, CONFIG_BYTES_MAX, &text, &size);
	if (ret < 0)
		return ret;
	return (int)config_parse(path, text, size, config, fault, arg);
}

static int is_drop_in(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".conf") == 0;
}

/* One fault: something beside the main file that is not as it should be. Returns 1. */
static int tell_file(const char *file, int error, const char *expected, config_fault_fn *fault,
		     void *arg)
{
	char line[PATH_MAX + 500];

	snprintf(line, sizeof(line), "%s: %s; expected %s", file, strerror(error), expected);
	fault(arg, line);
	return 1;
}

/* Returns the number of faults. */
static int load_drop_ins(const char *path, struct config *config, config_fault_fn *fault, void *arg)
{
	char file[PATH_MAX + 300];
	struct dirent **entries;
	int i, n, ret, faults = 0;

	snprintf(file, sizeof(file), "%s.d", path);
	n = scandir(file, &entries, is_drop_in, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : tell_file(file, errno, "a folder", fault, arg);
	for (i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s.d/%s", path, entries[i]->d_name);
		ret = load_file(file, config, fault, arg);
		if (ret < 0)
			ret = tell_file(file, -ret, "a readable conf file", fault, arg);
		faults += ret;
		free(entries[i]);
	}
	free(entries);
	return faults;
}

static int load(const char *path, int optional, struct config *ret_config, config_fault_fn *fault,
		void *arg)
{
	auto_free struct config *config = malloc(sizeof(*config));
	int faults;

	if (!config)
		return -ENOMEM;
	config_defaults(config);
	faults = load_file(path, config, fault, arg);
	if (faults == -ENOENT && optional)
		faults = 0;
	if (faults < 0)
		return faults;
	faults += load_drop_ins(path, config, fault, arg);
	/* Half a conf would be told faults that the whole one may not have. */
	if (!faults)
		faults = (int)config_check(config, fault, arg);
	if (faults)
		return faults;
	*ret_config = *config;
	return 0;
}

int config_load(const char *path, struct config *ret_config, config_fault_fn *fault, void *arg)
{
	return load(path, 0, ret_config, fault, arg);
}

int config_load_optional(const char *path, struct config *ret_config, config_fault_fn *fault,
			 void *arg)
{
	return load(path, 1, ret_config, fault, arg);
}
