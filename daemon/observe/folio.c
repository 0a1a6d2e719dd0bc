// SPDX-License-Identifier: GPL-2.0-only
#include "folio.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "idle_bitmap.h"

#define KPF(name) (UINT64_C(1) << KPF_##name)

#define CHUNK_FRAMES (IDLE_CHUNK_WORDS * IDLE_WORD_BITS)
#define BLOCK_WORDS (FOLIO_PAGES_MAX / IDLE_WORD_BITS)

/* Flags read per call: 32 KiB, stays in the L1 cache. */
#define RUN_MAX 4096

/* A call costs as much as 5 entries (430 and 85 ns, Linux 6.18): smaller gaps are read through. */
#define GAP_MAX 4

/*
 * A page found to be single stays believed so for this many windows at most:
 * its frame may meanwhile be freed and come back as part of a large folio.
 * Until then its tail would pass for accessed.
 */
#define RECHECK_WINDOWS 8

struct folio_reader {
	int fd;
	uint64_t window;
	uint64_t zero_pfn;      /* 0: not met yet */
	uint64_t huge_zero_pfn; /* 0: not met yet */
	uint64_t block_pfn;     /* what @block holds; 0: nothing */
	uint64_t block[FOLIO_PAGES_MAX];
	uint64_t run[RUN_MAX];
};

int folio_reader_new(const char *proc_root, struct folio_reader **ret)
{
	struct folio_reader *reader;
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/kpageflags", proc_root) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	reader = calloc(1, sizeof(*reader));
	if (!reader)
		return -ENOMEM;
	reader->fd = open(path, O_RDONLY | O_CLOEXEC);
	*ret = reader;
	return 0;
}

void folio_reader_free(struct folio_reader *reader)
{
	if (!reader)
		return;
	if (reader->fd >= 0)
		close(reader->fd);
	free(reader);
}

void folio_reader_window(struct folio_reader *reader)
{
	reader->window++;
	reader->block_pfn = 0;
}

/* How many entries were read, 0 on failure. */
static size_t read_flags(const struct folio_reader *reader, uint64_t pfn, uint64_t *flags, size_t n)
{
	ssize_t bytes;

	if (reader->fd < 0)
		return 0;
	bytes = pread(reader->fd, flags, n * sizeof(*flags), (off_t)(pfn * sizeof(*flags)));
	return bytes > 0 ? (size_t)bytes / sizeof(*flags) : 0;
}

static void learn_zero(struct folio_reader *reader, uint64_t pfn, uint64_t flags)
{
	if (!(flags & KPF(ZERO_PAGE)))
		return;
	if (flags & KPF(COMPOUND_HEAD))
		reader->huge_zero_pfn = pfn;
	else if (!(flags & KPF(COMPOUND_TAIL)))
		reader->zero_pfn = pfn;
}

/*
 * Every bit set that a 2 MiB folio has: all its pages ours, no tail idle. The
 * head may be either.
 */
static int may_be_huge(const struct idle_chunk *chunk, size_t first)
{
	size_t i;

	if (chunk->idle[first] & ~UINT64_C(1))
		return 0;
	for (i = first; i < first + BLOCK_WORDS; i++)
		if (~chunk->marks[i] || (i > first && chunk->idle[i]))
			return 0;
	return 1;
}

/*
 * Folios are aligned to their size, so a tail in the middle of an aligned
 * block whose first page is a head belongs to that head: two entries tell.
 */
static int is_huge(struct folio_reader *reader, const struct idle_chunk *chunk, uint64_t pfn,
		   uint64_t *ret_flags)
{
	uint64_t head, middle;

	if (reader->fd < 0) {
		*ret_flags = KPF(LRU);
		return (int)(chunk->idle[idle_word(pfn)] & 1);
	}
	if (read_flags(reader, pfn, &head, 1) != 1 || !(head & KPF(COMPOUND_HEAD)))
		return 0;
	if (read_flags(reader, pfn + FOLIO_PAGES_MAX / 2, &middle, 1) != 1 ||
	    !(middle & KPF(COMPOUND_TAIL)))
		return 0;
	learn_zero(reader, pfn, head);
	*ret_flags = head;
	return 1;
}

/* One aligned block of 2 MiB: what must be asked about it goes into @ask. */
static void scan_block(struct folio_reader *reader, struct idle_chunk *chunk, size_t first,
		       uint64_t *ask)
{
	const uint64_t pfn = (chunk->index << IDLE_CHUNK_SHIFT) + (uint64_t)first * IDLE_WORD_BITS;
	uint64_t flags;
	size_t i;

	if (may_be_huge(chunk, first) && is_huge(reader, chunk, pfn, &flags)) {
		memset(&chunk->tails[first], 0xff, BLOCK_WORDS * sizeof(*chunk->tails));
		memset(&chunk->small[first], 0, BLOCK_WORDS * sizeof(*chunk->small));
		chunk->tails[first] &= ~UINT64_C(1);
		chunk->odd[first] |= folio_flags_odd(flags);
		return;
	}
	if (((chunk->index + first / BLOCK_WORDS) + reader->window) % RECHECK_WINDOWS == 0)
		memset(&chunk->small[first], 0, BLOCK_WORDS * sizeof(*chunk->small));
	for (i = first; i < first + BLOCK_WORDS; i++)
		ask[i] = chunk->marks[i] & ~chunk->idle[i] & ~chunk->small[i];
}

/* First set bit at or after @from, or CHUNK_FRAMES. */
static size_t next_bit(const uint64_t *words, size_t from)
{
	size_t word = from / IDLE_WORD_BITS;
	uint64_t bits;

	if (from >= CHUNK_FRAMES)
		return CHUNK_FRAMES;
	bits = words[word] & (UINT64_MAX << (from % IDLE_WORD_BITS));
	while (!bits) {
		if (++word == IDLE_CHUNK_WORDS)
			return CHUNK_FRAMES;
		bits = words[word];
	}
	return word * IDLE_WORD_BITS + (size_t)__builtin_ctzll(bits);
}

static void apply_flags(struct folio_reader *reader, struct idle_chunk *chunk, size_t frame,
			uint64_t flags)
{
	const size_t word = frame / IDLE_WORD_BITS;
	const uint64_t bit = UINT64_C(1) << (frame % IDLE_WORD_BITS);

	if (flags & KPF(COMPOUND_TAIL)) {
		chunk->tails[word] |= bit;
	} else if (folio_flags_odd(flags)) {
		chunk->odd[word] |= bit;
		learn_zero(reader, (chunk->index << IDLE_CHUNK_SHIFT) + frame, flags);
	} else if (!(flags & KPF(COMPOUND_HEAD))) {
		chunk->small[word] |= bit;
	}
}

/* Asks for the frames in @ask, in runs. */
static void scan_runs(struct folio_reader *reader, struct idle_chunk *chunk, const uint64_t *ask)
{
	size_t start = next_bit(ask, 0), end, next, i, n;

	while (start < CHUNK_FRAMES) {
		end = start + 1;
		next = next_bit(ask, end);
		while (next < CHUNK_FRAMES && next - end <= GAP_MAX && next - start < RUN_MAX) {
			end = next + 1;
			next = next_bit(ask, end);
		}
		n = read_flags(reader, (chunk->index << IDLE_CHUNK_SHIFT) + start, reader->run,
			       end - start);
		for (i = 0; i < n; i++)
			if (ask[(start + i) / IDLE_WORD_BITS] >> ((start + i) % IDLE_WORD_BITS) & 1)
				apply_flags(reader, chunk, start + i, reader->run[i]);
		start = next;
	}
}

void folio_reader_scan(struct folio_reader *reader, struct idle_chunk *chunk)
{
	uint64_t ask[IDLE_CHUNK_WORDS] = { 0 };
	size_t word;

	for (word = chunk->first / BLOCK_WORDS * BLOCK_WORDS; word < chunk->valid;
	     word += BLOCK_WORDS)
		scan_block(reader, chunk, word, ask);
	for (word = 0; word < IDLE_CHUNK_WORDS; word++)
		if (word < chunk->first || word >= chunk->valid)
			ask[word] = 0;
	if (reader->fd >= 0)
		scan_runs(reader, chunk, ask);
}

size_t folio_reader_flags(struct folio_reader *reader, uint64_t pfn, uint64_t *flags, size_t n)
{
	return read_flags(reader, pfn, flags, n);
}

uint64_t folio_reader_head(struct folio_reader *reader, uint64_t pfn)
{
	const uint64_t base = pfn - pfn % FOLIO_PAGES_MAX;
	uint64_t at;

	if (reader->block_pfn != base || !base) {
		size_t n = read_flags(reader, base, reader->block, FOLIO_PAGES_MAX);

		memset(&reader->block[n], 0, (FOLIO_PAGES_MAX - n) * sizeof(*reader->block));
		reader->block_pfn = base;
	}
	for (at = pfn; at > base && reader->block[at - base] & KPF(COMPOUND_TAIL); at--)
		;
	return reader->block[at - base] & KPF(COMPOUND_HEAD) ? at : 0;
}

int folio_reader_is_zero(const struct folio_reader *reader, uint64_t pfn)
{
	if (reader->zero_pfn && pfn == reader->zero_pfn)
		return 1;
	return reader->huge_zero_pfn && pfn >= reader->huge_zero_pfn &&
	       pfn - reader->huge_zero_pfn < FOLIO_PAGES_MAX;
}
