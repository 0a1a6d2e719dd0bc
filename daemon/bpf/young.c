// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/young.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

#include "bpf/internal.h"
#include "observe/pagemap.h"
#include "util/cleanup.h"

/* The page may be moved by compaction between one look and the other. */
#define FIND_TRIES 4
/* Anywhere but at the beginning, where pages look alike. */
#define WORDS_OFFSET 2064
static int run(const struct bpf_program *program, void *request, size_t size)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .ctx_in = request, .ctx_size_in = (uint32_t)size);

	return bpf_prog_test_run_opts(bpf_program__fd(program), &options);
}

static int young_read(void *arg, struct young_request *request)
{
	struct bpf *bpf = arg;
	int r = run(bpf->skeleton->progs.young_read, request, sizeof(*request));

	return r < 0 ? r : request->error;
}

/* The frame of the page at @page, 0 when it is hidden or there is none. */
static uint64_t frame_of(int pagemap, const volatile char *page)
{
	const off_t offset = (off_t)((uintptr_t)page / TIERED_PAGE_SIZE * sizeof(uint64_t));
	uint64_t entry;

	if (pread(pagemap, &entry, sizeof(entry), offset) != sizeof(entry))
		return 0;
	return pagemap_pfn(entry);
}

/* 0, -EPERM when frames are hidden, or as struct young_find says. */
static int find_once(const struct bpf *bpf, int pagemap, char *page)
{
	struct young_find find = {
		.address = (uintptr_t)page,
		.offset = WORDS_OFFSET,
		.fd = pagemap,
	};
	uint64_t words[2];
	int r;

	if (getrandom(&find.seed, sizeof(find.seed), 0) != sizeof(find.seed))
		return -EIO;
	words[0] = YOUNG_WORD(find.seed, 0);
	words[1] = YOUNG_WORD(find.seed, 1);
	memcpy(page + WORDS_OFFSET, words, sizeof(words));
	find.pfn = frame_of(pagemap, page);
	if (!find.pfn)
		return -EPERM;
	r = run(bpf->skeleton->progs.young_find, &find, sizeof(find));
	return r < 0 ? r : find.error;
}

static int find(const struct bpf *bpf)
{
	auto_close int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	int r = -ENOENT;
	char *page;

	if (pagemap < 0)
		return -errno;
	page = mmap(NULL, TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
		    0);
	if (page == MAP_FAILED)
		return -errno;
	/* A page table of its own kind: no huge page around it. */
	madvise(page, TIERED_PAGE_SIZE, MADV_NOHUGEPAGE);
	mlock(page, TIERED_PAGE_SIZE);
	for (int i = 0; i < FIND_TRIES && (r == -ENOENT || r == -EINVAL); i++)
		r = find_once(bpf, pagemap, page);
	munmap(page, TIERED_PAGE_SIZE);
	return r;
}

static void explain(struct young_source *source, int error)
{
	static const struct {
		int error;
		const char *sentence;
	} known[] = {
		{ -EPERM, "page frame numbers are hidden; run with CAP_SYS_ADMIN" },
		{ -EBADF, "an open pagemap does not lead to its page tables on this kernel" },
		{ -ENOENT, "the kernel's map of all memory was not found" },
		{ -EINVAL, "page tables here are not those of x86-64 as this version knows them" },
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (known[i].error == error) {
			snprintf(source->why, sizeof(source->why), "%s", known[i].sentence);
			return;
		}
	snprintf(source->why, sizeof(source->why), "the program that reads page tables: %s",
		 strerror(-error));
}

static void young_open(struct bpf *bpf, struct young_source *source)
{
	void *found;
	int r;

	if (!hook_on(bpf, HOOK_YOUNG)) {
		snprintf(source->why, sizeof(source->why), "%s", bpf->hooks[HOOK_YOUNG].reason);
		return;
	}
	r = find(bpf);
	if (r < 0) {
		explain(source, r);
		return;
	}
	found = mmap(NULL, sizeof(struct young_found), PROT_READ, MAP_SHARED,
		     bpf_map__fd(bpf->skeleton->maps.young_found), 0);
	if (found == MAP_FAILED) {
		explain(source, -errno);
		return;
	}
	source->found = found;
	source->arg = bpf;
	source->read = young_read;
}

const struct young_source *bpf_young(struct bpf *bpf)
{
	if (bpf && !bpf->young) {
		bpf->young = calloc(1, sizeof(*bpf->young));
		if (bpf->young)
			young_open(bpf, bpf->young);
	}
	return bpf ? bpf->young : NULL;
}

void young_close(struct bpf *bpf)
{
	if (bpf->young && bpf->young->found)
		munmap((void *)bpf->young->found, sizeof(*bpf->young->found));
	free(bpf->young);
	bpf->young = NULL;
}
