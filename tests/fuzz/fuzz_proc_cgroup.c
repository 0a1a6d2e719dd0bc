// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as /proc/PID/cgroup and /proc/PID/status: through files, as the daemon reads them. */
#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "observe/proc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A tree with process 1, in memory; one for the whole run. */
static const char *tree(void)
{
	static char root[64], path[128];

	if (*root)
		return root;
	snprintf(root, sizeof(root), "/dev/shm/fuzz-proc.%d", getpid());
	snprintf(path, sizeof(path), "%s/1", root);
	if (mkdir(root, 0700) < 0 || mkdir(path, 0700) < 0)
		abort();
	return root;
}

static void leave(void)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/1/cgroup", tree());
	unlink(path);
	snprintf(path, sizeof(path), "%s/1/status", tree());
	unlink(path);
	snprintf(path, sizeof(path), "%s/1", tree());
	rmdir(path);
	rmdir(tree());
}

static void put(const char *name, const uint8_t *data, size_t size)
{
	static int told;
	char path[128];
	int fd;

	if (!told++)
		atexit(leave);
	snprintf(path, sizeof(path), "%s/1/%s", tree(), name);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char group[64];
	uint64_t mask = 77;
	uint32_t uid = 77;

	put("cgroup", data, size);
	memset(group, 'x', sizeof(group));
	if (proc_read_cgroup(tree(), 1, group, sizeof(group)) == 0)
		assert(memchr(group, '\0', sizeof(group)));
	put("status", data, size);
	if (proc_read_uid(tree(), 1, &uid) < 0)
		assert(uid == 77);
	if (proc_read_nodes(tree(), 1, &mask) < 0)
		assert(mask == 77);
	return 0;
}
