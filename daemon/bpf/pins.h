/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pins.h - what outsiders may look at: pinned maps, and tables for cat(1).
 *
 * DIR/maps/NAME are the maps of tiered/stats.h, for bpftool; DIR/processes,
 * DIR/migrations and DIR/shootdowns are iterators that print aligned text. All
 * are for root only. The daemon is the only one that makes them, and takes away
 * what an earlier run left behind. All functions take NULL for "no BPF".
 */
#ifndef TIERED_DAEMON_BPF_PINS_H
#define TIERED_DAEMON_BPF_PINS_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/stats.h"

struct bpf;

#define BPF_PIN_DIR "/sys/fs/bpf/tiered"

/*
 * bpf_pin() - pins everything; what can not be pinned is left out
 * @why: on failure, and for what was left out, a sentence for a person; else ""
 *
 * 0; -ENOENT when there is no BPF file system at @dir; or -errno: nothing is
 * pinned then.
 */
int bpf_pin(struct bpf *bpf, const char *dir, char *why, size_t why_size);

/* Takes all pins away again, with the folders. bpf_close() does so, too. */
void bpf_unpin(struct bpf *bpf);

/* Takes away what another run has left at BPF_PIN_DIR. */
void bpf_remove_pins(void);

/* Which tier each node is in (0 the fastest), TIERED_NODE_NONE for none: what makes a promotion. */
void bpf_set_tiers(struct bpf *bpf, const uint8_t tier_of[TIERED_NODES_MAX]);

/* The daemon's ledger into the maps `daemon` and `targets`. 0, -EOPNOTSUPP or -errno. */
int bpf_publish_daemon(struct bpf *bpf, const struct stats_daemon *daemon);
int bpf_publish_target(struct bpf *bpf, const struct target_key *key,
		       const struct stats_target *target);
int bpf_retire_target(struct bpf *bpf, const struct target_key *key);

/*
 * Calls @each for every entry until it returns other than 0; returns that, 0, or
 * -errno. Entries that come and go meanwhile may be missed; none is told twice.
 */
int bpf_each_process(const struct bpf *bpf,
		     int (*each)(void *arg, const struct target_key *key,
				 const struct stats_process *process),
		     void *arg);
int bpf_each_cgroup(const struct bpf *bpf,
		    int (*each)(void *arg, uint64_t id, const struct stats_cgroup *cgroup),
		    void *arg);
int bpf_each_node_pair(const struct bpf *bpf,
		       int (*each)(void *arg, const struct stats_node_pair_key *key,
				   const struct stats_node_pair *pair),
		       void *arg);

#endif
