// SPDX-License-Identifier: GPL-2.0-only
/* check_memory.c - nodes and tiers, and which of them the caller may use. */
#include <errno.h>
#include <string.h>

#include "check_read.h"
#include "check_rows.h"
#include "observe/proc.h"
#include "observe/topology.h"
#include "util/file.h"
#include "util/units.h"

void check_tiers(const struct check_env *env, struct check *ret)
{
	char text[512];
	size_t n;

	if (!env->topology && env->topology_error == -EACCES) {
		check_may_not(ret, env->topology_error, "/proc/zoneinfo", "CAP_DAC_READ_SEARCH");
		return;
	}
	if (!env->topology) {
		check_set(ret, CHECK_FAIL, "not known: %s", env->topology_why);
		if (env->topology_error == -EINVAL)
			check_fix(ret, "correct [tiers] order in %s", env->conf_path);
		return;
	}
	topology_describe(env->topology, text, sizeof(text));
	if (topology_tiers(env->topology) > 1) {
		check_set(ret, CHECK_OK, "%s", text);
		return;
	}
	check_set(ret, CHECK_FAIL, "only one, nothing to tier: %s", text);
	topology_nodes(env->topology, &n);
	if (n > 1)
		check_fix(ret, "if some nodes are slower, name the tiers in [tiers] order, "
			       "fastest first, such as order = 0 > 1");
	else
		check_fix(ret, "add memory of another speed: a CXL expander, persistent memory");
}

static int read_nodes(const struct check_env *env, const char *file, uint64_t *ret_mask)
{
	char text[512];
	int n = file_read_text(text, sizeof(text), "%s/devices/system/node/%s", env->sys_root,
			       file);

	if (n < 0)
		return n;
	*ret_mask = 0;
	return n ? units_parse_nodes(text, ret_mask) : 0;
}

void check_nodes(const struct check_env *env, struct check *ret)
{
	uint64_t online, memory, cpus;
	char names[64], text[256] = "";
	int err = read_nodes(env, "online", &online);

	if (err == 0)
		err = read_nodes(env, "has_memory", &memory);
	if (err == 0)
		err = read_nodes(env, "has_cpu", &cpus);
	if (err == -ENOENT) {
		check_set(ret, CHECK_FAIL, "this kernel knows no memory nodes");
		check_fix(ret, "boot a kernel with CONFIG_NUMA=y, without numa=off");
		return;
	}
	if (err < 0) {
		check_may_not(ret, err, "/sys/devices/system/node", "CAP_DAC_READ_SEARCH");
		return;
	}
	check_format_nodes(online, names, sizeof(names));
	check_append(text, sizeof(text), "online: %s", names);
	if (online & ~cpus)
		check_append(text, sizeof(text), "; without CPUs: %s",
			     check_format_nodes(online & ~cpus, names, sizeof(names)));
	if (online & ~memory)
		check_append(text, sizeof(text),
			     "; without memory: %s (what runs there uses memory of other nodes)",
			     check_format_nodes(online & ~memory, names, sizeof(names)));
	check_set(ret, online & ~memory ? CHECK_NOTE : CHECK_OK, "%s", text);
}

/* Pages that come to a node are allocated by who moves them: its cpuset counts, too. */
void check_mems_allowed(const struct check_env *env, struct check *ret)
{
	const struct topology_node *nodes;
	uint64_t allowed, excluded = 0, all = 0;
	char text[512], names[64];
	size_t i, n;
	int err = check_read_status(env, "Mems_allowed", text, sizeof(text));

	if (err == 0)
		err = proc_parse_mask(text, &allowed);
	if (err < 0 || !env->topology) {
		check_set(ret, CHECK_UNKNOWN, "cannot be told: %s",
			  err < 0 ? "/proc/self/status names none"
				  : "the memory nodes are not known");
		return;
	}
	nodes = topology_nodes(env->topology, &n);
	for (i = 0; i < n; i++) {
		all |= UINT64_C(1) << nodes[i].id;
		if (!(allowed >> nodes[i].id & 1))
			excluded |= UINT64_C(1) << nodes[i].id;
	}
	if (!excluded) {
		check_set(ret, CHECK_OK, "the caller's cpuset has all nodes with memory");
		return;
	}
	check_set(ret, CHECK_WARN,
		  "the caller's cpuset leaves out %s: run from here, tiered can move no page there",
		  check_format_nodes(excluded, names, sizeof(names)));
	check_fix(ret, "run tiered where cpuset.mems is %s (AllowedMemoryNodes= of its unit)",
		  check_format_nodes(all, names, sizeof(names)));
}

void check_huge_pages(const struct check_env *env, struct check *ret)
{
	char text[64], mode[32];
	int n = file_read_text(text, sizeof(text), "%s/kernel/mm/transparent_hugepage/enabled",
			       env->sys_root);

	if (n == -ENOENT) {
		check_set(ret, CHECK_OK, "this kernel has no transparent huge pages");
		return;
	}
	if (n < 0) {
		check_may_not(ret, n, "/sys/kernel/mm/transparent_hugepage", "CAP_DAC_READ_SEARCH");
		return;
	}
	check_choice(text, mode, sizeof(mode));
	if (strcmp(mode, "always") != 0) {
		check_set(ret, CHECK_OK, "%s: %s", mode,
			  strcmp(mode, "never") == 0 ? "there are none"
						     : "where programs ask for them");
		return;
	}
	check_set(ret, CHECK_NOTE,
		  "always: a huge page has one accessed bit and moves as a whole, hot or not");
	check_fix(ret, "echo madvise > /sys/kernel/mm/transparent_hugepage/enabled, if hot and "
		       "cold data lie close together");
}
