// SPDX-License-Identifier: GPL-2.0-only
#include "check_read.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/file.h"

static FILE *open_proc(const struct check_env *env, const char *name)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%s", env->proc_root, name);
	return fopen(path, "re");
}

int check_read_status(const struct check_env *env, const char *name, char *ret_value, size_t size)
{
	auto_fclose FILE *file = open_proc(env, "self/status");
	const size_t length = strlen(name);
	auto_free char *line = NULL;
	size_t room = 0;

	if (!file)
		return -errno;
	while (getline(&line, &room, file) > 0) {
		const char *value;

		if (strncmp(line, name, length) != 0 || line[length] != ':')
			continue;
		value = line + length + 1;
		value += strspn(value, " \t");
		snprintf(ret_value, size, "%.*s", (int)strcspn(value, "\n"), value);
		return 0;
	}
	return -ENODATA;
}

uint64_t check_read_caps(const struct check_env *env, const char *name)
{
	uint64_t caps = 0;
	char text[32];

	if (check_read_status(env, name, text, sizeof(text)) < 0 ||
	    sscanf(text, "%" SCNx64, &caps) != 1)
		return 0;
	return caps;
}

int check_has_cap(const struct check_env *env, unsigned int cap)
{
	return check_read_caps(env, "CapEff") >> cap & 1;
}

int check_is_mounted(const struct check_env *env, const char *type, const char *where)
{
	auto_fclose FILE *file = open_proc(env, "self/mounts");
	auto_free char *line = NULL;
	size_t room = 0;

	while (file && getline(&line, &room, file) > 0) {
		char at[256], kind[64];

		if (sscanf(line, "%*s %255s %63s", at, kind) == 2 && strcmp(kind, type) == 0 &&
		    (!where || strcmp(at, where) == 0))
			return 1;
	}
	return 0;
}

static int is_file_system(const struct check_env *env, const char *type)
{
	auto_fclose FILE *file = open_proc(env, "filesystems");
	auto_free char *line = NULL;
	size_t room = 0;

	while (file && getline(&line, &room, file) > 0) {
		char *name = strrchr(line, '\t');

		line[strcspn(line, "\n")] = '\0';
		if (name && strcmp(name + 1, type) == 0)
			return 1;
	}
	return 0;
}

int check_read_security(const struct check_env *env, const char *name, char *text, size_t size,
			struct check *ret)
{
	int n = file_read_text(text, size, "%s/kernel/security/%s", env->sys_root, name);

	if (n > 0)
		return 1;
	if (n == -ENOENT && is_file_system(env, "securityfs") &&
	    !check_is_mounted(env, "securityfs", "/sys/kernel/security")) {
		check_set(ret, CHECK_UNKNOWN,
			  "/sys/kernel/security is not mounted, so nothing tells");
		check_fix(ret, "mount -t securityfs securityfs /sys/kernel/security");
		return -ENOENT;
	}
	if (n == 0 || n == -ENOENT)
		return 0;
	check_may_not(ret, n, "/sys/kernel/security", "CAP_DAC_READ_SEARCH");
	return n;
}

void check_choice(const char *text, char *ret_word, size_t size)
{
	const char *begin = strchr(text, '[');
	const char *end = begin ? strchr(begin, ']') : NULL;

	if (end)
		snprintf(ret_word, size, "%.*s", (int)(end - begin - 1), begin + 1);
	else
		snprintf(ret_word, size, "%s", text);
}

const char *check_format_nodes(uint64_t mask, char *buffer, size_t size)
{
	unsigned int first, last;

	buffer[0] = '\0';
	for (first = 0; first < 64; first = last + 1) {
		last = first;
		if (!(mask >> first & 1))
			continue;
		while (last < 63 && mask >> (last + 1) & 1)
			last++;
		check_append(buffer, size, "%s%u", buffer[0] ? "," : "", first);
		if (last > first)
			check_append(buffer, size, "-%u", last);
	}
	return buffer;
}

void check_may_not(struct check *check, int error, const char *what, const char *right)
{
	if (error != -EACCES && error != -EPERM) {
		check_set(check, CHECK_UNKNOWN, "%s cannot be read: %s", what, strerror(-error));
		return;
	}
	check_set(check, CHECK_UNKNOWN, "%s may not be read: needs %s", what, right);
	check_fix(check, "run 'tieredctl check' as root");
}

void check_append(char *buffer, size_t size, const char *format, ...)
{
	size_t used = strnlen(buffer, size);
	va_list args;

	if (used >= size)
		return;
	va_start(args, format);
	vsnprintf(buffer + used, size - used, format, args);
	va_end(args);
}
