/* SPDX-License-Identifier: GPL-2.0-only */
/* sched-books.bpf.h - what threads have run: for their place in a queue, and for the operator. */
#ifndef TIERED_SCHED_BOOKS_BPF_H
#define TIERED_SCHED_BOOKS_BPF_H

#include "sched-weights.bpf.h"

/* Short enough for 64 threads on two CPUs to run in each second. */
#define SLICE_NS 15000000ULL
/* Lighter threads run for less at a time, not as much later: the shortest slice, if ticks allow. */
#define SLICE_LEAST_NS 1000000ULL
#define WEIGHT_WHOLE_SLICE 20
/*
 * A thread that has run gets no further behind the others, in virtual time. So it waits for 15
 * seconds at most where a CPU has threads of a weight of 10000, the most there is; the kernel's
 * watchdog bites at 30. The lightest get more than their share by it.
 */
#define DEBT_NS 150000000ULL
/* A thread that slept gets no more than this ahead of the others. */
#define CREDIT_NS SLICE_NS
/* Of a thread; what is less is in the books of its process later, at its end at the latest. */
#define BOOK_NS 1000000ULL
/* Ticks are closer: more is time in which a virtual machine stood still, and nobody's doing. */
#define STALL_NS 100000000ULL

/* Moves a thread's virtual time over to another queue, within bounds of what it may save and owe. */
static __always_inline void vtime_settle(struct thread *thread, __u32 slot)
{
	__s64 ahead;

	if (slot >= SCHED_SLOTS || thread->slot >= SCHED_SLOTS)
		return;
	ahead = (__s64)(thread->vtime - queue_now[thread->slot]);
	if (ahead < -(__s64)CREDIT_NS)
		ahead = -(__s64)CREDIT_NS;
	if (ahead > (__s64)DEBT_NS)
		ahead = (__s64)DEBT_NS;
	thread->vtime = queue_now[slot] + (__u64)ahead;
	thread->slot = slot;
}

/* Each time would cost short turns a tenth of them. */
static __always_inline void book_process(struct task_struct *p, struct thread *thread)
{
	__u32 tgid = (__u32)sched_of(p)->tgid;
	struct stats_sched_process *process = bpf_map_lookup_elem(&sched_processes, &tgid);

	if (process) {
		__sync_fetch_and_add(&process->elsewhere_ns, thread->ran_ns[0]);
		__sync_fetch_and_add(&process->home_ns, thread->ran_ns[1]);
	}
	thread->ran_ns[0] = 0;
	thread->ran_ns[1] = 0;
}

/* What it has run counts for its place in a queue, and puts the time of the queue on. */
static __always_inline void vtime_charge(struct thread *thread, __u64 ran_ns)
{
	__u32 weight = thread->weight;

	if (thread->slot < SCHED_SLOTS &&
	    (__s64)(thread->queued_vtime - queue_now[thread->slot]) > 0)
		queue_now[thread->slot] = thread->queued_vtime;
	thread->vtime += (ran_ns < STALL_NS ? ran_ns : STALL_NS) * (WEIGHT_STANDARD * WEIGHT_ONE) /
			 (weight ? weight : 1);
}

/* By the node on which a thread runs: turns, unless this one was counted before, and time. */
static __always_inline void book_scheduler(struct thread *thread, int at_home, __u64 ran_ns)
{
	struct stats_sched *stats = counters();
	__u64 turns = thread->is_new;

	thread->is_new = 0;
	if (!stats)
		return;
	if (thread->home == SCHED_NO_SLOT) {
		stats->homeless += turns;
		stats->homeless_ns += ran_ns;
	} else if (at_home) {
		stats->at_home += turns;
		stats->home_ns += ran_ns;
	} else {
		stats->elsewhere += turns;
		stats->elsewhere_ns += ran_ns;
	}
}

/*
 * What a thread has run on the node of @cpu since the last time. Nothing is called when a thread
 * begins to run or stops, for hand-overs would pay for it: this is due before it is put into a
 * queue or goes to another node, at ticks, and in the end.
 */
static __always_inline void book(struct task_struct *p, struct thread *thread, __s32 cpu)
{
	__u64 sum_ns = sched_of(p)->se.sum_exec_runtime, ran_ns = sum_ns - thread->booked_ns;
	int at_home = thread->home == slot_of(cpu);

	if (!ran_ns)
		return;
	thread->booked_ns = sum_ns;
	vtime_charge(thread, ran_ns);
	book_scheduler(thread, at_home, ran_ns);
	if (thread->home == SCHED_NO_SLOT)
		return;
	thread->ran_ns[at_home] += ran_ns;
	if (thread->ran_ns[0] + thread->ran_ns[1] >= BOOK_NS)
		book_process(p, thread);
}

/* A thread that goes to a queue or to an idle CPU begins a turn; where, is seen when it is booked. */
static __always_inline void turn_begin(struct thread *thread, __u32 slot)
{
	vtime_settle(thread, slot);
	thread->queued_vtime = thread->vtime;
	thread->is_new = 1;
}

/* For how long a thread may run that comes from a queue. */
static __always_inline __u64 slice_of(const struct thread *thread)
{
	__u64 slice_ns = SLICE_NS * thread->weight / (WEIGHT_WHOLE_SLICE * WEIGHT_ONE);

	if (slice_ns > SLICE_NS)
		return SLICE_NS;
	return slice_ns > SLICE_LEAST_NS ? slice_ns : SLICE_LEAST_NS;
}

/* It goes on, as nobody waits: the time of the queue goes on with it. */
static __always_inline void turn_go_on(struct task_struct *p, struct thread *thread, __s32 cpu)
{
	book(p, thread, cpu);
	thread->queued_vtime = thread->vtime;
}

#endif
