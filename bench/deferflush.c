// SPDX-License-Identifier: GPL-2.0-only
/*
 * deferflush - what moves of pages cost in TLB flushes, counted and not timed.
 *
 *	deferflush READONLY WRITTEN UNMAPS END [READERS]
 *
 * Moves disjoint sets of 64 pages, a call of move_pages() for each, READONLY of
 * them sets that may only be read and WRITTEN sets that were written; in turns.
 * Then unmaps UNMAPS small mappings, one by one, which flushes a range each.
 * END is what happens then: "drain" sends what was put off, "timer" waits for it,
 * "none" does neither.
 *
 * Meanwhile readers spin on other CPUs, on a page that is not moved: a CPU that
 * waits for a page being moved is idle, and an idle one is not interrupted. With
 * READERS "sleep" they sleep a little after each read, with "pairs" each takes
 * turns with a process of its own on its CPU, which changes the address space
 * there twice; it is "spin" otherwise.
 * Prints one line: flushes sent, interrupts taken by the readers, full flushes
 * done by them, folios put off, drains, pages moved, page faults, context switches.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/cpus.h"
#include "lib/echo.h"
#include "lib/options.h"
#include "observe/vmstat.h"

#define SET_PAGES 64
#define SETS_MAX 4096
#define PAGE 4096UL
#define UNMAP_PAGES 4
#define READERS_MAX 15
#define TRACING "/sys/kernel/tracing/"
#define DEFER "/sys/kernel/debug/migrate_deferred_flush/"
#define MOVE 2 /* MPOL_MF_MOVE */

static atomic_int readers_up;
static atomic_int readers_end;

struct reader {
	pthread_t thread;
	int cpu;
	volatile uint64_t *page;
	const char *how;
	struct echo echo; /* the other one of a pair */
};

struct counts {
	uint64_t interrupts;
	struct vmstat vmstat;
	uint64_t faults;
	uint64_t switches;
};

static void *read_loop(void *arg)
{
	struct reader *reader = arg;
	const int sleeps = strcmp(reader->how, "sleep") == 0;
	const int pairs = strcmp(reader->how, "pairs") == 0;

	cpus_pin(reader->cpu);
	atomic_fetch_add(&readers_up, 1);
	while (!atomic_load_explicit(&readers_end, memory_order_relaxed)) {
		(void)*reader->page;
		if (sleeps)
			usleep(200);
		else if (pairs)
			echo_turn(&reader->echo);
	}
	return NULL;
}

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		options_fail(-errno, "cannot write to %s", path);
	close(fd);
}

static void *map_pages(size_t pages, uint64_t value)
{
	char *memory = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
			    -1, 0);
	size_t i;

	if (memory == MAP_FAILED)
		options_fail(-errno, "no memory for %zu pages", pages);
	madvise(memory, pages * PAGE, MADV_NOHUGEPAGE);
	for (i = 0; i < pages; i++)
		*(uint64_t *)(memory + i * PAGE) = value + i;
	return memory;
}

/* Returns how many of the set are on @node afterwards. */
static size_t move_set(char *set, int node)
{
	void *pages[SET_PAGES];
	int nodes[SET_PAGES], status[SET_PAGES];
	size_t i, there = 0;

	for (i = 0; i < SET_PAGES; i++) {
		pages[i] = set + i * PAGE;
		nodes[i] = node;
		status[i] = -1;
	}
	if (syscall(SYS_move_pages, 0, (unsigned long)SET_PAGES, pages, nodes, status, MOVE) < 0)
		options_fail(-errno, "move_pages() fails");
	for (i = 0; i < SET_PAGES; i++)
		there += status[i] == node;
	return there;
}

static uint64_t faults_taken(void)
{
	FILE *file = fopen("/proc/self/stat", "re");
	unsigned long long faults = 0;

	if (!file || fscanf(file, "%*d (%*[^)]) %*c %*d %*d %*d %*d %*d %*u %llu", &faults) != 1)
		faults = 0;
	if (file)
		fclose(file);
	return faults;
}

static uint64_t switches_done(void)
{
	FILE *file = fopen("/proc/stat", "re");
	unsigned long long switches = 0;
	char line[4096];

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "ctxt %llu", &switches) == 1)
			break;
	if (file)
		fclose(file);
	return switches;
}

static void counts_take(struct counts *ret)
{
	ret->switches = switches_done();
	/* Of all CPUs but the first, which is ours. */
	ret->interrupts = cpus_tlb_interrupts(1);
	ret->faults = faults_taken();
	if (vmstat_read("/proc", &ret->vmstat) < 0)
		options_die("/proc/vmstat cannot be read");
}

/* Flushes sent (reason 4), and full ones done because somebody sent one (reason 1). */
static void trace_count(uint64_t *ret_sent, uint64_t *ret_full)
{
	FILE *file = fopen(TRACING "trace", "re");
	char line[512];

	*ret_sent = *ret_full = 0;
	while (file && fgets(line, sizeof(line), file)) {
		const char *at = strstr(line, "tlb_flush: pages:");

		if (!at)
			continue;
		*ret_sent += strstr(at, "(4)") != NULL;
		*ret_full += strstr(at, "(1)") && strstr(at, "pages:-1 ");
	}
	if (file)
		fclose(file);
}

static void await_timer(void)
{
	char text[16] = "";
	int tries;

	for (tries = 0; tries < 10000; tries++) {
		int fd = open(DEFER "pending", O_RDONLY | O_CLOEXEC);
		ssize_t n = fd < 0 ? 0 : read(fd, text, sizeof(text) - 1);

		if (fd >= 0)
			close(fd);
		if (n <= 0 || text[0] == '0')
			return;
		usleep(1000);
	}
	options_die("the kernel's timer has not sent what it put off");
}

/* The sets in turns: as many of either kind as there are, evenly mixed. */
static size_t move_all(char *const *sets, size_t n, int node)
{
	size_t i, moved = 0;

	for (i = 0; i < n; i++)
		moved += move_set(sets[i], node);
	return moved;
}

static void make_sets(char **sets, size_t readonly, size_t written)
{
	const size_t n = readonly + written;
	size_t i, is_readonly = 0;

	for (i = 0; i < n; i++) {
		sets[i] = map_pages(SET_PAGES, i << 16);
		if (is_readonly * n <= i * readonly && is_readonly < readonly) {
			mprotect(sets[i], SET_PAGES * PAGE, PROT_READ);
			is_readonly++;
		}
	}
}

static size_t check_sets(char *const *sets, size_t n)
{
	size_t i, page, wrong = 0;

	for (i = 0; i < n; i++)
		for (page = 0; page < SET_PAGES; page++)
			wrong += *(uint64_t *)(sets[i] + page * PAGE) != (i << 16) + page;
	return wrong;
}

static void report(const struct counts *before, const struct counts *after, size_t moved)
{
	const uint64_t *was = before->vmstat.value, *is = after->vmstat.value;
	uint64_t sent, full;

	trace_count(&sent, &full);
	printf("%llu %llu %llu %llu %llu %zu %llu %llu\n", (unsigned long long)sent,
	       (unsigned long long)(after->interrupts - before->interrupts),
	       (unsigned long long)full,
	       (unsigned long long)(is[VMSTAT_DEFER_FOLIOS] - was[VMSTAT_DEFER_FOLIOS]),
	       (unsigned long long)(is[VMSTAT_DEFER_DRAINED] - was[VMSTAT_DEFER_DRAINED]), moved,
	       (unsigned long long)(after->faults - before->faults),
	       (unsigned long long)(after->switches - before->switches));
}

/* Before there are sets: what a child has a part in is not moved. */
static void readers_prepare(struct reader *readers, int n, const char *how)
{
	int i;

	if (strcmp(how, "spin") != 0 && strcmp(how, "sleep") != 0 && strcmp(how, "pairs") != 0)
		options_die("READERS is '%s', expected spin, sleep or pairs", how);
	for (i = 0; i < n; i++) {
		readers[i] = (struct reader){ .cpu = i + 1, .how = how };
		if (strcmp(how, "pairs") == 0)
			readers[i].echo = echo_start(readers[i].cpu);
	}
}

static void readers_start(struct reader *readers, int n, uint64_t *page)
{
	int i;

	for (i = 0; i < n; i++) {
		readers[i].page = page;
		if (pthread_create(&readers[i].thread, NULL, read_loop, &readers[i]))
			options_die("cannot start a thread");
	}
	while (atomic_load(&readers_up) < n)
		usleep(1000);
}

static void run(char *const *sets, size_t n, char *const *unmaps, size_t n_unmaps, const char *end)
{
	struct counts before, after;
	size_t i, moved;

	counts_take(&before);
	write_file(TRACING "trace", "");
	write_file(TRACING "events/tlb/tlb_flush/enable", "1");
	moved = move_all(sets, n, 1);
	for (i = 0; i < n_unmaps; i++)
		munmap(unmaps[i], UNMAP_PAGES * PAGE);
	if (strcmp(end, "drain") == 0 && access(DEFER "drain", W_OK) == 0)
		write_file(DEFER "drain", "1");
	if (strcmp(end, "timer") == 0)
		await_timer();
	write_file(TRACING "events/tlb/tlb_flush/enable", "0");
	counts_take(&after);
	report(&before, &after, moved);
	if (moved != n * SET_PAGES || check_sets(sets, n))
		options_die("not all pages have moved, or not with their content");
}

int main(int argc, char **argv)
{
	struct reader readers[READERS_MAX];
	int n_readers = (int)sysconf(_SC_NPROCESSORS_ONLN) - 1, i;
	static char *sets[SETS_MAX], *unmaps[SETS_MAX];
	size_t readonly, written, n_unmaps, k;

	if (argc != 5 && argc != 6)
		options_die("usage: deferflush READONLY WRITTEN UNMAPS drain|timer|none "
			    "[spin|sleep|pairs]");
	readonly = options_number("READONLY", argv[1], 0, SETS_MAX / 2);
	written = options_number("WRITTEN", argv[2], 0, SETS_MAX / 2);
	n_unmaps = options_number("UNMAPS", argv[3], 0, SETS_MAX);
	if (n_readers > READERS_MAX)
		n_readers = READERS_MAX;
	readers_prepare(readers, n_readers, argc == 6 ? argv[5] : "spin");
	cpus_pin(0);
	make_sets(sets, readonly, written);
	/* A page of nobody's between any two, so that they stay separate mappings. */
	for (k = 0; k < n_unmaps; k++) {
		unmaps[k] = map_pages(UNMAP_PAGES + 1, 1);
		munmap(unmaps[k] + UNMAP_PAGES * PAGE, PAGE);
	}
	readers_start(readers, n_readers, map_pages(1, 1));
	run(sets, readonly + written, unmaps, n_unmaps, argv[4]);
	atomic_store(&readers_end, 1);
	for (i = 0; i < n_readers; i++)
		pthread_join(readers[i].thread, NULL);
	return 0;
}
