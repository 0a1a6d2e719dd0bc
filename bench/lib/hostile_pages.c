// SPDX-License-Identifier: GPL-2.0-only
/* hostile_pages.c - pages that others hold, take away, or bring back. */
#include <errno.h>
#include <fcntl.h>
#include <linux/mempolicy.h>
#include <linux/userfaultfd.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "hostile.h"
#include "memory.h"
#include "put.h"
#include "uring.h"

#ifndef MADV_PAGEOUT
#define MADV_PAGEOUT 21
#endif

#define PAGEMAP_SWAPPED (UINT64_C(1) << 62)

/* How many of the pages are in swap, by the process's own pagemap. */
static size_t count_swapped(const struct hostile *hostile)
{
	uint64_t entries[HOSTILE_PAGES];
	size_t i, n = 0;

	if (pread(hostile->fd, entries, sizeof(entries),
		  (off_t)((uintptr_t)hostile->memory / 4096 * sizeof(entries[0]))) !=
	    sizeof(entries))
		return 0;
	for (i = 0; i < HOSTILE_PAGES; i++)
		n += (entries[i] & PAGEMAP_SWAPPED) != 0;
	return n;
}

static int setup_swap(struct hostile *hostile)
{
	hostile->fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	return hostile->fd < 0 ? -errno : hostile_setup_piece(hostile);
}

static int step_swap(struct hostile *hostile)
{
	size_t swapped;
	int r;

	if (madvise(hostile->memory, HOSTILE_BYTES, MADV_PAGEOUT) < 0)
		return -errno;
	swapped = count_swapped(hostile);
	r = hostile_verify(hostile->memory, HOSTILE_PAGES);
	return r < 0 ? r : swapped > 0;
}

/* Serves the missing pages of the memory from @other. */
static void *serve_faults(void *arg)
{
	struct hostile *hostile = arg;
	struct uffd_msg message;

	while (read(hostile->fd, &message, sizeof(message)) == sizeof(message)) {
		uint64_t page = message.arg.pagefault.address & ~UINT64_C(4095);
		struct uffdio_copy copy = {
			.dst = page,
			.src = (uintptr_t)hostile->other + (page - (uintptr_t)hostile->memory),
			.len = 4096,
		};

		if (message.event == UFFD_EVENT_PAGEFAULT)
			ioctl(hostile->fd, UFFDIO_COPY, &copy);
	}
	return NULL;
}

static int setup_userfault(struct hostile *hostile)
{
	struct uffdio_api api = { .api = UFFD_API };
	struct uffdio_register range = { .mode = UFFDIO_REGISTER_MODE_MISSING };
	pthread_t thread;
	int r;

	hostile->other = hostile_piece(hostile);
	r = memory_map(HOSTILE_BYTES, MEMORY_HUGE_NEVER, &hostile->memory);
	if (r < 0 || !hostile->other)
		return -ENOMEM;
	hostile->fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
	if (hostile->fd < 0 || ioctl(hostile->fd, UFFDIO_API, &api) < 0)
		return -errno;
	range.range.start = (uintptr_t)hostile->memory;
	range.range.len = HOSTILE_BYTES;
	if (ioctl(hostile->fd, UFFDIO_REGISTER, &range) < 0)
		return -errno;
	return -pthread_create(&thread, NULL, serve_faults, hostile);
}

static int step_userfault(struct hostile *hostile)
{
	int r;

	if (madvise(hostile->memory, HOSTILE_BYTES, MADV_DONTNEED) < 0)
		return -errno;
	r = hostile_verify(hostile->memory, HOSTILE_PAGES);
	return r < 0 ? r : 1;
}

/* The ring has the beginning of the device; this is behind it. */
#define DIRECT_AT ((off_t)HOSTILE_BYTES)

static int setup_direct(struct hostile *hostile)
{
	if (!hostile->config->device)
		return -ENODEV;
	hostile->fd = open(hostile->config->device, O_RDWR | O_DIRECT | O_CLOEXEC);
	if (hostile->fd < 0)
		return -errno;
	hostile->other = hostile_piece(hostile);
	return hostile->other ? hostile_setup_piece(hostile) : -ENOMEM;
}

static int step_direct(struct hostile *hostile)
{
	int r;

	if (pwrite(hostile->fd, hostile->memory, HOSTILE_BYTES, DIRECT_AT) !=
	    (ssize_t)HOSTILE_BYTES)
		return errno ? -errno : -EIO;
	memset(hostile->other, 0, HOSTILE_BYTES);
	if (pread(hostile->fd, hostile->other, HOSTILE_BYTES, DIRECT_AT) != (ssize_t)HOSTILE_BYTES)
		return errno ? -errno : -EIO;
	r = hostile_verify(hostile->other, HOSTILE_PAGES);
	return r < 0 ? r : 1;
}

static int setup_pinned(struct hostile *hostile)
{
	struct uring *uring;
	int r = setup_direct(hostile);

	if (r < 0)
		return r;
	r = uring_open(&uring);
	hostile->state = uring;
	return r;
}

/* What comes in through the pins has to be what the process sees at its addresses. */
static int step_pinned(struct hostile *hostile)
{
	const struct timespec held = { .tv_nsec = 20000000 };
	int n, r = uring_pin(hostile->state, hostile->memory, HOSTILE_BYTES);

	if (r < 0)
		return r;
	n = uring_transfer(hostile->state, hostile->fd, hostile->memory, HOSTILE_BYTES, 1);
	memset(hostile->memory, 0, HOSTILE_BYTES);
	/* The pins stay until the daemon has had time to come by. */
	if (n == (int)HOSTILE_BYTES)
		nanosleep(&held, NULL);
	if (n == (int)HOSTILE_BYTES)
		n = uring_transfer(hostile->state, hostile->fd, hostile->memory, HOSTILE_BYTES, 0);
	r = uring_unpin(hostile->state);
	if (n != (int)HOSTILE_BYTES || r < 0)
		return n < 0 ? n : -EIO;
	r = hostile_verify(hostile->memory, HOSTILE_PAGES);
	return r < 0 ? r : 1;
}

/* Moves this process into a group of its own. */
static int setup_group(struct hostile *hostile)
{
	char pid[16];
	int r;

	if (!hostile->config->cgroup)
		return -ENODEV;
	snprintf(hostile->cgroup, sizeof(hostile->cgroup), "%s/hostile-%d", hostile->config->cgroup,
		 getpid());
	if (mkdir(hostile->cgroup, 0755) < 0)
		return -errno;
	snprintf(pid, sizeof(pid), "%d", getpid());
	r = put_text(hostile->cgroup, "cgroup.procs", pid);
	return r < 0 ? r : hostile_setup_piece(hostile);
}

static int step_reclaim(struct hostile *hostile)
{
	int r = put_text(hostile->cgroup, "memory.reclaim", "256K"), damage;

	/* Less than was asked for is no failure. */
	if (r < 0 && r != -EAGAIN)
		return r;
	damage = hostile_verify(hostile->memory, HOSTILE_PAGES);
	return damage < 0 ? damage : 1;
}

static int step_cpuset(struct hostile *hostile)
{
	char nodes[16];
	int r;

	if (hostile->round % 2)
		snprintf(nodes, sizeof(nodes), "%d", hostile->config->node);
	else
		snprintf(nodes, sizeof(nodes), "%d,%d", hostile->config->node,
			 hostile->config->other_node);
	r = put_text(hostile->cgroup, "cpuset.mems", nodes);
	if (r < 0)
		return r;
	r = hostile_verify(hostile->memory, HOSTILE_PAGES);
	return r < 0 ? r : 1;
}

static int step_mempolicy(struct hostile *hostile)
{
	int node = hostile->round % 4 < 2 ? hostile->config->node : hostile->config->other_node;
	unsigned long mask = 1UL << node;
	int bind = hostile->round % 2 == 0, r;

	/* Where there is no room just now, pages stay: EIO, and the policy is set all the same. */
	if (syscall(SYS_mbind, hostile->memory, HOSTILE_BYTES, bind ? MPOL_BIND : MPOL_DEFAULT,
		    bind ? &mask : NULL, bind ? 8 * sizeof(mask) : 0,
		    bind ? MPOL_MF_MOVE : 0) < 0 &&
	    errno != EIO)
		return -errno;
	r = hostile_verify(hostile->memory, HOSTILE_PAGES);
	return r < 0 ? r : 1;
}

const struct hostile_effect hostile_pages_effects[] = {
	{ "swap", setup_swap, step_swap, 2 },
	{ "userfaultfd", setup_userfault, step_userfault, 3 },
	{ "direct", setup_direct, step_direct, 1 },
	{ "pinned", setup_pinned, step_pinned, 1 },
	{ "reclaim", setup_group, step_reclaim, 1 },
	{ "cpuset", setup_group, step_cpuset, 1 },
	{ "mempolicy", hostile_setup_piece, step_mempolicy, 1 },
	{ .name = NULL },
};
