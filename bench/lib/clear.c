// SPDX-License-Identifier: GPL-2.0-only
#include "clear.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "observe/pagemap.h"
#include "tiered/types.h"

#ifndef MADV_COLD
#define MADV_COLD 20
#endif
/* Most ranges that one call takes (UIO_MAXIOV). */
#define VECTOR_MAX 1024
/* Words of the idle bitmap in one call. */
#define CALL_WORDS 512

struct method {
	const char *name;
	int (*open)(struct clear *clear);
	int (*run)(struct clear *clear);
};

struct clear {
	const struct method *method;
	pid_t pid;
	int fd;         /* of what is written to, or of the process */
	int pagemap_fd; /* of the process, where frames are needed */
	struct clear_range ranges[CLEAR_RANGES_MAX];
	unsigned int n_ranges;
	struct iovec vector[VECTOR_MAX];
	unsigned int n_vector;
	uint64_t *bits; /* by frame */
	uint64_t words;
};

static int open_of(pid_t pid, const char *name, int flags)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

static int none_open(struct clear *clear)
{
	clear->fd = -1;
	return 0;
}

static int none_run(struct clear *clear)
{
	(void)clear;
	return 0;
}

static int refs_open(struct clear *clear)
{
	clear->fd = open_of(clear->pid, "clear_refs", O_WRONLY);
	return clear->fd < 0 ? clear->fd : 0;
}

static int refs_run(struct clear *clear)
{
	return write(clear->fd, "1", 1) == 1 ? 0 : -errno;
}

static int cold_open(struct clear *clear)
{
	clear->fd = (int)syscall(SYS_pidfd_open, clear->pid, 0);
	return clear->fd < 0 ? -errno : 0;
}

static int cold_flush(struct clear *clear)
{
	ssize_t done = 1;

	if (clear->n_vector)
		done = syscall(SYS_process_madvise, clear->fd, clear->vector, clear->n_vector,
			       MADV_COLD, 0);
	clear->n_vector = 0;
	return done < 0 ? -errno : 0;
}

/* One page more; those in a row are one range. */
static int cold_add(struct clear *clear, char *page)
{
	struct iovec *last = clear->n_vector ? &clear->vector[clear->n_vector - 1] : NULL;

	if (last && (char *)last->iov_base + last->iov_len == page) {
		last->iov_len += TIERED_PAGE_SIZE;
		return 0;
	}
	clear->vector[clear->n_vector++] =
		(struct iovec){ .iov_base = page, .iov_len = TIERED_PAGE_SIZE };
	return clear->n_vector == VECTOR_MAX ? cold_flush(clear) : 0;
}

static int cold_run(struct clear *clear)
{
	unsigned int i;
	uint64_t page;
	int err = 0;

	for (i = 0; i < clear->n_ranges; i++)
		for (page = 0; page < clear->ranges[i].pages && !err; page++)
			if (clear_is_accessed(page, clear->ranges[i].percent))
				err = cold_add(clear,
					       clear->ranges[i].start + page * TIERED_PAGE_SIZE);
	return err ? err : cold_flush(clear);
}

static int idle_open(struct clear *clear)
{
	clear->fd = open("/sys/kernel/mm/page_idle/bitmap", O_RDWR | O_CLOEXEC);
	if (clear->fd < 0)
		return errno == ENOENT ? -EOPNOTSUPP : -errno;
	clear->pagemap_fd = open_of(clear->pid, "pagemap", O_RDONLY);
	return clear->pagemap_fd < 0 ? clear->pagemap_fd : 0;
}

/* Notes the frame; the bitmap grows with the highest one. */
static int idle_add(struct clear *clear, uint64_t frame)
{
	const uint64_t word = frame / 64;

	if (word >= clear->words) {
		uint64_t words = (word / CALL_WORDS + 1) * CALL_WORDS;
		uint64_t *bits = reallocarray(clear->bits, words, sizeof(*bits));

		if (!bits)
			return -ENOMEM;
		memset(bits + clear->words, 0, (words - clear->words) * sizeof(*bits));
		clear->bits = bits;
		clear->words = words;
	}
	clear->bits[word] |= UINT64_C(1) << frame % 64;
	return 0;
}

static int idle_gather(struct clear *clear, const struct clear_range *range)
{
	const off_t first = (off_t)((uintptr_t)range->start / TIERED_PAGE_SIZE);
	uint64_t entries[512], page, i;
	ssize_t n;
	int err;

	for (page = 0; page < range->pages; page += (uint64_t)n) {
		n = pread(clear->pagemap_fd, entries, sizeof(entries),
			  (first + (off_t)page) * (off_t)sizeof(entries[0])) /
		    (ssize_t)sizeof(entries[0]);
		if (n <= 0)
			return -EIO;
		for (i = 0; i < (uint64_t)n && page + i < range->pages; i++) {
			uint64_t frame = pagemap_pfn(entries[i]);

			if (!frame || !clear_is_accessed(page + i, range->percent))
				continue;
			err = idle_add(clear, frame);
			if (err)
				return err;
		}
	}
	return 0;
}

static int idle_run(struct clear *clear)
{
	uint64_t word, i, any;
	unsigned int r;
	int err;

	for (r = 0; r < clear->n_ranges; r++) {
		err = idle_gather(clear, &clear->ranges[r]);
		if (err)
			return err;
	}
	for (word = 0; word < clear->words; word += CALL_WORDS) {
		for (i = any = 0; i < CALL_WORDS; i++)
			any |= clear->bits[word + i];
		if (any &&
		    pwrite(clear->fd, &clear->bits[word], CALL_WORDS * 8, (off_t)(word * 8)) < 0)
			return -errno;
	}
	memset(clear->bits, 0, clear->words * sizeof(*clear->bits));
	return 0;
}

static const struct method methods[] = {
	{ "none", none_open, none_run },
	{ "idle", idle_open, idle_run },
	{ "clear_refs", refs_open, refs_run },
	{ "cold", cold_open, cold_run },
};

int clear_open(const char *name, pid_t pid, const struct clear_range *ranges, unsigned int n,
	       struct clear **ret)
{
	struct clear *clear = calloc(1, sizeof(*clear));
	size_t i;
	int err = -EINVAL;

	if (!clear)
		return -ENOMEM;
	clear->pid = pid;
	clear->fd = clear->pagemap_fd = -1;
	clear->n_ranges = n < CLEAR_RANGES_MAX ? n : CLEAR_RANGES_MAX;
	memcpy(clear->ranges, ranges, clear->n_ranges * sizeof(ranges[0]));
	for (i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (strcmp(methods[i].name, name) == 0)
			clear->method = &methods[i];
	if (clear->method)
		err = clear->method->open(clear);
	if (err < 0) {
		clear_close(clear);
		return err;
	}
	*ret = clear;
	return 0;
}

void clear_close(struct clear *clear)
{
	if (clear->fd >= 0)
		close(clear->fd);
	if (clear->pagemap_fd >= 0)
		close(clear->pagemap_fd);
	free(clear->bits);
	free(clear);
}

int clear_run(struct clear *clear)
{
	return clear->method->run(clear);
}
