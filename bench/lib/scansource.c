// SPDX-License-Identifier: GPL-2.0-only
#include "scansource.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

#include "observe/pagemap.h"
#include "observe/pagemap_scan.h"
#include "observe/young_source.h"

#define SCAN_IS_HUGE (UINT64_C(1) << 6)

static struct young_found found;

/* Present and mapped by this process alone counts for writable: what is shared looks protected. */
static uint64_t entry_of(uint64_t entry)
{
	const uint64_t pfn = pagemap_pfn(entry);
	uint64_t bits = YOUNG_PRESENT;

	if (!pfn)
		return 0;
	if (entry & PAGEMAP_EXCLUSIVE && !(entry & PAGEMAP_FILE))
		bits |= YOUNG_WRITABLE;
	return pfn << TIERED_PAGE_SHIFT | bits;
}

static void add_region(const struct scan_region *region, struct young_block *block,
		       struct young_table *table)
{
	uint64_t at = region->start;

	if (region->categories & SCAN_IS_HUGE)
		block->kind = YOUNG_HUGE;
	for (; at < region->end && region->categories & SCAN_IS_YOUNG; at += TIERED_PAGE_SIZE)
		table->entries[(at - block->address) / TIERED_PAGE_SIZE] |= YOUNG_ACCESSED;
}

/* 1 when there is something in the block at @at, 0, or -errno. */
static int read_block(int fd, uint64_t at, struct young_block *block, struct young_table *table)
{
	struct scan_region regions[YOUNG_BLOCK_PAGES];
	struct scan_arg arg = {
		.size = sizeof(arg),
		.start = at,
		.end = at + YOUNG_BLOCK_BYTES,
		.vec = (uintptr_t)regions,
		.vec_len = YOUNG_BLOCK_PAGES,
		.category_mask = SCAN_IS_PRESENT,
		.return_mask = SCAN_IS_YOUNG | SCAN_IS_HUGE,
	};
	int i, n;

	if (pread(fd, table->entries, sizeof(table->entries), (off_t)(at / TIERED_PAGE_SIZE * 8)) !=
	    sizeof(table->entries))
		return -ESRCH;
	for (i = 0; i < YOUNG_BLOCK_PAGES; i++)
		table->entries[i] = entry_of(table->entries[i]);
	n = ioctl(fd, SCAN_IOCTL, &arg);
	if (n < 0)
		return -errno;
	*block = (struct young_block){ .address = at, .kind = YOUNG_TABLE };
	for (i = 0; i < n; i++)
		add_region(&regions[i], block, table);
	if (block->kind == YOUNG_HUGE)
		block->entry = table->entries[0] | YOUNG_LARGE;
	return n > 0;
}

static int scan_read(void *arg, struct young_request *request)
{
	uint64_t at = request->start & ~(YOUNG_BLOCK_BYTES - 1);
	uint32_t n = 0;
	int ret;

	(void)arg;
	for (; at < request->end && n < request->blocks; at += YOUNG_BLOCK_BYTES) {
		ret = read_block(request->fd, at, &found.blocks[n], &found.tables[n]);
		if (ret < 0)
			return ret;
		n += (uint32_t)ret;
	}
	request->blocks = n;
	request->next = at;
	request->flags = 0;
	return 0;
}

static const struct young_source source = { .read = scan_read, .found = &found };

const struct young_source *scansource(void)
{
	return pagemap_clear_probe("/proc") == 0 ? &source : NULL;
}
