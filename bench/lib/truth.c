// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>

#include "truth.h"
#include "util/cleanup.h"

static size_t truth_size(uint64_t pages)
{
	return sizeof(struct truth) + pages * sizeof(float);
}

int truth_create(const char *path, uint64_t base, uint64_t pages, struct truth **ret)
{
	auto_close int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct truth *truth;

	if (fd < 0 || ftruncate(fd, (off_t)truth_size(pages)))
		return -errno;
	truth = mmap(NULL, truth_size(pages), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (truth == MAP_FAILED)
		return -errno;
	truth->base = base;
	truth->pages = pages;
	truth->pid = (uint32_t)getpid();
	atomic_store(&truth->magic, TRUTH_MAGIC);
	*ret = truth;
	return 0;
}

int truth_open(const char *path, const struct truth **ret)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	const struct truth *truth;
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		return -errno;
	if ((size_t)st.st_size < sizeof(*truth))
		return -EAGAIN;
	truth = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, fd, 0);
	if (truth == MAP_FAILED)
		return -errno;
	if (atomic_load(&truth->magic) != TRUTH_MAGIC ||
	    (uint64_t)st.st_size < truth_size(truth->pages)) {
		munmap((void *)truth, (size_t)st.st_size);
		return -EAGAIN;
	}
	*ret = truth;
	return 0;
}

int truth_weights(const struct truth *truth, float *ret_weights)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	for (int try = 0; try < 1000; try++) {
		uint32_t before = atomic_load(&truth->generation);

		if (!(before & 1)) {
			memcpy(ret_weights, truth->weights, truth->pages * sizeof(float));
			atomic_thread_fence(memory_order_acquire);
			if (atomic_load(&truth->generation) == before)
				return (int)before;
		}
		nanosleep(&pause, NULL);
	}
	return -EAGAIN;
}
