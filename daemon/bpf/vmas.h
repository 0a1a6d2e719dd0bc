/* SPDX-License-Identifier: GPL-2.0-only */
/* vmas.h - lists the mappings of a process through the task_vma iterator. */
#ifndef TIERED_DAEMON_BPF_VMAS_H
#define TIERED_DAEMON_BPF_VMAS_H

#include "observe/vmas.h"

/*
 * bpf_vmas() - a vma_source_fn; @bpf is a struct bpf
 *
 * Returns how many records were written, ascending; 0 for a process without
 * an address space; -E2BIG when @room is too small; -ESRCH when there is no
 * such process; -EOPNOTSUPP without the iterator.
 */
vma_source_fn bpf_vmas;

#endif
