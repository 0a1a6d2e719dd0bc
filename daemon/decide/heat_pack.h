/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * heat_pack.h - the states of the pages of a region as they are kept: in seven eighths of the room.
 *
 * Pure. Rates differ from page to page; where a page is, and whether it may be moved, takes few
 * values in one region. So 24 bits of each page are kept as they are, and of the other eight which
 * of at most PACK_KINDS values they have.
 */
#ifndef TIERED_HEAT_PACK_H
#define TIERED_HEAT_PACK_H

#include <stdint.h>

#include "decide/heat_page.h"

#define PACK_PAGES 512
#define PACK_KINDS 16

/**
 * struct pack - 512 pages
 * @low: the low 24 bits of each
 * @kind: four bits of each, an index into @kinds
 * @kinds: what the high bits can be
 */
struct pack {
	uint8_t low[PACK_PAGES * 3];
	uint8_t kind[PACK_PAGES / 2];
	uint8_t kinds[PACK_KINDS];
};

/* 0, or -E2BIG: pages of more kinds than can be told apart; @ret is then unset. */
int pages_pack(const union page pages[PACK_PAGES], struct pack *ret);

void pages_unpack(const struct pack *pack, union page ret_pages[PACK_PAGES]);

#endif
