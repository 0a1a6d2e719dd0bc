// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/reasons.h"

#include <bpf/btf.h>
#include <string.h>

/* The kernel's names (include/linux/migrate_mode.h); NULL: it has none for that. */
static const char *const kernel_names[SEEN_REASONS] = {
	[SEEN_SYSCALL] = "MR_SYSCALL",
	[SEEN_MBIND] = "MR_MEMPOLICY_MBIND",
	[SEEN_NUMA_BALANCING] = "MR_NUMA_MISPLACED",
	[SEEN_DEMOTION] = "MR_DEMOTION",
	[SEEN_COMPACTION] = "MR_COMPACTION",
	[SEEN_DAMON] = "MR_DAMON",
	[SEEN_HOTPLUG] = "MR_MEMORY_HOTPLUG",
	[SEEN_MEMORY_FAILURE] = "MR_MEMORY_FAILURE",
	[SEEN_CONTIG_RANGE] = "MR_CONTIG_RANGE",
	[SEEN_LONGTERM_PIN] = "MR_LONGTERM_PIN",
};

static uint8_t reason_find(const char *kernel)
{
	for (uint8_t i = 0; kernel && i < SEEN_REASONS; i++)
		if (kernel_names[i] && !strcmp(kernel_names[i], kernel))
			return i;
	return SEEN_UNKNOWN_REASON;
}

void reasons_read(const struct btf *kernel, uint8_t *ret_seen, size_t n)
{
	int id = btf__find_by_name_kind(kernel, "migrate_reason", BTF_KIND_ENUM);
	const struct btf_type *type = id > 0 ? btf__type_by_id(kernel, (uint32_t)id) : NULL;
	const struct btf_enum *values = type ? btf_enum(type) : NULL;

	memset(ret_seen, SEEN_UNKNOWN_REASON, n);
	for (uint32_t i = 0; type && i < btf_vlen(type); i++)
		if (values[i].val >= 0 && (size_t)values[i].val < n)
			ret_seen[values[i].val] =
				reason_find(btf__name_by_offset(kernel, values[i].name_off));
}
