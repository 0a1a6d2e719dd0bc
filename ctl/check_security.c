// SPDX-License-Identifier: GPL-2.0-only
/* check_security.c - what the kernel may deny even to root. */
#include <stdio.h>
#include <string.h>

#include "check_read.h"
#include "check_rows.h"
#include "util/file.h"

void check_lockdown(const struct check_env *env, struct check *ret)
{
	char text[128], mode[64];
	int there = check_read_security(env, "lockdown", text, sizeof(text), ret);

	if (there < 0)
		return;
	if (!there) {
		check_set(ret, CHECK_OK, "this kernel has none");
		return;
	}
	check_choice(text, mode, sizeof(mode));
	if (strcmp(mode, "none") == 0) {
		check_set(ret, CHECK_OK, "none");
	} else if (strcmp(mode, "confidentiality") == 0) {
		check_set(ret, CHECK_WARN,
			  "confidentiality: no BPF program may read the kernel's "
			  "memory, kprobes and tracefs are refused");
		check_fix(ret, "boot with lockdown=integrity or lockdown=none");
	} else {
		check_set(ret, CHECK_NOTE,
			  "%s: BPF programs may write no user memory; hooks on functions may be "
			  "refused (see migration-owners)",
			  mode);
	}
}

/* Is SELinux enforcing? Where it only logs, it denies nothing. */
static int selinux_denies(const struct check_env *env)
{
	char text[8];

	return file_read_text(text, sizeof(text), "%s/fs/selinux/enforce", env->sys_root) > 0 &&
	       text[0] == '1';
}

/* AppArmor denies by profile, and names the caller's. */
static int apparmor_denies(const struct check_env *env)
{
	char text[256];

	if (file_read_text(text, sizeof(text), "%s/self/attr/apparmor/current", env->proc_root) <=
	    0)
		return 0;
	return strncmp(text, "unconfined", 10) != 0;
}

static int yama_denies(const struct check_env *env)
{
	uint64_t scope;

	return file_read_u64(&scope, "%s/sys/kernel/yama/ptrace_scope", env->proc_root) == 0 &&
	       scope >= 2;
}

static int smack_denies(const struct check_env *env)
{
	(void)env;
	return 1;
}

/* Those that may deny what tiered does. What a BPF module attaches nobody can see from here. */
static const struct {
	const char *name;
	int (*denies)(const struct check_env *env);
	const char *what;
	const char *fix;
} modules[] = {
	{ "selinux", selinux_denies, "enforcing: may deny ptrace, bpf() and /sys to tiered",
	  "ausearch -m avc -c tiered shows what was denied" },
	{ "apparmor", apparmor_denies, "confines the caller by a profile",
	  "aa-status names the profile; run tiered unconfined" },
	{ "smack", smack_denies, "may deny ptrace", "give tiered a label that may" },
	{ "yama", yama_denies,
	  "ptrace_scope is 2 or more: no attaching without CAP_SYS_PTRACE (3: none at all); "
	  "pagemap "
	  "and move_pages() go on",
	  "" },
};

static int has_name(const char *list, const char *name)
{
	const size_t length = strlen(name);
	const char *at;

	for (at = list; (at = strstr(at, name)); at += length)
		if ((at == list || at[-1] == ',') && (at[length] == ',' || !at[length]))
			return 1;
	return 0;
}

void check_lsm(const struct check_env *env, struct check *ret)
{
	char list[256], text[768];
	int there = check_read_security(env, "lsm", list, sizeof(list), ret);
	const char *fix = "";
	int denying = 0;
	size_t i;

	if (there < 0)
		return;
	if (!there) {
		check_set(ret, CHECK_OK, "this kernel has none");
		return;
	}
	snprintf(text, sizeof(text), "%s", list);
	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++) {
		if (!has_name(list, modules[i].name) || !modules[i].denies(env))
			continue;
		check_append(text, sizeof(text), "; %s %s", modules[i].name, modules[i].what);
		if (!denying++)
			fix = modules[i].fix;
	}
	if (!denying)
		check_append(text, sizeof(text), "; none is known to deny anything here");
	if (has_name(list, "bpf"))
		check_append(text, sizeof(text), "; programs of bpf, if any, cannot be seen");
	for (i = strcspn(text, ","); text[i] && text[i] != ';'; i++)
		if (text[i] == ',')
			text[i] = ' ';
	check_set(ret, denying ? CHECK_NOTE : CHECK_OK, "%s", text);
	check_fix(ret, "%s", fix);
}
