// SPDX-License-Identifier: GPL-2.0-only
/*
 * THEORY OF OPERATION: page tables as the program reads them are held against
 * pagemap, entry by entry, for a process that holds still: a child with small
 * pages, huge ones, holes, and pages that were never touched. What is touched
 * after all accessed bits were cleared (by clear_refs) is what must be seen
 * accessed, and nothing else. Runs on every kernel, with 4 and with 5 levels.
 */
#include <fcntl.h>
#include <signal.h>

#include "bpf/young.h"
#include "common.h"

#define BLOCK (1UL << 21)
#define SMALL_BYTES (16 * BLOCK)
#define HUGE_BYTES (8 * BLOCK)
#define CHURN_PAGES 64
#define STRIDE 7
#define ENTRY_PRESENT (UINT64_C(1) << 63)
#define ENTRY_SWAPPED (UINT64_C(1) << 62)
#define ENTRY_FRAME ((UINT64_C(1) << 55) - 1)

static struct bpf *bpf;
static const struct young_source *source;
static char *small, *huge, *hole, *churn;
static int to_child, from_child;
static pid_t child;

static char *map(size_t bytes, int advice)
{
	char *raw = mmap(NULL, bytes + BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			 -1, 0);
	char *start = (char *)(((uintptr_t)raw + BLOCK - 1) & ~(BLOCK - 1));

	assert_true(raw != MAP_FAILED);
	madvise(start, bytes, advice);
	return start;
}

static void flush(void)
{
	for (size_t i = 0; i < CHURN_PAGES; i++)
		churn[i * TIERED_PAGE_SIZE]++;
	mprotect(churn, CHURN_PAGES * TIERED_PAGE_SIZE, PROT_READ);
	mprotect(churn, CHURN_PAGES * TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE);
}

/* The child touches every STRIDE-th small page and every second huge one for each byte it gets. */
static void serve(int in, int out)
{
	char byte;

	memset(small, 1, SMALL_BYTES);
	for (size_t at = 0; at < HUGE_BYTES; at += BLOCK)
		memset(huge + at, 1, BLOCK);
	while (write(out, "d", 1) == 1 && read(in, &byte, 1) == 1) {
		flush();
		for (size_t at = 0; at < SMALL_BYTES; at += STRIDE * TIERED_PAGE_SIZE)
			++*(volatile char *)(small + at);
		for (size_t at = 0; at < HUGE_BYTES; at += 2 * BLOCK)
			++*(volatile char *)(huge + at + 5 * TIERED_PAGE_SIZE);
	}
	_exit(0);
}

static int setup(void **state)
{
	int down[2], up[2];
	char byte;

	(void)state;
	small = map(SMALL_BYTES, MADV_NOHUGEPAGE);
	huge = map(HUGE_BYTES, MADV_HUGEPAGE);
	hole = map(BLOCK, MADV_NOHUGEPAGE);
	churn = map(BLOCK, MADV_NOHUGEPAGE);
	assert_int_equal(pipe(down), 0);
	assert_int_equal(pipe(up), 0);
	child = fork();
	if (!child) {
		close(down[1]);
		serve(down[0], up[1]);
	}
	to_child = down[1];
	from_child = up[0];
	assert_int_equal(read(from_child, &byte, 1), 1);
	bpf = open_bpf(NULL);
	source = bpf_young(bpf);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	bpf_close(bpf);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	return 0;
}

static int open_pagemap(pid_t pid)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/pagemap", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void clear_refs(void)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/clear_refs", child);
	fd = open(path, O_WRONLY);
	assert_int_equal(write(fd, "1", 1), 1);
	close(fd);
}

static struct young_request ask(int fd, const char *start, size_t bytes)
{
	struct young_request request = {
		.fd = fd,
		.start = (uintptr_t)start,
		.end = (uintptr_t)start + bytes,
		.blocks = YOUNG_BLOCKS,
	};

	assert_non_null(source);
	if (!source->read)
		fail_msg("page tables cannot be read: %s", source->why);
	assert_int_equal(source->read(source->arg, &request), 0);
	assert_int_equal(request.torn, 0);
	return request;
}

static uint64_t pagemap_entry(int fd, uint64_t address)
{
	uint64_t entry;

	assert_int_equal(pread(fd, &entry, 8, (off_t)(address / TIERED_PAGE_SIZE * 8)), 8);
	return (entry & ENTRY_PRESENT) && !(entry & ENTRY_SWAPPED) ? entry & ENTRY_FRAME : 0;
}

/* The frame that the tables tell for page @page of block @number. */
static uint64_t frame(uint32_t number, size_t page)
{
	const struct young_block *block = &source->found->blocks[number];
	uint64_t entry = block->entry;

	if (block->kind == YOUNG_HUGE)
		return ((entry & YOUNG_FRAME) >> TIERED_PAGE_SHIFT) + page;
	entry = source->found->tables[number].entries[page];
	return entry & YOUNG_PRESENT ? (entry & YOUNG_FRAME) >> TIERED_PAGE_SHIFT : 0;
}

static void hold_against_pagemap(const char *start, size_t bytes, uint32_t kind)
{
	int fd = open_pagemap(child);
	struct young_request request = ask(fd, start, bytes);

	assert_int_equal(request.blocks, bytes / BLOCK);
	assert_true(request.next >= (uintptr_t)start + bytes);
	assert_int_equal(request.flags, 0);
	for (uint32_t i = 0; i < request.blocks; i++) {
		const struct young_block *block = &source->found->blocks[i];

		assert_int_equal(block->address, (uintptr_t)start + i * BLOCK);
		assert_int_equal(block->kind, kind);
		for (size_t page = 0; page < YOUNG_BLOCK_PAGES; page++)
			assert_int_equal(
				frame(i, page),
				pagemap_entry(fd, block->address + page * TIERED_PAGE_SIZE));
	}
	close(fd);
}

static void test_frames(void **state)
{
	char path[] = "/sys/kernel/mm/transparent_hugepage/enabled";

	(void)state;
	hold_against_pagemap(small, SMALL_BYTES, YOUNG_TABLE);
	if (access(path, F_OK) == 0)
		hold_against_pagemap(huge, HUGE_BYTES, YOUNG_HUGE);
}

static void test_accessed(void **state)
{
	int fd = open_pagemap(child);
	struct young_request request;
	size_t wrong = 0;
	char byte;

	(void)state;
	clear_refs();
	request = ask(fd, small, SMALL_BYTES);
	for (uint32_t i = 0; i < request.blocks; i++)
		for (size_t page = 0; page < YOUNG_BLOCK_PAGES; page++)
			wrong += (source->found->tables[i].entries[page] & YOUNG_ACCESSED) != 0;
	assert_int_equal(wrong, 0);
	assert_int_equal(write(to_child, "t", 1), 1);
	assert_int_equal(read(from_child, &byte, 1), 1);
	request = ask(fd, small, SMALL_BYTES);
	for (size_t i = 0; i < request.blocks; i++)
		for (size_t page = 0; page < YOUNG_BLOCK_PAGES; page++) {
			int touched = (i * YOUNG_BLOCK_PAGES + page) % STRIDE == 0;

			wrong += touched !=
				 ((source->found->tables[i].entries[page] & YOUNG_ACCESSED) != 0);
		}
	assert_int_equal(wrong, 0);
	request = ask(fd, huge, HUGE_BYTES);
	for (uint32_t i = 0; i < request.blocks; i++)
		if (source->found->blocks[i].kind == YOUNG_HUGE)
			wrong += ((source->found->blocks[i].entry & YOUNG_ACCESSED) != 0) == i % 2;
	assert_int_equal(wrong, 0);
	close(fd);
}

static void test_holes(void **state)
{
	int fd = open_pagemap(child);
	struct young_request request = ask(fd, hole, BLOCK);

	(void)state;
	for (uint32_t i = 0; i < request.blocks; i++)
		for (size_t page = 0; page < YOUNG_BLOCK_PAGES; page++)
			assert_int_equal(frame(i, page), 0);
	/* Terabytes of nothing are one call. */
	request = ask(fd, (char *)0x100000000000, 1UL << 42);
	assert_int_equal(request.blocks, 0);
	assert_true(request.next >= request.end);
	/* More blocks than one call has room for: it says where to go on. */
	request = ask(fd, small, 1UL << 46);
	assert_in_range(request.blocks, SMALL_BYTES / BLOCK, YOUNG_BLOCKS);
	assert_true(request.next > (uintptr_t)small);
	/* Or fewer, if fewer are wanted. */
	request = (struct young_request){
		.fd = fd,
		.start = (uintptr_t)small,
		.end = (uintptr_t)small + SMALL_BYTES,
		.blocks = 3,
	};
	assert_int_equal(source->read(source->arg, &request), 0);
	assert_int_equal(request.blocks, 3);
	assert_int_equal(request.next, (uintptr_t)small + 3 * BLOCK);
	close(fd);
}

static void test_gone(void **state)
{
	struct young_request request = { .start = 0, .end = BLOCK, .blocks = 1 };
	pid_t pid = fork();
	int fd;

	(void)state;
	if (!pid) {
		pause();
		_exit(0);
	}
	fd = open_pagemap(pid);
	ask(fd, small, BLOCK);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	request.fd = fd;
	assert_int_equal(source->read(source->arg, &request), -ESRCH);
	assert_int_equal(request.blocks, 0);
	close(fd);
	/* What is no pagemap leads nowhere. */
	request.fd = open("/dev/null", O_RDONLY);
	assert_int_equal(source->read(source->arg, &request), -EBADF);
	close(request.fd);
	assert_int_equal(source->read(source->arg, &request), -EBADF);
	request.fd = -1;
	assert_int_equal(source->read(source->arg, &request), -EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_frames),
		cmocka_unit_test(test_accessed),
		cmocka_unit_test(test_holes),
		cmocka_unit_test(test_gone),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
