// SPDX-License-Identifier: GPL-2.0-only
#include "idle_bitmap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define WORD_BYTES sizeof(uint64_t)

/*
 * So many words without a mark are worth a call of their own: to step over 512
 * frames takes the kernel 1 to 1.5 us, a call a third of that.
 */
#define GAP_WORDS 8

int idle_bitmap_open(struct idle_bitmap *bitmap, const char *sys_root)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/kernel/mm/page_idle/bitmap", sys_root) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	*bitmap = (struct idle_bitmap){ .fd = fd };
	return 0;
}

void idle_bitmap_close(struct idle_bitmap *bitmap)
{
	size_t i;

	for (i = 0; i < bitmap->n_chunks; i++)
		free(bitmap->chunks[i]);
	free(bitmap->chunks);
	free(bitmap->active);
	close(bitmap->fd);
}

static int reach(struct idle_bitmap *bitmap, uint64_t index)
{
	size_t n = bitmap->n_chunks ? bitmap->n_chunks : 64;
	struct idle_chunk **chunks;

	if (index >= IDLE_CHUNKS_MAX)
		return -ERANGE;
	if (index < bitmap->n_chunks)
		return 0;
	while (n <= index)
		n *= 2;
	chunks = reallocarray(bitmap->chunks, n, sizeof(struct idle_chunk *));
	if (!chunks)
		return -ENOMEM;
	memset(chunks + bitmap->n_chunks, 0, (n - bitmap->n_chunks) * sizeof(struct idle_chunk *));
	bitmap->chunks = chunks;
	bitmap->n_chunks = n;
	return 0;
}

static int activate(struct idle_bitmap *bitmap, struct idle_chunk *chunk)
{
	if (bitmap->n_active == bitmap->room_active) {
		size_t room = bitmap->room_active ? bitmap->room_active * 2 : 64;
		struct idle_chunk **active =
			reallocarray(bitmap->active, room, sizeof(struct idle_chunk *));

		if (!active)
			return -ENOMEM;
		bitmap->active = active;
		bitmap->room_active = room;
	}
	bitmap->active[bitmap->n_active++] = chunk;
	chunk->active = 1;
	return 0;
}

struct idle_chunk *idle_bitmap_claim(struct idle_bitmap *bitmap, uint64_t pfn)
{
	uint64_t index = pfn >> IDLE_CHUNK_SHIFT;
	struct idle_chunk *chunk;

	if (reach(bitmap, index) < 0)
		return NULL;
	chunk = bitmap->chunks[index];
	if (!chunk) {
		chunk = calloc(1, sizeof(*chunk));
		if (!chunk)
			return NULL;
		chunk->index = index;
		bitmap->chunks[index] = chunk;
	}
	if (!chunk->active && activate(bitmap, chunk) < 0)
		return NULL;
	return chunk;
}

/* First and one past the last word with marks; 0 when there is none. */
static int trim(const struct idle_chunk *chunk, size_t *ret_first, size_t *ret_end)
{
	size_t first = 0, end = IDLE_CHUNK_WORDS;

	while (end && !chunk->marks[end - 1])
		end--;
	if (!end)
		return 0;
	while (!chunk->marks[first])
		first++;
	*ret_first = first;
	*ret_end = end;
	return 1;
}

static off_t offset_of(const struct idle_chunk *chunk, size_t word)
{
	return (off_t)((chunk->index * IDLE_CHUNK_WORDS + word) * WORD_BYTES);
}

/* The kernel looks at each frame of what it is given, marked or not: words [first, end). */
static int write_words(struct idle_bitmap *bitmap, struct idle_chunk *chunk, size_t first,
		       size_t end)
{
	size_t done = 0;
	ssize_t n;
	int err = 0;

	do {
		n = pwrite(bitmap->fd, &chunk->marks[first], (end - first) * WORD_BYTES,
			   offset_of(chunk, first));
		bitmap->calls++;
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		err = -errno;
	else
		done = (size_t)n / WORD_BYTES;
	/* The file ends with the memory of the machine: what is beyond is not marked. */
	memset(&chunk->marks[first + done], 0, (end - first - done) * WORD_BYTES);
	return err == -ENXIO ? 0 : err;
}

/* First word from @from on, below @end, that is 0 (@marked: is not), or @end. */
static size_t find_word(const struct idle_chunk *chunk, size_t from, size_t end, int marked)
{
	while (from < end && (chunk->marks[from] != 0) != marked)
		from++;
	return from;
}

int idle_bitmap_write(struct idle_bitmap *bitmap, struct idle_chunk *chunk)
{
	size_t at, end, stop, next;
	int err = 0;

	if (!trim(chunk, &at, &end))
		return 0;
	for (; at < end && !err; at = next) {
		stop = find_word(chunk, at, end, 0);
		next = find_word(chunk, stop, end, 1);
		while (next < end && next - stop < GAP_WORDS) {
			stop = find_word(chunk, next, end, 0);
			next = find_word(chunk, stop, end, 1);
		}
		err = write_words(bitmap, chunk, at, stop);
	}
	return err;
}

void idle_bitmap_fetch(struct idle_bitmap *bitmap, struct idle_chunk *chunk)
{
	size_t first, end;
	ssize_t n;

	chunk->fetched = 1;
	if (!trim(chunk, &first, &end))
		return;
	do {
		n = pread(bitmap->fd, &chunk->idle[first], (end - first) * WORD_BYTES,
			  offset_of(chunk, first));
		bitmap->calls++;
	} while (n < 0 && errno == EINTR);
	chunk->first = (uint16_t)first;
	chunk->valid = (uint16_t)(first + (n > 0 ? (size_t)n / WORD_BYTES : 0));
}

void idle_bitmap_turn(struct idle_bitmap *bitmap)
{
	size_t i;

	for (i = 0; i < bitmap->n_active; i++) {
		struct idle_chunk *chunk = bitmap->active[i];

		memcpy(chunk->marks, chunk->next, sizeof(chunk->marks));
		memset(chunk->next, 0, sizeof(chunk->next));
		memset(chunk->met, 0, sizeof(chunk->met));
		chunk->first = chunk->valid = 0;
		chunk->fetched = 0;
	}
}

void idle_bitmap_clear(struct idle_bitmap *bitmap)
{
	size_t i;

	for (i = 0; i < bitmap->n_active; i++) {
		struct idle_chunk *chunk = bitmap->active[i];

		memset(chunk->marks, 0, sizeof(chunk->marks));
		memset(chunk->tails, 0, sizeof(chunk->tails));
		memset(chunk->odd, 0, sizeof(chunk->odd));
		memset(chunk->met, 0, sizeof(chunk->met));
		chunk->first = chunk->valid = 0;
		chunk->active = chunk->fetched = 0;
	}
	bitmap->n_active = 0;
}
