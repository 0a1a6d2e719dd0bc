/* SPDX-License-Identifier: GPL-2.0-only */
/* uring.h - one io_uring with one fixed buffer: pages that are pinned for as long as it is there. */
#ifndef BENCH_URING_H
#define BENCH_URING_H

#include <stddef.h>

struct uring;

/* 0 or -errno. */
int uring_open(struct uring **ret);

/* Pins the buffer, or lets go of it. 0 or -errno. */
int uring_pin(struct uring *uring, void *buffer, size_t bytes);
int uring_unpin(struct uring *uring);

/* Reads or writes the first @bytes of the pinned buffer; returns how many, or -errno. */
int uring_transfer(struct uring *uring, int fd, void *buffer, size_t bytes, int writes);

#endif
