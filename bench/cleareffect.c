// SPDX-License-Identifier: GPL-2.0-only
/*
 * cleareffect.c - what else does clearing accessed bits do to a process?
 *
 *	cleareffect METHOD MIB [CGROUP [again]]
 *
 * A child holds four kinds of memory (below) and touches some of each. Then its accessed
 * bits are cleared by METHOD (lib/clear.h). Prints, in per cent of the accessed pages,
 * how much the kernel still knows to be referenced (Referenced in smaps), how many were
 * put to those that go first (pgdeactivate), and how many were in large folios before
 * and are not any more.
 *
 * With CGROUP, a folder of cgroup v2, the child is put there, and after three windows a
 * quarter of its single pages is reclaimed (swap has to be on): how many of these had been
 * accessed in each window? By chance it is their part of all. With again they are
 * accessed once more before.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/clear.h"
#include "lib/options.h"
#include "lib/put.h"
#include "observe/pagemap.h"
#include "tiered/types.h"
#include "util/cleanup.h"

#define WINDOWS 3
#define PART_PAGES (UINT64_C(32) << 8)
#define HUGE_BYTES (UINT64_C(2) << 20)
/* Bit of /proc/kpageflags: not the first page of its folio. */
#define FLAG_TAIL (UINT64_C(1) << 16)

enum { SMALL, LARGE, HUGE, SHARED, AREAS };

/**
 * struct area - one kind of memory
 * @advice: about huge pages; folios of other sizes are as the system is set up
 * @percent: accessed: of huge pages all, for they have one bit
 */
static const struct area {
	const char *name;
	int flags;
	int advice;
	unsigned int percent;
} areas[AREAS] = {
	[SMALL] = { "small", MAP_PRIVATE, MADV_NOHUGEPAGE, 10 },
	/* Not huge: a mapping that has no 2 MiB in a row, see map_area(). */
	[LARGE] = { "large", MAP_PRIVATE, MADV_NORMAL, 10 },
	[HUGE] = { "huge", MAP_PRIVATE, MADV_HUGEPAGE, 100 },
	[SHARED] = { "shared", MAP_SHARED, MADV_NORMAL, 10 },
};

struct bench {
	struct clear_range ranges[AREAS];
	pid_t pid;
	int to_child;
	int from_child;
};

static void map_area(struct bench *bench, unsigned int i, uint64_t pages)
{
	const uint64_t bytes = pages * TIERED_PAGE_SIZE;
	char *start = mmap(NULL, bytes + HUGE_BYTES, PROT_READ | PROT_WRITE,
			   areas[i].flags | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		options_fail(-errno, "mmap");
	start += HUGE_BYTES - (uintptr_t)start % HUGE_BYTES;
	if (areas[i].advice != MADV_NORMAL)
		madvise(start, bytes, areas[i].advice);
	bench->ranges[i] = (struct clear_range){ start, pages, areas[i].percent };
}

static void touch(const struct clear_range *range)
{
	uint64_t page;

	for (page = 0; page < range->pages; page++)
		if (clear_is_accessed(page, range->percent))
			((volatile char *)range->start)[page * TIERED_PAGE_SIZE]++;
}

/* The child: touches what is to be touched with each byte that comes. */
static void serve(const struct bench *bench, int in, int out)
{
	unsigned int i;
	char byte;

	while (read(in, &byte, 1) == 1) {
		for (i = 0; i < AREAS; i++) {
			if (byte == 'f')
				memset(bench->ranges[i].start, 1,
				       bench->ranges[i].pages * TIERED_PAGE_SIZE);
			else
				touch(&bench->ranges[i]);
		}
		if (write(out, "d", 1) != 1)
			break;
	}
	_exit(0);
}

static void tell(const struct bench *bench, char byte)
{
	if (write(bench->to_child, &byte, 1) != 1 || read(bench->from_child, &byte, 1) != 1)
		options_fail(-ECHILD, "the child is gone");
}

static void write_file(const char *folder, const char *name, const char *text)
{
	int err = put_text(folder, name, text);

	/* What could not be reclaimed in full says so; what could is counted. */
	if (err && err != -EAGAIN)
		options_fail(err, "%s/%s", folder, name);
}

static void begin(struct bench *bench, const char *cgroup)
{
	int down[2], up[2];
	char text[32];

	if (pipe(down) < 0 || pipe(up) < 0)
		options_fail(-errno, "pipe");
	bench->pid = fork();
	if (bench->pid < 0)
		options_fail(-errno, "fork");
	if (!bench->pid) {
		close(down[1]);
		serve(bench, down[0], up[1]);
	}
	bench->to_child = down[1];
	bench->from_child = up[0];
	snprintf(text, sizeof(text), "%d", (int)bench->pid);
	if (cgroup)
		write_file(cgroup, "cgroup.procs", text);
	tell(bench, 'f');
	/* Others map what is shared. */
	memset(bench->ranges[SHARED].start, 1, bench->ranges[SHARED].pages * TIERED_PAGE_SIZE);
	/* From here on only what is touched counts as accessed. */
	snprintf(text, sizeof(text), "/proc/%d", (int)bench->pid);
	write_file(text, "clear_refs", "1");
	write_file("/proc/self", "clear_refs", "1");
}

static uint64_t vmstat(const char *name)
{
	auto_fclose FILE *file = fopen("/proc/vmstat", "re");
	char word[64];
	unsigned long long value;

	while (file && fscanf(file, "%63s %llu", word, &value) == 2)
		if (strcmp(word, name) == 0)
			return value;
	return 0;
}

/* Referenced pages of a range, by smaps: its mapping is the one that it lies in. */
static uint64_t referenced(const struct bench *bench, const struct clear_range *range)
{
	char path[64], line[256];
	auto_fclose FILE *file = NULL;
	unsigned long long start, end, kib;
	uint64_t pages = 0;
	int inside = 0;

	snprintf(path, sizeof(path), "/proc/%d/smaps", (int)bench->pid);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx-%llx ", &start, &end) == 2)
			inside =
				start < (uintptr_t)range->start + range->pages * TIERED_PAGE_SIZE &&
				end > (uintptr_t)range->start;
		else if (inside && sscanf(line, "Referenced: %llu", &kib) == 1)
			pages += kib / 4;
	}
	return pages;
}

struct pages {
	uint64_t in_large; /* not the first page of their folio */
	uint64_t swapped;
	uint64_t swapped_accessed;
};

static void look_at(int pagemap_fd, int flags_fd, const struct clear_range *range,
		    struct pages *ret)
{
	uint64_t page, entry, flags;

	for (page = 0; page < range->pages; page++) {
		if (pread(pagemap_fd, &entry, sizeof(entry),
			  (off_t)(((uintptr_t)range->start / TIERED_PAGE_SIZE + page) * 8)) !=
		    sizeof(entry))
			options_fail(-EIO, "pagemap");
		if (entry & PAGEMAP_SWAPPED) {
			ret->swapped++;
			ret->swapped_accessed += (uint64_t)clear_is_accessed(page, range->percent);
		} else if (pagemap_pfn(entry) &&
			   pread(flags_fd, &flags, sizeof(flags),
				 (off_t)(pagemap_pfn(entry) * 8)) == sizeof(flags)) {
			ret->in_large += (flags & FLAG_TAIL) != 0;
		}
	}
}

static struct pages look(const struct bench *bench, const struct clear_range *range)
{
	struct pages pages = { 0 };
	char path[64];
	int pagemap_fd, flags_fd = open("/proc/kpageflags", O_RDONLY | O_CLOEXEC);

	snprintf(path, sizeof(path), "/proc/%d/pagemap", (int)bench->pid);
	pagemap_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pagemap_fd < 0 || flags_fd < 0)
		options_fail(-errno, "pagemap, kpageflags");
	look_at(pagemap_fd, flags_fd, range, &pages);
	close(pagemap_fd);
	close(flags_fd);
	return pages;
}

static uint64_t accessed_pages(const struct clear_range *range)
{
	uint64_t page, n = 0;

	for (page = 0; page < range->pages; page++)
		n += (uint64_t)clear_is_accessed(page, range->percent);
	return n;
}

static void print(const char *method, const char *area, const char *what, uint64_t n, uint64_t of)
{
	printf("figure clear_%s_%s_%s %.1f percent\n", method, area, what,
	       of ? 100.0 * (double)n / (double)of : 0);
}

static void clear_once(struct clear *clear)
{
	int err = clear_run(clear);

	if (err)
		options_fail(err, "clearing");
}

/* One kind of memory after the other: what is counted is counted for the whole system. */
static void effects(struct bench *bench, const char *method)
{
	struct clear *clear;
	unsigned int i;

	for (i = 0; i < AREAS; i++) {
		const struct clear_range *range = &bench->ranges[i];
		uint64_t before = vmstat("pgdeactivate");
		struct pages large = look(bench, range);

		tell(bench, 't');
		if (clear_open(method, bench->pid, range, 1, &clear))
			options_fail(-EIO, "%s", method);
		clear_once(clear);
		clear_close(clear);
		print(method, areas[i].name, "still_referenced", referenced(bench, range),
		      accessed_pages(range));
		print(method, areas[i].name, "deactivated", vmstat("pgdeactivate") - before,
		      accessed_pages(range));
		if (large.in_large)
			print(method, areas[i].name, "split",
			      large.in_large - look(bench, range).in_large, large.in_large);
	}
}

static void reclaim(struct bench *bench, struct clear *clear, const char *method,
		    const char *cgroup, int again)
{
	const struct clear_range *small = &bench->ranges[SMALL];
	struct pages gone;
	char text[32];
	int i;

	for (i = 0; i < WINDOWS; i++) {
		tell(bench, 't');
		clear_once(clear);
	}
	if (again)
		tell(bench, 't');
	snprintf(text, sizeof(text), "%" PRIu64, small->pages / 4 * TIERED_PAGE_SIZE);
	write_file(cgroup, "memory.reclaim", text);
	gone = look(bench, small);
	printf("# %s: %" PRIu64 " of %" PRIu64 " single pages reclaimed\n", method, gone.swapped,
	       small->pages);
	print(method, again ? "again" : "after", "reclaimed_hot", gone.swapped_accessed,
	      gone.swapped);
}

int main(int argc, char **argv)
{
	const char *cgroup = argc > 3 ? argv[3] : NULL;
	struct bench bench = { .pid = 0 };
	struct clear *clear;
	uint64_t pages;
	unsigned int i;
	int err;

	if (argc < 3 || argc > 5 || (argc == 5 && strcmp(argv[4], "again") != 0))
		options_die("usage: cleareffect none|idle|clear_refs|cold MIB [CGROUP [again]]");
	pages = options_number("MIB", argv[2], 1, 1 << 20) << 8;
	for (i = 0; i < AREAS; i++)
		map_area(&bench, i, i == SMALL ? pages : PART_PAGES);
	begin(&bench, cgroup);
	err = clear_open(argv[1], bench.pid, bench.ranges, AREAS, &clear);
	if (!err && cgroup)
		reclaim(&bench, clear, argv[1], cgroup, argc == 5);
	else if (!err)
		effects(&bench, argv[1]);
	if (!err)
		clear_close(clear);
	kill(bench.pid, SIGKILL);
	waitpid(bench.pid, NULL, 0);
	if (err == -EOPNOTSUPP)
		printf("# this kernel has no %s\n", argv[1]);
	else if (err)
		options_fail(err, "%s", argv[1]);
	return 0;
}
