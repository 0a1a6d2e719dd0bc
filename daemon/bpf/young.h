/* SPDX-License-Identifier: GPL-2.0-only */
/* young.h - reads page tables through a program that is run, not attached. */
#ifndef TIERED_DAEMON_BPF_YOUNG_H
#define TIERED_DAEMON_BPF_YOUNG_H

#include "observe/young_source.h"

struct bpf;

/*
 * bpf_young() - the reader of page tables; @bpf's, as long as that is open
 *
 * The first call finds out where page tables are, with a page of its own whose
 * frame pagemap tells: that needs CAP_SYS_ADMIN. Never NULL but for NULL and without memory: a
 * reader that cannot be had says why.
 */
const struct young_source *bpf_young(struct bpf *bpf);

#endif
