// SPDX-License-Identifier: GPL-2.0-only
#include "observe/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "util/cleanup.h"

/* The kernel's FILEID_KERNFS (include/linux/exportfs.h): the handle is the 64-bit id. */
#define HANDLE_KERNFS 0xfe

static int open_by_id(int root, uint64_t id)
{
	union {
		struct file_handle handle;
		char room[sizeof(struct file_handle) + sizeof(id)];
	} name = { .handle = { .handle_bytes = sizeof(id), .handle_type = HANDLE_KERNFS } };
	int fd;

	memcpy(name.handle.f_handle, &id, sizeof(id));
	fd = open_by_handle_at(root, &name.handle, O_PATH | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int cgroup_path(const char *sys_root, uint64_t id, char *ret_path, size_t size)
{
	auto_close int root = -1, folder = -1;
	char link[64], mount[PATH_MAX], path[PATH_MAX];
	ssize_t length;
	size_t skip;

	*ret_path = '\0';
	snprintf(mount, sizeof(mount), "%s/fs/cgroup", sys_root);
	root = open(mount, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return -errno;
	folder = open_by_id(root, id);
	if (folder < 0)
		return folder;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", folder);
	length = readlink(link, path, sizeof(path) - 1);
	if (length < 0)
		return -errno;
	path[length] = '\0';
	skip = strncmp(path, mount, strlen(mount)) == 0 ? strlen(mount) : 0;
	snprintf(ret_path, size, "%s", path[skip] ? path + skip : "/");
	return 0;
}
