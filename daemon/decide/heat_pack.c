// SPDX-License-Identifier: GPL-2.0-only
/* heat_pack.c - the states of the pages of a region as they are kept. */
#include "decide/heat_pack.h"

#include <errno.h>
#include <string.h>

#define LOW_BITS 24
#define LOW ((1u << LOW_BITS) - 1)

/* What has no state has no kind: a tail is where its head is. Heads have a code from 2 on. */
#define CODE_OF_HEADS 0x1ffeu

/* Index of @value among @kinds, which has room for it or not: then PACK_KINDS. */
static unsigned int kind_of(uint8_t kinds[PACK_KINDS], unsigned int *n, uint8_t value)
{
	unsigned int i;

	for (i = 0; i < *n; i++)
		if (kinds[i] == value)
			return i;
	if (*n < PACK_KINDS)
		kinds[(*n)++] = value;
	return i;
}

int pages_pack(const union page pages[PACK_PAGES], struct pack *ret)
{
	unsigned int kind = 0, n = 1, i;

	memset(ret->kind, 0, sizeof(ret->kind));
	memset(ret->kinds, 0, sizeof(ret->kinds));
	ret->kinds[0] = (uint8_t)(pages[0].word >> LOW_BITS);
	for (i = 0; i < PACK_PAGES; i++) {
		const uint32_t word = pages[i].word;

		/* Neighbours are often alike. */
		if (page_is_head(pages[i]) && ret->kinds[kind] != word >> LOW_BITS)
			kind = kind_of(ret->kinds, &n, (uint8_t)(word >> LOW_BITS));
		if (kind == PACK_KINDS)
			return -E2BIG;
		ret->kind[i / 2] |= (uint8_t)(kind << i % 2 * 4);
		ret->low[i * 3] = (uint8_t)word;
		ret->low[i * 3 + 1] = (uint8_t)(word >> 8);
		ret->low[i * 3 + 2] = (uint8_t)(word >> 16);
	}
	return 0;
}

void pages_unpack(const struct pack *pack, union page ret_pages[PACK_PAGES])
{
	unsigned int i;

	for (i = 0; i < PACK_PAGES; i++) {
		uint32_t word, high = pack->kinds[pack->kind[i / 2] >> i % 2 * 4 & 15];

		/* The byte after the last one is that of the first kinds. */
		memcpy(&word, (const uint8_t *)pack + i * 3, sizeof(word));
		word &= LOW;
		ret_pages[i].word = word | (word & CODE_OF_HEADS ? high << LOW_BITS : 0);
	}
}
