/* SPDX-License-Identifier: GPL-2.0-only */
/* internal.h - what the files of this folder share; nobody else includes it. */
#ifndef TIERED_DAEMON_BPF_INTERNAL_H
#define TIERED_DAEMON_BPF_INTERNAL_H

#include <stdint.h>

#include "bpf/loader.h"
#include "bpf/tiered.skel.h"

enum hook_id {
	HOOK_FAULTS,
	HOOK_MIGRATIONS,
	HOOK_MIGRATION_STARTS,
	HOOK_SHOOTDOWNS,
	HOOK_FORK,
	HOOK_EXEC,
	HOOK_EXIT,
	HOOK_CGROUP_GONE,
	HOOK_OWNERS,
	HOOK_TARGETS,
	HOOK_VMAS,
	HOOK_DAMON,
	HOOK_YOUNG,
	HOOK_TABLE_PROCESSES,
	HOOK_TABLE_MIGRATIONS,
	HOOK_TABLE_SHOOTDOWNS,
	HOOKS,
};

struct damon_reader;
struct managed_process;
struct young_source;

struct bpf {
	struct tiered_bpf *skeleton;
	struct bpf_link *links[HOOKS];
	struct bpf_hook hooks[HOOKS];
	struct ring_buffer *ring;
	int cpus;                        /* possible ones: values per entry of a per-CPU map */
	struct managed_process *managed; /* what bpf_manage() was told: control.c */
	struct damon_reader *damon;      /* damon.c; NULL until it is asked for */
	struct young_source *young;      /* young.c; NULL until it is asked for */
	uint64_t malformed;
	char *pin_dir;           /* where bpf_pin() has pinned, or NULL */
	bool damon_target_first; /* of bpf_damon_target_first() */
	const char *damon_lacks; /* of bpf_damon_lacks() */
	bool can_cast;           /* the kernel has bpf_rdonly_cast() */
	uint8_t reason_seen[sizeof(((struct tiered_bpf__rodata *)0)->reason_seen)];
	/* For the time of one bpf_consume(). */
	const struct event_handler *handler;
	void *handler_arg;
	int consumed;
};

/* The ring's reader; 0 or -errno. */
int events_open(struct bpf *bpf);
void events_close(struct bpf *bpf);

/*
 * stats.c: adds up @n entries of a per-CPU array, each of @words words (__u64), over @cpus
 * possible CPUs. 0 or -errno, with @ret_sums as it was.
 */
int percpu_sum(int map_fd, int cpus, uint32_t n, size_t words, __u64 *ret_sums);

/* Takes NULL for what was never opened. */
void young_close(struct bpf *bpf);

/* Forgets who is managed; the maps go with the skeleton. */
void control_free(struct bpf *bpf);

static inline bool hook_on(const struct bpf *bpf, enum hook_id id)
{
	return bpf && bpf->hooks[id].enabled;
}

#endif
