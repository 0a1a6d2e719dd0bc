// SPDX-License-Identifier: GPL-2.0-only
/* load.c - the conf file and its drop-ins, all or nothing. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "util/cleanup.h"

static int read_whole(const char *path, char **ret_text, size_t *ret_size)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_free char *text = NULL;
	size_t size = 0;

	if (fd < 0)
		return -errno;
	text = malloc(CONFIG_BYTES_MAX + 1);
	if (!text)
		return -ENOMEM;
	for (;;) {
		ssize_t n = read(fd, text + size, CONFIG_BYTES_MAX + 1 - size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		size += (size_t)n;
		if (size > CONFIG_BYTES_MAX)
			return -EFBIG;
	}
	*ret_text = text;
	*ret_size = size;
	text = NULL;
	return 0;
}

static int load_file(const char *path, struct config *config, config_fault_fn *fault, void *arg)
{
	auto_free char *text = NULL;
	size_t size = 0;
	int ret;

	ret = read_whole(path, &text, &size);
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

static int load_drop_ins(const char *path, struct config *config, config_fault_fn *fault, void *arg)
{
	char file[PATH_MAX + 300];
	struct dirent **entries;
	int i, n, ret, faults = 0;

	snprintf(file, sizeof(file), "%s.d", path);
	n = scandir(file, &entries, is_drop_in, alphasort);
	if (n < 0)
		return errno == ENOENT ? 0 : -errno;
	for (i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s.d/%s", path, entries[i]->d_name);
		ret = load_file(file, config, fault, arg);
		if (ret < 0) {
			char line[PATH_MAX + 400];

			snprintf(line, sizeof(line), "%s: %s; expected a readable conf file", file,
				 strerror(-ret));
			fault(arg, line);
			ret = 1;
		}
		faults += ret;
		free(entries[i]);
	}
	free(entries);
	return faults;
}

int config_load(const char *path, struct config *ret_config, config_fault_fn *fault, void *arg)
{
	auto_free struct config *config = malloc(sizeof(*config));
	int faults, ret;

	if (!config)
		return -ENOMEM;
	config_defaults(config);
	ret = load_file(path, config, fault, arg);
	if (ret < 0)
		return ret;
	faults = ret;
	ret = load_drop_ins(path, config, fault, arg);
	if (ret < 0)
		return ret;
	faults += ret;
	if (faults)
		return faults;
	*ret_config = *config;
	return 0;
}
