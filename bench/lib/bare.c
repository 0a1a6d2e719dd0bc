// SPDX-License-Identifier: GPL-2.0-only
#include "bare.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "observe/pagemap_scan.h"
#include "tiered/types.h"

/* Most frames there is room for: 64 GiB of them are 2 MiB of bits. */
#define BARE_FRAMES (UINT64_C(64) << 18)
#define BARE_ENTRIES 8192
#define CALL_BYTES 4096
#define CALL_WORDS (CALL_BYTES / sizeof(uint64_t))

#define SCAN_REGIONS 4096

struct bare {
	int pagemap_fd;
	int bitmap_fd;
	uint64_t start;
	uint64_t pages;
	uint64_t calls;
	uint64_t first_call, last_call; /* of the bitmap, that the pages lie in */
	uint64_t bits[BARE_FRAMES / 64];
	uint64_t entries[BARE_ENTRIES];
	struct scan_region regions[SCAN_REGIONS];
};

static void die(const char *what, int err)
{
	fprintf(stderr, "bare loop: %s: %s\n", what, strerror(-err));
	exit(1);
}

struct bare *bare_new(int pagemap_fd, const void *start, uint64_t pages)
{
	struct bare *bare = calloc(1, sizeof(*bare));

	if (!bare)
		die("memory", -ENOMEM);
	bare->pagemap_fd = pagemap_fd;
	bare->bitmap_fd = open("/sys/kernel/mm/page_idle/bitmap", O_RDWR | O_CLOEXEC);
	bare->start = (uintptr_t)start;
	bare->pages = pages;
	return bare;
}

void bare_free(struct bare *bare)
{
	if (bare->bitmap_fd >= 0)
		close(bare->bitmap_fd);
	free(bare);
}

static size_t read_entries(struct bare *bare, uint64_t page)
{
	uint64_t n = bare->pages - page;
	ssize_t bytes;

	if (n > BARE_ENTRIES)
		n = BARE_ENTRIES;
	bare->calls++;
	bytes = pread(bare->pagemap_fd, bare->entries, n * 8,
		      (off_t)((bare->start / TIERED_PAGE_SIZE + page) * 8));
	if (bytes <= 0)
		die("pagemap", -errno);
	return (size_t)bytes / 8;
}

static uint64_t frame_of(uint64_t entry)
{
	uint64_t pfn = entry & ((UINT64_C(1) << 55) - 1);

	if (!(entry >> 63) || pfn >= BARE_FRAMES)
		die("a page is absent, or its frame too high", -ERANGE);
	return pfn;
}

void bare_mark(struct bare *bare)
{
	uint64_t page, first = UINT64_MAX, last = 0, call;
	size_t i, n;

	/* What the last turn left. */
	memset(&bare->bits[bare->first_call * CALL_WORDS], 0,
	       (bare->last_call + 1 - bare->first_call) * CALL_BYTES);
	for (page = 0; page < bare->pages; page += n) {
		n = read_entries(bare, page);
		for (i = 0; i < n; i++) {
			uint64_t pfn = frame_of(bare->entries[i]);

			bare->bits[pfn / 64] |= UINT64_C(1) << (pfn % 64);
			if (pfn < first)
				first = pfn;
			if (pfn > last)
				last = pfn;
		}
	}
	bare->first_call = first / 64 / CALL_WORDS;
	bare->last_call = last / 64 / CALL_WORDS;
	bare->calls += bare->last_call + 1 - bare->first_call;
	for (call = bare->first_call; call <= bare->last_call; call++)
		if (pwrite(bare->bitmap_fd, &bare->bits[call * CALL_WORDS], CALL_BYTES,
			   (off_t)(call * CALL_BYTES)) < 0 &&
		    errno != ENXIO)
			die("writing the bitmap", -errno);
}

uint64_t bare_read(struct bare *bare)
{
	uint64_t page, call, accessed = 0;
	size_t i, n;

	bare->calls += bare->last_call + 1 - bare->first_call;
	for (call = bare->first_call; call <= bare->last_call; call++)
		if (pread(bare->bitmap_fd, &bare->bits[call * CALL_WORDS], CALL_BYTES,
			  (off_t)(call * CALL_BYTES)) < 0)
			die("reading the bitmap", -errno);
	for (page = 0; page < bare->pages; page += n) {
		n = read_entries(bare, page);
		for (i = 0; i < n; i++) {
			uint64_t pfn = frame_of(bare->entries[i]);

			accessed += !(bare->bits[pfn / 64] >> (pfn % 64) & 1);
		}
	}
	return accessed;
}

uint64_t bare_pagemap(struct bare *bare)
{
	uint64_t page, present = 0;
	size_t i, n;

	for (page = 0; page < bare->pages; page += n) {
		n = read_entries(bare, page);
		for (i = 0; i < n; i++)
			present += bare->entries[i] >> 63;
	}
	return present;
}

/* How many pages are of @categories; UINT64_MAX where the kernel does not know these. */
static uint64_t scan_for(struct bare *bare, uint64_t categories)
{
	struct scan_arg arg = {
		.size = sizeof(arg),
		.start = bare->start,
		.end = bare->start + bare->pages * TIERED_PAGE_SIZE,
		.vec = (uintptr_t)bare->regions,
		.vec_len = SCAN_REGIONS,
		.category_mask = categories,
		.return_mask = categories,
	};
	uint64_t pages = 0;
	int i, n;

	while (arg.start < arg.end) {
		bare->calls++;
		n = ioctl(bare->pagemap_fd, SCAN_IOCTL, &arg);
		if (n < 0)
			return UINT64_MAX;
		for (i = 0; i < n; i++)
			pages += (bare->regions[i].end - bare->regions[i].start) / TIERED_PAGE_SIZE;
		arg.start = arg.walk_end;
	}
	return pages;
}

uint64_t bare_pagemap_scan(struct bare *bare)
{
	const uint64_t present = scan_for(bare, SCAN_IS_PRESENT);

	return present == UINT64_MAX ? 0 : present;
}

void bare_young_mark(struct bare *bare)
{
	struct scan_arg arg = {
		.size = sizeof(arg),
		.flags = SCAN_CLEAR_YOUNG,
		.start = bare->start,
		.end = bare->start + bare->pages * TIERED_PAGE_SIZE,
		.category_mask = SCAN_IS_YOUNG,
	};

	bare->calls++;
	if (ioctl(bare->pagemap_fd, SCAN_IOCTL, &arg) < 0)
		die("PAGEMAP_SCAN cannot clear accessed bits", -errno);
}

uint64_t bare_young_read(struct bare *bare)
{
	const uint64_t young = scan_for(bare, SCAN_IS_YOUNG);

	if (young == UINT64_MAX)
		die("PAGEMAP_SCAN knows nothing of accessed bits", -errno);
	return young;
}

uint64_t bare_calls(const struct bare *bare)
{
	return bare->calls;
}
