// SPDX-License-Identifier: GPL-2.0-only
/*
 * scan.c - what does the idle tracker add to what the kernel costs anyway?
 *
 *	scan MIB [TOUCHED_PERCENT]
 *
 * A child holds an arena of MIB. In turns, a bare loop and the tracker of the
 * daemon mark all of its pages idle, the child touches TOUCHED_PERCENT of them
 * (default 10), and the same one reads which were. The bare loop is the least
 * that does the job: pagemap to frames, one bit per frame, 4096 bytes of bitmap
 * per call, and on reading the same again, because pages move. It knows neither
 * large folios nor pages on no LRU list, and reports to nobody.
 *
 * Prints medians; a ratio above 1 is what the tracker is slower by.
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

#include "observe/proc.h"
#include "observe/target.h"
#include "observe/topology.h"
#include "observe/tracker.h"
#include "observe/vmas.h"
#include "util/clock.h"

/* Odd, so that the median is a value that was measured. */
#define TURNS 9

/* Most frames the bare loop has room for: 64 GiB of them are 2 MiB of bits. */
#define BARE_FRAMES (UINT64_C(64) << 18)
#define BARE_ENTRIES 8192
#define CALL_BYTES 4096
#define CALL_WORDS (CALL_BYTES / sizeof(uint64_t))

#define CHURN_PAGES 64

struct bench {
	char *arena, *churn;
	uint64_t pages, touched_percent;
	int pagemap_fd, bitmap_fd;
	uint64_t first_call, last_call; /* of the bitmap, that the arena lies in */
	uint64_t bits[BARE_FRAMES / 64];
	uint64_t entries[BARE_ENTRIES];
	uint64_t accessed;
	double ns[4][TURNS]; /* per page: bare mark, bare read, tracker mark, tracker read */
};

enum { BARE_MARK, BARE_READ, TRACKER_MARK, TRACKER_READ };

static void die(const char *what, int err)
{
	fprintf(stderr, "scan: %s: %s\n", what, strerror(-err));
	exit(1);
}

static size_t bare_entries(struct bench *bench, uint64_t page)
{
	uint64_t n = bench->pages - page;
	ssize_t bytes;

	if (n > BARE_ENTRIES)
		n = BARE_ENTRIES;
	bytes = pread(bench->pagemap_fd, bench->entries, n * 8,
		      (off_t)(((uintptr_t)bench->arena / TIERED_PAGE_SIZE + page) * 8));
	if (bytes <= 0)
		die("pagemap", -errno);
	return (size_t)bytes / 8;
}

static uint64_t bare_frame(uint64_t entry)
{
	uint64_t pfn = entry & ((UINT64_C(1) << 55) - 1);

	if (!(entry >> 63) || pfn >= BARE_FRAMES)
		die("a page is absent, or its frame too high", -ERANGE);
	return pfn;
}

static void bare_mark(struct bench *bench)
{
	uint64_t page, first = UINT64_MAX, last = 0, call;
	size_t i, n;

	/* What the last turn left. */
	memset(&bench->bits[bench->first_call * CALL_WORDS], 0,
	       (bench->last_call + 1 - bench->first_call) * CALL_BYTES);
	for (page = 0; page < bench->pages; page += n) {
		n = bare_entries(bench, page);
		for (i = 0; i < n; i++) {
			uint64_t pfn = bare_frame(bench->entries[i]);

			bench->bits[pfn / 64] |= UINT64_C(1) << (pfn % 64);
			if (pfn < first)
				first = pfn;
			if (pfn > last)
				last = pfn;
		}
	}
	bench->first_call = first / 64 / CALL_WORDS;
	bench->last_call = last / 64 / CALL_WORDS;
	for (call = bench->first_call; call <= bench->last_call; call++)
		if (pwrite(bench->bitmap_fd, &bench->bits[call * CALL_WORDS], CALL_BYTES,
			   (off_t)(call * CALL_BYTES)) < 0 &&
		    errno != ENXIO)
			die("writing the bitmap", -errno);
}

static void bare_read(struct bench *bench)
{
	uint64_t page, call;
	size_t i, n;

	for (call = bench->first_call; call <= bench->last_call; call++)
		if (pread(bench->bitmap_fd, &bench->bits[call * CALL_WORDS], CALL_BYTES,
			  (off_t)(call * CALL_BYTES)) < 0)
			die("reading the bitmap", -errno);
	bench->accessed = 0;
	for (page = 0; page < bench->pages; page += n) {
		n = bare_entries(bench, page);
		for (i = 0; i < n; i++) {
			uint64_t pfn = bare_frame(bench->entries[i]);

			bench->accessed += !(bench->bits[pfn / 64] >> (pfn % 64) & 1);
		}
	}
}

static void count(void *arg, const struct observation *observations, size_t n)
{
	struct bench *bench = arg;
	size_t i;

	for (i = 0; i < n; i++)
		bench->accessed += observations[i].seen == SEEN_ACCESSED;
}

static void touch(const struct bench *bench)
{
	uint64_t page;

	for (page = 0; page < CHURN_PAGES; page++)
		((volatile char *)bench->churn)[page * TIERED_PAGE_SIZE]++;
	/* So many pages make the kernel flush the whole TLB: what is touched next is seen. */
	mprotect(bench->churn, CHURN_PAGES * TIERED_PAGE_SIZE, PROT_READ);
	mprotect(bench->churn, CHURN_PAGES * TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE);
	for (page = 0; page < bench->pages; page++)
		if (page * 61 % 100 < bench->touched_percent)
			((volatile char *)bench->arena)[page * TIERED_PAGE_SIZE]++;
}

/* The child: touches once per byte. */
static void serve(const struct bench *bench, int in, int out)
{
	char byte;

	memset(bench->arena, 1, bench->pages * TIERED_PAGE_SIZE);
	memset(bench->churn, 1, CHURN_PAGES * TIERED_PAGE_SIZE);
	while (write(out, "d", 1) == 1 && read(in, &byte, 1) == 1)
		touch(bench);
	exit(0);
}

static void let_touch(int to_child, int from_child)
{
	char byte;

	if (write(to_child, "t", 1) != 1 || read(from_child, &byte, 1) != 1)
		die("the child is gone", -ECHILD);
}

/* CPU time per page since @start_ns. */
static double per_page(const struct bench *bench, uint64_t start_ns)
{
	return (double)(clock_thread_cpu_ns() - start_ns) / (double)bench->pages;
}

static void check(const struct bench *bench, const char *who)
{
	uint64_t page, expected = 0;

	for (page = 0; page < bench->pages; page++)
		expected += page * 61 % 100 < bench->touched_percent;
	if (bench->accessed < expected * 98 / 100 ||
	    bench->accessed > expected * 102 / 100 + bench->pages / 500)
		printf("# %s saw %" PRIu64 " of %" PRIu64 " touched pages\n", who, bench->accessed,
		       expected);
}

static void turn(struct bench *bench, void *tracker, int i, int to_child, int from_child)
{
	struct tracker_cost cost;
	uint64_t start_ns = clock_thread_cpu_ns();

	bare_mark(bench);
	bench->ns[BARE_MARK][i] = per_page(bench, start_ns);
	let_touch(to_child, from_child);
	start_ns = clock_thread_cpu_ns();
	bare_read(bench);
	bench->ns[BARE_READ][i] = per_page(bench, start_ns);
	check(bench, "the bare loop");

	start_ns = clock_thread_cpu_ns();
	if (tracker_idle.mark(tracker, UINT64_MAX, &cost) < 0)
		die("mark", -EIO);
	bench->ns[TRACKER_MARK][i] = per_page(bench, start_ns);
	let_touch(to_child, from_child);
	bench->accessed = 0;
	start_ns = clock_thread_cpu_ns();
	if (tracker_idle.read(tracker, 1, count, bench, &cost) < 0)
		die("read", -EIO);
	bench->ns[TRACKER_READ][i] = per_page(bench, start_ns);
	check(bench, "the tracker");
	if (i == 0)
		printf("figure scan_read_calls_per_gib %.1f calls\n",
		       (double)cost.calls * (1 << 18) / (double)bench->pages);
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median(double *values)
{
	qsort(values, TURNS, sizeof(*values), compare);
	return values[TURNS / 2];
}

static void print(struct bench *bench)
{
	double ns[4];
	int i;

	for (i = 0; i < 4; i++)
		ns[i] = median(bench->ns[i]);
	printf("figure scan_bare_mark_pages_per_cpu_s %.0f pages/s\n", 1e9 / ns[BARE_MARK]);
	printf("figure scan_tracker_mark_pages_per_cpu_s %.0f pages/s\n", 1e9 / ns[TRACKER_MARK]);
	printf("figure scan_bare_read_pages_per_cpu_s %.0f pages/s\n", 1e9 / ns[BARE_READ]);
	printf("figure scan_tracker_read_pages_per_cpu_s %.0f pages/s\n", 1e9 / ns[TRACKER_READ]);
	printf("figure scan_mark_ratio %.3f ratio\n", ns[TRACKER_MARK] / ns[BARE_MARK]);
	printf("figure scan_read_ratio %.3f ratio\n", ns[TRACKER_READ] / ns[BARE_READ]);
}

/* A target with the arena as its only mapping: both sides look at the same pages. */
static struct target *hold(const struct bench *bench, pid_t pid)
{
	struct target_key key = { .tgid = (uint32_t)pid };
	struct target *target;
	struct proc_stat stat;
	int err;

	err = proc_read_stat("/proc", key.tgid, &stat);
	key.start_ns = stat.start_ns;
	if (!err)
		err = target_open("/proc", 1, &key, NULL, &target);
	if (err)
		die("cannot hold the child", err);
	target->vmas = malloc(sizeof(*target->vmas));
	if (!target->vmas)
		die("memory", -ENOMEM);
	target->n_vmas = 1;
	target->vmas[0] = (struct vma){
		.start = (uintptr_t)bench->arena,
		.end = (uintptr_t)bench->arena + bench->pages * TIERED_PAGE_SIZE,
	};
	return target;
}

static void run(struct bench *bench, pid_t pid, int to_child, int from_child)
{
	struct tracker_env env = { .proc_root = "/proc", .sys_root = "/sys" };
	struct target *target = hold(bench, pid);
	struct topology *topology;
	char why[256], byte;
	void *tracker;
	int i;

	bench->pagemap_fd = target->pagemap_fd;
	bench->bitmap_fd = open("/sys/kernel/mm/page_idle/bitmap", O_RDWR | O_CLOEXEC);
	if (topology_read("/sys", "/proc", NULL, 0, &topology, why, sizeof(why)) < 0)
		die(why, -EINVAL);
	env.topology = topology;
	if (tracker_idle.probe(&env, why, sizeof(why)) < 0) {
		printf("1..0 # SKIP %s\n", why);
		exit(77);
	}
	if (tracker_idle.start(&env, &tracker) < 0 ||
	    tracker_idle.retarget(tracker, &target, 1) < 0)
		die("start", -ENOMEM);
	if (read(from_child, &byte, 1) != 1)
		die("the child is gone", -ECHILD);
	for (i = 0; i < TURNS; i++)
		turn(bench, tracker, i, to_child, from_child);
	tracker_idle.stop(tracker);
	target_close(target);
	topology_free(topology);
	print(bench);
}

static char *map(uint64_t bytes)
{
	char *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		die("mmap", -errno);
	madvise(start, bytes, MADV_NOHUGEPAGE);
	return start;
}

int main(int argc, char **argv)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	uint64_t mib = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	int down[2], up[2];
	pid_t pid;

	if (!mib || mib > UINT64_C(1) << 20) {
		fprintf(stderr, "usage: scan MIB [TOUCHED_PERCENT]\n");
		return 2;
	}
	if (!bench || pipe(down) < 0 || pipe(up) < 0)
		die("start", -errno);
	bench->pages = mib << 8;
	bench->touched_percent = argc > 2 ? strtoull(argv[2], NULL, 10) : 10;
	bench->arena = map(bench->pages * TIERED_PAGE_SIZE);
	bench->churn = map(CHURN_PAGES * TIERED_PAGE_SIZE);
	pid = fork();
	if (pid < 0)
		die("fork", -errno);
	if (!pid) {
		close(down[1]);
		serve(bench, down[0], up[1]);
	}
	run(bench, pid, down[1], up[0]);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	free(bench);
	return 0;
}
