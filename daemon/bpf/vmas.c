// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/vmas.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include "bpf/internal.h"
#include "util/cleanup.h"

/*
 * Reads until @size bytes are there or nothing more comes. Returns the length
 * or -errno. Unlike a file, an iterator says EAGAIN when it has skipped much
 * and will go on.
 */
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

/*
 * An iterator over the mappings of one process, ready to be read; or -errno.
 *
 * Asked for a single thread, kernels 6.1 to 7.2 begin again with every buffer
 * of 32 KiB and never end. Asked for a process they go on where they stopped,
 * but list the same mappings again for each thread with a table of files of
 * its own.
 */
static int iterator_open(int program, int pid)
{
	union bpf_iter_link_info info = { .task.pid = (uint32_t)pid };
	LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = &info,
		    .iter_info_len = sizeof(info));
	auto_close int link = bpf_link_create(program, 0, BPF_TRACE_ITER, &options);

	return link < 0 ? link : bpf_iter_create(link);
}

/* How many records ascend: where they do not, another thread's list begins. */
static size_t records_ascending(const struct vma_record *records, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (records[i].start < records[i - 1].end)
			return i;
	return n;
}

/* Is there a record more that belongs to the list? */
static bool record_beyond(int fd, const struct vma_record *last)
{
	struct vma_record beyond;

	return read_whole(fd, &beyond, sizeof(beyond)) == sizeof(beyond) &&
	       beyond.start >= last->end;
}

int bpf_vmas(void *arg, int pid, struct vma_record *records, size_t room)
{
	const struct bpf *bpf = arg;
	auto_close int fd = -1;
	ssize_t length;
	size_t n;

	if (!hook_on(bpf, HOOK_VMAS))
		return -EOPNOTSUPP;
	if (pid <= 0 || !room || room > INT_MAX)
		return -EINVAL;
	fd = iterator_open(bpf_program__fd(bpf->skeleton->progs.list_vmas), pid);
	if (fd < 0)
		return fd;
	length = read_whole(fd, records, room * sizeof(*records));
	if (length < 0)
		return (int)length;
	if (length == 0)
		return kill(pid, 0) < 0 && errno == ESRCH ? -ESRCH : 0;
	if ((size_t)length % sizeof(*records))
		return -EIO;
	n = records_ascending(records, (size_t)length / sizeof(*records));
	if (n == room && record_beyond(fd, &records[n - 1]))
		return -E2BIG;
	return (int)n;
}
