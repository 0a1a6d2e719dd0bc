// SPDX-License-Identifier: GPL-2.0-only
/* hostile_process.c - processes that end, multiply, become others, or are held by others. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"
#include "memory.h"
#include "placement.h"

/* How long a process waits to become a target before it goes on without. */
#define MANAGED_WAIT_MS 5000
/* Then it lives for up to so long; alone long enough to be moved, and reads its pages so often. */
#define HOLD_MS_MAX 400
#define HOLD_ALONE_MS_MAX 4000
#define TOUCH_MS 20
/* One page in so many is asked where it is; a batch is under way when so many of these left. */
#define ASKED_EVERY 16
#define ASKED_PAGES (HOSTILE_BODY_PAGES / ASKED_EVERY)
#define ASKED_LEFT 4

static void sleep_ms(unsigned int ms)
{
	const struct timespec pause = { .tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L };

	nanosleep(&pause, NULL);
}

int hostile_body_map(uint64_t **ret_body)
{
	size_t bytes = HOSTILE_BODY_PAGES * 4096UL;
	uint64_t *body;
	int r = memory_map(bytes, MEMORY_HUGE_NEVER, &body);

	if (r < 0)
		return r;
	body = mremap(body, bytes, bytes, MREMAP_MAYMOVE | MREMAP_FIXED, (void *)HOSTILE_BODY_AT);
	if (body == MAP_FAILED)
		return -errno;
	*ret_body = body;
	return 0;
}

/* A body large enough to be managed, and time to become so. 1 when it is. */
static int body_start(const struct hostile *hostile, uint64_t **ret_body)
{
	unsigned int waited;

	if (hostile_body_map(ret_body) < 0 ||
	    memory_fill(*ret_body, HOSTILE_BODY_PAGES, HOSTILE_SEED, 1, hostile->config->node) < 0)
		return -ENOMEM;
	for (waited = 0; waited < MANAGED_WAIT_MS; waited += 20) {
		if (flight_manages(hostile->flight, getpid()))
			return 1;
		sleep_ms(20);
	}
	return 0;
}

/* 0: well, and was a target; 2: was none; 1: damaged. */
static int wait_for(pid_t child)
{
	int status;

	if (child < 0)
		return -errno;
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return -errno;
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGKILL ? 1 : -EIO;
	switch (WEXITSTATUS(status)) {
	case 0:
		return 1;
	case 2:
		return 0;
	default:
		return -EILSEQ;
	}
}

static pid_t fork_child(void)
{
	pid_t child = fork();

	if (child == 0)
		prctl(PR_SET_PDEATHSIG, SIGKILL);
	return child;
}

static void body_read(const uint64_t *body)
{
	const volatile uint64_t *words = body;
	size_t i;

	for (i = 0; i < HOSTILE_BODY_PAGES; i++)
		(void)words[i * MEMORY_PAGE_WORDS];
}

/* Has a batch of pages of this process begun to move? */
static int body_moves(const struct hostile *hostile, uint64_t *body)
{
	void *addresses[ASKED_PAGES];
	int nodes[ASKED_PAGES];
	size_t i, left = 0;

	for (i = 0; i < ASKED_PAGES; i++)
		addresses[i] = body + i * ASKED_EVERY * MEMORY_PAGE_WORDS;
	if (!hostile->config->alone || placement_read(0, addresses, ASKED_PAGES, nodes) < 0)
		return 0;
	for (i = 0; i < ASKED_PAGES; i++)
		left += nodes[i] >= 0 && nodes[i] != hostile->config->node;
	return left >= ASKED_LEFT;
}

/*
 * For a child: a body that was intact after @ms, or as soon as a batch of it moves. 1 when
 * it is managed; damage is its end.
 */
static int body_hold(const struct hostile *hostile, unsigned int ms)
{
	unsigned int passed;
	uint64_t *body;
	int managed = body_start(hostile, &body);

	for (passed = 0; passed < ms && !(managed > 0 && body_moves(hostile, body));
	     passed += TOUCH_MS) {
		if (hostile->config->alone)
			body_read(body);
		sleep_ms(TOUCH_MS);
	}
	if (managed < 0 || hostile_verify(body, HOSTILE_BODY_PAGES) < 0)
		_exit(1);
	return managed;
}

static int step_exit(struct hostile *hostile)
{
	unsigned int hold_ms_max = hostile->config->alone ? HOLD_ALONE_MS_MAX : HOLD_MS_MAX;
	pid_t child = fork_child();
	int managed;

	hostile->alone = 1;
	if (child)
		return wait_for(child);
	managed = body_hold(hostile, (unsigned int)(hostile->round * 370 % hold_ms_max));
	*hostile->before = flight_look(hostile->flight);
	if (managed && hostile->round % 2)
		kill(getpid(), SIGKILL);
	_exit(managed ? 0 : 2);
}

/* The same name: it is a target again, by another address space. */
static int step_exec(struct hostile *hostile)
{
	pid_t child = fork_child();

	hostile->alone = 1;
	if (child)
		return wait_for(child);
	if (!body_hold(hostile, 0))
		_exit(2);
	*hostile->before = flight_look(hostile->flight);
	execl("/proc/self/exe", "hostile", "--executed", (char *)NULL);
	_exit(1);
}

int hostile_executed(void)
{
	uint64_t *body;

	if (memory_map(HOSTILE_BODY_PAGES * 4096UL, MEMORY_HUGE_NEVER, &body) < 0 ||
	    memory_fill(body, HOSTILE_BODY_PAGES, HOSTILE_SEED, 1, -1) < 0)
		return 1;
	sleep_ms(50);
	return hostile_verify(body, HOSTILE_BODY_PAGES) < 0;
}

/* Both sides break the sharing of some pages, and read what the other had. */
static int step_fork(struct hostile *hostile)
{
	pid_t child = fork_child();
	size_t i;

	if (child < 0)
		return -errno;
	for (i = child ? 0 : 1; i < HOSTILE_PAGES; i += 2)
		hostile->memory[i * MEMORY_PAGE_WORDS] = 0;
	if (child == 0)
		_exit(hostile_verify(hostile->memory, HOSTILE_PAGES) < 0);
	return wait_for(child);
}

static int step_vfork(struct hostile *hostile)
{
	/* The child shares this memory, so it may do hardly anything. */
	pid_t child = vfork();
	int r;

	if (child == 0)
		_exit(0);
	r = wait_for(child);
	if (r > 0 && hostile_verify(hostile->memory, HOSTILE_PAGES) < 0)
		return -EILSEQ;
	return r;
}

/* A process that writes to its pages for ever: what it wrote is what it reads. */
_Noreturn static void live(const struct hostile *hostile)
{
	uint64_t *body, n = 0;
	size_t i;

	if (body_start(hostile, &body) < 0)
		_exit(1);
	for (;; n++) {
		for (i = 0; i < HOSTILE_BODY_PAGES; i += 3) {
			if (body[i * MEMORY_PAGE_WORDS] != n)
				_exit(1);
			body[i * MEMORY_PAGE_WORDS] = n + 1;
		}
		sleep_ms(5);
	}
}

/* After the piece: the partner has a copy of it, at the same place. */
static int setup_partner(struct hostile *hostile)
{
	int r = hostile_setup_piece(hostile);

	if (r < 0)
		return r;
	hostile->partner = fork_child();
	if (hostile->partner == 0)
		live(hostile);
	return hostile->partner < 0 ? -errno : 0;
}

static int stopped(pid_t pid, int options)
{
	int status;

	if (waitpid(pid, &status, options) != pid)
		return -errno;
	return WIFSTOPPED(status) ? 0 : -EILSEQ;
}

static int step_stop(struct hostile *hostile)
{
	int r;

	if (kill(hostile->partner, SIGSTOP) < 0)
		return -errno;
	r = stopped(hostile->partner, WUNTRACED);
	sleep_ms(hostile->round % 8);
	if (kill(hostile->partner, SIGCONT) < 0)
		return -errno;
	return r < 0 ? r : flight_manages(hostile->flight, hostile->partner);
}

static int step_ptrace(struct hostile *hostile)
{
	uint64_t *memory = hostile->memory;
	long word;
	int r;

	if (ptrace(PTRACE_SEIZE, hostile->partner, NULL, NULL) < 0 ||
	    ptrace(PTRACE_INTERRUPT, hostile->partner, NULL, NULL) < 0)
		return -errno;
	r = stopped(hostile->partner, __WALL);
	if (r < 0)
		return r;
	/* The partner is a copy of this process: its piece is at the same place. */
	memory += (hostile->round % HOSTILE_PAGES) * MEMORY_PAGE_WORDS + MEMORY_COUNTERS;
	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, hostile->partner, memory, NULL);
	if (errno || (uint64_t)word != *memory)
		return errno ? -errno : -EILSEQ;
	if (ptrace(PTRACE_POKEDATA, hostile->partner, memory, (void *)word) < 0 ||
	    ptrace(PTRACE_DETACH, hostile->partner, NULL, NULL) < 0)
		return -errno;
	return flight_manages(hostile->flight, hostile->partner);
}

const struct hostile_effect hostile_process_effects[] = {
	{ "exit", hostile_setup_piece, step_exit, 4 },
	{ "exec", hostile_setup_piece, step_exec, 6 },
	{ "fork", hostile_setup_piece, step_fork, 1 },
	{ "vfork", hostile_setup_piece, step_vfork, 1 },
	{ "stop", setup_partner, step_stop, 1 },
	{ "ptrace", setup_partner, step_ptrace, 1 },
	{ .name = NULL },
};
