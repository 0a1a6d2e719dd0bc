/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stats.h - the counters of the BPF programs, added up over all CPUs.
 *
 * All return 0, -EOPNOTSUPP without BPF, or -errno. Each call costs one system
 * call per key, except bpf_flush_seen(), which reads two words of shared memory.
 */
#ifndef TIERED_DAEMON_BPF_STATS_H
#define TIERED_DAEMON_BPF_STATS_H

#include <stddef.h>
#include <stdint.h>

#include "observe/flush.h"
#include "tiered/stats.h"

struct bpf;

/* Flushes sent by the worker thread; -EOPNOTSUPP when tlb:tlb_flush is not listened to. */
int bpf_flush_seen(const struct bpf *bpf, struct flush_seen *ret);

int bpf_totals(const struct bpf *bpf, struct stats_totals *ret);

/* By enum event_kind; EVENT_KINDS entries. */
int bpf_losses(const struct bpf *bpf, struct event_losses *ret_losses);

/* By enum seen_reason; SEEN_REASONS entries. */
int bpf_migrations(const struct bpf *bpf, struct stats_migrations *ret_migrations);

/* By enum stats_flush_reason; STATS_FLUSH_REASONS entries. */
int bpf_flushes(const struct bpf *bpf, struct stats_flushes *ret_flushes);

/*
 * One process; @start_ns as in struct target_key. -ENOENT when nothing was
 * counted.
 */
int bpf_process(const struct bpf *bpf, uint32_t tgid, uint64_t start_ns, struct stats_process *ret);

/*
 * How often a program was not run because it was already running on that CPU:
 * what the counters above may be short of.
 */
int bpf_missed(const struct bpf *bpf, uint64_t *ret_missed);

#endif
