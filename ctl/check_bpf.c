// SPDX-License-Identifier: GPL-2.0-only
/* check_bpf.c - what the BPF programs can listen to. */
#include <errno.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_read.h"
#include "check_rows.h"

int check_bpf_here(struct check_env *env)
{
	const struct bpf_hook *hooks;
	int err = bpf_open(NULL, &env->loaded, env->bpf_why, sizeof(env->bpf_why));

	if (err < 0)
		return err;
	hooks = bpf_report(env->loaded, &env->n_hooks);
	if (env->n_hooks > CHECK_HOOKS_MAX)
		env->n_hooks = CHECK_HOOKS_MAX;
	memcpy(env->hooks, hooks, env->n_hooks * sizeof(*hooks));
	return 0;
}

static int btf_is_there(const struct check_env *env)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/kernel/btf/vmlinux", env->sys_root);
	return access(path, F_OK) == 0;
}

void check_btf(const struct check_env *env, struct check *ret)
{
	if (btf_is_there(env)) {
		check_set(ret, CHECK_OK, "the kernel describes its types");
		return;
	}
	check_set(ret, CHECK_NOTE,
		  "the kernel does not describe its types: no BPF program can load");
	check_fix(ret, "boot a kernel built with CONFIG_DEBUG_INFO_BTF=y");
}

void check_bpffs(const struct check_env *env, struct check *ret)
{
	if (check_is_mounted(env, "bpf", "/sys/fs/bpf")) {
		check_set(ret, CHECK_OK, "mounted at /sys/fs/bpf");
		return;
	}
	check_set(ret, CHECK_NOTE,
		  "not mounted at /sys/fs/bpf: nothing to see for bpftool and cat");
	check_fix(ret, "mount -t bpf bpf /sys/fs/bpf");
}

/* CAP_SYS_ADMIN stands for both; "" when nothing is missing. */
static const char *missing_right(const struct check_env *env)
{
	int bpf = check_has_cap(env, CAP_BPF), perfmon = check_has_cap(env, CAP_PERFMON);

	if (check_has_cap(env, CAP_SYS_ADMIN) || (bpf && perfmon))
		return "";
	return bpf ? "CAP_PERFMON" : perfmon ? "CAP_BPF" : "CAP_BPF and CAP_PERFMON";
}

void check_bpf_hooks(const struct check_env *env, struct check *ret)
{
	const char *missing = missing_right(env);
	size_t i, on = 0;

	if (env->bpf_error < 0 && *missing && btf_is_there(env)) {
		check_set(ret, CHECK_UNKNOWN, "may not be tried: needs %s", missing);
		check_fix(ret, "run 'tieredctl check' as root");
		return;
	}
	if (env->bpf_error < 0) {
		check_set(ret, CHECK_NOTE, "%s; tiered sees less, and works from /proc",
			  env->bpf_why);
		return;
	}
	for (i = 0; i < env->n_hooks; i++)
		on += env->hooks[i].enabled;
	check_set(ret, on == env->n_hooks ? CHECK_OK : CHECK_NOTE, "%zu of %zu attach", on,
		  env->n_hooks);
}

size_t check_each_hook(const struct check_env *env, struct check *ret, size_t room)
{
	size_t i;

	for (i = 0; i < env->n_hooks && i < room; i++) {
		const struct bpf_hook *hook = &env->hooks[i];

		memset(&ret[i], 0, sizeof(ret[i]));
		snprintf(ret[i].id, sizeof(ret[i].id), "hook-%s", hook->name);
		snprintf(ret[i].subject, sizeof(ret[i].subject), "%s", hook->name);
		if (hook->enabled) {
			check_set(&ret[i], CHECK_OK, "%s", hook->where);
			continue;
		}
		check_set(&ret[i], CHECK_NOTE, "%s is off: %s; so there are no %s", hook->where,
			  hook->reason, hook->purpose);
		if (strstr(hook->reason, "locked down"))
			check_fix(&ret[i], "boot with lockdown=none, if that is allowed here");
	}
	return i;
}
