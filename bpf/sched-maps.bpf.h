/* SPDX-License-Identifier: GPL-2.0-only */
/* sched-maps.bpf.h - what the scheduler keeps, and shares with the daemon (tiered/sched.h). */
#ifndef TIERED_SCHED_MAPS_BPF_H
#define TIERED_SCHED_MAPS_BPF_H

#include "sched-min.h"

#include "tiered/sched.h"

const volatile struct sched_setup setup SEC(".rodata.setup") = {};
const volatile struct sched_kernel kernel SEC(".rodata.kernel") = {};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SCHED_PROCESSES);
	__type(key, __u32);
	__type(value, __u32);
} homes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} homes_version SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SCHED_STRAYS);
	__type(key, __u32);
	__type(value, __u32);
} strays SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct stats_sched);
} sched SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, SCHED_PROCESSES);
	__type(key, __u32);
	__type(value, struct stats_sched_process);
} sched_processes SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sched_ended);
} ended SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sched_narrow);
} narrow SEC(".maps");

/**
 * struct turn - of a CPU
 * @until_ns: by the clock of its run queue: so long it belongs to the thread that came from a
 *	      queue, and to those that it is handed on to
 * @switches: changes of threads on it up to the last tick
 */
struct turn {
	__u64 until_ns;
	__u64 switches;
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct turn);
} turns SEC(".maps");

/**
 * struct group - a cgroup, or an autogroup; sums that fade
 * @begun_ns: since when threads want a CPU in it
 * @at_ns: of when the sums are
 * @load: what those in it weigh, for as long as they want a CPU: weight times nanoseconds
 * @wanted: for how long: the sum over its threads
 */
struct group {
	__u64 begun_ns;
	__u64 at_ns;
	__u64 load;
	__u64 wanted;
};

/* By address. One that nothing runs in makes room for others, its averages are over by then. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, SCHED_GROUPS);
	__type(key, __u64);
	__type(value, struct group);
} groups SEC(".maps");

/**
 * struct thread - one thread
 * @vtime: its virtual time, in that of the queue of @slot
 * @queued_vtime: that with which it last went into a queue, or to an idle CPU
 * @booked_ns: what of its run time, as the kernel counts it, is booked
 * @ran_ns: elsewhere, and at home, not yet in the books of its process
 * @weighed_ns: when @weight was found
 * @wanted_ns: for how long it had run, or waited for a CPU, by then
 * @weight: with those of the cgroups that it is in, in parts of 1 / WEIGHT_ONE
 * @slot: of which queue its virtual time is
 * @home: where it is at home, as of @homes_version
 * @found: an idle CPU was found for it as it woke up
 * @is_new: its turn is not counted yet
 */
struct thread {
	__u64 vtime;
	__u64 queued_vtime;
	__u64 booked_ns;
	__u64 ran_ns[2];
	__u64 weighed_ns;
	__u64 wanted_ns;
	__u32 weight;
	__u32 slot;
	__u32 home;
	__u32 homes_version;
	__u16 found;
	__u16 is_new;
	__u32 reserved;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread);
} threads SEC(".maps");

/* Virtual time of each queue: of the last thread that began to run. */
__u64 queue_now[SCHED_SLOTS];

/* When a CPU, of whichever node, last looked into a queue. */
__u64 queue_seen_ns[SCHED_SLOTS];

/* CPUs that are online. */
__u64 cpus_online[SCHED_WORDS];

static __always_inline struct task_struct___sched *sched_of(struct task_struct *p)
{
	return (struct task_struct___sched *)p;
}

static __always_inline struct thread *thread_of(struct task_struct *p)
{
	return bpf_task_storage_get(&threads, p, 0, 0);
}

/* The verifier leaves out the way that this kernel has not. */
static __always_inline void slice_set(struct task_struct *p, __u64 slice_ns)
{
	if (kernel.sets_slice)
		scx_bpf_task_set_slice(p, slice_ns);
	else
		sched_of(p)->scx.slice = slice_ns;
}

static __always_inline struct stats_sched *counters(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&sched, &zero);
}

static __always_inline struct turn *turn_here(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&turns, &zero);
}

static __always_inline __u32 slot_of(__s32 cpu)
{
	__u32 at = (__u32)cpu, slot;

	/* Or the compiler checks one copy of it, and the verifier looks at another. */
	barrier_var(at);
	at &= SCHED_CPUS - 1;
	slot = setup.slot_of[at];
	barrier_var(slot);
	return slot & (SCHED_SLOTS - 1);
}

/* SCHED_NO_SLOT: nobody knows, or it is not managed. Looked up when the daemon changed something. */
static __always_inline __u32 home_of(struct task_struct *p, struct thread *thread)
{
	__u32 tgid = (__u32)sched_of(p)->tgid, zero = 0;
	__u32 *version = bpf_map_lookup_elem(&homes_version, &zero), *slot;

	if (!version || thread->homes_version == *version)
		return thread->home;
	/* Before the look: what changes meanwhile is looked up again. */
	thread->homes_version = *version;
	slot = bpf_map_lookup_elem(&homes, &tgid);
	thread->home = slot && *slot < setup.slots && *slot < SCHED_SLOTS ? *slot : SCHED_NO_SLOT;
	return thread->home;
}

#endif
