// SPDX-License-Identifier: GPL-2.0-only
/*
 * hostile - processes that do to their memory what a daemon must not be upset by.
 *
 *	hostile [--seconds N] [--least N] [--device DISK] [--cgroup DIR] [--only NAME] [--full]
 *
 * One process (or some) for each effect; each has hot and cold memory of its own, which
 * the daemon moves meanwhile, and does its effect again and again. At the end there is a
 * line for each effect: how often it happened, and how often while the daemon was
 * scanning, while it was moving anybody's pages, and while it was moving those of this
 * very process. An effect counts only if its process is managed, and if the daemon was
 * seen at it right before or right after, so what passed unseen in between is left out.
 *
 * It ends once every effect happened --least times while a scan or a batch was in flight,
 * or, with --full anyhow, after --seconds. Status 0: data is intact and every effect was seen so often; 1: not.
 */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/hostile.h"
#include "lib/memory.h"
#include "lib/options.h"

#define PROCESSES_MAX 64
/* The hot tenth moves on after so many effects. */
#define HOT_ROUNDS 50
#define BETWEEN_NS 20000000

struct counts {
	atomic_uint_least64_t done;
	atomic_uint_least64_t scan;
	atomic_uint_least64_t batch;
	atomic_uint_least64_t own;
	atomic_uint_least64_t either;
	atomic_int error;
};

struct arguments {
	struct hostile_config config;
	uint64_t seconds;
	uint64_t least;
	const char *only;
	int full;
};

/* One of the processes, in memory that all share. */
struct slot {
	const struct hostile_effect *effect;
	struct flight_look before;
	struct counts counts;
};

static const struct hostile_effect *const tables[] = {
	hostile_memory_effects,
	hostile_pages_effects,
	hostile_process_effects,
};

static struct arguments parse(int argc, char **argv)
{
	static const struct option options[] = {
		{ "seconds", required_argument, NULL, 's' },
		{ "least", required_argument, NULL, 'l' },
		{ "device", required_argument, NULL, 'd' },
		{ "cgroup", required_argument, NULL, 'c' },
		{ "only", required_argument, NULL, 'o' },
		{ "full", no_argument, NULL, 'f' },
		{ 0 },
	};
	struct arguments arguments = { .config.node = 1, .seconds = 60, .least = 1 };
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			arguments.seconds = options_number("--seconds", optarg, 1, 86400);
		else if (option == 'l')
			arguments.least = options_number("--least", optarg, 1, 1000000);
		else if (option == 'd')
			arguments.config.device = optarg;
		else if (option == 'c')
			arguments.config.cgroup = optarg;
		else if (option == 'f')
			arguments.full = 1;
		else if (option == 'o')
			arguments.only = optarg, arguments.config.alone = 1;
		else
			options_die("usage: hostile [--seconds N] [--least N] [--device DISK] "
				    "[--cgroup DIR] [--only NAME] [--full]");
	}
	if (optind < argc)
		options_die("%s: no such argument", argv[optind]);
	return arguments;
}

/* Memory of the process apart from what the effect works on. */
struct body {
	uint64_t *memory;
	uint64_t accesses[MEMORY_COUNTERS];
};

/* Writes to a tenth of the pages, which one changes from time to time. */
static void body_touch(struct body *body, uint64_t round)
{
	size_t hot = HOSTILE_BODY_PAGES / 10, first = round / HOT_ROUNDS % 10 * hot, i;

	for (i = first; i < first + hot; i++)
		body->memory[i * MEMORY_PAGE_WORDS]++;
	body->accesses[0] += hot;
}

static int body_start(struct body *body, int node)
{
	int r = memory_map(HOSTILE_BODY_PAGES * 4096UL, MEMORY_HUGE_NEVER, &body->memory);

	return r < 0 ? r : memory_fill(body->memory, HOSTILE_BODY_PAGES, HOSTILE_SEED, 1, node);
}

static void count(const struct flight_look *before, const struct flight_look *after,
		  struct counts *counts)
{
	uint32_t own = (uint32_t)getpid();
	int scan = before->scan || after->scan, batch = before->victim || after->victim;

	atomic_fetch_add(&counts->done, 1);
	atomic_fetch_add(&counts->scan, (uint64_t)scan);
	atomic_fetch_add(&counts->batch, (uint64_t)batch);
	atomic_fetch_add(&counts->own, before->victim == own || after->victim == own);
	atomic_fetch_add(&counts->either, scan || batch);
}

/* Until it is told to end by SIGTERM; 0 or -errno. */
static int do_effect(struct hostile *hostile, struct slot *slot, struct body *body,
		     const sigset_t *end)
{
	const struct timespec pause = { .tv_nsec = BETWEEN_NS };
	struct flight_look after;
	int r = 0;

	while (r >= 0 && sigtimedwait(end, NULL, &pause) != SIGTERM) {
		slot->before = flight_look(hostile->flight);
		r = slot->effect->step(hostile);
		after = flight_look(hostile->flight);
		if (r > 0 && (hostile->alone || flight_manages(hostile->flight, getpid())))
			count(&slot->before, &after, &slot->counts);
		body_touch(body, hostile->round++);
	}
	return r < 0 ? r : 0;
}

static int run_process(const struct arguments *arguments, struct slot *slot, const sigset_t *end)
{
	struct hostile hostile = { .config = &arguments->config, .before = &slot->before };
	struct body body = { 0 };
	struct flight *flight;
	int r;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* So many on so few CPUs: the daemon would have three windows a minute. */
	setpriority(PRIO_PROCESS, 0, 15);
	r = flight_open(60, &flight);
	if (r == 0)
		r = body_start(&body, arguments->config.node);
	hostile.flight = flight;
	if (r == 0)
		r = slot->effect->setup(&hostile);
	if (r == 0)
		r = do_effect(&hostile, slot, &body, end);
	if (r == 0 && memory_verify(body.memory, HOSTILE_BODY_PAGES, HOSTILE_SEED, body.accesses))
		r = -EILSEQ;
	if (hostile.partner > 0)
		kill(hostile.partner, SIGKILL);
	return r;
}

static pid_t start_process(const struct arguments *arguments, struct slot *slot)
{
	sigset_t end;
	pid_t pid;
	int r;

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	sigprocmask(SIG_BLOCK, &end, NULL);
	pid = fork();
	if (pid)
		return pid;
	r = run_process(arguments, slot, &end);
	atomic_store(&slot->counts.error, r);
	_exit(r != 0);
}

/* The least often seen of all effects; copies of one count together. */
static uint64_t least_seen(struct slot *slots, size_t n)
{
	uint64_t least = UINT64_MAX, sum = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		sum += atomic_load(&slots[i].counts.either);
		if (i + 1 < n && slots[i + 1].effect == slots[i].effect)
			continue;
		least = sum < least ? sum : least;
		sum = 0;
	}
	return least;
}

static int has_error(struct slot *slots, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (atomic_load(&slots[i].counts.error))
			return 1;
	return 0;
}

static void wait_for_effects(const struct arguments *arguments, struct slot *slots, size_t n)
{
	const struct timespec pause = { .tv_nsec = 200000000 };
	uint64_t waits;

	for (waits = 0; waits < arguments->seconds * 5; waits++) {
		if ((!arguments->full && least_seen(slots, n) >= arguments->least) ||
		    has_error(slots, n))
			return;
		nanosleep(&pause, NULL);
	}
}

static int end_processes(const pid_t *pids, size_t n)
{
	int status, failed = 0;
	size_t i;

	for (i = 0; i < n; i++)
		kill(pids[i], SIGTERM);
	for (i = 0; i < n; i++) {
		waitpid(pids[i], &status, 0);
		failed |= status;
	}
	return failed != 0;
}

/* Returns 1 when an effect was seen too seldom, or failed. */
static int report(const struct arguments *arguments, struct slot *slots, size_t n)
{
	uint64_t done = 0, scan = 0, batch = 0, own = 0, either = 0;
	int failed = 0;
	size_t i;

	for (i = 0; i < n; i++) {
		struct counts *counts = &slots[i].counts;
		int error = atomic_load(&counts->error);

		done += counts->done;
		scan += counts->scan;
		batch += counts->batch;
		own += counts->own;
		either += counts->either;
		if (error)
			printf("effect %s failed: %s\n", slots[i].effect->name,
			       error == -EILSEQ ? "data is damaged" : strerror(-error));
		failed |= error != 0;
		if (i + 1 < n && slots[i + 1].effect == slots[i].effect)
			continue;
		printf("effect %s done %" PRIu64 " in_flight %" PRIu64 " scan %" PRIu64
		       " batch %" PRIu64 " own_batch %" PRIu64 "\n",
		       slots[i].effect->name, done, either, scan, batch, own);
		failed |= either < arguments->least;
		done = scan = batch = own = either = 0;
	}
	return failed;
}

static size_t fill_slots(const struct arguments *arguments, struct slot *slots)
{
	const struct hostile_effect *effect;
	unsigned int copy;
	size_t i, n = 0;

	for (i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (effect = tables[i]; effect->name; effect++)
			for (copy = 0; copy < effect->copies && n < PROCESSES_MAX; copy++)
				if (!arguments->only || strcmp(arguments->only, effect->name) == 0)
					slots[n++].effect = effect;
	return n;
}

int main(int argc, char **argv)
{
	struct arguments arguments;
	pid_t pids[PROCESSES_MAX];
	struct slot *slots;
	size_t i, n;
	int failed;

	if (argc == 2 && strcmp(argv[1], "--executed") == 0)
		return hostile_executed();
	arguments = parse(argc, argv);
	slots = mmap(NULL, PROCESSES_MAX * sizeof(*slots), PROT_READ | PROT_WRITE,
		     MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (slots == MAP_FAILED)
		options_fail(-errno, "memory for the counts");
	n = fill_slots(&arguments, slots);
	if (!n)
		options_die("--only %s: no such effect", arguments.only);
	for (i = 0; i < n; i++) {
		pids[i] = start_process(&arguments, &slots[i]);
		if (pids[i] < 0)
			options_fail(-errno, "a process for %s", slots[i].effect->name);
	}
	wait_for_effects(&arguments, slots, n);
	failed = end_processes(pids, n);
	return report(&arguments, slots, n) || failed;
}
