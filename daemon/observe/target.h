/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * target.h - one address space under management, as the worker holds it.
 *
 * move_pages() takes only a pid, and pids are reused. A target therefore holds
 * a pidfd and an open pagemap: the pidfd polls readable once the process is
 * gone, the pagemap reads end-of-file once its address space is gone (exit or
 * exec). Both are looked at before and after every call that names the pid.
 */
#ifndef TIERED_TARGET_H
#define TIERED_TARGET_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/types.h"

struct vma; /* vmas.h */
struct guard_client;

struct target {
	uint32_t id; /* handle, never reused in one run of the daemon */
	struct target_key key;
	char comm[16];
	int pidfd;
	int pagemap_fd;
	uint64_t allowed_nodes; /* bit per node: Mems_allowed */
	uint32_t rule;          /* index of the [target] section that chose it */
	struct vma *vmas;       /* trackable ones, ascending; owned */
	size_t n_vmas;
	struct vma *all_vmas; /* when @vmas is only a part of them, else NULL; owned */
	size_t n_all_vmas;
	int secondary;              /* also accessed through page tables of its own: VMs, devices */
	uint64_t flush_address;     /* page last moved to force a flush, 0: none */
	struct guard_client *calls; /* who makes the calls that may block (guard.h); owned */
};

/**
 * target_open() - takes hold of a process
 * @guard: makes the calls that may block, this one's already; NULL: they are made straight away
 *
 * Returns 0, also for a process that blocks; -ESRCH when it is gone or @key->start_ns does not match any more;
 * -EACCES and the like as the kernel says.
 */
struct guard;
int target_open(const char *proc_root, uint32_t id, const struct target_key *key,
		struct guard *guard, struct target **ret);
void target_close(struct target *target);

/* A call did not come back: until target_retry() no other is made, and they say -EBUSY. */
int target_blocked(const struct target *target);
/* 1 when there is no such call any more. */
int target_retry(struct target *target);

/* 1 once the process is gone; never waits, unlike target_alive(). */
int target_exited(const struct target *target);

/* 1 while it is the process and the address space that was opened, else 0; two system calls.
 * While it is blocked only the process is looked at.
 */
int target_alive(const struct target *target);

/*
 * CPU time of all its threads, those that ended included; one call, which never blocks. The
 * last moments of a thread that runs may be missing. 0 or -errno.
 */
int target_cpu_ns(const struct target *target, uint64_t *ret);

/* The mappings that it has, whatever part of them is watched now. */
static inline const struct vma *target_mappings(const struct target *target, size_t *ret_n)
{
	*ret_n = target->all_vmas ? target->n_all_vmas : target->n_vmas;
	return target->all_vmas ? target->all_vmas : target->vmas;
}

/* Reads Mems_allowed again; 0 or -errno. */
int target_refresh_nodes(struct target *target, const char *proc_root);

/*
 * Reads @n pagemap entries from @address on into @entries. Returns how many
 * were read (fewer at the end of the address space), -ESRCH when it is gone, -EBUSY when it
 * is blocked.
 */
int target_pagemap(const struct target *target, uint64_t address, uint64_t *entries, size_t n);

#endif
