// SPDX-License-Identifier: GPL-2.0-only
/*
 * moved(): between mark() and read() the daemon itself has moved pages.
 *
 * The kernel carries the accessed bit over (is_migration_entry_young(), since Linux 6.1), and
 * flushes; so what mark() has begun to watch is still watched, in another frame. Without a
 * word of it each page that moves makes the 16 of its group unknown, and to be learnt again.
 *
 * A fork in the same moment, which would have to be noticed, makes all pages read-only: where
 * some are, nothing is taken for granted.
 */
#include "target.h"
#include "young_view.h"

void young_moved(void *state, uint32_t target, uint64_t base, const uint64_t pages[8])
{
	struct young *young = state;
	struct young_request request = {
		.start = base, .next = base, .end = base + YOUNG_BLOCK_BYTES, .blocks = 1
	};
	struct young_seat *seat = young_seat_find(young, target);
	struct young_view view;

	if (!seat || !seat->marked)
		return;
	request.fd = young->targets[seat - young->seats]->pagemap_fd;
	if (young->source->read(young->source->arg, &request) < 0 || !request.blocks ||
	    !young_view_open(young, 0, base, base + YOUNG_BLOCK_BYTES, &view))
		return;
	if (view.block->kind == YOUNG_TABLE && view.block->address == base && !view.look.read_only)
		young_region_moved(&seat->regions, base, young->window, &view.look, pages);
}
