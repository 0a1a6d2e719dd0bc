/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * loader.h - loads what this kernel takes of the BPF programs, and says what it does not.
 *
 * Every hook is looked up in the kernel's BTF and tried with an empty program
 * before the real ones are loaded; a hook that fails is off, with its reason,
 * and takes no other with it. Nothing is written to disk, and only what
 * bpf_pin() pinned can outlive the process. All functions but bpf_open() take NULL for "no BPF": queries
 * then return -EOPNOTSUPP and settings do nothing.
 *
 * bpf_manage(), bpf_drain() and bpf_consume() belong to one thread, the main
 * one. The setters are plain stores into memory that the programs read: they
 * may come from another thread, bpf_set_victim() from the worker.
 */
#ifndef TIERED_DAEMON_BPF_LOADER_H
#define TIERED_DAEMON_BPF_LOADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bpf;

/**
 * struct bpf_config - what may be chosen before the programs are loaded; zeroed is the default
 * @ring_bytes: size of the ring, rounded up to a power of two pages; 0: by the
 *		number of CPUs, 64 KiB for each possible one, 2 to 16 MiB in all
 * @event_rate: most records of one kind on one CPU per second; 0: 2000;
 *		UINT32_MAX: no cap. Each CPU and each kind has a cap of its own, so
 *		that no counter is shared between CPUs and no kind silences another:
 *		in the worst case a machine sends this times its CPUs times the 7
 *		kinds. What is held back is counted (bpf_losses()).
 *		EVENT_FOLIO, which is made only while somebody watches, may come
 *		16 times as often, in bursts of a second's worth.
 * @all_processes: make fault and shootdown events for every process, not just for
 *		   those named by bpf_manage(). One compile job faults more often
 *		   than all that is worth tiering, so this is off by default.
 * @watch: emit EVENT_FOLIO for every mapping moved
 */
struct bpf_config {
	uint32_t ring_bytes;
	uint32_t event_rate;
	bool all_processes;
	bool watch;
};

/**
 * struct bpf_hook - one place in the kernel that is, or is not, listened to
 * @name: for a person, e.g. "faults"
 * @where: tracepoint, function or iterator
 * @purpose: what it is good for
 * @enabled: loaded and attached
 * @reason: why not, when it is not; else ""
 */
struct bpf_hook {
	const char *name;
	const char *where;
	const char *purpose;
	bool enabled;
	char reason[160];
};

/**
 * bpf_open() - loads and attaches
 * @config: NULL for the defaults
 * @why: on failure one sentence for a person; at least 1 byte
 * @ret: to be closed with bpf_close()
 *
 * Returns 0 when at least one hook is on; -EOPNOTSUPP without BTF or without
 * any usable hook, -EPERM without the privileges, or -errno.
 */
int bpf_open(const struct bpf_config *config, struct bpf **ret, char *why, size_t why_size);
void bpf_close(struct bpf *bpf);

/* All hooks, on and off, in a fixed order; NULL and 0 without BPF. */
const struct bpf_hook *bpf_report(const struct bpf *bpf, size_t *ret_n);

/* Is the hook of this name on? */
bool bpf_enabled(const struct bpf *bpf, const char *name);

/*
 * bpf_set_worker() - names the thread that moves pages; 0: none
 * @tid: as gettid() says in the initial pid namespace
 */
void bpf_set_worker(struct bpf *bpf, uint32_t tid);

/*
 * bpf_set_victim() - the worker is about to move pages of this process; 0: it is done
 *
 * A plain store. Migrations and shootdowns of the worker thread are attributed
 * to the victim from here on.
 */
void bpf_set_victim(struct bpf *bpf, uint32_t tgid);

/* What the worker is at. */
enum bpf_step { BPF_STEP_NONE, BPF_STEP_SCAN, BPF_STEP_MOVE, BPF_STEP_WAIT, BPF_STEP_DECIDE };

/* bpf_set_step() - a plain store: a look at the map tells what the worker does at that moment */
void bpf_set_step(struct bpf *bpf, enum bpf_step step);

/*
 * bpf_set_watch() - turns EVENT_FOLIO on or off
 * @tgid: of memory of this process only; 0: of every process
 */
void bpf_set_watch(struct bpf *bpf, bool on, uint32_t tgid);

/*
 * bpf_manage() - starts or stops fault and shootdown events of a process
 *
 * Returns 0 (also when it was so already), -E2BIG when 16384 are managed, -errno.
 * To stop one that is not managed, as after every exit, costs a look into a
 * hash table in user space and nothing else.
 */
int bpf_manage(struct bpf *bpf, uint32_t tgid, bool on);

/*
 * bpf_drain() - makes records of the faults and shootdowns still being added up
 *
 * Records leave the caches in the kernel when they are a second old and
 * something else happens on that CPU; this asks for them all now, one system
 * call per CPU that has some. Meant for once per window. 0, -EOPNOTSUPP or -errno.
 */
int bpf_drain(struct bpf *bpf);

#endif
