// SPDX-License-Identifier: GPL-2.0-only
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"

/* Up to the end of the file; -E2BIG when that does not come before @size bytes. */
static ssize_t read_all(int fd, char *buffer, size_t size)
{
	size_t length = 0;

	for (;;) {
		ssize_t n = read(fd, buffer + length, size - length);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
		if (length == size)
			return -E2BIG;
	}
	return (ssize_t)length;
}

static int read_text(char *buffer, size_t size, const char *format, va_list args)
{
	char path[PATH_MAX];
	auto_close int fd = -1;
	ssize_t length;

	if (vsnprintf(path, sizeof(path), format, args) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	length = read_all(fd, buffer, size);
	if (length < 0)
		return (int)length;
	if (length && buffer[length - 1] == '\n')
		length--;
	buffer[length] = '\0';
	return (int)length;
}

int file_read_whole(const char *path, size_t max, char **ret_text, size_t *ret_size)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	return fd < 0 ? -errno : file_read_open(fd, max, ret_text, ret_size);
}

int file_read_open(int fd, size_t max, char **ret_text, size_t *ret_size)
{
	char *text;
	ssize_t length;

	text = malloc(max + 1);
	if (!text)
		return -ENOMEM;
	length = read_all(fd, text, max + 1);
	if (length < 0) {
		free(text);
		return length == -E2BIG ? -EFBIG : (int)length;
	}
	*ret_text = text;
	*ret_size = (size_t)length;
	return 0;
}

int file_read_text(char *buffer, size_t size, const char *format, ...)
{
	va_list args;
	int ret;

	va_start(args, format);
	ret = read_text(buffer, size, format, args);
	va_end(args);
	return ret;
}

int file_read_u64(uint64_t *ret_value, const char *format, ...)
{
	unsigned long long value;
	char text[64], *end;
	va_list args;
	int ret;

	va_start(args, format);
	ret = read_text(text, sizeof(text), format, args);
	va_end(args);
	if (ret < 0)
		return ret;
	errno = 0;
	value = strtoull(text, &end, 0);
	if (end == text || *end != '\0' || errno)
		return -EINVAL;
	*ret_value = value;
	return 0;
}
