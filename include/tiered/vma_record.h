/* SPDX-License-Identifier: GPL-2.0-only */
/* vma_record.h - one mapping of a process, as the task_vma iterator writes it. */
#ifndef TIERED_VMA_RECORD_H
#define TIERED_VMA_RECORD_H

#include "types.h"

/**
 * struct vma_record - one mapping as its source tells it
 * @start: first byte
 * @end: first byte after it
 * @flags: VMA_F_*
 * @policy: MPOL_* of <linux/mempolicy.h> without its flags: the mapping's own
 *	    policy, else that of its thread group leader, else MPOL_DEFAULT
 * @nodes: node mask of the policy, nodes 0 to 63
 *
 * The policy that mbind() gives to shared memory belongs to the file, not to
 * the mapping, and is not seen here.
 */
struct vma_record {
	__u64 start;
	__u64 end;
	__u32 flags;
	__u32 policy;
	__u64 nodes;
};

#define VMA_F_HUGETLB 1u
#define VMA_F_PFNMAP 2u
#define VMA_F_IO 4u
#define VMA_F_SPECIAL 8u
#define VMA_F_FILE 16u
#define VMA_F_SHARED 32u
#define VMA_F_NONE 64u /* neither readable nor writable nor executable */
#define VMA_F_LOCKED 128u
#define VMA_F_DAX 256u
#define VMA_F_SECONDARY 512u /* its process has mmu notifiers: a virtual machine, a device */

_Static_assert(sizeof(struct vma_record) == 32, "shared with the iterator");

#endif
