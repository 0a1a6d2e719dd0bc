// SPDX-License-Identifier: GPL-2.0-only
#include "flight.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpf/loader.h"
#include "bpf/tiered.skel.h"

/* What is read of it; the size of the struct is rounded up, that of the map is not. */
#define SHARED_BYTES                                                                               \
	(offsetof(struct tiered_bpf__bss, worker_step) +                                           \
	 sizeof(((struct tiered_bpf__bss *)0)->worker_step))

struct flight {
	const volatile struct tiered_bpf__bss *shared;
	int managed_fd;
};

/* The newest map of this name, with values of at least this size; -ENOENT when there is none. */
static int map_find(const char *name, uint32_t value_size)
{
	uint32_t id = 0;
	int found = -ENOENT;

	while (bpf_map_get_next_id(id, &id) == 0) {
		struct bpf_map_info info = { 0 };
		uint32_t size = sizeof(info);
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &info, &size) < 0 || strcmp(info.name, name) ||
		    info.value_size < value_size) {
			close(fd);
			continue;
		}
		if (found >= 0)
			close(found);
		found = fd;
	}
	return found;
}

static int try_open(struct flight *flight)
{
	int fd = map_find("tiered_b.bss", SHARED_BYTES);
	void *map;

	if (fd < 0)
		return fd;
	map = mmap(NULL, SHARED_BYTES, PROT_READ, MAP_SHARED, fd, 0);
	close(fd);
	if (map == MAP_FAILED)
		return -errno;
	flight->shared = map;
	flight->managed_fd = map_find("managed", sizeof(uint64_t));
	return flight->managed_fd < 0 ? flight->managed_fd : 0;
}

int flight_open(unsigned int seconds, struct flight **ret)
{
	const struct timespec pause = { .tv_nsec = 100000000 };
	struct flight *flight = calloc(1, sizeof(*flight));
	unsigned int tries = seconds * 10;
	int r = -ENOMEM;

	if (!flight)
		return r;
	while ((r = try_open(flight)) == -ENOENT && tries--)
		nanosleep(&pause, NULL);
	if (r < 0) {
		free(flight);
		return r;
	}
	*ret = flight;
	return 0;
}

struct flight_look flight_look(const struct flight *flight)
{
	return (struct flight_look){
		.scan = flight->shared->worker_step == BPF_STEP_SCAN,
		.victim = flight->shared->victim_tgid,
	};
}

int flight_manages(const struct flight *flight, pid_t pid)
{
	uint32_t tgid = (uint32_t)pid;
	uint64_t ended;

	return bpf_map_lookup_elem(flight->managed_fd, &tgid, &ended) == 0;
}
