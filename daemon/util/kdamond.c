// SPDX-License-Identifier: GPL-2.0-only
#include "util/kdamond.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "util/cleanup.h"
#include "util/file.h"

#define MARK_LEAST_US UINT64_C(10000000)
#define MARK_RANGE_US 999983

#define UPDATE_FILE "contexts/0/monitoring_attrs/intervals/update_us"

uint64_t kdamond_mark(void)
{
	uint32_t odd = 0;

	if (getrandom(&odd, sizeof(odd), 0) != sizeof(odd))
		odd = (uint32_t)getpid();
	return MARK_LEAST_US + 1 + odd % MARK_RANGE_US;
}

int kdamond_count(const char *sys_root, uint64_t *ret)
{
	return file_read_u64(ret, "%s/" KDAMOND_FOLDER "/nr_kdamonds", sys_root);
}

static int write_text(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	return write(fd, text, strlen(text)) < 0 ? -errno : 0;
}

static int set_count(const char *sys_root, const char *count)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/" KDAMOND_FOLDER "/nr_kdamonds", sys_root) >=
	    (int)sizeof(path))
		return -ENAMETOOLONG;
	return write_text(path, count);
}

int kdamond_set(const char *sys_root, const char *value, const char *format, ...)
{
	char file[128], path[PATH_MAX];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(file, sizeof(file), format, args);
	va_end(args);
	if (n >= (int)sizeof(file) || snprintf(path, sizeof(path), "%s/" KDAMOND_FOLDER "/0/%s",
					       sys_root, file) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	return write_text(path, value);
}

int kdamond_set_u64(const char *sys_root, uint64_t value, const char *file)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRIu64, value);
	return kdamond_set(sys_root, text, "%s", file);
}

static int is_on(const char *sys_root)
{
	char state[16];

	return file_read_text(state, sizeof(state), "%s/" KDAMOND_FOLDER "/0/state", sys_root) >
		       0 &&
	       strcmp(state, "on") == 0;
}

uint32_t kdamond_thread(const char *sys_root)
{
	uint64_t tid;

	if (!is_on(sys_root) || file_read_u64(&tid, "%s/" KDAMOND_FOLDER "/0/pid", sys_root) < 0 ||
	    tid > INT_MAX)
		return 0;
	return (uint32_t)tid;
}

int kdamond_is_ours(const char *sys_root, uint64_t mark)
{
	uint64_t n, update;

	return mark && kdamond_count(sys_root, &n) == 0 && n == 1 &&
	       file_read_u64(&update, "%s/" KDAMOND_FOLDER "/0/" UPDATE_FILE, sys_root) == 0 &&
	       update == mark;
}

/* One that does not run and has nothing in it, as when we were killed between two steps. */
static int is_empty(const char *sys_root)
{
	uint64_t n, contexts;

	return kdamond_count(sys_root, &n) == 0 && n == 1 && !is_on(sys_root) &&
	       file_read_u64(&contexts, "%s/" KDAMOND_FOLDER "/0/contexts/nr_contexts", sys_root) ==
		       0 &&
	       contexts == 0;
}

int kdamond_make(const char *sys_root, uint64_t mark)
{
	uint64_t n;
	int ret = kdamond_count(sys_root, &n);

	if (ret < 0)
		return ret;
	if (n)
		return -EBUSY;
	ret = set_count(sys_root, "1");
	if (!ret)
		ret = kdamond_set(sys_root, "1", "contexts/nr_contexts");
	if (!ret)
		ret = kdamond_set_u64(sys_root, mark, UPDATE_FILE);
	if (ret < 0)
		set_count(sys_root, "0");
	return ret;
}

int kdamond_remove(const char *sys_root, uint64_t mark)
{
	int ret;

	if (!kdamond_is_ours(sys_root, mark))
		return mark && is_empty(sys_root) ? set_count(sys_root, "0") : 0;
	if (is_on(sys_root)) {
		ret = kdamond_set(sys_root, "off", "state");
		/* Without targets it has ended by itself meanwhile. */
		if (ret < 0 && is_on(sys_root))
			return ret;
	}
	return set_count(sys_root, "0");
}
