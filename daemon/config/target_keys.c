// SPDX-License-Identifier: GPL-2.0-only
/* target_keys.c - the keys of [target NAME] sections, into struct target_rule. */
#include <errno.h>
#include <string.h>

#include "config/config.h"
#include "config/parsers.h"
#include "tiered/policy.h"

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

/* "none" (the most there is), or a share. */
static int parse_most(const struct config_key *key, const char *value, void *field)
{
	if (strcmp(value, "none") == 0) {
		*(struct units_share *)field = (struct units_share){ .bytes = UINT64_MAX };
		return 0;
	}
	return parsers_share(key, value, field);
}

static int parse_shared(const struct config_key *key, const char *value, void *field)
{
	static const char *const names[] = { [TARGET_SHARED_NEVER] = "never",
					     [TARGET_SHARED_MANAGED] = "managed",
					     [TARGET_SHARED_ALL] = "all" };

	(void)key;
	return parsers_word(value, names, sizeof(names) / sizeof(names[0]), field);
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
	KEY("fast_min", parsers_share, fast_min,
	    "expected a share such as 20% or a size such as 4G", "0",
	    "Part of the fastest tier that its processes together keep whoever else is hotter,\n"
	    "and that they are given as far as they have pages that are not idle."),
	KEY("fast_max", parse_most, fast_max,
	    "expected none, a share such as 50% or a size such as 16G", "none",
	    "Most of the fastest tier that they get together; what lies there beyond it leaves."),
	KEY_IN("priority", parsers_count, priority, 1, GROUP_PRIORITY_MAX,
	       "expected a number from 1 to 1000", "100",
	       "Weight against other sections: of pages that are about as hot (within a factor of\n"
	       "six) each section gets places in the fastest tier by its priority. Hotter pages\n"
	       "come first whatever the priority."),
	KEY("promote", parsers_bool, promote, "expected yes or no", "yes",
	    "no: pages of these processes are not moved to faster memory."),
	KEY("demote", parsers_bool, demote, "expected yes or no", "yes",
	    "no: pages of these processes are not moved to slower memory."),
	KEY("shared", parse_shared, shared, "expected never, managed or all", "managed",
	    "Pages that several processes map (after a fork, or shared memory). never: they stay.\n"
	    "managed: they move when all processes that map them are managed, at the same\n"
	    "address, and none of these says never. all: they move."),
	KEY("exclude", parsers_bool, exclude, "expected yes or no", "no",
	    "yes: leave these processes alone."),
};

const struct config_key *config_target_keys(size_t *ret_n)
{
	*ret_n = sizeof(keys) / sizeof(keys[0]);
	return keys;
}
