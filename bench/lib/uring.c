// SPDX-License-Identifier: GPL-2.0-only
/* The system calls alone: one request at a time needs no library. */
#include "uring.h"

#include <errno.h>
#include <linux/io_uring.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

struct uring {
	int fd;
	struct io_uring_params params;
	char *submit;
	char *complete;
	struct io_uring_sqe *entries;
};

static void *map_ring(int fd, size_t bytes, uint64_t offset)
{
	return mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd,
		    (off_t)offset);
}

int uring_open(struct uring **ret)
{
	struct uring *uring = calloc(1, sizeof(*uring));

	if (!uring)
		return -ENOMEM;
	uring->fd = (int)syscall(SYS_io_uring_setup, 1, &uring->params);
	if (uring->fd < 0) {
		free(uring);
		return -errno;
	}
	uring->submit = map_ring(
		uring->fd, uring->params.sq_off.array + uring->params.sq_entries * sizeof(uint32_t),
		IORING_OFF_SQ_RING);
	uring->complete = map_ring(uring->fd,
				   uring->params.cq_off.cqes +
					   uring->params.cq_entries * sizeof(struct io_uring_cqe),
				   IORING_OFF_CQ_RING);
	uring->entries = map_ring(uring->fd, sizeof(struct io_uring_sqe), IORING_OFF_SQES);
	if (uring->submit == MAP_FAILED || uring->complete == MAP_FAILED ||
	    uring->entries == MAP_FAILED) {
		close(uring->fd);
		free(uring);
		return -ENOMEM;
	}
	*ret = uring;
	return 0;
}

int uring_pin(struct uring *uring, void *buffer, size_t bytes)
{
	struct iovec vector = { .iov_base = buffer, .iov_len = bytes };

	return syscall(SYS_io_uring_register, uring->fd, IORING_REGISTER_BUFFERS, &vector, 1) < 0
		       ? -errno
		       : 0;
}

int uring_unpin(struct uring *uring)
{
	return syscall(SYS_io_uring_register, uring->fd, IORING_UNREGISTER_BUFFERS, NULL, 0) < 0
		       ? -errno
		       : 0;
}

int uring_transfer(struct uring *uring, int fd, void *buffer, size_t bytes, int writes)
{
	uint32_t *tail = (uint32_t *)(void *)(uring->submit + uring->params.sq_off.tail);
	uint32_t *array = (uint32_t *)(void *)(uring->submit + uring->params.sq_off.array);
	uint32_t *head = (uint32_t *)(void *)(uring->complete + uring->params.cq_off.head);
	struct io_uring_cqe *done =
		(struct io_uring_cqe *)(void *)(uring->complete + uring->params.cq_off.cqes);
	int result;

	uring->entries[0] = (struct io_uring_sqe){
		.opcode = writes ? IORING_OP_WRITE_FIXED : IORING_OP_READ_FIXED,
		.fd = fd,
		.addr = (uintptr_t)buffer,
		.len = (uint32_t)bytes,
	};
	array[0] = 0;
	__atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
	if (syscall(SYS_io_uring_enter, uring->fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) < 0)
		return -errno;
	result = done[*head & (uring->params.cq_entries - 1)].res;
	__atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
	return result;
}
