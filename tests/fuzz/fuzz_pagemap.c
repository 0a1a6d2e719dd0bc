// SPDX-License-Identifier: GPL-2.0-only
/*
 * Any entries as those of pagemap: a frame is only believed of a page that is present, and
 * frames that no node has are no frames.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "observe/pagemap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t entry, pfn;

	for (; size >= sizeof(entry); data += sizeof(entry), size -= sizeof(entry)) {
		memcpy(&entry, data, sizeof(entry));
		pfn = pagemap_pfn(entry);
		assert(pfn < UINT64_C(1) << 55);
		if (!(entry & PAGEMAP_PRESENT) || (entry & PAGEMAP_SWAPPED))
			assert(pfn == 0);
		else
			assert(pfn == (entry & PAGEMAP_PFN_MASK));
	}
	return 0;
}
