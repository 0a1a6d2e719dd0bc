/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * idle_bitmap.h - /sys/kernel/mm/page_idle/bitmap, one bit per frame
 * (Documentation/admin-guide/mm/idle_page_tracking.rst).
 *
 * The kernel takes at most 4096 bytes per call: 32,768 frames, 128 MiB. Marks
 * are gathered in chunks of that size, whatever process and address they come
 * from; then a call per chunk writes them all. Nothing needs sorting, and 1 GiB
 * of memory that lies together costs 8 or 9 calls each way.
 *
 * Writing a 1 makes the kernel clear the accessed bits of all mappings of the
 * folio and set its idle flag; zeros change nothing. Reading tests the accessed
 * bits of folios that are idle. Frames that are not the head of a folio on an
 * LRU list are passed over both ways and read as 0: folio.h tells them apart
 * from accessed ones.
 */
#ifndef TIERED_IDLE_BITMAP_H
#define TIERED_IDLE_BITMAP_H

#include <stddef.h>
#include <stdint.h>

#define IDLE_CHUNK_SHIFT 15
#define IDLE_CHUNK_WORDS 512
#define IDLE_WORD_BITS 64

/* 2^22 chunks are 512 TiB; a frame beyond them is not believed. */
#define IDLE_CHUNKS_MAX (UINT64_C(1) << 22)

/**
 * struct idle_chunk - 128 MiB of frames; 24 KiB, that is 0.018 %
 * @index: first frame >> IDLE_CHUNK_SHIFT
 * @first, @valid: words [first, valid) have been read back; only there is anything known
 * @active: has marks, or had some, in this window
 * @fetched: has been read, or cannot be
 * @marks: ours in this window
 * @idle: what the kernel said: not accessed
 * @tails: not the first page of their folio
 * @next: in place of @tails, for who knows of tails by other means: marks of the next window
 * @odd: not on an LRU list, poisoned or the like: neither idle nor accessed
 * @met: shared ones that were reported in this window
 * @small: known, from this window or the last ones, to be single pages on an LRU list
 */
struct idle_chunk {
	uint64_t index;
	uint16_t first;
	uint16_t valid;
	uint8_t active;
	uint8_t fetched;
	uint64_t marks[IDLE_CHUNK_WORDS];
	uint64_t idle[IDLE_CHUNK_WORDS];
	union {
		uint64_t tails[IDLE_CHUNK_WORDS];
		uint64_t next[IDLE_CHUNK_WORDS];
	};
	uint64_t odd[IDLE_CHUNK_WORDS];
	uint64_t met[IDLE_CHUNK_WORDS];
	uint64_t small[IDLE_CHUNK_WORDS];
};

/* @calls counts system calls on the bitmap; all else is the module's. */
struct idle_bitmap {
	int fd;
	struct idle_chunk **chunks; /* by index; NULL where nothing was ever marked */
	size_t n_chunks;
	struct idle_chunk **active;
	size_t n_active;
	size_t room_active;
	uint64_t calls;
};

/* 0 or -errno. */
int idle_bitmap_open(struct idle_bitmap *bitmap, const char *sys_root);
void idle_bitmap_close(struct idle_bitmap *bitmap);

/* The chunk that @pfn lies in, made ready for marks; NULL without memory or for a wild @pfn. */
struct idle_chunk *idle_bitmap_claim(struct idle_bitmap *bitmap, uint64_t pfn);

/* The chunk that @pfn lies in if it has marks, or NULL. */
static inline struct idle_chunk *idle_bitmap_find(const struct idle_bitmap *bitmap, uint64_t pfn)
{
	uint64_t index = pfn >> IDLE_CHUNK_SHIFT;
	struct idle_chunk *chunk = index < bitmap->n_chunks ? bitmap->chunks[index] : NULL;

	return chunk && chunk->active ? chunk : NULL;
}

static inline size_t idle_word(uint64_t pfn)
{
	return (pfn / IDLE_WORD_BITS) % IDLE_CHUNK_WORDS;
}

static inline uint64_t idle_bit(uint64_t pfn)
{
	return UINT64_C(1) << (pfn % IDLE_WORD_BITS);
}

/* Hands the marks of a chunk to the kernel; those it does not take are dropped. 0 or -errno. */
int idle_bitmap_write(struct idle_bitmap *bitmap, struct idle_chunk *chunk);

/* Reads a chunk back, once; what cannot be read stays unknown. */
void idle_bitmap_fetch(struct idle_bitmap *bitmap, struct idle_chunk *chunk);

/* What was noted for the next window is marked in it, and all else dropped. */
void idle_bitmap_turn(struct idle_bitmap *bitmap);

/* Drops all marks; keeps the memory, and what is known of folios, for the next window. */
void idle_bitmap_clear(struct idle_bitmap *bitmap);

#endif
