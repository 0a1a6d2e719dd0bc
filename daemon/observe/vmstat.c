// SPDX-License-Identifier: GPL-2.0-only
#include "observe/vmstat.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/cleanup.h"
#include "util/file.h"

/* Some 200 lines of 30 bytes are 6 KB (7.2). */
#define VMSTAT_BYTES_MAX ((size_t)64 << 10)

static const char *const names[VMSTAT_COUNTERS] = {
	[VMSTAT_PGPROMOTE_SUCCESS] = "pgpromote_success",
	[VMSTAT_PGPROMOTE_CANDIDATE] = "pgpromote_candidate",
	[VMSTAT_PGDEMOTE_KSWAPD] = "pgdemote_kswapd",
	[VMSTAT_PGDEMOTE_DIRECT] = "pgdemote_direct",
	[VMSTAT_PGDEMOTE_KHUGEPAGED] = "pgdemote_khugepaged",
	[VMSTAT_PGDEMOTE_PROACTIVE] = "pgdemote_proactive",
	[VMSTAT_PGMIGRATE_SUCCESS] = "pgmigrate_success",
	[VMSTAT_PGMIGRATE_FAIL] = "pgmigrate_fail",
	[VMSTAT_NUMA_PAGES_MIGRATED] = "numa_pages_migrated",
	[VMSTAT_NR_TLB_REMOTE_FLUSH] = "nr_tlb_remote_flush",
	[VMSTAT_PGSCAN_ANON] = "pgscan_anon",
	[VMSTAT_PGSCAN_FILE] = "pgscan_file",
	[VMSTAT_PGREFILL] = "pgrefill",
	[VMSTAT_NUMA_PTE_UPDATES] = "numa_pte_updates",
	[VMSTAT_DEFER_FOLIOS] = "pgmigrate_defer_flush",
	[VMSTAT_DEFER_BATCHES] = "migrate_flush_deferred",
	[VMSTAT_DEFER_FOLDED] = "migrate_flush_folded",
	[VMSTAT_DEFER_DRAINED] = "migrate_flush_drained",
};

const char *vmstat_name(unsigned int counter)
{
	return counter < VMSTAT_COUNTERS ? names[counter] : "?";
}

/* "NAME VALUE", ended with NUL; anything else is left out. */
static void take_line(const char *line, struct vmstat *vmstat)
{
	size_t i, length = strcspn(line, " ");
	unsigned long long value;
	char *end;

	for (i = 0; i < VMSTAT_COUNTERS; i++)
		if (strlen(names[i]) == length && memcmp(line, names[i], length) == 0)
			break;
	if (i == VMSTAT_COUNTERS || line[length] != ' ' || line[length + 1] < '0' ||
	    line[length + 1] > '9')
		return;
	errno = 0;
	value = strtoull(line + length + 1, &end, 10);
	if (*end || errno)
		return;
	vmstat->value[i] = value;
	vmstat->present |= 1U << i;
}

int vmstat_read(const char *proc_root, struct vmstat *ret)
{
	struct vmstat vmstat = { 0 };
	auto_free char *text = NULL;
	char path[PATH_MAX], *line, *rest;
	size_t size;
	int error;

	if (snprintf(path, sizeof(path), "%s/vmstat", proc_root) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	error = file_read_whole(path, VMSTAT_BYTES_MAX, &text, &size);
	if (error < 0)
		return error;
	/* There is room for one byte more than was asked for. */
	text[size] = '\0';
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		take_line(line, &vmstat);
	*ret = vmstat;
	return 0;
}
