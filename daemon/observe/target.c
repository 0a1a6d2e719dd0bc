// SPDX-License-Identifier: GPL-2.0-only
#include "target.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "proc.h"
#include "util/guard.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "vmas.h"

static int process_open(uint32_t tgid)
{
	long fd = syscall(SYS_pidfd_open, tgid, 0);

	return fd < 0 ? -errno : (int)fd;
}

static int pagemap_open(const char *proc_root, uint32_t tgid)
{
	char path[PATH_MAX];
	int fd;

	if (snprintf(path, sizeof(path), "%s/%u/pagemap", proc_root, tgid) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	return fd;
}

/*
 * The start time is read after both descriptors are held: if it is the right
 * one, they belong to the process that was meant, and stay with it.
 */
static int target_hold(const char *proc_root, struct target *target)
{
	struct proc_stat stat;
	int err;

	target->pidfd = process_open(target->key.tgid);
	if (target->pidfd < 0)
		return target->pidfd;
	target->pagemap_fd = pagemap_open(proc_root, target->key.tgid);
	if (target->pagemap_fd < 0)
		return target->pagemap_fd;
	err = proc_read_stat(proc_root, target->key.tgid, &stat);
	if (err < 0)
		return err;
	if (stat.start_ns != target->key.start_ns || !target_alive(target))
		return -ESRCH;
	memcpy(target->comm, stat.comm, sizeof(target->comm));
	return target_refresh_nodes(target, proc_root);
}

int target_open(const char *proc_root, uint32_t id, const struct target_key *key,
		struct guard *guard, struct target **ret)
{
	struct target *target = calloc(1, sizeof(*target));
	int err;

	if (!target)
		return -ENOMEM;
	target->id = id;
	target->key = *key;
	target->pidfd = -1;
	target->pagemap_fd = -1;
	target->calls = calloc(1, sizeof(*target->calls));
	if (target->calls)
		target->calls->guard = guard;
	err = !target->calls ? -ENOMEM : target_hold(proc_root, target);
	if (err < 0) {
		target_close(target);
		return err;
	}
	*ret = target;
	return 0;
}

void target_close(struct target *target)
{
	if (!target)
		return;
	if (target->pidfd >= 0)
		close(target->pidfd);
	if (target->pagemap_fd >= 0)
		close(target->pagemap_fd);
	if (target->calls)
		guard_leave(target->calls);
	free(target->calls);
	free(target->vmas);
	free(target->all_vmas);
	free(target);
}

int target_blocked(const struct target *target)
{
	return target->calls && target->calls->blocked;
}

int target_retry(struct target *target)
{
	return !target->calls || guard_retry(target->calls);
}

int target_exited(const struct target *target)
{
	struct pollfd process = { .fd = target->pidfd, .events = POLLIN };

	return poll(&process, 1, 0) != 0;
}

int target_alive(const struct target *target)
{
	uint64_t entry;
	int n;

	if (target_exited(target))
		return 0;
	/* The first page of the address space has an entry for as long as there is one. */
	n = target_pagemap(target, 0, &entry, 1);
	return n == 1 || n == -EBUSY;
}

int target_cpu_ns(const struct target *target, uint64_t *ret)
{
	return clock_process_cpu_ns(target->key.tgid, ret);
}

int target_refresh_nodes(struct target *target, const char *proc_root)
{
	return proc_read_nodes(proc_root, target->key.tgid, &target->allowed_nodes);
}

/* A read of pagemap, in the room of whoever makes it. */
struct pagemap_read {
	int fd;
	off_t offset;
	size_t bytes;
	ssize_t done; /* or -errno */
	uint64_t entries[];
};

static int read_entries(void *room)
{
	struct pagemap_read *job = room;

	job->done = pread(job->fd, job->entries, job->bytes, job->offset);
	if (job->done < 0)
		job->done = -errno;
	return 0;
}

/* As pread(), but -errno on failure, and -EBUSY when it does not come back. */
static ssize_t read_guarded(const struct target *target, uint64_t *entries, size_t bytes,
			    off_t offset)
{
	struct pagemap_read *job;
	int err;

	if (target->calls->blocked)
		return -EBUSY;
	job = guard_room(target->calls->guard, sizeof(*job) + bytes);
	if (!job)
		return -EBUSY;
	*job = (struct pagemap_read){
		.fd = target->pagemap_fd,
		.offset = offset,
		.bytes = bytes,
	};
	err = guard_call(target->calls, read_entries, NULL);
	if (err < 0)
		return err;
	if (job->done > 0)
		memcpy(entries, job->entries, (size_t)job->done);
	return job->done;
}

int target_pagemap(const struct target *target, uint64_t address, uint64_t *entries, size_t n)
{
	off_t offset = (off_t)((address >> TIERED_PAGE_SHIFT) * sizeof(*entries));
	ssize_t bytes;

	if (n > INT_MAX)
		n = INT_MAX;
	if (target->calls && target->calls->guard) {
		bytes = read_guarded(target, entries, n * sizeof(*entries), offset);
	} else {
		bytes = pread(target->pagemap_fd, entries, n * sizeof(*entries), offset);
		if (bytes < 0)
			bytes = -errno;
	}
	if (bytes < 0)
		return (int)bytes;
	if (bytes < (ssize_t)sizeof(*entries))
		return -ESRCH;
	return (int)((size_t)bytes / sizeof(*entries));
}
