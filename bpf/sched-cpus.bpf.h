/* SPDX-License-Identifier: GPL-2.0-only */
/* sched-cpus.bpf.h - which CPU, and which queue: by home, by distance, by who waits. */
#ifndef TIERED_SCHED_CPUS_BPF_H
#define TIERED_SCHED_CPUS_BPF_H

#include "sched-maps.bpf.h"

/* CPUs that a thread may run on, and those that are idle. */
struct masks {
	__u64 allowed[SCHED_WORDS];
	__u64 idle[SCHED_WORDS];
};

/*
 * By loads that the verifier takes by their type: a third of what a helper takes. Of a mask that is
 * allocated no more is there than CPUs are possible, which it does not know. Is there a bit?
 */
static __always_inline int mask_read(__u64 words[SCHED_WORDS], const struct cpumask *mask)
{
	__u32 known = setup.mask_words;
	__u64 bits = 0;

#pragma unroll
	for (__u32 word = 0; word < SCHED_WORDS; word++) {
		words[word] = word < known ? ((const __u64 *)mask)[word] : 0;
		bits |= words[word];
	}
	return bits != 0;
}

/* 1: there are some. */
static __always_inline int idle_read(struct masks *masks)
{
	const struct cpumask *idle = scx_bpf_get_idle_cpumask();
	int some = mask_read(masks->idle, idle);

	scx_bpf_put_idle_cpumask(idle);
	return some;
}

/* The same, but not which: mostly there is none. */
static __always_inline int is_any_idle(void)
{
	const struct cpumask *idle = scx_bpf_get_idle_cpumask();
	__u32 known = setup.mask_words;
	__u64 bits = 0;

#pragma unroll
	for (__u32 word = 0; word < SCHED_WORDS && word < known; word++)
		bits |= ((const __u64 *)idle)[word];
	scx_bpf_put_idle_cpumask(idle);
	return bits != 0;
}

static __always_inline void allowed_read(struct masks *masks, struct task_struct *p)
{
	mask_read(masks->allowed, sched_of(p)->cpus_ptr);
}

/* The process whose pages are being moved, if threads are to stay where it is; or 0. */
static __always_inline __u32 moved_now(void)
{
	__u32 zero = 0;
	struct sched_narrow *now;

	if (!setup.narrow)
		return 0;
	now = bpf_map_lookup_elem(&narrow, &zero);
	return now && now->tgid && bpf_ktime_get_ns() < now->until_ns ? now->tgid : 0;
}

/*
 * Are the pages of this process being moved? Then CPUs on which it is not loaded are none that
 * it may use, and each flush of TLBs interrupts no more of them. 1, if that leaves some.
 */
static __always_inline int masks_narrow(struct masks *masks, struct task_struct *p)
{
	__u64 holders[SCHED_WORDS] = {}, left = 0;
	struct mm_struct___sched *mm = sched_of(p)->mm;
	__u32 moved = moved_now();

	if (!moved || moved != (__u32)sched_of(p)->tgid || !mm)
		return 0;
	if (setup.mask_words <= SCHED_WORDS)
		bpf_probe_read_kernel(holders, 8 * setup.mask_words,
				      (const void *)mm + bpf_core_field_offset(mm->cpu_bitmap));
	for (__u32 word = 0; word < SCHED_WORDS; word++)
		left |= masks->allowed[word] & holders[word];
	for (__u32 word = 0; left && word < SCHED_WORDS; word++)
		masks->allowed[word] &= holders[word];
	return left != 0;
}

/* Number of the only bit in @bit, by a de Bruijn sequence: BPF has no instruction for it. */
static __always_inline __u32 bit_number(__u64 bit)
{
	static const __u8 numbers[64] = {
		0,  1,  2,  53, 3,  7,  54, 27, 4,  38, 41, 8,  34, 55, 48, 28,
		62, 5,  39, 46, 44, 42, 22, 9,  24, 35, 59, 56, 49, 18, 29, 11,
		63, 52, 6,  26, 37, 40, 33, 47, 61, 45, 43, 21, 23, 58, 17, 10,
		51, 25, 36, 32, 60, 20, 57, 16, 50, 31, 19, 15, 30, 14, 13, 12,
	};

	return numbers[(bit * 0x022fdd63cc95386dULL) >> 58];
}

/* Takes an idle CPU of a node for the thread; -1: there is none. Checked once, as a function. */
__attribute__((noinline)) int idle_take(const struct masks *masks, __u32 slot)
{
	if (!masks || slot >= SCHED_SLOTS)
		return -1;
	for (__u32 word = 0; word < SCHED_WORDS; word++) {
		__u64 bits = masks->allowed[word] & masks->idle[word] & setup.cpus[slot][word];

		/* Others may be faster; there are more words, and more nodes. */
		for (__u32 tries = 0; tries < 4 && bits; tries++) {
			__s32 cpu = (__s32)(word * 64 + bit_number(bits & -bits));

			if (scx_bpf_test_and_clear_cpu_idle(cpu))
				return cpu;
			bits &= bits - 1;
		}
	}
	return -1;
}

/* Has the node a CPU that the thread may run on, that is online (and, with @idle, idle)? */
__attribute__((noinline)) int node_has(const struct masks *masks, __u32 slot, int idle)
{
	__u64 bits = 0;

	if (!masks || slot >= SCHED_SLOTS)
		return 0;
	for (__u32 word = 0; word < SCHED_WORDS; word++)
		bits |= masks->allowed[word] & setup.cpus[slot][word] &
			(idle ? masks->idle[word] : cpus_online[word]);
	return bits != 0;
}

/* Has this CPU something to run of a class that comes before this one? */
static __always_inline int is_taken(const struct rq *rq)
{
	return rq->nr_running > rq->scx.nr_running;
}

static __always_inline int cpu_is_taken(__s32 cpu)
{
	const struct rq *rq = bpf_per_cpu_ptr(&runqueues, (__u32)cpu);

	return rq && is_taken(rq);
}

/* Is a CPU idle that the thread may run on? */
static __always_inline int any_idle(const struct masks *masks)
{
	__u64 bits = 0;

	for (__u32 word = 0; word < SCHED_WORDS; word++)
		bits |= masks->allowed[word] & masks->idle[word];
	return bits != 0;
}

static __always_inline int may_run_on(const struct masks *masks, __s32 cpu)
{
	__u32 at = (__u32)cpu;

	barrier_var(at);
	at &= SCHED_CPUS - 1;
	return masks->allowed[at / 64] >> (at & 63) & 1;
}

/* An idle CPU, as near to @home as there is one: the one it was on before, if that is as near. */
static __always_inline __s32 cpu_take(const struct masks *masks, __u32 home, __s32 before)
{
	if (home >= SCHED_SLOTS)
		home = slot_of(before);
	if (slot_of(before) == home && may_run_on(masks, before) &&
	    scx_bpf_test_and_clear_cpu_idle(before))
		return before;
	for (__u32 i = 0; i < SCHED_SLOTS && i < setup.slots; i++) {
		__s32 cpu = idle_take(masks, setup.near[home][i]);

		if (cpu >= 0)
			return cpu;
	}
	return -1;
}

/* This CPU was meant to run one of those that wait, and cannot: another idle one, then. */
static __always_inline void pass_on(__u32 own)
{
	struct masks masks;
	__u32 waiting = 0;
	__s32 cpu = -1;

	for (__u32 slot = 0; slot < SCHED_SLOTS && slot < setup.slots; slot++)
		waiting |= (__u32)scx_bpf_dsq_nr_queued(slot);
	if (!waiting)
		return;
	if (!idle_read(&masks))
		return;
	__builtin_memset(masks.allowed, 0xff, sizeof(masks.allowed));
	for (__u32 i = 0; i < SCHED_SLOTS && i < setup.slots && cpu < 0; i++)
		cpu = idle_take(&masks, setup.near[own][i]);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, 0);
}

/* Threads that wait, per CPU of the node. */
static __always_inline __u32 backlog(__u32 slot)
{
	__s32 queued = scx_bpf_dsq_nr_queued(slot);
	__u32 cpus = setup.n_cpus[slot];

	return queued > 0 && cpus ? (__u32)queued / cpus : 0;
}

/* Where a thread waits: at home if it may run there, unless others wait for much less. */
static __always_inline __u32 queue_for(const struct masks *masks, __u32 home, __s32 cpu)
{
	__u32 queued;

	if (home >= SCHED_SLOTS || !node_has(masks, home, 0))
		home = slot_of(cpu);
	queued = backlog(home);
	for (__u32 i = 1; queued > 1 && i < SCHED_SLOTS && i < setup.slots; i++) {
		__u32 slot = setup.near[home][i];

		if (slot < SCHED_SLOTS && node_has(masks, slot, 0) && backlog(slot) + 1 < queued)
			return slot;
	}
	return home;
}

#endif
