// SPDX-License-Identifier: GPL-2.0-only
/* check.c - the table of checks, and what several of them need. */
#include "check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/damon.h"
#include "bpf/young.h"
#include "check_rows.h"
#include "config/config.h"
#include "ctl.h"
#include "observe/topology.h"
#include "observe/tracker.h"
#include "observe/young_source.h"
#include "undo/undo.h"
#include "util/kdamond.h"

/* In the order in which they are shown: what decides first, then what is in the way. */
static const struct check_row rows[] = {
	{ "tiers", "memory tiers", check_tiers, NULL },
	{ "tier-order", "tier order", check_tier_order, NULL },
	{ "nodes", "memory nodes", check_nodes, NULL },
	{ "mems-allowed", "allowed nodes", check_mems_allowed, NULL },
	{ "tracker", "tracker", check_tracker, NULL },
	{ "flush", "TLB flush", check_flush, NULL },
	{ "numa-balancing", "NUMA balancing", check_numa_balancing, NULL },
	{ "demotion", "demotion", check_demotion, NULL },
	{ "mglru", "MGLRU", check_mglru, NULL },
	{ "damon", "DAMON", check_damon, NULL },
	{ "damon-stat", "DAMON_STAT", check_damon_stat, NULL },
	{ "thp", "huge pages", check_huge_pages, NULL },
	{ "capabilities", "capabilities", check_capabilities, NULL },
	{ "lockdown", "lockdown", check_lockdown, NULL },
	{ "lsm", "security modules", check_lsm, NULL },
	{ "pid-namespace", "pid namespace", check_pid_namespace, NULL },
	{ "cgroup", "cgroups", check_cgroup, NULL },
	{ "nofile", "open files", check_files, NULL },
	{ "btf", "BTF", check_btf, NULL },
	{ "bpffs", "bpffs", check_bpffs, NULL },
	{ "bpf-hooks", "BPF hooks", check_bpf_hooks, NULL },
	{ NULL, NULL, NULL, check_each_hook },
	{ "pagemap-scan", "PAGEMAP_SCAN", check_pagemap_scan, NULL },
	{ "companion", "companion kernel", check_companion, NULL },
	{ "conf", "conf", check_conf, NULL },
	{ "daemon", "daemon", check_daemon, NULL },
};

static void keep_first_fault(void *arg, const char *line)
{
	struct check_env *env = arg;

	if (!env->conf_fault[0])
		snprintf(env->conf_fault, sizeof(env->conf_fault), "%s", line);
}

static int open_conf(struct check_env *env)
{
	struct config *config = calloc(1, sizeof(*config));

	if (!config)
		return -ENOMEM;
	config_defaults(config);
	env->config = config;
	env->conf_fault[0] = '\0';
	env->conf_error =
		env->conf_required
			? config_load(env->conf_path, config, keep_first_fault, env)
			: config_load_optional(env->conf_path, config, keep_first_fault, env);
	return env->conf_error == -ENOMEM ? -ENOMEM : 0;
}

static void open_tracker(struct check_env *env)
{
	const struct config *config = env->config;
	struct bpf *bpf = config->bpf ? env->loaded : NULL;
	/* The kdamond of a daemon at work is no reason against that tracker. */
	uint64_t noted = undo_noted_kdamond(UNDO_RUN_DIR);
	const struct damon_setup damon = {
		.source = bpf_damon(bpf),
		.mark = noted ? noted : kdamond_mark(),
	};
	struct young_setup young = {
		.source = bpf_young(bpf),
		.lock_max_ns = config->young_lock_max_ns,
		.lock_share_ppm = config->young_lock_share_ppm,
	};
	const struct tracker_env machine = {
		.topology = env->topology,
		.proc_root = env->proc_root,
		.sys_root = env->sys_root,
		.damon = &damon,
		.young = &young,
	};

	snprintf(young.clear, sizeof(young.clear), "%s", config->young_clear);
	env->tracker = NULL;
	tracker_choose(config->tracker, &machine, &env->tracker, env->tracker_why,
		       sizeof(env->tracker_why));
}

int check_env_open(struct check_env *env)
{
	const struct config_tiers *tiers;
	int err = open_conf(env);

	if (err < 0) {
		check_env_close(env);
		return err;
	}
	tiers = &env->config->tiers;
	env->topology = NULL;
	env->topology_error = topology_read(
		env->sys_root, env->proc_root, tiers->count ? tiers->nodes : NULL, tiers->count,
		&env->topology, env->topology_why, sizeof(env->topology_why));
	if (env->topology_error < 0 && !env->topology_why[0])
		snprintf(env->topology_why, sizeof(env->topology_why), "%s",
			 strerror(-env->topology_error));
	env->n_hooks = 0;
	env->bpf_error = env->bpf(env);
	open_tracker(env);
	bpf_close(env->loaded);
	env->loaded = NULL;
	return 0;
}

void check_env_close(struct check_env *env)
{
	topology_free(env->topology);
	free(env->config);
	env->topology = NULL;
	env->config = NULL;
}

size_t check_run(const struct check_env *env, struct check *ret, size_t room)
{
	size_t i, n = 0;

	for (i = 0; i < sizeof(rows) / sizeof(rows[0]) && n < room; i++) {
		const struct check_row *row = &rows[i];

		if (row->run_many) {
			n += row->run_many(env, ret + n, room - n);
			continue;
		}
		memset(&ret[n], 0, sizeof(ret[n]));
		snprintf(ret[n].id, sizeof(ret[n].id), "%s", row->id);
		snprintf(ret[n].subject, sizeof(ret[n].subject), "%s", row->subject);
		row->run(env, &ret[n++]);
	}
	return n;
}

const char *check_verdict_name(enum check_verdict verdict)
{
	static const char *const names[CHECK_VERDICTS] = {
		[CHECK_OK] = "ok",     [CHECK_NOTE] = "note", [CHECK_UNKNOWN] = "unknown",
		[CHECK_WARN] = "warn", [CHECK_FAIL] = "fail",
	};

	return names[verdict];
}

enum check_verdict check_worst(const struct check *checks, size_t n)
{
	enum check_verdict worst = CHECK_OK;
	size_t i;

	for (i = 0; i < n; i++)
		if (checks[i].verdict > worst)
			worst = checks[i].verdict;
	return worst;
}

int check_status(enum check_verdict worst)
{
	return worst >= CHECK_WARN ? CTL_FAILED : CTL_OK;
}

static void __attribute__((format(printf, 3, 0)))
write_clean(char *text, size_t size, const char *format, va_list args)
{
	vsnprintf(text, size, format, args);
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			*text = '?';
}

void check_set(struct check *check, enum check_verdict verdict, const char *format, ...)
{
	va_list args;

	check->verdict = verdict;
	va_start(args, format);
	write_clean(check->finding, sizeof(check->finding), format, args);
	va_end(args);
}

void check_fix(struct check *check, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	write_clean(check->fix, sizeof(check->fix), format, args);
	va_end(args);
}
