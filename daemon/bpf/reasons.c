// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/reasons.h"

#include <bpf/btf.h>
#include <string.h>

/* The kernel's name (include/linux/migrate_mode.h); NULL: it has none for that. */
static const struct {
	const char *name;
	const char *kernel;
} reasons[SEEN_REASONS] = {
	[SEEN_TIERED] = { "tiered", NULL },
	[SEEN_SYSCALL] = { "syscall", "MR_SYSCALL" },
	[SEEN_MBIND] = { "mbind", "MR_MEMPOLICY_MBIND" },
	[SEEN_NUMA_BALANCING] = { "numa_balancing", "MR_NUMA_MISPLACED" },
	[SEEN_DEMOTION] = { "demotion", "MR_DEMOTION" },
	[SEEN_COMPACTION] = { "compaction", "MR_COMPACTION" },
	[SEEN_DAMON] = { "damon", "MR_DAMON" },
	[SEEN_HOTPLUG] = { "hotplug", "MR_MEMORY_HOTPLUG" },
	[SEEN_MEMORY_FAILURE] = { "memory_failure", "MR_MEMORY_FAILURE" },
	[SEEN_CONTIG_RANGE] = { "contig_range", "MR_CONTIG_RANGE" },
	[SEEN_LONGTERM_PIN] = { "longterm_pin", "MR_LONGTERM_PIN" },
	[SEEN_UNKNOWN_REASON] = { "unknown", NULL },
};

static uint8_t reason_find(const char *kernel)
{
	for (uint8_t i = 0; kernel && i < SEEN_REASONS; i++)
		if (reasons[i].kernel && !strcmp(reasons[i].kernel, kernel))
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

const char *reasons_name(uint32_t reason)
{
	return reason < SEEN_REASONS ? reasons[reason].name : "?";
}
