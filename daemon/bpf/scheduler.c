// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/scheduler.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bpf/internal.h"
#include "bpf/sched_kernel.h"
#include "util/clock.h"
#include "util/file.h"

/* Of Linux 6.4; the linux/bpf.h of Debian 12 does not know them. */
#define FLAG_LINK (1U << 13)
#define ATTACH_STRUCT_OPS ((enum bpf_attach_type)44)

/* The latency bound: longer than a batch, mostly, and one that is lost ends. */
#define NARROW_NS (20 * NSEC_PER_MSEC)

#define STATE "/sys/kernel/sched_ext/state"

struct scheduler {
	struct bpf_object *object;
	struct sched_kernel kernel;
	int link;
	int homes;
	int homes_version;
	uint32_t version; /* never 0: that is a thread's that has not looked */
	int strays;
	int counters;
	int processes;
	int ended;
	int narrow;
	int cpus; /* possible ones */
};

/* May it be loaded? Nothing is changed. */
static int kernel_is_free(char *why, size_t why_size)
{
	char state[32], name[128] = "";

	if (file_read_text(state, sizeof(state), STATE) < 0) {
		snprintf(why, why_size, "this kernel has no sched_ext (CONFIG_SCHED_CLASS_EXT)");
		return -EOPNOTSUPP;
	}
	if (!strcmp(state, "disabled"))
		return 0;
	file_read_text(name, sizeof(name), "/sys/kernel/sched_ext/root/ops");
	snprintf(why, why_size, "another scheduler (%s) is loaded, and left alone",
		 *name ? name : state);
	return -EBUSY;
}

/* One of the tables stays out: the flags are in them. */
static struct bpf_map *tables_choose(struct bpf_object *object, int partial)
{
	struct bpf_map *managed = bpf_object__find_map_by_name(object, "tiered_managed");
	struct bpf_map *all = bpf_object__find_map_by_name(object, "tiered_all");
	struct bpf_map *chosen = partial ? managed : all;

	if (!managed || !all)
		return NULL;
	bpf_map__set_autocreate(partial ? all : managed, false);
	/* With a link the kernel takes it out when this process is gone; without, it would stay. */
	bpf_map__set_map_flags(chosen, FLAG_LINK);
	return chosen;
}

static int object_load(struct scheduler *scheduler, const struct sched_setup *setup,
		       struct bpf_map **ret_table)
{
	struct bpf_map *rodata = bpf_object__find_map_by_name(scheduler->object, ".rodata.setup");
	struct bpf_map *kernel = bpf_object__find_map_by_name(scheduler->object, ".rodata.kernel");
	struct bpf_program *init =
		bpf_object__find_program_by_name(scheduler->object, "tiered_init");
	int r;

	*ret_table = tables_choose(scheduler->object, (int)setup->partial);
	if (!*ret_table || !rodata || !kernel || !init)
		return -EINVAL;
	/* It makes queues, which may sleep; libbpf 1.1 has no name of a section for that. */
	bpf_program__set_flags(init, BPF_F_SLEEPABLE);
	r = bpf_map__set_initial_value(rodata, setup, sizeof(*setup));
	if (r == 0)
		r = bpf_map__set_initial_value(kernel, &scheduler->kernel,
					       sizeof(scheduler->kernel));
	return r < 0 ? r : bpf_object__load(scheduler->object);
}

static void maps_find(struct scheduler *scheduler, const struct sched_setup *setup)
{
	const struct bpf_object *object = scheduler->object;

	scheduler->homes = bpf_object__find_map_fd_by_name(object, "homes");
	scheduler->homes_version = bpf_object__find_map_fd_by_name(object, "homes_version");
	scheduler->strays = bpf_object__find_map_fd_by_name(object, "strays");
	scheduler->counters = bpf_object__find_map_fd_by_name(object, "sched");
	scheduler->processes = bpf_object__find_map_fd_by_name(object, "sched_processes");
	scheduler->ended = bpf_object__find_map_fd_by_name(object, "ended");
	scheduler->narrow = setup->narrow ? bpf_object__find_map_fd_by_name(object, "narrow")
					  : -ENOENT;
}

/* Threads look their homes up again. */
static int homes_changed(struct scheduler *scheduler)
{
	uint32_t zero = 0;

	if (++scheduler->version == 0)
		scheduler->version = 1;
	return bpf_map_update_elem(scheduler->homes_version, &zero, &scheduler->version, BPF_ANY) <
			       0
		       ? -errno
		       : 0;
}

/*
 * From here on it is at work. Up to 1.1 the library only writes the table into its map, and its
 * "link" is that map; from 1.2 on it makes the link, too. Either way the descriptor is ours.
 */
static int table_attach(struct scheduler *scheduler, struct bpf_map *table)
{
	struct bpf_link *written = bpf_map__attach_struct_ops(table);
	int fd;

	if (!written)
		return -errno;
	fd = bpf_link__fd(written);
	bpf_link__disconnect(written);
	bpf_link__destroy(written);
	if (fd == bpf_map__fd(table))
		fd = bpf_link_create(fd, 0, ATTACH_STRUCT_OPS, NULL);
	scheduler->link = fd;
	return fd < 0 ? -errno : 0;
}

static int scheduler_start(struct scheduler *scheduler, const struct sched_setup *setup, char *why,
			   size_t why_size)
{
	struct bpf_map *table;
	int r = object_load(scheduler, setup, &table);

	if (r < 0) {
		snprintf(why, why_size, "this kernel does not take it: %s", strerror(-r));
		return r;
	}
	maps_find(scheduler, setup);
	r = homes_changed(scheduler);
	if (r == 0)
		r = table_attach(scheduler, table);
	if (r < 0)
		snprintf(why, why_size, "this kernel does not start it: %s", strerror(-r));
	return r;
}

int scheduler_open(const struct sched_setup *setup, struct scheduler **ret, char *why,
		   size_t why_size)
{
	struct scheduler *scheduler;
	int r = kernel_is_free(why, why_size);

	if (r < 0)
		return r;
	scheduler = calloc(1, sizeof(*scheduler));
	if (!scheduler) {
		snprintf(why, why_size, "out of memory");
		return -ENOMEM;
	}
	scheduler->link = -1;
	scheduler->cpus = libbpf_num_possible_cpus();
	if (scheduler->cpus < 0)
		scheduler->cpus = 0;
	r = sched_kernel_open(&scheduler->object, &scheduler->kernel, why, why_size);
	if (r == 0)
		r = scheduler_start(scheduler, setup, why, why_size);
	if (r < 0) {
		scheduler_close(scheduler);
		return r;
	}
	*ret = scheduler;
	return 0;
}

void scheduler_close(struct scheduler *scheduler)
{
	if (!scheduler)
		return;
	if (scheduler->link >= 0)
		close(scheduler->link);
	bpf_object__close(scheduler->object);
	free(scheduler);
}

int scheduler_ended(const struct scheduler *scheduler, struct sched_ended *ret)
{
	struct sched_ended end;
	uint32_t zero = 0;

	if (!scheduler)
		return 0;
	if (bpf_map_lookup_elem(scheduler->ended, &zero, &end) < 0)
		return -errno;
	if (!end.kind)
		return 0;
	*ret = end;
	return 1;
}

int scheduler_add(struct scheduler *scheduler, uint32_t tgid)
{
	const struct stats_sched_process none = { 0 };
	uint32_t slot = SCHED_NO_SLOT;

	if (!scheduler)
		return 0;
	if (bpf_map_update_elem(scheduler->processes, &tgid, &none, BPF_ANY) < 0 ||
	    bpf_map_update_elem(scheduler->homes, &tgid, &slot, BPF_ANY) < 0)
		return -errno;
	return homes_changed(scheduler);
}

void scheduler_remove(struct scheduler *scheduler, uint32_t tgid)
{
	if (!scheduler)
		return;
	bpf_map_delete_elem(scheduler->homes, &tgid);
	bpf_map_delete_elem(scheduler->processes, &tgid);
	homes_changed(scheduler);
}

int scheduler_set_home(struct scheduler *scheduler, uint32_t tgid, uint32_t slot)
{
	uint32_t before;

	if (!scheduler)
		return 0;
	if (bpf_map_lookup_elem(scheduler->homes, &tgid, &before) < 0)
		return -errno;
	/* Most stay where they are, window for window: threads need not look. */
	if (before == slot)
		return 0;
	if (bpf_map_update_elem(scheduler->homes, &tgid, &slot, BPF_EXIST) < 0)
		return -errno;
	return homes_changed(scheduler);
}

int scheduler_narrow_open(const struct scheduler *scheduler)
{
	int narrow;

	if (scheduler->narrow < 0)
		return -ENOENT;
	narrow = fcntl(scheduler->narrow, F_DUPFD_CLOEXEC, 0);
	return narrow < 0 ? -errno : narrow;
}

int scheduler_narrow(int narrow, uint32_t tgid)
{
	const struct sched_narrow now = {
		.tgid = tgid,
		.until_ns = tgid ? clock_now_ns() + NARROW_NS : 0,
	};
	uint32_t zero = 0;

	if (narrow < 0)
		return 0;
	return bpf_map_update_elem(narrow, &zero, &now, BPF_ANY) < 0 ? -errno : 0;
}

int scheduler_take_stray(struct scheduler *scheduler, uint32_t *ret_tgid)
{
	uint32_t tgid;

	if (!scheduler || bpf_map_get_next_key(scheduler->strays, NULL, &tgid) < 0)
		return 0;
	bpf_map_delete_elem(scheduler->strays, &tgid);
	*ret_tgid = tgid;
	return 1;
}

int scheduler_counts(const struct scheduler *scheduler, struct stats_sched *ret)
{
	if (!scheduler)
		return -ENOENT;
	return percpu_sum(scheduler->counters, scheduler->cpus, 1, sizeof(*ret) / sizeof(__u64),
			  (__u64 *)ret);
}

int scheduler_process(const struct scheduler *scheduler, uint32_t tgid,
		      struct stats_sched_process *ret, uint32_t *ret_home)
{
	struct stats_sched_process process;
	uint32_t home;

	if (!scheduler)
		return -ENOENT;
	if (bpf_map_lookup_elem(scheduler->processes, &tgid, &process) < 0 ||
	    bpf_map_lookup_elem(scheduler->homes, &tgid, &home) < 0)
		return -errno;
	*ret = process;
	*ret_home = home;
	return 0;
}

static void pin_path(char path[PATH_MAX], const char *dir, const char *map)
{
	snprintf(path, PATH_MAX, "%s/maps/%s", dir, map);
}

int scheduler_pin(const struct scheduler *scheduler, const char *dir)
{
	char path[PATH_MAX];

	if (!scheduler)
		return 0;
	scheduler_unpin(dir);
	pin_path(path, dir, "sched");
	if (bpf_obj_pin(scheduler->counters, path) < 0)
		return -errno;
	pin_path(path, dir, "sched_processes");
	return bpf_obj_pin(scheduler->processes, path) < 0 ? -errno : 0;
}

void scheduler_unpin(const char *dir)
{
	char path[PATH_MAX];

	pin_path(path, dir, "sched");
	unlink(path);
	pin_path(path, dir, "sched_processes");
	unlink(path);
}
