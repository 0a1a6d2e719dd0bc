/* SPDX-License-Identifier: GPL-2.0-only */
/* young_walk.h - what the reader of page tables is asked, and what it finds. */
#ifndef TIERED_YOUNG_WALK_H
#define TIERED_YOUNG_WALK_H

#include "types.h"

/* 2 MiB each: what one page table maps. So many a call are 256 KiB of tables, which stay in the L2. */
#define YOUNG_BLOCKS 64
#define YOUNG_BLOCK_PAGES 512
#define YOUNG_BLOCK_BYTES (UINT64_C(1) << 21)

/* Bits of page table entries of x86-64, the same at each level. */
#define YOUNG_PRESENT 0x001u
#define YOUNG_WRITABLE 0x002u
#define YOUNG_ACCESSED 0x020u
#define YOUNG_DIRTY 0x040u
#define YOUNG_LARGE 0x080u /* above the lowest level: no table, a page */
#define YOUNG_FRAME 0x000ffffffffff000ull

enum young_kind {
	YOUNG_TABLE = 1, /* 512 entries, in the table of the same number */
	YOUNG_HUGE,      /* one page of 2 MiB */
	YOUNG_GIANT,     /* one page of 1 GiB */
};

/**
 * struct young_block - a piece of address space with something behind it
 * @address: aligned to its size
 * @entry: of the level above: of the table, or of the page
 * @kind: enum young_kind
 */
struct young_block {
	__u64 address;
	__u64 entry;
	__u32 kind;
	__u32 pad;
};

/* Read two entries at a time. */
struct young_table {
	__u64 entries[YOUNG_BLOCK_PAGES];
} __attribute__((aligned(16)));

/**
 * struct young_found - what a call has found, shared with the program
 * @tables: of blocks of kind YOUNG_TABLE, by the same number
 */
struct young_found {
	struct young_block blocks[YOUNG_BLOCKS];
	__u64 pad[(TIERED_PAGE_SIZE - YOUNG_BLOCKS * sizeof(struct young_block)) / sizeof(__u64)];
	struct young_table tables[YOUNG_BLOCKS];
};

/* The address space has mmu notifiers: who accesses it leaves no bits in these tables. */
#define YOUNG_F_SECONDARY 1u

/**
 * struct young_request - one call of the reader
 * @start, @end: addresses to look at; a block is reported whole that has one of them
 * @next: out: from here on nothing has been looked at; @end or more: all has been
 * @fd: an open /proc/PID/pagemap of the calling process: whose address space
 * @blocks: most to be found, up to YOUNG_BLOCKS; out: how many were, ascending
 * @torn: out: tables that changed while they were read, and were left out
 * @flags: out: YOUNG_F_*
 * @error: out: 0; -ESRCH: the address space is gone; -EBADF: @fd is no pagemap
 */
struct young_request {
	__u64 start;
	__u64 end;
	__u64 next;
	__s32 fd;
	__u32 blocks;
	__u32 torn;
	__u32 flags;
	__s32 error;
	__u32 pad;
};

/**
 * struct young_find - how page tables are to be found, tried on a page of the caller's
 * @address: of the page; at @offset in it are two words made from @seed: young_word()
 * @pfn: frame behind it, as pagemap says
 * @seed: another for each try
 * @base: out: where the kernel has all memory mapped
 * @offset: of the words in the page
 * @fd: as in struct young_request, of the caller itself
 * @levels: out: 4 or 5
 * @error: out: 0; -EBADF: a pagemap does not lead to its address space; -ENOENT: no base;
 *	-EINVAL: tables lead elsewhere than pagemap says
 */
struct young_find {
	__u64 address;
	__u64 pfn;
	__u64 seed;
	__u64 base;
	__u32 offset;
	__s32 fd;
	__u32 levels;
	__s32 error;
};

/* The seed itself is in copies of the request: the words are not. */
#define YOUNG_WORD(seed, i) (((seed) ^ (0x9e3779b97f4a7c15ull * ((i) + 1))) * 0xff51afd7ed558ccdull)

_Static_assert(sizeof(struct young_block) == 24, "shared with the program");
_Static_assert(sizeof(struct young_found) == (YOUNG_BLOCKS + 1) * TIERED_PAGE_SIZE,
	       "shared with the program");
_Static_assert(sizeof(struct young_request) == 48, "shared with the program");
_Static_assert(sizeof(struct young_find) == 48, "shared with the program");

#endif
