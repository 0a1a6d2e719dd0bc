// SPDX-License-Identifier: GPL-2.0-only
/*
 * flat.c - does the cost stay flat when memory grows? From 256 MiB to 16 TiB of one address
 * space, through the daemon's own turns, heat, policy, plan, window controller and budget.
 *
 *	flat [-w WINDOWS] [SIZE_MIB...]
 *
 * The address space is simulated: a page's accesses follow from its number, so that no
 * memory is needed for it. Of every 64 regions of 2 MiB one is hot (an eighth of its pages is
 * accessed once per second, the rest never), three are warm (each page once in a minute), the
 * others are never accessed. The fast tier has room for half of what is hot. What the kernel would take for
 * reading page tables and clearing bits is added at the measured price below; all else is
 * CPU time of this machine, as it is spent. State is that of heat, as it is, and that of the
 * tracker `young` with every region known and all pages a process's own.
 *
 *	flat_cpu_SIZE		CPU of scan and decision, in per cent of one CPU, whole run
 *	flat_last_SIZE		the same of the last quarter
 *	flat_state_SIZE		state by memory tracked, in millionths
 *	flat_age_SIZE		seconds since the page that was not looked at for longest
 *	flat_interval_SIZE	length of the last window in seconds
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "decide/budget.h"
#include "decide/filter.h"
#include "decide/heat.h"
#include "decide/heat_due.h"
#include "decide/interval.h"
#include "decide/plan.h"
#include "decide/policy.h"
#include "decide/policy_fit.h"
#include "observe/young_region.h"

#define BASE UINT64_C(0x100000000000)
#define TARGET 7
#define REGION_PAGES 512u
#define NS 1000000000.0

/* One table of 512 entries read by BPF: 816 million entries per second. */
#define TABLE_NS 630
/* An idle flag set, and found gone again: a walk of the reverse mapping each. */
#define CLEAR_NS 870

struct machine {
	uint64_t regions;
	uint64_t places;
	uint64_t on_fast;
	uint64_t *fast; /* a bit per page */
	size_t fast_bytes;
	uint64_t *seen_ns; /* per region: when it was looked at last */
	uint64_t now_ns;
	uint64_t interval_ns;
	uint64_t window;
	uint64_t cursor;
	uint64_t read_ns; /* what the kernel would have taken in this window */
	uint64_t luck;
	struct budget budget;
	struct due due;
	struct heat *heat;
	struct plan plan;
};

static uint64_t mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static double uniform(struct machine *machine)
{
	return (double)(mix(machine->luck += UINT64_C(0x9e3779b97f4a7c15)) >> 11) /
	       9007199254740992.0;
}

static uint64_t cpu_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

enum kind { HOT, WARM, DEAD };

static enum kind kind_of(uint64_t region)
{
	uint64_t draw = mix(region + 1) % 64;

	return draw == 0 ? HOT : draw < 4 ? WARM : DEAD;
}

/* One in 1 - exp(-rate x interval), to first order: what is drawn is not what is measured. */
static int accessed(struct machine *machine, enum kind kind, uint64_t page)
{
	double seconds = (double)machine->interval_ns / NS;

	if (kind == DEAD || (kind == HOT && mix(page) % 8))
		return 0;
	return uniform(machine) < seconds / (seconds + (kind == HOT ? 1 : 60));
}

static int is_fast(const struct machine *machine, uint64_t page)
{
	return machine->fast[page / 64] >> page % 64 & 1;
}

/* The pages of a region that are due, as runs of those that are alike. */
static void observe_region(struct machine *machine, uint64_t region, const uint64_t due[DUE_WORDS])
{
	struct observation runs[REGION_PAGES];
	enum kind kind = kind_of(region);
	size_t n = 0;
	unsigned int i;

	for (i = 0; i < REGION_PAGES; i++) {
		uint64_t page = region * REGION_PAGES + i;
		struct observation *last = n ? &runs[n - 1] : NULL;
		uint8_t node, seen;

		if (!(due[i / 64] >> i % 64 & 1))
			continue;
		node = is_fast(machine, page) ? 0 : 1;
		seen = accessed(machine, kind, page) ? SEEN_ACCESSED : SEEN_IDLE;
		if (seen == SEEN_ACCESSED)
			machine->read_ns += CLEAR_NS;
		if (last && last->node == node && last->seen == seen &&
		    last->address + (last->more + 1) * (uint64_t)TIERED_PAGE_SIZE ==
			    BASE + page * TIERED_PAGE_SIZE) {
			last->more++;
			continue;
		}
		runs[n++] = (struct observation){ .address = BASE + page * TIERED_PAGE_SIZE,
						  .interval_ns = machine->interval_ns,
						  .target = TARGET,
						  .node = node,
						  .seen = seen };
	}
	machine->read_ns += TABLE_NS;
	if (n)
		heat_observe(machine->heat, runs, n);
}

static int16_t border(const struct machine *machine)
{
	uint64_t bins[HEAT_BINS] = { 0 };

	heat_add_bins(machine->heat, TARGET, bins);
	return fit_threshold(bins, machine->places);
}

/* Goes on from where the last window stopped, once round at most. Returns pages paid for. */
static uint64_t watch(struct machine *machine, uint64_t pages)
{
	uint64_t due[DUE_WORDS], left = pages, done, n;

	machine->due.border = border(machine);
	heat_take_turns(machine->heat, &machine->due);
	for (done = 0; left && done < machine->regions; done++) {
		uint64_t region = machine->cursor;

		machine->cursor = (machine->cursor + 1) % machine->regions;
		n = heat_due(machine->heat, TARGET, BASE + region * REGION_PAGES * TIERED_PAGE_SIZE,
			     due);
		if (n) {
			observe_region(machine, region, due);
			machine->seen_ns[region] = machine->now_ns;
		}
		n = n ? n : 1;
		left -= n < left ? n : left;
	}
	machine->due.level =
		due_level(machine->due.level, pages, pages - left, done == machine->regions);
	return pages - left;
}

static void move(struct machine *machine, struct move *one)
{
	uint64_t page = (one->address - BASE) / TIERED_PAGE_SIZE;

	if (one->to == 0) {
		machine->fast[page / 64] |= UINT64_C(1) << page % 64;
		machine->on_fast++;
	} else {
		machine->fast[page / 64] &= ~(UINT64_C(1) << page % 64);
		machine->on_fast--;
	}
	one->result = MOVE_MOVED;
	one->landed = one->to;
}

static void decide(struct machine *machine)
{
	struct node_view nodes[2] = {
		{ .id = 0, .total = machine->places, .free = machine->places - machine->on_fast },
		{ .id = 1,
		  .tier = 1,
		  .total = machine->regions * REGION_PAGES * 2,
		  .free = machine->regions * REGION_PAGES },
	};
	struct target_view target = { .id = TARGET, .promote = 1, .demote = 1, .allowed_nodes = 3 };
	struct snapshot snapshot = { .window = machine->window,
				     .interval_ns = machine->interval_ns,
				     .nodes = nodes,
				     .n_nodes = 2,
				     .targets = &target,
				     .n_targets = 1,
				     .heat = machine->heat,
				     .budget_pages = 1 << 17 };
	size_t i;

	plan_clear(&machine->plan);
	if (policy_heat.decide(NULL, &snapshot, &machine->plan) || plan_seal(&machine->plan))
		abort();
	for (i = 0; i < machine->plan.n_moves; i++)
		move(machine, &machine->plan.moves[i]);
	heat_settle(machine->heat, machine->plan.moves, machine->plan.n_moves);
}

/* As worker/window.c does it. Returns the CPU time of the window. */
static uint64_t window(struct machine *machine)
{
	uint64_t pages = budget_pages(&machine->budget, machine->interval_ns);
	uint64_t start = cpu_ns(), used = 0, pages_ns, spent, accessed;
	struct heat_stats stats;

	machine->window++;
	machine->read_ns = 0;
	heat_window(machine->heat, machine->window);
	if (pages)
		used = watch(machine, pages);
	pages_ns = cpu_ns() - start + machine->read_ns;
	decide(machine);
	heat_stats(machine->heat, &stats);
	machine->now_ns += machine->interval_ns;
	spent = cpu_ns() - start + machine->read_ns;
	budget_book(&machine->budget, machine->interval_ns, spent, pages_ns, used);
	if (!pages)
		machine->interval_ns =
			interval_longer(machine->interval_ns, INTERVAL_MIN_NS, INTERVAL_MAX_NS);
	else if (heat_accessed(&stats, &accessed) == 0)
		machine->interval_ns = interval_next(machine->interval_ns, accessed,
						     machine->places, stats.tracked,
						     INTERVAL_MIN_NS, INTERVAL_MAX_NS);
	return spent;
}

static void open_machine(struct machine *machine, uint64_t regions)
{
	struct heat_config config = { .memory_max = UINT64_MAX / 2 };

	*machine = (struct machine){ .regions = regions,
				     .places = regions * REGION_PAGES / 64 / 8 / 2 + 512,
				     .interval_ns = 1000000000,
				     .fast_bytes = regions * REGION_PAGES / 8 };
	machine->fast = mmap(NULL, machine->fast_bytes, PROT_READ | PROT_WRITE,
			     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	machine->seen_ns = calloc(regions, sizeof(*machine->seen_ns));
	if (machine->fast == MAP_FAILED || !machine->seen_ns || heat_new(&config, &machine->heat))
		abort();
	budget_init(&machine->budget, 10000);
}

static void close_machine(struct machine *machine)
{
	heat_free(machine->heat);
	plan_done(&machine->plan);
	munmap(machine->fast, machine->fast_bytes);
	free(machine->seen_ns);
}

static void figure(const char *what, uint64_t mib, double value, const char *unit)
{
	printf("figure flat_%s_%" PRIu64 "M %.4f %s\n", what, mib, value, unit);
}

static void run(uint64_t mib, unsigned int windows)
{
	struct machine machine;
	uint64_t spent = 0, last_spent = 0, last_from = 0, age = 0, state, i;
	struct heat_stats stats;

	open_machine(&machine, mib / 2);
	for (i = 0; i < windows; i++) {
		uint64_t now = window(&machine);

		spent += now;
		if (i == windows - windows / 4)
			last_from = machine.now_ns;
		if (i > windows - windows / 4)
			last_spent += now;
	}
	for (i = 0; i < machine.regions; i++)
		if (machine.now_ns - machine.seen_ns[i] > age)
			age = machine.now_ns - machine.seen_ns[i];
	heat_stats(machine.heat, &stats);
	figure("cpu", mib, (double)spent / (double)machine.now_ns * 100, "percent");
	figure("last", mib, (double)last_spent / (double)(machine.now_ns - last_from) * 100,
	       "percent");
	state = stats.bytes + machine.regions * young_region_size(0, 0);
	figure("state", mib, (double)state / (double)(mib << 20) * 1e6, "ppm");
	figure("age", mib, (double)age / NS, "seconds");
	figure("interval", mib, (double)machine.interval_ns / NS, "seconds");
	fflush(stdout);
	close_machine(&machine);
}

int main(int argc, char **argv)
{
	static const uint64_t sizes[] = { 256,    1024,    4096,    16384,   65536,
					  262144, 1048576, 4194304, 16777216 };
	unsigned int windows = 64;
	size_t i;
	int c;

	while ((c = getopt(argc, argv, "w:")) != -1) {
		if (c != 'w')
			return 2;
		windows = (unsigned int)strtoul(optarg, NULL, 0);
	}
	if (windows < 8) {
		fprintf(stderr, "flat: -w wants at least 8 windows\n");
		return 2;
	}
	for (i = (size_t)optind; i < (size_t)argc; i++)
		run(strtoull(argv[i], NULL, 0), windows);
	for (i = 0; optind == argc && i < sizeof(sizes) / sizeof(*sizes); i++)
		run(sizes[i], windows);
	return 0;
}
