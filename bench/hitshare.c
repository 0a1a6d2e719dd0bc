// SPDX-License-Identifier: GPL-2.0-only
/*
 * hitshare - what share of a workload's accesses lands on fast memory.
 *
 * Takes the weights from the truth file of arena and the placement from
 * move_pages(2), which looks without touching: the pages are never read, and
 * no accessed bit or idle mark changes. Prints one CSV line per sample.
 */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/options.h"
#include "lib/placement.h"
#include "lib/truth.h"
#include "tiered/types.h"
#include "util/cleanup.h"
#include "util/clock.h"

struct observer {
	const char *truth_path;
	uint64_t fast_nodes, capacity, every_ns, count, wait_ns;
	int list;
	double none; /* share before anything was done; below 0: that of the first sample */

	const struct truth *truth;
	float *weights;
	void **addresses;
	int *nodes;
	int generation; /* of the weights and the oracle; -1: none yet */
	double oracle;
};

static void sleep_until(uint64_t ns)
{
	struct timespec until = { .tv_sec = (time_t)(ns / NSEC_PER_SEC),
				  .tv_nsec = (long)(ns % NSEC_PER_SEC) };

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

/* Waits for the workload to have filled its arena, then makes room for its pages. */
static void observer_open(struct observer *observer)
{
	uint64_t deadline = clock_now_ns() + observer->wait_ns, pages;
	int r;

	while ((r = truth_open(observer->truth_path, &observer->truth)) ||
	       atomic_load(&observer->truth->phase) == TRUTH_FILLING) {
		if (clock_now_ns() >= deadline)
			options_fail(r ? r : -ETIMEDOUT, "cannot use %s", observer->truth_path);
		sleep_until(clock_now_ns() + 20 * NSEC_PER_MSEC);
	}
	pages = observer->truth->pages;
	observer->weights = calloc(pages, sizeof(*observer->weights));
	observer->addresses = calloc(pages, sizeof(*observer->addresses));
	observer->nodes = calloc(pages, sizeof(*observer->nodes));
	if (!observer->weights || !observer->addresses || !observer->nodes)
		options_fail(-ENOMEM, "cannot observe %llu pages", (unsigned long long)pages);
	for (uint64_t i = 0; i < pages; i++)
		observer->addresses[i] =
			(void *)(uintptr_t)(observer->truth->base + (i << TIERED_PAGE_SHIFT));
	observer->generation = -1;
}

/* The hot set may have jumped since the last sample. */
static int observer_refresh(struct observer *observer)
{
	const struct truth *truth = observer->truth;
	int generation;

	if (observer->generation >= 0 &&
	    (int)atomic_load(&truth->generation) == observer->generation)
		return 0;
	generation = truth_weights(truth, observer->weights);
	if (generation < 0)
		return generation;
	observer->generation = generation;
	return placement_oracle(observer->weights, truth->pages, observer->capacity,
				&observer->oracle);
}

/* One sample; -ESRCH or -EINVAL when the workload is gone. */
static int observer_sample(struct observer *observer)
{
	const struct truth *truth = observer->truth;
	struct placement_share share;
	uint64_t start;
	int r = observer_refresh(observer);

	if (r)
		return r;
	start = clock_now_ns();
	r = placement_read((int)truth->pid, observer->addresses, truth->pages, observer->nodes);
	if (r)
		return r;
	placement_share(observer->weights, observer->nodes, truth->pages, observer->fast_nodes,
			&share);
	if (observer->none < 0)
		observer->none = share.hit;
	printf("%.3f,%.5f,%.5f,%.5f,%.5f,%llu,%llu,%llu,%d,%llu\n", (double)start / NSEC_PER_SEC,
	       share.hit, observer->oracle, observer->oracle > 0 ? share.hit / observer->oracle : 0,
	       placement_recovered(share.hit, observer->none, observer->oracle),
	       (unsigned long long)share.fast, (unsigned long long)share.slow,
	       (unsigned long long)share.absent, observer->generation / 2 - 1,
	       (unsigned long long)atomic_load(&truth->accesses));
	fflush(stdout);
	return 0;
}

/* A line for each page, in place of samples. */
static int observer_list(struct observer *observer)
{
	const struct truth *truth = observer->truth;
	int r = observer_refresh(observer);

	if (r == 0)
		r = placement_read((int)truth->pid, observer->addresses, truth->pages,
				   observer->nodes);
	for (uint64_t i = 0; r == 0 && i < truth->pages; i++)
		printf("%p %g %d\n", observer->addresses[i], (double)observer->weights[i],
		       observer->nodes[i]);
	return r;
}

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

static int observer_run(struct observer *observer)
{
	uint64_t due = clock_now_ns(), i;
	int r = 0;

	puts("time,hit,oracle,rel,recovered,fast_pages,slow_pages,absent_pages,hot_set,accesses");
	for (i = 0; !observer->count || i < observer->count; i++) {
		if (i)
			sleep_until(due);
		if (ended || atomic_load(&observer->truth->phase) == TRUTH_DONE)
			break;
		r = observer_sample(observer);
		if (r)
			break;
		due += observer->every_ns;
		/* A sample that took too long does not make the next ones come in a bunch. */
		if (due < clock_now_ns())
			due = clock_now_ns() + observer->every_ns;
	}
	/* The end of the workload is ours too (EINVAL: it has no memory any more), unless
	 * nothing was seen at all. */
	return (r == -ESRCH || r == -EINVAL) && i ? 0 : r;
}

static const char help[] =
	"usage: hitshare --truth FILE [OPTION...]\n"
	"  --truth FILE        as published by arena; waited for, 60 s at most\n"
	"  --fast-nodes LIST   nodes that count as fast (0)\n"
	"  --capacity PAGES    what the fast nodes can give, for the oracle (all)\n"
	"  --none X            share before anything was done (that of the first sample)\n"
	"  --every MS          time between samples (1000)\n"
	"  --count N           samples (1; 0: until the workload ends or SIGTERM)\n"
	"  --list              one line for each page instead: address, share of the accesses\n"
	"                      that goes there, node\n"
	"CSV columns: seconds of CLOCK_MONOTONIC; share of accesses on fast memory; the best\n"
	"that the capacity allows; share / oracle; (share - none) / (oracle - none); pages on\n"
	"fast, on slow, absent; number of the hot set; accesses done so far\n";

static const struct option options[] = {
	{ "truth", required_argument, NULL, 't' },
	{ "fast-nodes", required_argument, NULL, 'f' },
	{ "capacity", required_argument, NULL, 'c' },
	{ "none", required_argument, NULL, 'n' },
	{ "every", required_argument, NULL, 'e' },
	{ "count", required_argument, NULL, 'C' },
	{ "list", no_argument, NULL, 'l' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static void set_option(struct observer *observer, int option, const char *name)
{
	switch (option) {
	case 't':
		observer->truth_path = optarg;
		break;
	case 'f':
		observer->fast_nodes = options_nodes(name, optarg);
		break;
	case 'c':
		observer->capacity = options_number(name, optarg, 0, UINT64_MAX);
		break;
	case 'n':
		observer->none = options_fraction(name, optarg, 0, 1);
		break;
	case 'e':
		observer->every_ns = options_number(name, optarg, 1, 3600000) * NSEC_PER_MSEC;
		break;
	case 'C':
		observer->count = options_number(name, optarg, 0, UINT64_MAX);
		break;
	case 'l':
		observer->list = 1;
		break;
	case 'h':
		fputs(help, stdout);
		exit(0);
	default:
		exit(2);
	}
}

int main(int argc, char **argv)
{
	struct observer observer = { .fast_nodes = 1,
				     .capacity = UINT64_MAX,
				     .every_ns = NSEC_PER_SEC,
				     .count = 1,
				     .wait_ns = 60 * NSEC_PER_SEC,
				     .none = -1 };
	struct sigaction action = { .sa_handler = end };
	int option, index = 0, r;

	while ((option = getopt_long(argc, argv, "", options, &index)) >= 0)
		set_option(&observer, option, option == '?' ? "" : options[index].name);
	if (optind < argc || !observer.truth_path)
		options_die("--truth FILE is needed, and nothing but options");
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	observer_open(&observer);
	r = observer.list ? observer_list(&observer) : observer_run(&observer);
	if (r)
		options_fail(r, "cannot sample process %u", observer.truth->pid);
	return 0;
}
