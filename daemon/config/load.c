// SPDX-License-Identifier: GPL-2.0-only
/* load.c - the conf file and its drop-ins, all or nothing. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/config.h"
#include "util/cleanup.h"
#include "util/file.h"

/* One fault of a file as a whole. Returns 1. */
static int __attribute__((format(printf, 4, 5)))
tell_file(const char *file, config_fault_fn *fault, void *arg, const char *format, ...)
{
	char what[256], line[PATH_MAX + 600];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	snprintf(line, sizeof(line), "%s: %s", file, what);
	fault(arg, line);
	return 1;
}

/*
 * Who can write to the conf can tell root's daemon what to do, so for root it
 * has to be root's alone. Returns the number of faults.
 */
static int check_owner(const char *path, const struct stat *status, config_fault_fn *fault,
		       void *arg)
{
	int faults = 0;

	if (geteuid() != 0)
		return 0;
	if (status->st_uid != 0)
		faults += tell_file(path, fault, arg, "owned by uid %u; expected root",
				    (unsigned int)status->st_uid);
	if (status->st_mode & (S_IWGRP | S_IWOTH))
		faults += tell_file(path, fault, arg,
				    "mode 0%03o lets others than root write; expected chmod go-w",
				    (unsigned int)status->st_mode & 0777);
	return faults;
}

/* Looks at what it has opened: the name may stand for another file the next moment. */
static int load_file(const char *path, struct config *config, config_fault_fn *fault, void *arg)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	auto_free char *text = NULL;
	struct stat status;
	size_t size = 0;
	int ret, faults;

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	if (!S_ISREG(status.st_mode))
		return tell_file(path, fault, arg, "neither text nor a file; expected a conf file");
	faults = check_owner(path, &status, fault, arg);
	ret = file_read_open(fd, CONFIG_BYTES_MAX, &text, &size);
	if (ret < 0)
		return ret;
	return faults + (int)config_parse(path, text, size, config, fault, arg);
}

static int is_drop_in(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return entry->d_name[0] != '.' && length > 5 &&
	       strcmp(entry->d_name + length - 5, ".conf") == 0;
}

/* The folder of drop-ins; 0 when there is none, or the number of faults. */
static int check_folder(const char *folder, config_fault_fn *fault, void *arg)
{
	struct stat status;

	if (stat(folder, &status) < 0)
		return errno == ENOENT ? 0
				       : tell_file(folder, fault, arg, "%s; expected a folder",
						   strerror(errno));
	return check_owner(folder, &status, fault, arg);
}

/* Returns the number of faults. */
static int load_drop_ins(const char *path, struct config *config, config_fault_fn *fault, void *arg)
{
	char file[PATH_MAX + 300];
	struct dirent **entries;
	int i, n, ret, faults;

	snprintf(file, sizeof(file), "%s.d", path);
	faults = check_folder(file, fault, arg);
	n = scandir(file, &entries, is_drop_in, alphasort);
	if (n < 0)
		return errno == ENOENT || faults
			       ? faults
			       : tell_file(file, fault, arg, "%s; expected a folder",
					   strerror(errno));
	for (i = 0; i < n; i++) {
		snprintf(file, sizeof(file), "%s.d/%s", path, entries[i]->d_name);
		ret = load_file(file, config, fault, arg);
		if (ret < 0)
			ret = tell_file(file, fault, arg, "%s; expected a readable conf file",
					strerror(-ret));
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
