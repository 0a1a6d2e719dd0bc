/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sched-weights.bpf.h - what a thread weighs: by itself, and by the cgroups that it is in.
 *
 * The queues know threads only. So a thread weighs there what its cgroup weighs in the one above,
 * times its own part of all that those in it weigh who want a CPU; and so on up to the root. That
 * makes a cgroup of many threads weigh as much as one of a single thread, as
 * Documentation/admin-guide/cgroup-v2.rst ("Weights") asks for. Who wants a CPU is an average over
 * two seconds: the time that a thread has run or waited for a CPU. It is looked at from the tick, and at the end of a thread, so threads that sleep and
 * wake up all the time do not pay for it.
 *
 * Groups are the kernel's own, with the weights that its fair class uses: autogroups, which have no
 * cgroup, count as they do there.
 */
#ifndef TIERED_SCHED_WEIGHTS_BPF_H
#define TIERED_SCHED_WEIGHTS_BPF_H

#include "sched-maps.bpf.h"

/* Of nice 0, and of a cgroup that nobody gave one. */
#define WEIGHT_STANDARD 100
#define WEIGHT_ONE 256
#define WEIGH_NS 50000000ULL
/* Averages are over that time, or over the life of a group if that is shorter. */
#define AVERAGE_SHIFT 31
#define AVERAGE_NS (1ULL << AVERAGE_SHIFT)
/* Steps of time in which averages fade. */
#define FADE_SHIFT 15
/* Cgroups further up do not count. */
#define GROUP_DEPTH 16

/* Weights, of which a 256th counts, as the kernel keeps them: 1024 for the standard, scaled. */
static __always_inline __u64 group_weight(const struct task_group *group)
{
	__u64 weight = (group->shares * WEIGHT_STANDARD) >> (20 - 8);

	return weight ? weight : 1;
}

/* The group, which begins with one that wanted a CPU for @want_ns when it is not known. */
static __always_inline struct group *group_of(const struct task_group *group, __u64 now_ns,
					      __u64 want_ns)
{
	__u64 key = (__u64)group;
	struct group *known = bpf_map_lookup_elem(&groups, &key);

	if (!known) {
		struct group empty = { .begun_ns = now_ns - want_ns, .at_ns = now_ns };

		bpf_map_update_elem(&groups, &key, &empty, BPF_NOEXIST);
		known = bpf_map_lookup_elem(&groups, &key);
	}
	return known;
}

/* What a sum loses in @past_ns. Two CPUs may take the same away at once; it begins anew then. */
static __always_inline __u64 faded(__u64 sum, __u64 past_ns)
{
	if (past_ns >= AVERAGE_NS || (__s64)sum < 0)
		return sum;
	return (sum >> (AVERAGE_SHIFT - FADE_SHIFT)) * (past_ns >> FADE_SHIFT);
}

/* One of @weight, a thread or a group in it, wanted a CPU for @want_ns. CPUs come at any time. */
static __always_inline void group_add(struct group *group, __u64 now_ns, __u64 weight,
				      __u64 want_ns)
{
	__u64 at_ns = group->at_ns, past_ns;

	/* Up to a whole step of faded(), so that no part of one is lost. */
	now_ns &= ~((1ULL << FADE_SHIFT) - 1);
	past_ns = now_ns - at_ns;
	if ((__s64)past_ns > 0 &&
	    __sync_val_compare_and_swap(&group->at_ns, at_ns, now_ns) == at_ns) {
		if (past_ns >= AVERAGE_NS)
			group->begun_ns = now_ns - want_ns;
		if (past_ns >= AVERAGE_NS || now_ns - group->begun_ns >= AVERAGE_NS) {
			__sync_fetch_and_add(&group->load, -faded(group->load, past_ns));
			__sync_fetch_and_add(&group->wanted, -faded(group->wanted, past_ns));
		}
	}
	__sync_fetch_and_add(&group->load, (weight * want_ns) >> 8);
	__sync_fetch_and_add(&group->wanted, want_ns);
}

static __always_inline __u64 positive(__u64 sum)
{
	return (__s64)sum < 0 ? 0 : sum;
}

/* Over which time its averages are. */
static __always_inline __u64 group_span(const struct group *group, __u64 now_ns)
{
	__u64 span_ns = now_ns - group->begun_ns;

	if ((__s64)span_ns < (1 << 20))
		return 1 << 20;
	return span_ns < AVERAGE_NS ? span_ns : AVERAGE_NS;
}

/* In parts of WEIGHT_ONE. It wanted a CPU for @want_ns, until now. */
static __always_inline __u64 weight_in_groups(struct task_struct *p, __u64 weight, __u64 want_ns,
					      __u64 now_ns)
{
	const struct task_group *group = sched_of(p)->sched_task_group;
	__u64 member = weight;

	for (int level = 0; level < GROUP_DEPTH && group && group->parent; level++) {
		struct group *known = group_of(group, now_ns, want_ns);
		__u64 own = group_weight(group), all, wanted, span_ns;

		if (!known)
			break;
		group_add(known, now_ns, member, want_ns);
		span_ns = group_span(known, now_ns);
		/* It is there itself, even if the average does not know it yet. */
		all = positive(known->load) / (span_ns >> 8);
		weight = weight * own / (all > member ? all : member);
		/* Those above see one that wants a CPU, however many threads want it in here. */
		wanted = positive(known->wanted);
		if (wanted > span_ns)
			want_ns = want_ns * (span_ns >> 10) / (wanted >> 10);
		member = own;
		group = group->parent;
	}
	return weight;
}

/* Have this kernel's threads and groups what is needed? */
static __always_inline int knows_groups(void)
{
	return bpf_core_field_exists(((struct task_struct___sched *)0)->sched_task_group) &&
	       bpf_core_field_exists(((struct task_struct___sched *)0)->sched_info.run_delay) &&
	       bpf_core_field_exists(((struct task_group *)0)->shares);
}

static __always_inline __u64 wanted_by(struct task_struct *p)
{
	__u64 ns = sched_of(p)->se.sum_exec_runtime;

	return knows_groups() ? ns + sched_of(p)->sched_info.run_delay : ns;
}

static __always_inline void weigh(struct task_struct *p, struct thread *thread, __u64 now_ns)
{
	__u64 wanted = wanted_by(p), want_ns = wanted - thread->wanted_ns;
	__u64 past_ns = now_ns - thread->weighed_ns;
	__u64 weight = (__u64)sched_of(p)->scx.weight * WEIGHT_ONE;

	if (knows_groups())
		weight = weight_in_groups(p, weight, want_ns < past_ns ? want_ns : past_ns, now_ns);
	thread->weight = weight ? (__u32)weight : 1;
	thread->wanted_ns = wanted;
	thread->weighed_ns = now_ns;
}

/* A thread that comes in wants nothing yet. */
static __always_inline void weigh_first(struct task_struct *p, struct thread *thread)
{
	thread->wanted_ns = wanted_by(p);
	thread->weighed_ns = bpf_ktime_get_ns();
	weigh(p, thread, thread->weighed_ns);
}

static __always_inline void weigh_at_times(struct task_struct *p, struct thread *thread)
{
	__u64 now_ns = bpf_ktime_get_ns();

	if (now_ns - thread->weighed_ns >= WEIGH_NS)
		weigh(p, thread, now_ns);
}

#endif
