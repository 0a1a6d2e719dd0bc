// SPDX-License-Identifier: GPL-2.0-only
#include "touched.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hold.h"
#include "observe/target.h"
#include "observe/vmas.h"

/* More than are flushed one by one: the kernel then flushes the whole TLB. */
#define CHURN_PAGES 64

static void die(const char *what, int err)
{
	fprintf(stderr, "arena: %s: %s\n", what, strerror(-err));
	exit(1);
}

static char *map(uint64_t bytes)
{
	char *start = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (start == MAP_FAILED)
		die("mmap", -errno);
	madvise(start, bytes, MADV_NOHUGEPAGE);
	return start;
}

int touched_is(uint64_t page, uint64_t percent)
{
	return page * 61 % 100 < percent;
}

static void touch(const struct touched *touched, uint64_t percent)
{
	uint64_t page;

	for (page = 0; page < CHURN_PAGES; page++)
		((volatile char *)touched->churn)[page * TIERED_PAGE_SIZE]++;
	mprotect(touched->churn, CHURN_PAGES * TIERED_PAGE_SIZE, PROT_READ);
	mprotect(touched->churn, CHURN_PAGES * TIERED_PAGE_SIZE, PROT_READ | PROT_WRITE);
	for (page = 0; page < touched->pages; page++)
		if (touched_is(page, percent))
			((volatile char *)touched->arena)[page * TIERED_PAGE_SIZE]++;
}

/* The child. */
static void serve(const struct touched *touched, int in, int out)
{
	uint64_t percent;

	memset(touched->arena, 1, touched->pages * TIERED_PAGE_SIZE);
	memset(touched->churn, 1, CHURN_PAGES * TIERED_PAGE_SIZE);
	while (write(out, "d", 1) == 1 && read(in, &percent, sizeof(percent)) == sizeof(percent))
		touch(touched, percent);
	_exit(0);
}

static struct target *hold(const struct touched *touched)
{
	struct target *target;
	int err = hold_process(touched->pid, &target);

	if (err)
		die("cannot hold the child", err);
	target->vmas = malloc(sizeof(*target->vmas));
	if (!target->vmas)
		die("memory", -ENOMEM);
	target->n_vmas = 1;
	target->vmas[0] = (struct vma){
		.start = (uintptr_t)touched->arena,
		.end = (uintptr_t)touched->arena + touched->pages * TIERED_PAGE_SIZE,
	};
	return target;
}

static void await(const struct touched *touched)
{
	char byte;

	if (read(touched->from_child, &byte, 1) != 1)
		die("the child is gone", -ECHILD);
}

void touched_start(struct touched *touched, uint64_t pages)
{
	int down[2], up[2];

	*touched = (struct touched){ .pages = pages };
	touched->arena = map(pages * TIERED_PAGE_SIZE);
	touched->churn = map(CHURN_PAGES * TIERED_PAGE_SIZE);
	if (pipe(down) < 0 || pipe(up) < 0)
		die("pipe", -errno);
	touched->pid = fork();
	if (touched->pid < 0)
		die("fork", -errno);
	if (!touched->pid) {
		close(down[1]);
		serve(touched, down[0], up[1]);
	}
	touched->to_child = down[1];
	touched->from_child = up[0];
	await(touched);
	touched->target = hold(touched);
}

void touched_run(struct touched *touched, uint64_t percent)
{
	if (write(touched->to_child, &percent, sizeof(percent)) != sizeof(percent))
		die("the child is gone", -ECHILD);
	await(touched);
}

uint64_t touched_count(const struct touched *touched, uint64_t percent)
{
	uint64_t page, n = 0;

	for (page = 0; page < touched->pages; page++)
		n += (uint64_t)touched_is(page, percent);
	return n;
}

void touched_stop(struct touched *touched)
{
	target_close(touched->target);
	kill(touched->pid, SIGKILL);
	waitpid(touched->pid, NULL, 0);
}
