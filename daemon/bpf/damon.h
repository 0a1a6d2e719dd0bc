/* SPDX-License-Identifier: GPL-2.0-only */
/* damon.h - hears what a kdamond of ours aggregates. */
#ifndef TIERED_DAEMON_BPF_DAMON_H
#define TIERED_DAEMON_BPF_DAMON_H

#include <stdbool.h>

#include "observe/damon_source.h"

struct bpf;

/*
 * bpf_damon() - the source of regions; @bpf's, as long as that is open, for one thread
 *
 * NULL only for NULL and without memory: one that cannot be had says why.
 */
const struct damon_source *bpf_damon(struct bpf *bpf);

struct btf;

/* Does this kernel pass the target itself before its number? For bpf_open(). */
bool bpf_damon_target_first(const struct btf *kernel);

/*
 * The operations, "vaddr" or "paddr", that this kernel was built without; NULL: none, or it cannot be
 * told. For bpf_open().
 */
const char *bpf_damon_lacks(const struct btf *kernel);

/* For bpf_close(). */
void bpf_damon_close(struct bpf *bpf);

#endif
