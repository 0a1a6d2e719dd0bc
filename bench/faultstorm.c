// SPDX-License-Identifier: GPL-2.0-only
/*
 * faultstorm.c - page faults and nothing else: what does listening to them cost?
 *
 *	faultstorm FAULTS [MAP_MIB]
 *
 * Maps MAP_MIB (default 8) of anonymous memory, touches every page, unmaps it,
 * and begins again until FAULTS pages were touched. Prints nanoseconds per
 * fault, mapping and unmapping included, of real time and of CPU time (which a
 * busy machine disturbs less), and what the kernel counted.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>

#include "tiered/types.h"
#include "util/clock.h"

#define MAP_MIB_DEFAULT 8

static void storm(size_t length, uint64_t faults)
{
	while (faults) {
		volatile char *memory = mmap(NULL, length, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

		if (memory == MAP_FAILED) {
			perror("mmap");
			exit(1);
		}
		/* Huge pages would make one fault of 512. */
		madvise((void *)memory, length, MADV_NOHUGEPAGE);
		for (size_t at = 0; at < length && faults; at += TIERED_PAGE_SIZE, faults--)
			memory[at] = 1;
		munmap((void *)memory, length);
	}
}

int main(int argc, char **argv)
{
	uint64_t faults = argc > 1 ? strtoull(argv[1], NULL, 10) : 0, wall, cpu;
	size_t length = (argc > 2 ? strtoul(argv[2], NULL, 10) : MAP_MIB_DEFAULT) << 20;
	struct rusage usage;

	if (!faults || !length) {
		fprintf(stderr, "usage: faultstorm FAULTS [MAP_MIB]\n");
		return 2;
	}
	wall = clock_now_ns();
	cpu = clock_thread_cpu_ns();
	storm(length, faults);
	cpu = clock_thread_cpu_ns() - cpu;
	wall = clock_now_ns() - wall;
	getrusage(RUSAGE_SELF, &usage);
	printf("%.1f ns per fault, %.1f of CPU, %llu touched, %ld counted\n",
	       (double)wall / (double)faults, (double)cpu / (double)faults,
	       (unsigned long long)faults, usage.ru_minflt);
	return 0;
}
