// SPDX-License-Identifier: GPL-2.0-only
/*
 * arena - a workload that knows the true distribution of its accesses.
 *
 * It fills an arena, publishes the address and the weight of each page in a
 * truth file (lib/truth.h) and then accesses pages by these weights, at full
 * speed or at a given rate, until its time is over or SIGTERM comes. SIGUSR1
 * makes the hot set jump elsewhere. hitshare reads the truth file.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/distribution.h"
#include "lib/load.h"
#include "lib/memory.h"
#include "lib/options.h"
#include "lib/truth.h"
#include "tiered/types.h"
#include "util/clock.h"

/*
 * Emulated TLBs turn over far more slowly than real ones. An mprotect() over
 * 64 touched pages is above the kernel's limit for flushing page by page (33),
 * so it flushes the whole TLB; every 10 ms is what a busy machine does.
 */
#define PRESSURE_PAGES 64
#define PRESSURE_NS (10 * NSEC_PER_MSEC)

struct arena {
	struct distribution distribution;
	uint64_t bytes, rate, run_ns, jump_ns;
	uint32_t pages;
	unsigned int threads;
	int start_node;
	enum memory_huge huge;
	int idle, busy, pressure, checksum, shared;
	char truth_path[256];

	uint64_t *memory;
	char *pressure_map;
	struct truth *truth;
	struct load load;
};

/* Makes hot set number @jump the current one; 0 or -errno. */
static int arena_jump(struct arena *arena, uint32_t jump)
{
	int r;

	arena->distribution.jump = jump;
	atomic_fetch_add(&arena->truth->generation, 1);
	r = distribution_weights(&arena->distribution, arena->pages, arena->truth->weights);
	if (!r)
		r = load_switch(&arena->load, arena->truth->weights, arena->pages);
	if (jump)
		atomic_store(&arena->truth->jumped_ns, clock_now_ns());
	atomic_fetch_add(&arena->truth->generation, 1);
	return r;
}

static void pressure_apply(struct arena *arena)
{
	size_t bytes = PRESSURE_PAGES * TIERED_PAGE_SIZE;

	for (size_t i = 0; i < bytes; i += TIERED_PAGE_SIZE)
		((volatile char *)arena->pressure_map)[i]++;
	/* Taking a right away flushes; giving it back does not. */
	if (mprotect(arena->pressure_map, bytes, PROT_READ) ||
	    mprotect(arena->pressure_map, bytes, PROT_READ | PROT_WRITE))
		options_fail(-errno, "cannot change the protection of the pressure pages");
}

/* Handles signals and time until the end. */
static void arena_control(struct arena *arena, const sigset_t *signals)
{
	uint64_t start = clock_now_ns(), end = arena->run_ns ? start + arena->run_ns : UINT64_MAX;
	uint64_t jump_at = arena->jump_ns ? start + arena->jump_ns : UINT64_MAX;
	uint64_t tick = arena->pressure ? PRESSURE_NS : 200 * NSEC_PER_MSEC;
	const struct timespec pause = { .tv_nsec = (long)tick };
	int number, r = 0;

	for (uint64_t now = start; now < end && !r; now = clock_now_ns()) {
		number = sigtimedwait(signals, NULL, &pause);
		if (number == SIGTERM || number == SIGINT)
			break;
		if ((number == SIGUSR1 || now >= jump_at) && !arena->idle) {
			jump_at = UINT64_MAX;
			r = arena_jump(arena, arena->distribution.jump + 1);
		}
		if (arena->pressure)
			pressure_apply(arena);
	}
	if (r)
		options_fail(r, "cannot make the next hot set");
}

/* A second process that has all pages mapped, and does nothing. */
_Noreturn static void arena_partner(const struct arena *arena)
{
	const volatile uint64_t *words = arena->memory;
	const struct timespec poll = { .tv_nsec = 100000000 };

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t page = 0; page < arena->pages; page++)
		(void)words[page * MEMORY_PAGE_WORDS];
	for (;;)
		nanosleep(&poll, NULL);
}

static int arena_map(struct arena *arena)
{
	int r = memory_map(arena->bytes, arena->huge, &arena->memory);

	if (!r && arena->shared &&
	    mmap(arena->memory, arena->bytes, PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED)
		r = -errno;
	return r;
}

static int arena_share(const struct arena *arena)
{
	pid_t child = fork();

	if (child == 0)
		arena_partner(arena);
	return child < 0 ? -errno : 0;
}

static void arena_prepare(struct arena *arena)
{
	int r = arena_map(arena);

	if (!r)
		r = memory_fill(arena->memory, arena->pages, arena->distribution.seed,
				arena->checksum, arena->start_node);
	if (!r && arena->shared)
		r = arena_share(arena);
	if (r)
		options_fail(r, "cannot fill %llu bytes", (unsigned long long)arena->bytes);
	if (!arena->truth_path[0])
		snprintf(arena->truth_path, sizeof(arena->truth_path), "/run/arena.%d",
			 (int)getpid());
	r = truth_create(arena->truth_path, (uintptr_t)arena->memory, arena->pages, &arena->truth);
	if (r)
		options_fail(r, "cannot make %s", arena->truth_path);
	arena->load = (struct load){ .memory = arena->memory,
				     .seed = arena->distribution.seed,
				     .rate = arena->rate,
				     .threads = arena->threads,
				     .busy = arena->busy,
				     .accesses = &arena->truth->accesses };
	r = arena_jump(arena, 0);
	if (r)
		options_fail(r, "cannot make the hot set");
	arena->pressure_map = mmap(NULL, PRESSURE_PAGES * TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE,
				   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (arena->pressure_map == MAP_FAILED)
		options_fail(-errno, "cannot map the pressure pages");
}

/* Stops the load and verifies; returns the exit status. */
static int arena_finish(struct arena *arena, uint64_t start)
{
	uint64_t accesses[LOAD_THREADS_MAX], total = 0, faults = 0;
	double seconds = (double)(clock_now_ns() - start) / NSEC_PER_SEC;

	load_stop(&arena->load, accesses);
	for (unsigned int i = 0; i < LOAD_THREADS_MAX; i++)
		total += accesses[i];
	if (arena->checksum)
		faults = memory_verify(arena->memory, arena->pages, arena->distribution.seed,
				       accesses);
	atomic_store(&arena->truth->phase, TRUTH_DONE);
	printf("arena: %llu accesses in %.1f s, %.0f/s, data %s\n", (unsigned long long)total,
	       seconds, (double)total / seconds,
	       !arena->checksum ? "not verified"
	       : faults         ? "DAMAGED"
				: "intact");
	return faults != 0;
}

static const char help[] =
	"usage: arena [OPTION...]\n"
	"  --size SIZE         of the arena (256M)\n"
	"  --mode MODE         gups: a hot set gets most accesses (default); uniform; zipf:THETA;\n"
	"                      spin: only a small hot set (--hot-share .01) is accessed at all;\n"
	"                      idle: touched once, then never again\n"
	"  --hot-share X       part of the pages that is hot (.1)\n"
	"  --hot-access X      part of the accesses that goes there (.9)\n"
	"  --seed N            chooses which pages are hot (1)\n"
	"  --in-order          the first pages are the hot ones, in a row, not random ones\n"
	"  --spread            as many pages of each 2 MiB are hot\n"
	"  --rate N            accesses per second (as many as can be)\n"
	"  --busy              spin, instead of sleeping, when ahead of the rate\n"
	"  --threads N         1 to 8 (1)\n"
	"  --start-node N      the node that the pages come from; the policy is default "
	"afterwards\n"
	"  --huge yes|no       ask for, or refuse, transparent huge pages\n"
	"  --shared            the arena is memory of two processes, of which one does nothing\n"
	"  --tlb-pressure      flush the own TLB every 10 ms, as a busy real machine does\n"
	"  --checksum          fill whole pages, verify all of it at the end (status 1: damaged)\n"
	"  --seconds N         how long to run (until SIGTERM)\n"
	"  --jump-after N      a new hot set after N seconds; SIGUSR1 asks for one any time\n"
	"  --truth FILE        where to publish the truth (/run/arena.PID)\n";

enum arena_option {
	OPT_SIZE,
	OPT_MODE,
	OPT_HOT_SHARE,
	OPT_HOT_ACCESS,
	OPT_SEED,
	OPT_IN_ORDER,
	OPT_SPREAD,
	OPT_RATE,
	OPT_BUSY,
	OPT_THREADS,
	OPT_START_NODE,
	OPT_HUGE,
	OPT_SHARED,
	OPT_PRESSURE,
	OPT_CHECKSUM,
	OPT_SECONDS,
	OPT_JUMP,
	OPT_TRUTH,
	OPT_HELP
};

static const struct option options[] = {
	[OPT_SIZE] = { "size", required_argument, NULL, OPT_SIZE },
	[OPT_MODE] = { "mode", required_argument, NULL, OPT_MODE },
	[OPT_HOT_SHARE] = { "hot-share", required_argument, NULL, OPT_HOT_SHARE },
	[OPT_HOT_ACCESS] = { "hot-access", required_argument, NULL, OPT_HOT_ACCESS },
	[OPT_SEED] = { "seed", required_argument, NULL, OPT_SEED },
	[OPT_IN_ORDER] = { "in-order", no_argument, NULL, OPT_IN_ORDER },
	[OPT_SPREAD] = { "spread", no_argument, NULL, OPT_SPREAD },
	[OPT_RATE] = { "rate", required_argument, NULL, OPT_RATE },
	[OPT_BUSY] = { "busy", no_argument, NULL, OPT_BUSY },
	[OPT_THREADS] = { "threads", required_argument, NULL, OPT_THREADS },
	[OPT_START_NODE] = { "start-node", required_argument, NULL, OPT_START_NODE },
	[OPT_HUGE] = { "huge", required_argument, NULL, OPT_HUGE },
	[OPT_SHARED] = { "shared", no_argument, NULL, OPT_SHARED },
	[OPT_PRESSURE] = { "tlb-pressure", no_argument, NULL, OPT_PRESSURE },
	[OPT_CHECKSUM] = { "checksum", no_argument, NULL, OPT_CHECKSUM },
	[OPT_SECONDS] = { "seconds", required_argument, NULL, OPT_SECONDS },
	[OPT_JUMP] = { "jump-after", required_argument, NULL, OPT_JUMP },
	[OPT_TRUTH] = { "truth", required_argument, NULL, OPT_TRUTH },
	[OPT_HELP] = { "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static void set_mode(struct arena *arena, const char *text)
{
	if (!strcmp(text, "spin")) {
		arena->distribution.shape = DISTRIBUTION_HOTSET;
		arena->distribution.hot_share = 0.01;
		arena->distribution.hot_access = 1;
	} else if (!strcmp(text, "idle")) {
		arena->idle = 1;
	} else if (distribution_parse(text, &arena->distribution)) {
		options_die("--mode %s: expected gups, uniform, zipf:THETA, spin or idle", text);
	}
}

static void set_huge(struct arena *arena, const char *text)
{
	if (strcmp(text, "yes") && strcmp(text, "no"))
		options_die("--huge %s: expected yes or no", text);
	arena->huge = *text == 'y' ? MEMORY_HUGE_ALWAYS : MEMORY_HUGE_NEVER;
}

static void set_option(struct arena *arena, int option, const char *name, const char *text)
{
	switch (option) {
	case OPT_SIZE:
		arena->bytes = options_size(name, text);
		break;
	case OPT_MODE:
		set_mode(arena, text);
		break;
	case OPT_HOT_SHARE:
		arena->distribution.hot_share = options_fraction(name, text, 1e-9, 1);
		break;
	case OPT_HOT_ACCESS:
		arena->distribution.hot_access = options_fraction(name, text, 0, 1);
		break;
	case OPT_SEED:
		arena->distribution.seed = options_number(name, text, 0, UINT64_MAX);
		break;
	case OPT_IN_ORDER:
		arena->distribution.in_order = 1;
		break;
	case OPT_SPREAD:
		arena->distribution.spread = 1;
		break;
	case OPT_RATE:
		arena->rate = options_number(name, text, 1, 1000000000);
		break;
	case OPT_BUSY:
		arena->busy = 1;
		break;
	case OPT_THREADS:
		arena->threads = (unsigned int)options_number(name, text, 1, LOAD_THREADS_MAX);
		break;
	case OPT_START_NODE:
		arena->start_node = (int)options_number(name, text, 0, 62);
		break;
	case OPT_HUGE:
		set_huge(arena, text);
		break;
	case OPT_SHARED:
		arena->shared = 1;
		break;
	case OPT_PRESSURE:
		arena->pressure = 1;
		break;
	case OPT_CHECKSUM:
		arena->checksum = 1;
		break;
	case OPT_SECONDS:
		arena->run_ns = options_number(name, text, 1, 1000000) * NSEC_PER_SEC;
		break;
	case OPT_JUMP:
		arena->jump_ns = options_number(name, text, 1, 1000000) * NSEC_PER_SEC;
		break;
	case OPT_TRUTH:
		snprintf(arena->truth_path, sizeof(arena->truth_path), "%s", text);
		break;
	}
}

static void read_options(struct arena *arena, int argc, char **argv)
{
	int option, index = 0;

	while ((option = getopt_long(argc, argv, "", options, &index)) >= 0) {
		if (option == OPT_HELP) {
			fputs(help, stdout);
			exit(0);
		}
		if (option == '?')
			exit(2);
		set_option(arena, option, options[index].name, optarg);
	}
	if (optind < argc)
		options_die("%s: not an option", argv[optind]);
	if (arena->bytes < TIERED_PAGE_SIZE || arena->bytes >> TIERED_PAGE_SHIFT > UINT32_MAX)
		options_die("--size: expected 4K to 16T");
	arena->pages = (uint32_t)(arena->bytes >> TIERED_PAGE_SHIFT);
	if (arena->distribution.spread && arena->pages % DISTRIBUTION_BLOCK)
		options_die("--spread: expected a --size of whole 2M");
	arena->bytes = (uint64_t)arena->pages << TIERED_PAGE_SHIFT;
}

int main(int argc, char **argv)
{
	struct arena arena = {
		.distribution = { .shape = DISTRIBUTION_HOTSET,
				  .hot_share = 0.1,
				  .hot_access = 0.9,
				  .seed = 1 },
		.bytes = 256UL << 20,
		.threads = 1,
		.start_node = -1,
	};
	sigset_t signals;
	uint64_t start;
	int r;

	read_options(&arena, argc, argv);
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGUSR1);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	arena_prepare(&arena);
	start = clock_now_ns();
	r = arena.idle ? 0 : load_start(&arena.load);
	if (r)
		options_fail(r, "cannot start the threads");
	atomic_store(&arena.truth->phase, TRUTH_RUNNING);
	arena_control(&arena, &signals);
	return arena_finish(&arena, start);
}
