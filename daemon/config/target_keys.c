// SPDX-License-Identifier: GPL-2.0-only
/* target_keys.c - the keys of [target NAME] sections, into struct target_rule. */
#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "config/parsers.h"

static int parse_glob(const struct config_key *key, const char *value, void *field)
{
	size_t length = strlen(value);

	(void)key;
	if (!length || length >= TARGET_GLOB_MAX)
		return -EINVAL;
	memcpy(field, value, length + 1);
	return 0;
}

static int parse_pid(const struct config_key *key, const char *value, void *field)
{
	uint64_t pid;
	int ret = parsers_count(key, value, &pid);

	if (ret < 0)
		return ret;
	*(uint32_t *)field = (uint32_t)pid;
	return 0;
}

/* The kernel keeps (uid_t)-1 for "no user". */
#define UID_LIMIT (UINT32_MAX - 1)
/* PID_MAX_LIMIT of the kernel on 64-bit machines. */
#define PID_LIMIT 4194304

#define KEY_IN(name, parse, field, min, max, expected, standard, doc)                              \
	{                                                                                          \
		"target", name, parse, offsetof(struct target_rule, field), min, max, expected,    \
			standard, doc                                                              \
	}
#define KEY(name, parse, field, expected, standard, doc)                                           \
	KEY_IN(name, parse, field, 0, UINT64_MAX, expected, standard, doc)

static const struct config_key keys[] = {
	KEY("comm", parse_glob, comm, "expected a command name or glob such as redis-*", "*",
	    "Command name, a glob."),
	KEY("exe", parse_glob, exe, "expected a path or glob such as /usr/bin/*", "*",
	    "Path of the program, a glob."),
	KEY("cgroup", parse_glob, cgroup,
	    "expected a cgroup path or glob such as /system.slice/*.service", "*",
	    "Path of the cgroup below /sys/fs/cgroup, a glob."),
	KEY_IN("uid", parsers_count, uid, 0, UID_LIMIT, "expected a numeric user id", "any",
	       "Real user id."),
	KEY_IN("pid", parse_pid, pid, 1, PID_LIMIT, "expected a process id from 1 to 4194304",
	       "any", "Process id."),
	KEY_IN("min_size", parsers_size, min_size, 0, TARGET_SIZE_DEFAULT - 1,
	       "expected a size such as 64M or 4G", "as in [tiered]",
	       "Resident memory from which on a process of this section is managed."),
	KEY("exclude", parsers_bool, exclude, "expected yes or no", "no",
	    "yes: leave these processes alone."),
};

const struct config_key *config_target_keys(size_t *ret_n)
{
	*ret_n = sizeof(keys) / sizeof(keys[0]);
	return keys;
}
