// SPDX-License-Identifier: GPL-2.0-only
/* vmas.bpf.c - the mappings of one process as binary records. */
#include "common.bpf.h"

#include "tiered/vma_record.h"

/* Bits of vm_flags (include/linux/mm.h), the same on every kernel since 4.4. */
#define VM_ACCESS 0x7UL /* VM_READ | VM_WRITE | VM_EXEC */
#define VM_SHARED 0x8UL
#define VM_PFNMAP 0x400UL
#define VM_LOCKED 0x2000UL
#define VM_IO 0x4000UL
#define VM_DONTEXPAND 0x40000UL /* vdso and the like */
#define VM_HUGETLB 0x400000UL
#define VM_MIXEDMAP 0x10000000UL

/* Bit of inode.i_flags (include/linux/fs.h). */
#define S_DAX 8192

static __always_inline __u32 vma_flags(struct vm_area_struct *vma)
{
	__u64 vm_flags = BPF_CORE_READ(vma, vm_flags);
	struct file *file = BPF_CORE_READ(vma, vm_file);
	__u32 flags = 0;

	if (vm_flags & VM_HUGETLB)
		flags |= VMA_F_HUGETLB;
	if (vm_flags & VM_PFNMAP)
		flags |= VMA_F_PFNMAP;
	if (vm_flags & VM_IO)
		flags |= VMA_F_IO;
	/* Huge pages do not expand either, but they have a flag of their own. */
	if (vm_flags & (VM_DONTEXPAND | VM_MIXEDMAP) && !(vm_flags & VM_HUGETLB))
		flags |= VMA_F_SPECIAL;
	if (vm_flags & VM_SHARED)
		flags |= VMA_F_SHARED;
	if (vm_flags & VM_LOCKED)
		flags |= VMA_F_LOCKED;
	if (!(vm_flags & VM_ACCESS))
		flags |= VMA_F_NONE;
	if (file)
		flags |= VMA_F_FILE;
	if (file && BPF_CORE_READ(file, f_inode, i_flags) & S_DAX)
		flags |= VMA_F_DAX;
	return flags;
}

/* The policy of a mapping lives as long as mmap_lock is held; a task's is looked at on trust. */
static __always_inline void vma_policy(struct vm_area_struct *vma, struct task_struct *task,
				       struct vma_record *record)
{
	struct mempolicy *policy = NULL;

	if (bpf_core_field_exists(vma->vm_policy))
		policy = BPF_CORE_READ(vma, vm_policy);
	if (!policy && bpf_core_field_exists(task->mempolicy))
		policy = BPF_CORE_READ(task, mempolicy);
	if (!policy)
		return;
	record->policy = BPF_CORE_READ(policy, mode);
	record->nodes = BPF_CORE_READ(policy, nodes.bits[0]);
}

SEC("iter/task_vma")
int list_vmas(struct bpf_iter__task_vma *context)
{
	struct seq_file *seq = context->meta->seq;
	struct vm_area_struct *vma = context->vma;
	struct task_struct *task = context->task;
	struct vma_record record = {};

	if (!vma || !task)
		return 0;
	record.start = BPF_CORE_READ(vma, vm_start);
	record.end = BPF_CORE_READ(vma, vm_end);
	record.flags = vma_flags(vma);
	if (has_notifiers(BPF_CORE_READ(vma, vm_mm)))
		record.flags |= VMA_F_SECONDARY;
	vma_policy(vma, task, &record);
	bpf_seq_write(seq, &record, sizeof(record));
	return 0;
}
