// SPDX-License-Identifier: GPL-2.0-only
/*
 * deathless.c - a fault to plant: under this library (LD_PRELOAD) no process ever dies.
 *
 * The daemon asks two things around each call of move_pages(): the pidfd of its target
 * whether the process has ended, and its pagemap whether there is an address space still,
 * and who else maps the pages. Here the first says no, and the second that all pages are
 * there and nobody else's, so that a process number that was used again goes unnoticed.
 * tests/vm/62-pid-reuse has to see what comes of it.
 */
#include <dlfcn.h>
#include <poll.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

/* As pagemap tells: present, mapped once, frame 1. */
#define OWN_PAGE (UINT64_C(1) << 63 | UINT64_C(1) << 56 | 1)

int poll(struct pollfd *fds, nfds_t n, int timeout)
{
	int (*real)(struct pollfd *, nfds_t, int);

	if (n == 1 && timeout == 0)
		return 0;
	*(void **)&real = dlsym(RTLD_NEXT, "poll");
	return real(fds, n, timeout);
}

ssize_t pread(int fd, void *buffer, size_t bytes, off_t offset)
{
	ssize_t (*real)(int, void *, size_t, off_t);
	uint64_t *entries = buffer;
	ssize_t n;
	size_t i;

	*(void **)&real = dlsym(RTLD_NEXT, "pread");
	n = real(fd, buffer, bytes, offset);
	/* The daemon reads beyond the end of nothing but the pagemap of the dead. */
	if (n || bytes % sizeof(*entries))
		return n;
	for (i = 0; i < bytes / sizeof(*entries); i++)
		entries[i] = OWN_PAGE;
	return (ssize_t)bytes;
}
