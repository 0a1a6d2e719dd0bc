// SPDX-License-Identifier: GPL-2.0-only
/*
 * lockhold - a process whose mmap_lock is held for as long as one likes.
 *
 *	lockhold hold FILE PAGES	maps FILE, which is on a file system that can be frozen, and
 *					PAGES of memory; prints "PID"; SIGUSR1: freezes, and holds
 *					its lock; SIGUSR2: thaws; SIGTERM: ends, status 0 if the
 *					data is intact
 *	lockhold probe PID MILLISECONDS	status 0: the lock can be had within that time; 1: not
 *
 * A page fault served by userfaultfd does not do: all kernels (6.1 to 7.2) drop the lock
 * before they sleep. A write to a mapped page of a frozen file system sleeps with the lock
 * for reading (before Linux 6.4), or with that of the mapping, and munmap() of that mapping
 * then waits with mmap_lock taken, or queued, for writing: nobody gets it any more.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "lib/memory.h"
#include "lib/options.h"

#define SEED 13

struct held {
	char *file; /* two pages of the file */
	int fd;
	int frozen;
	pthread_t writer;
	pthread_t unmapper;
};

static void *write_page(void *arg)
{
	struct held *held = arg;

	held->file[0]++;
	return NULL;
}

/* The mapping as a whole: what the writer has found must wait for it. */
static void *unmap_page(void *arg)
{
	struct held *held = arg;

	munmap(held->file + 4096, 4096);
	return NULL;
}

/* Is a thread of this process in an uninterruptible sleep? */
static int somebody_sleeps(void)
{
	DIR *tasks = opendir("/proc/self/task");
	const struct dirent *task;
	char path[300], line[512];
	int sleeps = 0;

	while (tasks && (task = readdir(tasks))) {
		FILE *file;

		snprintf(path, sizeof(path), "/proc/self/task/%s/stat", task->d_name);
		file = fopen(path, "re");
		if (file && fgets(line, sizeof(line), file))
			sleeps |= strstr(line, ") D ") != NULL;
		if (file)
			fclose(file);
	}
	if (tasks)
		closedir(tasks);
	return sleeps;
}

static void take(struct held *held)
{
	const struct timespec pause = { .tv_nsec = 20000000 };
	int tries;

	if (held->frozen || ioctl(held->fd, FIFREEZE, 0) < 0)
		options_fail(-errno, "freezing");
	held->frozen = 1;
	pthread_create(&held->writer, NULL, write_page, held);
	for (tries = 0; tries < 500 && !somebody_sleeps(); tries++)
		nanosleep(&pause, NULL);
	pthread_create(&held->unmapper, NULL, unmap_page, held);
}

static void release(struct held *held)
{
	if (!held->frozen)
		return;
	ioctl(held->fd, FITHAW, 0);
	pthread_join(held->writer, NULL);
	pthread_join(held->unmapper, NULL);
	held->frozen = 0;
	held->file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, held->fd, 0);
}

static int hold(const char *path, size_t pages)
{
	static const uint64_t none[MEMORY_COUNTERS];
	struct held held = { .fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) };
	uint64_t *memory;
	sigset_t signals;
	int signal = 0, r;

	if (held.fd < 0 || ftruncate(held.fd, 8192) < 0)
		options_fail(-errno, "%s", path);
	held.file = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_SHARED, held.fd, 0);
	r = memory_map(pages * 4096, MEMORY_HUGE_NEVER, &memory);
	if (r == 0)
		r = memory_fill(memory, pages, SEED, 1, 1);
	if (r < 0 || held.file == MAP_FAILED)
		options_fail(r, "memory");
	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGTERM);
	sigprocmask(SIG_BLOCK, &signals, NULL);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	printf("%d\n", getpid());
	fflush(stdout);
	while (signal != SIGTERM) {
		sigwait(&signals, &signal);
		if (signal == SIGUSR1)
			take(&held);
		else
			release(&held);
	}
	return memory_verify(memory, pages, SEED, none) != 0;
}

/* By a child: whoever reads the mappings sleeps until the lock can be had. */
static int probe(const char *pid, unsigned int ms)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	char path[64], byte;
	unsigned int waited;
	pid_t child = fork();
	int fd, status;

	if (child == 0) {
		snprintf(path, sizeof(path), "/proc/%s/maps", pid);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		_exit(fd < 0 || read(fd, &byte, 1) != 1);
	}
	for (waited = 0; waited < ms; waited += 10) {
		if (waitpid(child, &status, WNOHANG) == child)
			return status != 0;
		nanosleep(&pause, NULL);
	}
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 4 && strcmp(argv[1], "hold") == 0)
		return hold(argv[2], options_number("PAGES", argv[3], 1, 1 << 20));
	if (argc == 4 && strcmp(argv[1], "probe") == 0)
		return probe(argv[2],
			     (unsigned int)options_number("MILLISECONDS", argv[3], 1, 1000000));
	options_die("usage: lockhold hold FILE PAGES | probe PID MILLISECONDS");
}
