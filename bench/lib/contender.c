// SPDX-License-Identifier: GPL-2.0-only
#include "contender.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "options.h"
#include "put.h"
#include "util/cleanup.h"
#include "util/clock.h"

#define DEBUG "/sys/kernel/debug"
#define GENERATIONS "lru_gen"
#define GENERATIONS_MAX 256
/* In one call: little enough to go on for many windows. */
#define RECLAIM "512K"
#define PAUSE_NS (2 * NSEC_PER_MSEC)
#define PATIENCE_NS (30 * NSEC_PER_SEC)

/* Between the two processes. */
struct beat {
	_Atomic int works;
	_Atomic int busy;
	_Atomic uint64_t rounds;
};

struct contender {
	struct beat *beat;
	pid_t pid;
	int (*round)(const struct contender *contender);
	char cgroup[128];
};

/* One command for each list, of its youngest generation. */
static size_t list_generations(char (*ret_commands)[64])
{
	auto_fclose FILE *file = fopen(DEBUG "/" GENERATIONS, "re");
	uint64_t memcg = 0, node = 0, number;
	char line[256];
	size_t n = 0;

	while (file && fgets(line, sizeof(line), file)) {
		if (sscanf(line, "memcg %" SCNu64, &memcg) == 1)
			continue;
		if (sscanf(line, " node %" SCNu64, &node) == 1) {
			n += n < GENERATIONS_MAX - 1;
			continue;
		}
		/* They ascend. */
		if (n && sscanf(line, " %" SCNu64 " %*u", &number) == 1)
			snprintf(ret_commands[n - 1], sizeof(*ret_commands),
				 "+ %" PRIu64 " %" PRIu64 " %" PRIu64 " 1 1\n", memcg, node,
				 number);
	}
	return n;
}

/* How many lists have aged. */
static int age(const struct contender *contender)
{
	static char commands[GENERATIONS_MAX][64];
	size_t i, n = list_generations(commands);
	int aged = 0;

	(void)contender;
	for (i = 0; i < n; i++)
		aged += put_text(DEBUG, GENERATIONS, commands[i]) == 0;
	return aged;
}

/* What is left may not suffice: it has worked for it anyway. */
static int reclaim(const struct contender *contender)
{
	int err = put_text(contender->cgroup, "memory.reclaim", RECLAIM);

	return err == 0 || err == -EAGAIN;
}

static const struct {
	const char *name;
	int (*round)(const struct contender *contender);
} kinds[] = {
	{ "mglru", age },
	{ "reclaim", reclaim },
};

static void rest(void)
{
	const struct timespec pause = { .tv_nsec = PAUSE_NS };

	nanosleep(&pause, NULL);
}

_Noreturn static void run(const struct contender *contender)
{
	struct beat *beat = contender->beat;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;; rest()) {
		atomic_store(&beat->busy, 1);
		if (atomic_load(&beat->works) && contender->round(contender) > 0)
			atomic_fetch_add(&beat->rounds, 1);
		atomic_store(&beat->busy, 0);
	}
}

struct contender *contender_start(const char *name, const char *cgroup)
{
	struct contender *contender = calloc(1, sizeof(*contender));
	size_t i;

	if (!contender)
		options_fail(-ENOMEM, "contender");
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			contender->round = kinds[i].round;
	if (!contender->round)
		options_die("%s: expected mglru or reclaim", name);
	snprintf(contender->cgroup, sizeof(contender->cgroup), "%s", cgroup);
	contender->beat = mmap(NULL, sizeof(*contender->beat), PROT_READ | PROT_WRITE,
			       MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (contender->beat == MAP_FAILED)
		options_fail(-errno, "contender");
	contender->pid = fork();
	if (contender->pid == 0)
		run(contender);
	if (contender->pid < 0)
		options_fail(-errno, "contender");
	return contender;
}

void contender_work(struct contender *contender, int works)
{
	atomic_store(&contender->beat->works, works);
	/* A round that has begun before ends. */
	while (!works && atomic_load(&contender->beat->busy))
		rest();
}

void contender_await(struct contender *contender, uint64_t rounds)
{
	/* One is under way. */
	const uint64_t until = atomic_load(&contender->beat->rounds) + rounds + 1;
	const uint64_t deadline_ns = clock_now_ns() + PATIENCE_NS;

	while (atomic_load(&contender->beat->rounds) < until) {
		if (clock_now_ns() > deadline_ns)
			options_fail(-ETIMEDOUT, "the rival does not work");
		rest();
	}
}

uint64_t contender_rounds(const struct contender *contender)
{
	return atomic_load(&contender->beat->rounds);
}

void contender_stop(struct contender *contender)
{
	kill(contender->pid, SIGKILL);
	waitpid(contender->pid, NULL, 0);
	munmap(contender->beat, sizeof(*contender->beat));
	free(contender);
}
