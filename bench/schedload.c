// SPDX-License-Identifier: GPL-2.0-only
/*
 * schedload FILE THREADS PAIRS - work for a scheduler, until it is killed: a process `compute`
 * with THREADS threads that never sleep, and PAIRS pairs of processes `pingpong` that wake each
 * other up over pipes. What is done is counted in FILE.
 * schedload FILE - prints what was computed, how often a message came back, and the longest time
 * in microseconds from a message to its reader, since the last time that this was asked for.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/options.h"
#include "util/clock.h"

/* Rounds of one piece of work: a tenth of a millisecond or so. */
#define ROUNDS 50000
#define THREADS_MAX 64

struct counts {
	_Atomic uint64_t computed;
	_Atomic uint64_t returned;
	_Atomic uint64_t worst_ns;
};

static struct counts *counts_map(const char *path, int flags)
{
	int fd = open(path, flags | O_RDWR | O_CLOEXEC, 0600);
	void *map;

	if (fd < 0 || (flags && ftruncate(fd, sizeof(struct counts)) < 0))
		options_fail(-errno, "%s", path);
	map = mmap(NULL, sizeof(struct counts), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		options_fail(-errno, "%s", path);
	close(fd);
	return map;
}

static void *compute_thread(void *arg)
{
	struct counts *counts = arg;
	volatile uint64_t result = 0;

	for (;;) {
		uint64_t x = result;

		for (int i = 0; i < ROUNDS; i++)
			x = x * 6364136223846793005ULL + 1442695040888963407ULL;
		result = x;
		counts->computed++;
	}
	return NULL;
}

static void compute(struct counts *counts, unsigned int threads)
{
	pthread_t thread;

	while (threads-- > 1)
		if (pthread_create(&thread, NULL, compute_thread, counts))
			_exit(1);
	compute_thread(counts);
}

/* Hands a message on for ever: the time when it was written. */
static void play(struct counts *counts, int in, int out, int begins)
{
	uint64_t message_ns, late_ns, worst_ns;

	for (;; begins = 0) {
		if (!begins) {
			if (read(in, &message_ns, sizeof(message_ns)) != sizeof(message_ns))
				_exit(1);
			late_ns = clock_now_ns() - message_ns;
			worst_ns = counts->worst_ns;
			while (late_ns > worst_ns &&
			       !atomic_compare_exchange_weak(&counts->worst_ns, &worst_ns, late_ns))
				;
			counts->returned++;
		}
		message_ns = clock_now_ns();
		if (write(out, &message_ns, sizeof(message_ns)) != sizeof(message_ns))
			_exit(1);
	}
}

/* A child that is gone with its parent; 0 in it. */
static int child(const char *name)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		options_fail(-errno, "fork");
	if (pid > 0)
		return 1;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	prctl(PR_SET_NAME, name);
	return 0;
}

static void pair(struct counts *counts)
{
	int to[2], fro[2];

	if (pipe(to) < 0 || pipe(fro) < 0)
		options_fail(-errno, "pipe");
	if (!child("pingpong"))
		play(counts, fro[0], to[1], 1);
	if (!child("pingpong"))
		play(counts, to[0], fro[1], 0);
}

int main(int argc, char **argv)
{
	struct counts *counts;
	unsigned int threads, pairs;

	if (argc == 2) {
		counts = counts_map(argv[1], 0);
		printf("%llu %llu %llu\n", (unsigned long long)counts->computed,
		       (unsigned long long)counts->returned,
		       (unsigned long long)(atomic_exchange(&counts->worst_ns, 0) / 1000));
		return 0;
	}
	if (argc != 4)
		options_die("usage: schedload FILE [THREADS PAIRS]");
	threads = (unsigned int)options_number("THREADS", argv[2], 1, THREADS_MAX);
	pairs = (unsigned int)options_number("PAIRS", argv[3], 0, THREADS_MAX);
	counts = counts_map(argv[1], O_CREAT | O_TRUNC);
	if (!child("compute"))
		compute(counts, threads);
	while (pairs--)
		pair(counts);
	while (wait(NULL) > 0 || errno == EINTR)
		;
	return 1;
}
