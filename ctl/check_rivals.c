// SPDX-License-Identifier: GPL-2.0-only
/* check_rivals.c - parts of the kernel that move pages or clear accessed bits as well. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check_read.h"
#include "check_rows.h"
#include "util/file.h"
#include "util/units.h"

/* Bits of kernel.numa_balancing (Documentation/admin-guide/sysctl/kernel.rst). */
#define BALANCING_TIERING 2u

void check_numa_balancing(const struct check_env *env, struct check *ret)
{
	uint64_t mode;
	int err = file_read_u64(&mode, "%s/sys/kernel/numa_balancing", env->proc_root);

	if (err == -ENOENT) {
		check_set(ret, CHECK_OK, "this kernel has none");
		return;
	}
	if (err < 0) {
		check_may_not(ret, err, "kernel.numa_balancing", "CAP_DAC_READ_SEARCH");
		return;
	}
	if (!mode) {
		check_set(ret, CHECK_OK, "off");
		return;
	}
	check_set(ret, CHECK_WARN,
		  "on (%" PRIu64 "%s): moves pages behind tiered's back, and hides "
		  "accesses from it",
		  mode, mode & BALANCING_TIERING ? ", memory tiering: promotes" : "");
	check_fix(ret, "sysctl kernel.numa_balancing=0, and in /etc/sysctl.d");
}

void check_demotion(const struct check_env *env, struct check *ret)
{
	char text[16];
	int on, n = file_read_text(text, sizeof(text), "%s/kernel/mm/numa/demotion_enabled",
				   env->sys_root);

	if (n == -ENOENT) {
		check_set(ret, CHECK_OK, "this kernel has none");
		return;
	}
	if (n >= 0)
		n = units_parse_bool(text, &on);
	if (n < 0) {
		check_may_not(ret, n, "/sys/kernel/mm/numa/demotion_enabled",
			      "CAP_DAC_READ_SEARCH");
		return;
	}
	if (!on) {
		check_set(ret, CHECK_OK, "off: reclaim moves no pages");
		return;
	}
	check_set(ret, CHECK_NOTE,
		  "on: reclaim moves pages to slower nodes, too, by its own order");
	check_fix(ret, "echo false > /sys/kernel/mm/numa/demotion_enabled, unless that is better "
		       "than swapping");
}

void check_mglru(const struct check_env *env, struct check *ret)
{
	uint64_t features;
	int err = file_read_u64(&features, "%s/kernel/mm/lru_gen/enabled", env->sys_root);

	if (err == -ENOENT) {
		check_set(ret, CHECK_OK, "this kernel has none");
		return;
	}
	if (err < 0) {
		check_may_not(ret, err, "/sys/kernel/mm/lru_gen/enabled", "CAP_DAC_READ_SEARCH");
		return;
	}
	if (!features) {
		check_set(ret, CHECK_OK, "off");
		return;
	}
	check_set(ret, CHECK_NOTE,
		  "on (0x%04" PRIx64 "): under memory pressure its aging clears accessed bits, and "
		  "pages look colder than they are",
		  features);
	check_fix(ret, "echo 0 > /sys/kernel/mm/lru_gen/enabled, where that matters");
}
