// SPDX-License-Identifier: GPL-2.0-only
/* hostile_memory.c - mappings that change while they are looked at. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "hostile.h"
#include "memory.h"

uint64_t *hostile_piece(const struct hostile *hostile)
{
	uint64_t *memory;

	if (memory_map(HOSTILE_BYTES, MEMORY_HUGE_DEFAULT, &memory) < 0 ||
	    memory_fill(memory, HOSTILE_PAGES, HOSTILE_SEED, 1, hostile->config->node) < 0)
		return NULL;
	return memory;
}

int hostile_verify(const uint64_t *memory, size_t pages)
{
	static const uint64_t none[MEMORY_COUNTERS];

	return memory_verify(memory, pages, HOSTILE_SEED, none) ? -EILSEQ : 0;
}

int hostile_setup_piece(struct hostile *hostile)
{
	hostile->memory = hostile_piece(hostile);
	return hostile->memory ? 0 : -ENOMEM;
}

static int step_munmap(struct hostile *hostile)
{
	int r = hostile_verify(hostile->memory, HOSTILE_PAGES);

	if (r < 0)
		return r;
	/* In two halves: a hole in the middle of a mapping first. */
	if (munmap((char *)hostile->memory + HOSTILE_BYTES / 4, HOSTILE_BYTES / 2) < 0 ||
	    munmap(hostile->memory, HOSTILE_BYTES) < 0)
		return -errno;
	hostile->memory = hostile_piece(hostile);
	return hostile->memory ? 1 : -ENOMEM;
}

static int step_mremap(struct hostile *hostile)
{
	void *place = mmap(NULL, HOSTILE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void *moved;
	int r;

	if (place == MAP_FAILED)
		return -errno;
	moved = mremap(hostile->memory, HOSTILE_BYTES, HOSTILE_BYTES, MREMAP_MAYMOVE | MREMAP_FIXED,
		       place);
	if (moved == MAP_FAILED)
		return -errno;
	hostile->memory = moved;
	r = hostile_verify(hostile->memory, HOSTILE_PAGES);
	return r < 0 ? r : 1;
}

static int step_mprotect(struct hostile *hostile)
{
	static const int protections[] = { PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE };
	int protection = protections[hostile->round % 3], r;

	if (mprotect(hostile->memory, HOSTILE_BYTES, protection) < 0)
		return -errno;
	if (protection == PROT_NONE)
		return 1;
	r = hostile_verify(hostile->memory, HOSTILE_PAGES);
	return r < 0 ? r : 1;
}

static int step_mlock(struct hostile *hostile)
{
	int r = hostile->round % 2 ? munlock(hostile->memory, HOSTILE_BYTES)
				   : mlock(hostile->memory, HOSTILE_BYTES);

	if (r < 0)
		return -errno;
	r = hostile_verify(hostile->memory, HOSTILE_PAGES);
	return r < 0 ? r : 1;
}

#define HUGE_PAGES 1024

static int setup_thp(struct hostile *hostile)
{
	int r = memory_map(HUGE_PAGES * 4096UL, MEMORY_HUGE_NEVER, &hostile->memory);

	return r < 0 ? r
		     : memory_fill(hostile->memory, HUGE_PAGES, HOSTILE_SEED, 1,
				   hostile->config->node);
}

/* On: made anew out of huge pages; off: split by throwing a part away. */
static int step_thp(struct hostile *hostile)
{
	size_t bytes = HUGE_PAGES * 4096UL;
	int on = hostile->round % 2 == 0, r;

	r = hostile_verify(hostile->memory, HUGE_PAGES);
	if (r < 0)
		return r;
	if (madvise(hostile->memory, bytes, on ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) < 0)
		return -errno;
	if (madvise(hostile->memory, on ? bytes : bytes / 4 + 4096, MADV_DONTNEED) < 0)
		return -errno;
	r = memory_fill(hostile->memory, HUGE_PAGES, HOSTILE_SEED, 1, -1);
	return r < 0 ? r : 1;
}

static int is_zero(const uint64_t *memory, size_t pages)
{
	size_t i;

	for (i = 0; i < pages * MEMORY_PAGE_WORDS; i++)
		if (memory[i])
			return 0;
	return 1;
}

static int step_dontneed(struct hostile *hostile)
{
	int r = hostile_verify(hostile->memory, HOSTILE_PAGES);

	if (r < 0)
		return r;
	if (madvise(hostile->memory, HOSTILE_BYTES, MADV_DONTNEED) < 0)
		return -errno;
	if (!is_zero(hostile->memory, HOSTILE_PAGES))
		return -EILSEQ;
	r = memory_fill(hostile->memory, HOSTILE_PAGES, HOSTILE_SEED, 1, hostile->config->node);
	return r < 0 ? r : 1;
}

static int setup_file(struct hostile *hostile)
{
	hostile->fd = memfd_create("hostile", MFD_CLOEXEC);
	if (hostile->fd < 0 || ftruncate(hostile->fd, HOSTILE_BYTES) < 0)
		return -errno;
	hostile->memory =
		mmap(NULL, HOSTILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, hostile->fd, 0);
	if (hostile->memory == MAP_FAILED)
		return -errno;
	return memory_fill(hostile->memory, HOSTILE_PAGES, HOSTILE_SEED, 1, hostile->config->node);
}

/* From here on there are two that map the file, and both do the steps. */
static int setup_shared(struct hostile *hostile)
{
	int r = setup_file(hostile);

	if (r < 0)
		return r;
	hostile->partner = fork();
	if (hostile->partner == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		return 0;
	}
	return hostile->partner < 0 ? -errno : 0;
}

/* Another mapping of the same pages: comes, is read, and goes. */
static int step_shared(struct hostile *hostile)
{
	void *map = mmap(NULL, HOSTILE_BYTES, PROT_READ, MAP_SHARED, hostile->fd, 0);
	int r;

	if (map == MAP_FAILED)
		return -errno;
	r = hostile_verify(map, HOSTILE_PAGES);
	if (r == 0)
		r = hostile_verify(hostile->memory, HOSTILE_PAGES);
	if (munmap(map, HOSTILE_BYTES) < 0)
		return -errno;
	return r < 0 ? r : 1;
}

static int step_hole(struct hostile *hostile)
{
	int r = hostile_verify(hostile->memory, HOSTILE_PAGES);

	if (r < 0)
		return r;
	if (fallocate(hostile->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, HOSTILE_BYTES) <
	    0)
		return -errno;
	if (!is_zero(hostile->memory, HOSTILE_PAGES))
		return -EILSEQ;
	r = memory_fill(hostile->memory, HOSTILE_PAGES, HOSTILE_SEED, 1, hostile->config->node);
	return r < 0 ? r : 1;
}

const struct hostile_effect hostile_memory_effects[] = {
	{ "munmap", hostile_setup_piece, step_munmap, 1 },
	{ "mremap", hostile_setup_piece, step_mremap, 1 },
	{ "mprotect", hostile_setup_piece, step_mprotect, 1 },
	{ "mlock", hostile_setup_piece, step_mlock, 1 },
	{ "thp", setup_thp, step_thp, 1 },
	{ "dontneed", hostile_setup_piece, step_dontneed, 1 },
	{ "shared", setup_shared, step_shared, 1 },
	{ "hole", setup_file, step_hole, 1 },
	{ .name = NULL },
};
