// SPDX-License-Identifier: GPL-2.0-only
/*
 * owners.bpf.c - whose pages a program moves, seen by nothing of the daemon's own.
 *
 * Each page that a migration puts back goes through remove_migration_pte(), in the task
 * that moves it and with the mapping it belongs to. An owner on its way out has no task
 * any more: its pages are counted for the key of zeros.
 */
#include "vmlinux-min.h"

#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "owners.h"

char LICENSE[] SEC("license") = "GPL";

/* Set before loading: how the names of the threads begin that are looked at. */
const volatile char mover[OWNERS_COMM];
const volatile __u32 mover_length = 0;

/* Pages there was no room for. */
__u64 lost = 0;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__type(key, struct owner);
	__type(value, __u64);
} owners SEC(".maps");

static int by_mover(void)
{
	char comm[OWNERS_COMM];
	__u32 i;

	bpf_get_current_comm(comm, sizeof(comm));
	for (i = 0; i < OWNERS_COMM && i < mover_length; i++)
		if (comm[i] != mover[i])
			return 0;
	return 1;
}

SEC("fentry/remove_migration_pte")
int BPF_PROG(page_moved, struct folio *to, struct vm_area_struct *vma)
{
	struct task_struct *task = vma->vm_mm->owner;
	struct owner owner = {};
	__u64 none = 0, *pages;

	if (!by_mover())
		return 0;
	if (task) {
		owner.tgid = task->tgid;
		owner.start_ns = task->start_boottime;
		__builtin_memcpy(owner.comm, task->comm, sizeof(owner.comm));
	}
	bpf_map_update_elem(&owners, &owner, &none, BPF_NOEXIST);
	pages = bpf_map_lookup_elem(&owners, &owner);
	__sync_fetch_and_add(pages ? pages : &lost, 1);
	return 0;
}
