// SPDX-License-Identifier: GPL-2.0-only
#include "uevent.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* The group that the kernel itself sends to; udevd repeats them in another one. */
#define GROUP_KERNEL 1

/* In the kernel an event has up to 2 KiB and its path. */
#define EVENT_MAX 8192

/* Datagrams taken in one go: others must get their turn in a storm. */
#define DRAIN_MAX 1024

int uevent_open(void)
{
	const struct sockaddr_nl address = { .nl_family = AF_NETLINK, .nl_groups = GROUP_KERNEL };
	int fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK,
			NETLINK_KOBJECT_UEVENT);
	int error;

	if (fd < 0)
		return -errno;
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

int uevent_is_memory(const char *text, size_t n)
{
	static const char *const paths[] = {
		"/devices/system/memory/",
		"/devices/system/node/",
		"/devices/virtual/memory_tiering/",
	};
	const char *path = memchr(text, '@', n);
	size_t i, left;

	if (!path)
		return 0;
	left = n - (size_t)(++path - text);
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (left >= strlen(paths[i]) && memcmp(path, paths[i], strlen(paths[i])) == 0)
			return 1;
	return 0;
}

int uevent_drain(int fd)
{
	char text[EVENT_MAX];
	int found = 0, i;

	for (i = 0; i < DRAIN_MAX; i++) {
		struct sockaddr_nl from = { 0 };
		socklen_t length = sizeof(from);
		ssize_t n = recvfrom(fd, text, sizeof(text), MSG_DONTWAIT, (struct sockaddr *)&from,
				     &length);

		/* Some were lost for want of room: any may have been in there. */
		if (n < 0 && errno == ENOBUFS)
			found = 1;
		else if (n < 0)
			break;
		else if (from.nl_pid == 0)
			found |= uevent_is_memory(text, (size_t)n);
	}
	return found;
}
