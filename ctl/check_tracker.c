// SPDX-License-Identifier: GPL-2.0-only
/* check_tracker.c - how hot pages can be found here, and what makes it cheaper. */
#include <fcntl.h>
#include <limits.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check_read.h"
#include "check_rows.h"
#include "config/config.h"
#include "observe/flush.h"
#include "observe/pagemap_scan.h"
#include "observe/tracker.h"
#include "tiered/types.h"
#include "util/cleanup.h"

static const char *tracker_names(char *buffer, size_t size)
{
	const struct tracker_ops *const *trackers;
	size_t i, n;

	trackers = tracker_list(&n);
	buffer[0] = '\0';
	for (i = 0; i < n; i++)
		check_append(buffer, size, "%s%s", i ? ", " : "", trackers[i]->name);
	return buffer;
}

void check_tracker(const struct check_env *env, struct check *ret)
{
	char names[128];

	tracker_names(names, sizeof(names));
	if (env->tracker && env->tracker_why[0]) {
		check_set(ret, CHECK_OK,
			  "%s: %s; better ones cannot be had: %s; this version has: %s",
			  env->tracker->name, env->tracker->summary, env->tracker_why, names);
		return;
	}
	if (env->tracker) {
		check_set(ret, CHECK_OK, "%s: %s; this version has: %s", env->tracker->name,
			  env->tracker->summary, names);
		return;
	}
	/* The kernel may have what a tracker needs: the caller lacks the right to try. */
	if (!check_has_cap(env, CAP_SYS_ADMIN)) {
		check_set(ret, CHECK_UNKNOWN,
			  "may not be tried: needs CAP_SYS_ADMIN and CAP_DAC_OVERRIDE");
		check_fix(ret, "run 'tieredctl check' as root");
		return;
	}
	check_set(ret, CHECK_FAIL, "none works here: %s; this version has: %s", env->tracker_why,
		  names);
	if (strstr(env->tracker_why, "CONFIG_IDLE_PAGE_TRACKING"))
		check_fix(ret, "boot a kernel built with CONFIG_IDLE_PAGE_TRACKING=y");
	else
		check_fix(ret, "tracker = auto in %s, as root, /sys writable", env->conf_path);
}

void check_flush(const struct check_env *env, struct check *ret)
{
	char reason[256];

	if (flush_method_here(env->proc_root, reason, sizeof(reason)) == FLUSH_MOVE) {
		check_set(ret, CHECK_OK, "%s", reason);
		return;
	}
	check_set(ret, CHECK_WARN, "%s, so no page is ever known to be cold", reason);
	check_fix(ret, "x86-64 without INVLPGB, Linux 6.3 or later (where the CPU has it, "
		       "clearcpuid=invlpgb on the kernel command line is a way to try)");
}

/* Asks for one page of our own. */
static int scan_works(const struct check_env *env)
{
	struct scan_region region;
	char path[PATH_MAX], here = 1;
	const uint64_t page = (uintptr_t)&here & ~(TIERED_PAGE_SIZE - 1);
	struct scan_arg request = {
		.size = sizeof(request),
		.start = page,
		.end = page + TIERED_PAGE_SIZE,
		.vec = (uintptr_t)&region,
		.vec_len = 1,
		.category_mask = SCAN_IS_PRESENT,
		.return_mask = SCAN_IS_PRESENT,
	};
	auto_close int fd = -1;

	snprintf(path, sizeof(path), "%s/self/pagemap", env->proc_root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && ioctl(fd, SCAN_IOCTL, &request) >= 0;
}

void check_pagemap_scan(const struct check_env *env, struct check *ret)
{
	if (scan_works(env))
		check_set(ret, CHECK_OK, "there");
	else
		check_set(ret, CHECK_NOTE, "not this kernel (Linux 6.7 has it); optional");
}

void check_companion(const struct check_env *env, struct check *ret)
{
	char path[PATH_MAX];
	auto_fclose FILE *file = NULL;
	char line[128];

	snprintf(path, sizeof(path), "%s/vmstat", env->proc_root);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (strncmp(line, "pgmigrate_defer_flush ", 22) != 0)
			continue;
		check_set(ret, CHECK_OK, "migration defers its TLB flushes");
		return;
	}
	check_set(ret, CHECK_NOTE, "not this kernel; optional");
}
