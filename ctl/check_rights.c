// SPDX-License-Identifier: GPL-2.0-only
/* check_rights.c - what the caller may do, and what it is shut in by. */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check_read.h"
#include "check_rows.h"
#include "config/config.h"
#include "observe/caps.h"
#include "observe/targets.h"
#include "util/cleanup.h"

/* PROC_PID_INIT_INO of the kernel: the pid namespace that is there from boot on. */
#define INITIAL_PID_NAMESPACE UINT64_C(4026531836)

static const enum check_verdict verdicts[] = {
	[CAPS_VITAL] = CHECK_FAIL,
	[CAPS_PART] = CHECK_WARN,
	[CAPS_MINOR] = CHECK_NOTE,
};

/* What may be had by asking for it ends nothing. */
static enum check_verdict verdict_without(uint64_t bounding, const struct caps_need *need)
{
	if (need->weight == CAPS_VITAL && caps_suffice(bounding, need))
		return CHECK_WARN;
	return verdicts[need->weight];
}

/* Root drops them or was never given them; what is not in the bounding set cannot be had. */
void check_capabilities(const struct check_env *env, struct check *ret)
{
	const uint64_t effective = check_read_caps(env, "CapEff");
	const uint64_t bounding = check_read_caps(env, "CapBnd");
	enum check_verdict verdict = CHECK_OK;
	char missing[768] = "";
	int bounded = 0;
	size_t i, n;
	const struct caps_need *needed = caps_needed(&n);

	for (i = 0; i < n; i++) {
		if (caps_suffice(effective, &needed[i]))
			continue;
		check_append(missing, sizeof(missing), "%s%s (%s)", missing[0] ? ", " : "",
			     needed[i].name, needed[i].without);
		bounded |= !caps_suffice(bounding, &needed[i]);
		if (verdict < verdict_without(bounding, &needed[i]))
			verdict = verdict_without(bounding, &needed[i]);
	}
	if (!missing[0]) {
		check_set(ret, CHECK_OK, "all that tiered needs");
		return;
	}
	check_set(ret, verdict, "the caller has %s: without %s",
		  bounded ? "not all, nor could it get them (bounding set)" : "not all", missing);
	if (bounded)
		check_fix(ret, "give them to the container (--cap-add) or the unit "
			       "(CapabilityBoundingSet=)");
	else
		check_fix(ret, "run tiered as root, or as its unit does");
}

void check_pid_namespace(const struct check_env *env, struct check *ret)
{
	char path[PATH_MAX], link[64];
	uint64_t inode = 0;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/self/ns/pid", env->proc_root);
	n = readlink(path, link, sizeof(link) - 1);
	if (n < 0 && errno == ENOENT) {
		check_set(ret, CHECK_OK, "this kernel has no pid namespaces");
		return;
	}
	if (n < 0) {
		check_may_not(ret, -errno, "/proc/self/ns/pid", "CAP_SYS_PTRACE");
		return;
	}
	link[n] = '\0';
	if (sscanf(link, "pid:[%" SCNu64 "]", &inode) == 1 && inode == INITIAL_PID_NAMESPACE) {
		check_set(ret, CHECK_OK, "the initial one");
		return;
	}
	check_set(ret, CHECK_FAIL,
		  "not the initial one: processes outside of this container are "
		  "not seen, and pids are not those of the kernel");
	check_fix(ret, "run tiered on the host, or with --pid=host (podman, docker), hostPID: true "
		       "(Kubernetes)");
}

void check_cgroup(const struct check_env *env, struct check *ret)
{
	if (check_is_mounted(env, "cgroup2", NULL)) {
		check_set(ret, CHECK_OK, "version 2 is mounted");
		return;
	}
	check_set(ret, CHECK_NOTE,
		  "version 2 is not mounted: cgroups have no names, and cgroup = in "
		  "[target] fits those of version 1 only");
	check_fix(ret, "boot with systemd.unified_cgroup_hierarchy=1, or mount -t cgroup2 cgroup2 "
		       "/sys/fs/cgroup");
}

/* The hard limit of the caller; UINT64_MAX for none. */
static int read_files_limit(const struct check_env *env, uint64_t *ret_limit)
{
	auto_fclose FILE *file = NULL;
	char path[PATH_MAX], line[256], hard[32];

	snprintf(path, sizeof(path), "%s/self/limits", env->proc_root);
	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "Max open files %*s %31s", hard) != 1)
			continue;
		*ret_limit = strcmp(hard, "unlimited") == 0 ? UINT64_MAX : strtoull(hard, NULL, 10);
		return 0;
	}
	return -ENODATA;
}

void check_files(const struct check_env *env, struct check *ret)
{
	const uint64_t targets = env->config->targets_max;
	const uint64_t wanted = targets * TARGET_FDS + DAEMON_FDS;
	uint64_t limit;
	int err = read_files_limit(env, &limit);

	if (err < 0) {
		check_may_not(ret, err, "/proc/self/limits", "CAP_SYS_PTRACE");
		return;
	}
	if (limit >= wanted || check_has_cap(env, CAP_SYS_RESOURCE)) {
		check_set(ret, CHECK_OK, "room for targets_max = %" PRIu64, targets);
		return;
	}
	check_set(ret, CHECK_NOTE,
		  "the hard limit of %" PRIu64 " has room for %" PRIu64
		  " processes, targets_max is "
		  "%" PRIu64,
		  limit, limit > DAEMON_FDS ? (limit - DAEMON_FDS) / TARGET_FDS : 1, targets);
	check_fix(ret, "LimitNOFILE=%" PRIu64 " in the unit, or ulimit -Hn", wanted);
}
