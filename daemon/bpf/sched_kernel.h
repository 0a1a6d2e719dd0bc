/* SPDX-License-Identifier: GPL-2.0-only */
/* sched_kernel.h - the object of the scheduler that this kernel can run. */
#ifndef TIERED_DAEMON_BPF_SCHED_KERNEL_H
#define TIERED_DAEMON_BPF_SCHED_KERNEL_H

#include <bpf/libbpf.h>
#include <stddef.h>

#include "tiered/sched.h"

/**
 * sched_kernel_open - the object whose functions this kernel has, opened, not loaded
 * @ret_object: the caller's to close
 * @ret: what this kernel has; to be set before loading
 * @why: what is missing, in words, when it fails
 *
 * Returns 0, -EOPNOTSUPP when this kernel lacks a function, or its type information is at fault,
 * or a negative errno of opening.
 */
int sched_kernel_open(struct bpf_object **ret_object, struct sched_kernel *ret, char *why,
		      size_t why_size);

#endif
