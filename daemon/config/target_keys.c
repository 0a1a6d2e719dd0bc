// SPDX-License-Identifier: GPL-2.0-only
/* target_keys.c - the keys of [target NAME] sections, into struct target_rule. */
#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "util/units.h"

static int parse_glob(const char *value, void *field)
{
	size_t length = strlen(value);

	if (!length || length >= TARGET_GLOB_MAX)
		return -EINVAL;
	memcpy(field, value, length + 1);
	return 0;
}

static int parse_id(const char *value, uint64_t max, uint64_t *ret_id)
{
	uint64_t id;

	if (strspn(value, "0123456789") != strlen(value) || units_parse_size(value, &id) < 0)
		return -EINVAL;
	if (id > max)
		return -ERANGE;
	*ret_id = id;
	return 0;
}

static int parse_uid(const char *value, void *field)
{
	/* The kernel keeps (uid_t)-1 for "no user". */
	return parse_id(value, UINT32_MAX - 1, field);
}

static int parse_pid(const char *value, void *field)
{
	uint64_t pid;
	/* PID_MAX_LIMIT of the kernel on 64-bit machines. */
	int ret = parse_id(value, 4194304, &pid);

	if (ret < 0)
		return ret;
	if (!pid)
		return -EINVAL;
	*(uint32_t *)field = (uint32_t)pid;
	return 0;
}

static int parse_size(const char *value, void *field)
{
	return units_parse_size(value, field);
}

static int parse_bool(const char *value, void *field)
{
	return units_parse_bool(value, field);
}

#define KEY(name, parse, field, expected, standard, doc)                                           \
	{                                                                                          \
		"target", name, parse, offsetof(struct target_rule, field), expected, standard,    \
			doc                                                                        \
	}

static const struct config_key keys[] = {
	KEY("comm", parse_glob, comm, "expected a command name or glob such as redis-*", "*",
	    "Command name, a glob."),
	KEY("exe", parse_glob, exe, "expected a path or glob such as /usr/bin/*", "*",
	    "Path of the program, a glob."),
	KEY("cgroup", parse_glob, cgroup,
	    "expected a cgroup path or glob such as /system.slice/*.service", "*",
	    "Path of the cgroup below /sys/fs/cgroup, a glob."),
	KEY("uid", parse_uid, uid, "expected a numeric user id", "any", "Real user id."),
	KEY("pid", parse_pid, pid, "expected a process id", "any", "Process id."),
	KEY("min_size", parse_size, min_size, "expected a size such as 64M or 4G", "as in [tiered]",
	    "Resident memory from which on a process of this section is managed."),
	KEY("exclude", parse_bool, exclude, "expected yes or no", "no",
	    "yes: leave these processes alone."),
};

const struct config_key *config_target_keys(size_t *ret_n)
{
	*ret_n = sizeof(keys) / sizeof(keys[0]);
	return keys;
}
