// SPDX-License-Identifier: GPL-2.0-only
#include "undo/record.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"

/* There is one writer, the holder of the lock: one name for all drafts will do. */
#define DRAFT ".draft"
#define FORMAT "tiered undo record 1\nwas = %" PRIu64 "\nset = %" PRIu64 "\n"
#define SCAN_FORMAT "tiered undo record 1 was = %" SCNu64 " set = %" SCNu64

static int write_draft(int folder_fd, const char *text, size_t length)
{
	auto_close int fd = openat(folder_fd, DRAFT,
				   O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = write(fd, text, length);
	if (n < 0)
		return -errno;
	if ((size_t)n < length)
		return -ENOSPC;
	return fsync(fd) < 0 ? -errno : 0;
}

int record_write(int folder_fd, const struct record *record)
{
	char text[128];
	int length = snprintf(text, sizeof(text), FORMAT, record->was, record->set);
	int ret = write_draft(folder_fd, text, (size_t)length);

	if (ret == 0 && renameat(folder_fd, DRAFT, folder_fd, record->name) < 0)
		ret = -errno;
	if (ret < 0)
		unlinkat(folder_fd, DRAFT, 0);
	else if (fsync(folder_fd) < 0)
		ret = -errno;
	return ret;
}

int record_read(int folder_fd, const char *name, struct record *ret)
{
	struct record record = { .was = 0 };
	auto_close int fd = openat(folder_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char text[128], again[128];
	ssize_t n;

	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	text[n] = '\0';
	/* To the letter, as it is written. */
	if (strlen(name) >= sizeof(record.name) ||
	    sscanf(text, SCAN_FORMAT, &record.was, &record.set) != 2)
		return -EBADMSG;
	snprintf(again, sizeof(again), FORMAT, record.was, record.set);
	if (strcmp(text, again) != 0)
		return -EBADMSG;
	strcpy(record.name, name);
	*ret = record;
	return 0;
}

int record_remove(int folder_fd, const char *name)
{
	if (unlinkat(folder_fd, name, 0) < 0)
		return -errno;
	return fsync(folder_fd) < 0 ? -errno : 0;
}

void record_remove_drafts(int folder_fd)
{
	unlinkat(folder_fd, DRAFT, 0);
}
