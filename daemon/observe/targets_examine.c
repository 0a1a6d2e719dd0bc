// SPDX-License-Identifier: GPL-2.0-only
/* Looks at one process through files of /proc that do not take its mmap_lock. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "targets_internal.h"

/* FNV-1a: only asked whether two paths of one process differ. Never 0. */
static uint64_t path_hash(const char *path)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) * UINT64_C(0x100000001b3);
	return hash | 1;
}

int targets_is_user_process(const struct proc_stat *stat)
{
	if (stat->flags & PROC_FLAG_KTHREAD)
		return 0;
	/* Zombies and the dying have no memory any more. */
	if (stat->state == 'Z' || stat->state == 'X')
		return 0;
	return stat->pid > 1 && stat->pid != (uint32_t)getpid();
}

/* 1 when a rule wants it. A process that left meanwhile is not wanted. */
static int is_wanted(const struct targets *targets, const char *proc_root, int held,
		     struct candidate *candidate)
{
	const struct targets_config *config = &targets->config;
	char exe[TARGET_GLOB_MAX * 4] = "", cgroup[TARGET_GLOB_MAX * 4] = "";
	const uint32_t pid = candidate->stat.pid;
	struct target_traits traits = {
		.comm = candidate->stat.comm,
		.exe = exe,
		.cgroup = cgroup,
		.rss_bytes = candidate->stat.rss_pages * TIERED_PAGE_SIZE,
		.pid = pid,
	};

	if (traits.rss_bytes < (held ? targets->least / 2 : targets->least))
		return 0;
	/* Unreadable traits must not slip past an exclude: such a process is left alone. */
	if (proc_read_exe(proc_root, pid, exe, sizeof(exe)) < 0 &&
	    (targets->needs & TARGETS_NEED_EXE))
		return 0;
	if ((targets->needs & TARGETS_NEED_UID) && proc_read_uid(proc_root, pid, &traits.uid) < 0)
		return 0;
	if ((targets->needs & TARGETS_NEED_CGROUP) &&
	    proc_read_cgroup(proc_root, pid, cgroup, sizeof(cgroup)) < 0)
		return 0;
	candidate->uid = traits.uid;
	candidate->exe_hash = exe[0] ? path_hash(exe) : 0;
	return targets_choose(config->rules, config->n_rules, config->size_min, held, &traits,
			      &candidate->rule);
}

static int is_new_program(const struct known *known, const struct candidate *candidate)
{
	if (known->wanted.key.start_ns != candidate->stat.start_ns || known->execed)
		return 1;
	return known->exe_hash && candidate->exe_hash && known->exe_hash != candidate->exe_hash;
}

static int candidate_add(struct candidates *found, const struct candidate *candidate)
{
	if (found->n == found->room) {
		size_t room = found->room ? found->room * 2 : 64;
		struct candidate *list = reallocarray(found->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		found->list = list;
		found->room = room;
	}
	found->list[found->n++] = *candidate;
	return 0;
}

int targets_examine(struct targets *targets, const char *proc_root, uint32_t pid,
		    struct candidates *found)
{
	struct known *known = targets_known(targets, pid);
	struct candidate candidate = { .fresh = 1 };
	int held;

	if (proc_read_stat(proc_root, pid, &candidate.stat) < 0 || candidate.stat.pid != pid ||
	    !targets_is_user_process(&candidate.stat))
		return 0;
	found->processes++;
	if (known && known->wanted.key.start_ns != candidate.stat.start_ns)
		known = NULL;
	if (known)
		known->alive = 1;
	held = known && known->held && !known->execed;
	if (!is_wanted(targets, proc_root, held, &candidate))
		return 0;
	if (known)
		candidate.fresh = (uint8_t)is_new_program(known, &candidate);
	if (known && known->refused && !candidate.fresh) {
		found->refused++;
		return 0;
	}
	/* Who is in goes before a newcomer of about the same size. */
	candidate.weight = candidate.stat.rss_pages + (held ? candidate.stat.rss_pages / 4 : 0);
	return candidate_add(found, &candidate);
}
