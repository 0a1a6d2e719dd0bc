// SPDX-License-Identifier: GPL-2.0-only
/*
 * pagescan.c - one window of one way to learn what was accessed
 *
 *	pagescan METHOD PAGES PERCENT
 *
 * A child has PAGES and touches PERCENT of them between mark and read. METHOD is
 * bitmap (pagemap, and the idle bitmap), pagemap (which tells what is there
 * only), or scan (PAGEMAP_SCAN of the companion kernel). Prints how many pages
 * it saw, how many there were to be seen, system calls, and nanoseconds of CPU.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/bare.h"
#include "lib/touched.h"
#include "observe/target.h"
#include "util/clock.h"

/**
 * struct method - one way
 * @mark: or NULL
 * @counts: @read returns accessed pages, else present ones
 */
struct method {
	const char *name;
	void (*mark)(struct bare *bare);
	uint64_t (*read)(struct bare *bare);
	int counts;
};

static const struct method methods[] = {
	{ "bitmap", bare_mark, bare_read, 1 },
	{ "pagemap", NULL, bare_pagemap, 0 },
	{ "scan", bare_young_mark, bare_young_read, 1 },
};

static const struct method *method_find(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

int main(int argc, char **argv)
{
	const struct method *method = argc == 4 ? method_find(argv[1]) : NULL;
	uint64_t pages = argc == 4 ? strtoull(argv[2], NULL, 10) : 0;
	uint64_t percent = argc == 4 ? strtoull(argv[3], NULL, 10) : 0;
	struct touched touched = { 0 };
	uint64_t ns, start_ns, seen;
	struct bare *bare;

	if (!method || !pages || percent > 100) {
		fprintf(stderr, "usage: pagescan bitmap|pagemap|scan PAGES PERCENT\n");
		return 2;
	}
	touched_start(&touched, pages);
	bare = bare_new(touched.target->pagemap_fd, touched.arena, pages);
	start_ns = clock_thread_cpu_ns();
	if (method->mark)
		method->mark(bare);
	ns = clock_thread_cpu_ns() - start_ns;
	touched_run(&touched, percent);
	start_ns = clock_thread_cpu_ns();
	seen = method->read(bare);
	ns += clock_thread_cpu_ns() - start_ns;
	printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", seen,
	       method->counts ? touched_count(&touched, percent) : pages, bare_calls(bare), ns);
	bare_free(bare);
	touched_stop(&touched);
	return 0;
}
