/* SPDX-License-Identifier: GPL-2.0-only */
/* cgroup.h - from the number of a cgroup, which is all that BPF knows, to its path. */
#ifndef TIERED_CGROUP_H
#define TIERED_CGROUP_H

#include <stddef.h>
#include <stdint.h>

/*
 * cgroup_path() - path below the root of the unified hierarchy, "/" for the root
 * @id: cgroup v2 id, the inode number of its folder
 *
 * Needs CAP_DAC_READ_SEARCH (open_by_handle_at(2)). 0; -ESTALE when there is no
 * such cgroup (any more); or -errno. @ret_path is "" then.
 */
int cgroup_path(const char *sys_root, uint64_t id, char *ret_path, size_t size);

#endif
