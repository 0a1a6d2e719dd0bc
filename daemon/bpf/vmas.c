// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/vmas.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "bpf/internal.h"
#include "util/cleanup.h"

/* Reads until @size bytes are there or nothing more comes. Returns the length or -errno. */
static ssize_t read_whole(int fd, void *buffer, size_t size)
{
	size_t length = 0;

	while (length < size) {
		ssize_t n = read(fd, (char *)buffer + length, size - length);

		if (n < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		length += (size_t)n;
	}
	return (ssize_t)length;
}

/* An iterator over the mappings of one thread, ready to be read; or -errno. */
static int iterator_open(int program, int pid)
{
	union bpf_iter_link_info info = { .task.tid = (uint32_t)pid };
	LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = &info,
		    .iter_info_len = sizeof(info));
	auto_close int link = bpf_link_create(program, 0, BPF_TRACE_ITER, &options);

	return link < 0 ? link : bpf_iter_create(link);
}

int bpf_vmas(void *arg, int pid, struct vma_record *records, size_t room)
{
	const struct bpf *bpf = arg;
	struct vma_record beyond;
	auto_close int fd = -1;
	ssize_t length;

	if (!hook_on(bpf, HOOK_VMAS))
		return -EOPNOTSUPP;
	if (pid <= 0)
		return -EINVAL;
	fd = iterator_open(bpf_program__fd(bpf->skeleton->progs.list_vmas), pid);
	if (fd < 0)
		return fd;
	length = read_whole(fd, records, room * sizeof(*records));
	if (length < 0)
		return (int)length;
	if (length == 0 && kill(pid, 0) < 0 && errno == ESRCH)
		return -ESRCH;
	if ((size_t)length == room * sizeof(*records) &&
	    read_whole(fd, &beyond, sizeof(beyond)) > 0)
		return -E2BIG;
	return length % (ssize_t)sizeof(*records) ? -EIO : (int)((size_t)length / sizeof(*records));
}
