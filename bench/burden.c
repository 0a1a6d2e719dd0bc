// SPDX-License-Identifier: GPL-2.0-only
/*
 * burden - what makes the life of a daemon dear that watches a machine, and what it costs.
 *
 *	burden spin COUNT	COUNT processes that do nothing but use CPU time
 *	burden maps COUNT	one with COUNT mappings, none of which can be listed together with its
 *				neighbour; reads a page of every second one again and again
 *	burden crowd RATE	RATE processes come and go per second
 *	burden clock PID	prints the CPU time of a process in nanoseconds, all threads that
 *				it has or had
 *
 * The first three print a line with their pid when all is set up. SIGTERM ends them; a crowd
 * then prints how many came.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "lib/options.h"
#include "tiered/types.h"
#include "util/clock.h"

#define SPINNERS_MAX 64
/* vm.max_map_count, by default. */
#define MAPS_MAX 65530
#define RATE_MAX 5000
/* Time of a visitor, and how often new ones come. */
#define VISIT_NS (100 * NSEC_PER_MSEC)
#define TICK_NS (10 * NSEC_PER_MSEC)
/* Between two rounds of reading. */
#define ROUND_NS (200 * NSEC_PER_MSEC)

static volatile sig_atomic_t ended;

static void on_term(int signal)
{
	(void)signal;
	ended = 1;
}

static void ready(void)
{
	/* A test that dies must not leave it behind. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, on_term);
	printf("%d\n", getpid());
	fflush(stdout);
}

static void rest(uint64_t ns)
{
	const struct timespec pause = { .tv_nsec = (long)ns };

	nanosleep(&pause, NULL);
}

static void spin(const char *count)
{
	uint64_t n = options_number("COUNT", count, 1, SPINNERS_MAX);

	ready();
	while (--n && fork() > 0)
		;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	while (!ended)
		;
}

/* Every second page can be read: no two mappings that are alike touch. */
static void maps(const char *count)
{
	uint64_t n = options_number("COUNT", count, 2, MAPS_MAX), i;
	char *memory = mmap(NULL, n * TIERED_PAGE_SIZE, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		options_fail(-errno, "%llu pages", (unsigned long long)n);
	for (i = 0; i < n; i += 2) {
		if (mprotect(memory + i * TIERED_PAGE_SIZE, TIERED_PAGE_SIZE,
			     PROT_READ | PROT_WRITE))
			options_fail(-errno, "mapping %llu", (unsigned long long)i);
		memory[i * TIERED_PAGE_SIZE] = 1;
	}
	ready();
	while (!ended) {
		for (i = 0; i < n; i += 2)
			(void)*(volatile char *)(memory + i * TIERED_PAGE_SIZE);
		rest(ROUND_NS);
	}
}

_Noreturn static void visit(void)
{
	rest(VISIT_NS);
	_exit(0);
}

static void crowd(const char *rate)
{
	const uint64_t per_second = options_number("RATE", rate, 1, RATE_MAX);
	uint64_t start_ns, came = 0, failed = 0;
	pid_t child;

	signal(SIGCHLD, SIG_IGN);
	ready();
	start_ns = clock_now_ns();
	while (!ended) {
		uint64_t due = (clock_now_ns() - start_ns) * per_second / NSEC_PER_SEC;

		while (came + failed < due && !ended) {
			child = fork();
			if (child == 0)
				visit();
			came += child > 0;
			failed += child < 0;
		}
		rest(TICK_NS);
	}
	printf("%llu came, %llu could not\n", (unsigned long long)came, (unsigned long long)failed);
}

static void tell_clock(const char *text)
{
	uint32_t pid = (uint32_t)options_number("PID", text, 1, INT32_MAX);
	uint64_t ns = 0;
	int r = clock_process_cpu_ns(pid, &ns);

	if (r)
		options_fail(r, "process %u", pid);
	printf("%llu\n", (unsigned long long)ns);
}

static const struct {
	const char *name;
	void (*run)(const char *argument);
} burdens[] = {
	{ "spin", spin },
	{ "maps", maps },
	{ "crowd", crowd },
	{ "clock", tell_clock },
};

int main(int argc, char **argv)
{
	size_t i;

	for (i = 0; argc == 3 && i < sizeof(burdens) / sizeof(burdens[0]); i++) {
		if (strcmp(argv[1], burdens[i].name) == 0) {
			burdens[i].run(argv[2]);
			return 0;
		}
	}
	options_die("usage: burden spin COUNT | maps COUNT | crowd RATE | clock PID");
}
