// SPDX-License-Identifier: GPL-2.0-only
#include "pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>

#include "pagemap_scan.h"
#include "target.h"
#include "util/cleanup.h"
#include "util/guard.h"

/* A search, in the room of whoever makes it. */
struct search {
	int fd;
	int found; /* or below 0 */
	struct scan_arg arg;
	struct scan_region region;
};

static int search_run(void *room)
{
	struct search *search = room;

	/* Nothing to be written to for who wants nothing to be told. */
	if (search->arg.vec_len)
		search->arg.vec = (uint64_t)(uintptr_t)&search->region;
	search->found = ioctl(search->fd, SCAN_IOCTL, &search->arg);
	if (search->found < 0)
		search->found = -errno;
	return 0;
}

/* As the ioctl; a target that is blocked is one that cannot be searched. */
static int search_do(const struct target *target, struct search *search)
{
	int err = guard_run(target->calls, search_run, NULL, search, sizeof(*search));

	return err < 0 ? err : search->found;
}

uint64_t pagemap_next_present(const struct target *target, uint64_t start, uint64_t end)
{
	struct search search = {
		.fd = target->pagemap_fd,
		.arg = {
			.size = sizeof(search.arg),
			.start = start,
			.end = end,
			.vec_len = 1,
			.max_pages = 1,
			.category_mask = SCAN_IS_PRESENT,
			.return_mask = SCAN_IS_PRESENT,
		},
	};
	int n = search_do(target, &search);

	if (n < 0)
		return start;
	if (n == 0)
		return end;
	return search.region.start >= start && search.region.start < end ? search.region.start
									 : start;
}

int pagemap_clear_probe(const char *proc_root)
{
	struct scan_arg arg = { .size = sizeof(arg), .flags = SCAN_CLEAR_YOUNG };
	auto_close int fd = -1;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/self/pagemap", proc_root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	/* Of no addresses: nothing is cleared. */
	return fd < 0 || ioctl(fd, SCAN_IOCTL, &arg) < 0 ? -errno : 0;
}

int pagemap_clear_young(const struct target *target, uint64_t start, uint64_t end)
{
	struct search search = {
		.fd = target->pagemap_fd,
		.arg = {
			.size = sizeof(search.arg),
			.flags = SCAN_CLEAR_YOUNG,
			.start = start,
			.end = end,
			.category_mask = SCAN_IS_YOUNG,
		},
	};

	return search_do(target, &search);
}
