/* SPDX-License-Identifier: GPL-2.0-only */
/* check_rows.h - the checks, by the file they are in, for the table in check.c. */
#ifndef TIERED_CTL_CHECK_ROWS_H
#define TIERED_CTL_CHECK_ROWS_H

#include "check.h"

/* check_memory.c */
void check_tiers(const struct check_env *env, struct check *ret);
void check_nodes(const struct check_env *env, struct check *ret);
void check_mems_allowed(const struct check_env *env, struct check *ret);
void check_huge_pages(const struct check_env *env, struct check *ret);

/* check_order.c */
void check_tier_order(const struct check_env *env, struct check *ret);

/* check_tracker.c */
void check_tracker(const struct check_env *env, struct check *ret);
void check_flush(const struct check_env *env, struct check *ret);
void check_pagemap_scan(const struct check_env *env, struct check *ret);
void check_companion(const struct check_env *env, struct check *ret);

/* check_rivals.c */
void check_numa_balancing(const struct check_env *env, struct check *ret);
void check_demotion(const struct check_env *env, struct check *ret);
void check_mglru(const struct check_env *env, struct check *ret);

/* check_damon.c */
void check_damon(const struct check_env *env, struct check *ret);
void check_damon_stat(const struct check_env *env, struct check *ret);

/* check_bpf.c */
void check_btf(const struct check_env *env, struct check *ret);
void check_bpffs(const struct check_env *env, struct check *ret);
void check_bpf_hooks(const struct check_env *env, struct check *ret);
size_t check_each_hook(const struct check_env *env, struct check *ret, size_t room);

/* check_rights.c */
void check_capabilities(const struct check_env *env, struct check *ret);
void check_pid_namespace(const struct check_env *env, struct check *ret);
void check_cgroup(const struct check_env *env, struct check *ret);
void check_files(const struct check_env *env, struct check *ret);

/* check_security.c */
void check_lockdown(const struct check_env *env, struct check *ret);
void check_lsm(const struct check_env *env, struct check *ret);

/* check_daemon.c */
void check_conf(const struct check_env *env, struct check *ret);
void check_daemon(const struct check_env *env, struct check *ret);

#endif
