// SPDX-License-Identifier: GPL-2.0-only
#include "report/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "util/cleanup.h"

static int write_all(int fd, const char *text, size_t length)
{
	while (length) {
		ssize_t n = write(fd, text, length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		length -= (size_t)n;
	}
	return 0;
}

/* Writes a new file. What is at @path goes: an old one of ours, or a trap. */
static int write_new(const char *path, const char *text, size_t length)
{
	auto_close int fd = -1;
	int ret;

	if (unlink(path) < 0 && errno != ENOENT)
		return -errno;
	/* The folder may be somebody else's: never through a link that he put there. */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return -errno;
	ret = write_all(fd, text, length);
	if (ret < 0)
		return ret;
	if (fchmod(fd, 0644) < 0 || fsync(fd) < 0)
		return -errno;
	return 0;
}

/* rename() would also take the place of a device, or of a link, which somebody meant. */
static int check_place(const char *path)
{
	struct stat status;

	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	return S_ISREG(status.st_mode) ? 0 : -EEXIST;
}

int metrics_write_file(const char *path, const char *text, size_t length, char *why,
		       size_t why_size)
{
	char temporary[PATH_MAX];
	int ret;

	if (snprintf(temporary, sizeof(temporary), "%s.tmp", path) >= (int)sizeof(temporary)) {
		snprintf(why, why_size, "metrics file: the path is too long");
		return -ENAMETOOLONG;
	}
	ret = check_place(path);
	if (ret < 0) {
		snprintf(why, why_size, "metrics file %s: %s; expected a file, or nothing there",
			 path, ret == -EEXIST ? "is no regular file" : strerror(-ret));
		return ret;
	}
	ret = write_new(temporary, text, length);
	if (ret == 0 && rename(temporary, path) < 0)
		ret = -errno;
	if (ret < 0) {
		snprintf(why, why_size, "metrics file %s: %s; expected a folder to write to", path,
			 strerror(-ret));
		unlink(temporary);
	}
	return ret;
}
