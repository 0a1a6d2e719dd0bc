// SPDX-License-Identifier: GPL-2.0-only
/*
 * lifecycle.bpf.c - processes that begin, change their program, and end; cgroups that go.
 *
 * User processes only, and not their threads.
 */
#include "common.bpf.h"

static __always_inline void lifecycle_emit(__u32 kind, struct task_struct *task)
{
	struct event_lifecycle *event;

	event = event_reserve(kind, sizeof(*event), bpf_ktime_get_ns(), 1);
	if (!event)
		return;
	event->header.tgid = BPF_CORE_READ(task, tgid);
	event->header.flags = EVENT_F_ATTRIBUTED;
	event->parent_tgid = BPF_CORE_READ(task, real_parent, tgid);
	event->reserved = 0;
	event->start_ns = task_start_ns(task);
	event_submit(event);
}

SEC("tp_btf/sched_process_fork")
int BPF_PROG(process_fork, struct task_struct *parent, struct task_struct *child)
{
	if (BPF_CORE_READ(child, pid) != BPF_CORE_READ(child, tgid) || !BPF_CORE_READ(child, mm))
		return 0;
	lifecycle_emit(EVENT_FORK, child);
	return 0;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(process_exec, struct task_struct *task)
{
	lifecycle_emit(EVENT_EXEC, task);
	return 0;
}

/*
 * The last thread has just left signal->live at 0. Counters of a process that
 * is not managed go with it; those of a managed one are dropped by the daemon
 * when it has read them, and the start time left here tells it which.
 */
SEC("tp_btf/sched_process_exit")
int BPF_PROG(process_exit, struct task_struct *task)
{
	struct mover *mover = mover_of(BPF_CORE_READ(task, pid));
	struct target_key key = {};
	__u64 *ended;

	/* A thread that ended within a migration whose end was missed, or its successor would inherit. */
	if (mover)
		mover->tid = 0;
	if (BPF_CORE_READ(task, signal, live.counter))
		return 0;
	key.tgid = BPF_CORE_READ(task, tgid);
	key.start_ns = task_start_ns(task);
	ended = bpf_map_lookup_elem(&managed, &key.tgid);
	if (ended)
		*ended = key.start_ns;
	else
		bpf_map_delete_elem(&processes, &key);
	lifecycle_emit(EVENT_EXIT, task);
	return 0;
}

/* Its counters go with a cgroup, or those that come and go would fill the map. */
SEC("tp_btf/cgroup_rmdir")
int BPF_PROG(cgroup_removed, struct cgroup *cgroup)
{
	__u64 id = BPF_CORE_READ(cgroup, kn, id);

	bpf_map_delete_elem(&cgroups, &id);
	return 0;
}
