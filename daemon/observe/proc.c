// SPDX-License-Identifier: GPL-2.0-only
#include "proc.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/clock.h"

/* A stat line has 52 fields of at most 20 digits and a name of at most 64 bytes (kernel threads). */
#define STAT_SIZE_BYTES 2048

/* Fields of /proc/PID/stat after the name, counted from 0; proc(5) counts the state as field 3. */
enum {
	FIELD_PARENT = 1,
	FIELD_FLAGS = 6,
	FIELD_START = 19,
	FIELD_RSS = 21,
};

static uint64_t ticks_to_ns(uint64_t ticks)
{
	long per_second = sysconf(_SC_CLK_TCK);

	return per_second > 0 ? ticks * (NSEC_PER_SEC / (uint64_t)per_second) : 0;
}

uint32_t proc_parse_pid(const char *name)
{
	unsigned long long pid;
	char *end;

	if (!isdigit((unsigned char)name[0]) || name[0] == '0')
		return 0;
	pid = strtoull(name, &end, 10);
	return *end || pid > INT32_MAX ? 0 : (uint32_t)pid;
}

/* Whatever the name holds, it ends at the last ')' of the line. */
static const char *name_end(const char *text, size_t length)
{
	return memrchr(text, ')', length);
}

static int parse_fields(const char *at, const char *end, struct proc_stat *stat)
{
	uint64_t fields[FIELD_RSS + 1] = { 0 };
	char number[32];
	size_t i, n;

	for (i = 0; i <= FIELD_RSS; i++) {
		while (at < end && *at == ' ')
			at++;
		for (n = 0; at + n < end && !isspace((unsigned char)at[n]); n++)
			;
		if (!n || n >= sizeof(number))
			return -EINVAL;
		memcpy(number, at, n);
		number[n] = '\0';
		if (i == 0)
			stat->state = number[0];
		else if (number[0] != '-')
			fields[i] = strtoull(number, NULL, 10);
		at += n;
	}
	stat->parent = (uint32_t)fields[FIELD_PARENT];
	stat->flags = (uint32_t)fields[FIELD_FLAGS];
	stat->start_ns = ticks_to_ns(fields[FIELD_START]);
	stat->rss_pages = fields[FIELD_RSS];
	return 0;
}

int proc_parse_stat(const char *text, size_t length, struct proc_stat *ret)
{
	const char *open = memchr(text, '(', length);
	const char *close = name_end(text, length);
	struct proc_stat stat = { 0 };
	size_t n;
	int err;

	if (!open || !close || close < open || !isdigit((unsigned char)text[0]))
		return -EINVAL;
	stat.pid = (uint32_t)strtoul(text, NULL, 10);
	n = (size_t)(close - open - 1);
	if (n >= sizeof(stat.comm))
		n = sizeof(stat.comm) - 1;
	memcpy(stat.comm, open + 1, n);
	err = parse_fields(close + 1, text + length, &stat);
	if (err < 0)
		return err;
	*ret = stat;
	return 0;
}

int proc_parse_mask(const char *text, uint64_t *ret_mask)
{
	uint64_t mask = 0;
	int digits = 0;

	for (; *text && *text != '\n'; text++) {
		char c = *text;

		if (c == ',')
			continue;
		if (!isxdigit((unsigned char)c))
			return -EINVAL;
		mask = mask << 4 |
		       (uint64_t)(isdigit((unsigned char)c) ? c - '0' : (c | 32) - 'a' + 10);
		digits++;
	}
	if (!digits)
		return -EINVAL;
	*ret_mask = mask;
	return 0;
}

/* A process that left between open() and read() says ESRCH, one that left before it ENOENT. */
static int gone(int err)
{
	return err == ENOENT ? -ESRCH : -err;
}

int proc_read_stat(const char *proc_root, uint32_t pid, struct proc_stat *ret)
{
	char path[PATH_MAX], text[STAT_SIZE_BYTES];
	auto_close int fd = -1;
	ssize_t n;

	if (snprintf(path, sizeof(path), "%s/%u/stat", proc_root, pid) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return gone(errno);
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return gone(errno);
	text[n] = '\0';
	return proc_parse_stat(text, (size_t)n, ret);
}

/* Copies what follows @key in /proc/PID/status. Groups may make other lines very long. */
static int read_status(const char *proc_root, uint32_t pid, const char *key, char *value,
		       size_t size)
{
	char path[PATH_MAX];
	auto_fclose FILE *file = NULL;
	auto_free char *line = NULL;
	size_t room = 0, length = strlen(key);

	if (snprintf(path, sizeof(path), "%s/%u/status", proc_root, pid) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "re");
	if (!file)
		return gone(errno);
	while (getline(&line, &room, file) > 0) {
		if (strncmp(line, key, length) != 0)
			continue;
		if (snprintf(value, size, "%s", line + length) >= (int)size)
			return -E2BIG;
		return 0;
	}
	return ferror(file) ? gone(errno) : -ENODATA;
}

int proc_read_uid(const char *proc_root, uint32_t pid, uint32_t *ret_uid)
{
	char value[128], *end;
	unsigned long uid;
	int err;

	err = read_status(proc_root, pid, "Uid:\t", value, sizeof(value));
	if (err < 0)
		return err;
	errno = 0;
	uid = strtoul(value, &end, 10);
	if (end == value || errno || uid > UINT32_MAX)
		return -EINVAL;
	*ret_uid = (uint32_t)uid;
	return 0;
}

int proc_read_nodes(const char *proc_root, uint32_t pid, uint64_t *ret_mask)
{
	/* 1024 nodes in hex with a comma every eight digits are 288 bytes. */
	char value[512];
	int err;

	err = read_status(proc_root, pid, "Mems_allowed:\t", value, sizeof(value));
	return err < 0 ? err : proc_parse_mask(value, ret_mask);
}

/* "0::/path" is the unified hierarchy, "4:memory:/path" one of the old ones. */
static const char *cgroup_path(char *line, int *ret_unified)
{
	char *second = strchr(line, ':');
	char *third = second ? strchr(second + 1, ':') : NULL;

	if (!third)
		return NULL;
	line[strcspn(line, "\n")] = '\0';
	*ret_unified = strncmp(line, "0::", 3) == 0;
	return third + 1;
}

int proc_read_cgroup(const char *proc_root, uint32_t pid, char *ret_path, size_t size)
{
	char path[PATH_MAX];
	auto_fclose FILE *file = NULL;
	auto_free char *line = NULL;
	size_t room = 0;
	int found = 0, unified = 0;

	if (snprintf(path, sizeof(path), "%s/%u/cgroup", proc_root, pid) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	file = fopen(path, "re");
	if (!file)
		return gone(errno);
	while (!unified && getline(&line, &room, file) > 0) {
		const char *group = cgroup_path(line, &unified);

		if (group && (!found || unified)) {
			snprintf(ret_path, size, "%s", group);
			found = 1;
		}
	}
	if (!found)
		ret_path[0] = '\0';
	return 0;
}

int proc_read_exe(const char *proc_root, uint32_t pid, char *ret_path, size_t size)
{
	static const char deleted[] = " (deleted)";
	const size_t tail = sizeof(deleted) - 1;
	char path[PATH_MAX];
	ssize_t n;

	if (snprintf(path, sizeof(path), "%s/%u/exe", proc_root, pid) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	n = readlink(path, ret_path, size - 1);
	if (n < 0)
		return gone(errno);
	ret_path[n] = '\0';
	if ((size_t)n > tail && strcmp(ret_path + n - tail, deleted) == 0)
		ret_path[(size_t)n - tail] = '\0';
	return 0;
}
