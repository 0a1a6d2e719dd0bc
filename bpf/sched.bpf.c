// SPDX-License-Identifier: GPL-2.0-only
/*
 * sched.bpf.c - a scheduler that knows on which node the hot pages of a process are.
 *
 * THEORY OF OPERATION
 *
 * Each node with CPUs has a queue, ordered by virtual time: what a thread has run, divided by its
 * weight. A process may have a home, the node that the daemon has written into `homes`. A thread
 * that wakes up gets an idle CPU of its home, else one of the nodes next to that, by distance,
 * and waits in the queue of its home when there is none. A CPU takes from the queue of its own
 * node first and from the others, nearest first, before it goes idle: none idles while a thread
 * waits that it may run. A thread that runs elsewhere goes home at the next tick if there is an
 * idle CPU. A queue that is longer than another one by more than a thread per CPU passes
 * on what comes.
 *
 * When no CPU is idle, a thread that is woken up by one that says that it is about to sleep, as over
 * a pipe, gets the CPU of that one, and no queue is asked. Threads that hand a CPU on so have the rest
 * of one slice together. One that goes on all the same loses its slice after two ticks, or at the
 * first at which another CPU idles: so long, and no longer, a CPU may idle while a thread waits.
 *
 * Where only some processes are scheduled here (setup.partial), the kernel's fair class comes
 * first on every CPU. So threads do not wait for a single CPU, but one that is handed on: they stay
 * in the queue of the node until a CPU has nothing fair to run, and are put back into it when a
 * fair thread takes their CPU. If all CPUs are busy with fair threads they do wait; then the kernel's
 * watchdog ends the scheduler, and all threads are fair again.
 *
 * The rest is the kernel's: it ends the scheduler when a thread waits for longer than timeout_ms,
 * when something here is wrong, and when the daemon, which holds the link, is no more.
 */
#include "sched-books.bpf.h"
#include "sched-cpus.bpf.h"
#include "sched-life.bpf.h"

/* The longest that the kernel takes. */
#define TIMEOUT_MS 30000
/* A queue that nobody looked into for so long is looked into by CPUs of other nodes. */
#define STARVING_NS 100000000ULL

/* A thread of the kernel for one CPU: others wait for what it does, and it does little. */
static __always_inline int is_of_cpu(struct task_struct *p)
{
	return !setup.partial && sched_of(p)->nr_cpus_allowed == 1 &&
	       sched_of(p)->flags & PF_KTHREAD;
}

/* One of the idle CPUs for a thread that wakes up, or -1. */
static __always_inline __s32 idle_give(struct task_struct *p, __s32 prev_cpu)
{
	struct stats_sched *stats = counters();
	struct thread *thread = thread_of(p);
	struct masks masks;
	__s32 cpu;

	if (!thread || !stats || !idle_read(&masks))
		return -1;
	book(p, thread, prev_cpu);
	allowed_read(&masks, p);
	masks_narrow(&masks, p);
	cpu = cpu_take(&masks, home_of(p, thread), prev_cpu);
	if (cpu < 0)
		return -1;
	stats->woken++;
	if (setup.partial) {
		thread->found = 1;
		return cpu;
	}
	/* Where no class comes before this one but for a moment, its CPU is not taken away. */
	turn_begin(thread, slot_of(cpu));
	queue_insert(p, SCX_DSQ_LOCAL, SLICE_NS, 0);
	return cpu;
}

/* May a thread come to @cpu, if it is not at home elsewhere? */
static __always_inline int may_come(struct task_struct *p, __s32 cpu, __s32 prev_cpu)
{
	struct thread *thread;
	struct masks masks;
	__u32 home;

	allowed_read(&masks, p);
	if (!may_run_on(&masks, cpu))
		return 0;
	if (slot_of(cpu) == slot_of(prev_cpu))
		return 1;
	thread = thread_of(p);
	if (!thread)
		return 0;
	book(p, thread, prev_cpu);
	home = home_of(p, thread);
	return home == SCHED_NO_SLOT || home == slot_of(cpu);
}

/*
 * A thread may have the CPU of the one that wakes it up and is about to sleep. Threads that hand a
 * CPU on to each other have one slice together, so a queue does not wait longer for them than for
 * one of them; until that is over, none of their turns asks a queue, nor is it booked. 1: done.
 */
static __always_inline int hand_on(struct task_struct *p, __s32 cpu, __s32 prev_cpu)
{
	const struct rq *rq = bpf_this_cpu_ptr(&runqueues);
	struct turn *turn = turn_here();
	__s64 left_ns = turn ? (__s64)(turn->until_ns - rq->clock) : 0;

	/* A thread that slept may have been told to keep off the CPU that it had. */
	if (left_ns <= 0 || rq->scx.local_dsq.nr || moved_now() || is_taken(rq) ||
	    !may_come(p, cpu, prev_cpu))
		return 0;
	queue_insert(p, SCX_DSQ_LOCAL, (__u64)left_ns, 0);
	return 1;
}

SEC("struct_ops/tiered_select_cpu")
__s32 BPF_PROG(tiered_select_cpu, struct task_struct *p, __s32 prev_cpu, __u64 wake_flags)
{
	__s32 cpu = is_any_idle() ? idle_give(p, prev_cpu) : -1;

	if (cpu >= 0)
		return cpu;
	cpu = (__s32)bpf_get_smp_processor_id();
	return wake_flags & SCX_WAKE_SYNC && hand_on(p, cpu, prev_cpu) ? cpu : prev_cpu;
}

/* What is kept of a thread begins. There may be no memory for it; then it is tried again. */
static __always_inline void thread_begin(struct task_struct *p)
{
	struct thread *thread =
		bpf_task_storage_get(&threads, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	__u32 slot = slot_of(scx_bpf_task_cpu(p));

	if (!thread || slot >= SCHED_SLOTS)
		return;
	/* It looks at once: that is never the version. */
	thread->homes_version = 0;
	thread->home = SCHED_NO_SLOT;
	home_of(p, thread);
	thread->slot = slot;
	thread->vtime = queue_now[slot];
	thread->queued_vtime = queue_now[slot];
	thread->booked_ns = sched_of(p)->se.sum_exec_runtime;
	thread->found = 0;
	weigh_first(p, thread);
}

/*
 * It is not to be spread, and no CPU that has it is idle: it waits for its own, whose thread has
 * no more than until the next tick then. One waits; more are spread all the same.
 */
static __always_inline int waits_here(const struct masks *masks, __s32 cpu)
{
	return may_run_on(masks, cpu) && !(setup.partial && cpu_is_taken(cpu)) &&
	       !any_idle(masks) && scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL_ON | (__u32)cpu) == 0;
}

SEC("struct_ops/tiered_enqueue")
void BPF_PROG(tiered_enqueue, struct task_struct *p, __u64 enq_flags)
{
	struct thread *thread = thread_of(p);
	struct stats_sched *stats = counters();
	__s32 cpu = scx_bpf_task_cpu(p);
	struct masks masks;
	__u32 slot;

#ifdef SCHED_PLANT_STALL
	return; /* for tests/vm/81-sched-safety: it loses threads */
#endif
	if (!thread || is_of_cpu(p)) {
		queue_insert(p, thread ? SCX_DSQ_LOCAL : SCX_DSQ_GLOBAL, SLICE_NS, enq_flags);
		if (!thread)
			thread_begin(p);
		return;
	}
	book(p, thread, cpu);
	home_of(p, thread);
	if (stats)
		stats->enqueued++;
	allowed_read(&masks, p);
	if (masks_narrow(&masks, p) && waits_here(&masks, cpu)) {
		turn_begin(thread, slot_of(cpu));
		queue_insert(p, SCX_DSQ_LOCAL, SLICE_NS, enq_flags);
		return;
	}
	if (setup.narrow)
		allowed_read(&masks, p);
	slot = queue_for(&masks, thread->home, cpu);
	turn_begin(thread, slot);
	queue_insert_vtime(p, slot, slice_of(thread), thread->vtime, enq_flags);
	/* It is woken up for this one, unless something else came to its CPU meanwhile. */
	if (thread->found && !(setup.partial && cpu_is_taken(cpu))) {
		thread->found = 0;
		return;
	}
	thread->found = 0;
	/* After it is in the queue, where a CPU that is about to idle finds it. */
	cpu = idle_read(&masks) ? cpu_take(&masks, thread->home, cpu) : -1;
	/* The CPU that it leaves is about to idle: somebody has to run it. */
	if (cpu < 0 && enq_flags & SCX_ENQ_LAST)
		cpu = scx_bpf_task_cpu(p);
	if (cpu >= 0)
		scx_bpf_kick_cpu(cpu, 0);
}

/* Would this thread, that runs on @cpu, find an idle CPU at home? */
static __always_inline int goes_home(struct task_struct *p, const struct thread *thread, __s32 cpu)
{
	__u32 home = thread->home;
	struct masks masks;

	if (home >= SCHED_SLOTS || home == slot_of(cpu))
		return 0;
	if (!idle_read(&masks))
		return 0;
	allowed_read(&masks, p);
	return node_has(&masks, home, 1);
}

/*
 * Nobody has looked into a queue for so long: its CPUs went offline, or are taken by other
 * classes, while those of other nodes always find somebody in a queue of their own.
 */
static __always_inline int starving_take(__u32 own)
{
	__u64 now_ns = bpf_ktime_get_ns();

	queue_seen_ns[own & (SCHED_SLOTS - 1)] = now_ns;
	for (__u32 slot = 0; slot < SCHED_SLOTS && slot < setup.slots; slot++) {
		if (now_ns - queue_seen_ns[slot] < STARVING_NS)
			continue;
		queue_seen_ns[slot] = now_ns;
		if (queue_consume(slot))
			return 1;
	}
	return 0;
}

SEC("struct_ops/tiered_dispatch")
void BPF_PROG(tiered_dispatch, __s32 cpu, struct task_struct *prev)
{
	const struct rq *rq = bpf_per_cpu_ptr(&runqueues, (__u32)cpu);
	__u32 own = slot_of(cpu), zero = 0;
	struct thread *thread;
	/* With core scheduling a sibling of @cpu may ask for it. */
	struct turn *turn = bpf_map_lookup_percpu_elem(&turns, &zero, (__u32)cpu);

	if (rq && setup.partial && is_taken(rq)) {
		pass_on(own);
		return;
	}
	if (rq && turn)
		turn->until_ns = rq->clock + SLICE_NS;
	if (starving_take(own))
		return;
	for (__u32 i = 0; i < SCHED_SLOTS && i < setup.slots; i++)
		if (queue_consume(setup.near[own][i]))
			return;
	if (!prev || !(sched_of(prev)->scx.flags & SCX_TASK_QUEUED))
		return;
	thread = thread_of(prev);
	if (!thread || goes_home(prev, thread, cpu))
		return;
	turn_go_on(prev, thread, cpu);
	slice_set(prev, SLICE_NS);
}

/* Does a thread wait that was handed this CPU, while the one that woke it up goes on? */
static __always_inline int is_kept(void)
{
	const struct rq *rq = bpf_this_cpu_ptr(&runqueues);
	struct turn *turn = turn_here();
	int kept = 0;

	if (turn) {
		kept = rq->scx.local_dsq.nr &&
		       (moved_now() || rq->nr_switches == turn->switches || is_any_idle());
		turn->switches = rq->nr_switches;
	}
	return kept;
}

/*
 * One that runs for long is booked meanwhile, too. Its slice ends early when it is away from home,
 * and when another one waits for its CPU alone and it has run from one tick to the next, or some
 * other CPU idles, to which it can go.
 */
SEC("struct_ops/tiered_tick")
void BPF_PROG(tiered_tick, struct task_struct *p)
{
	__s32 cpu = (__s32)bpf_get_smp_processor_id();
	struct thread *thread = thread_of(p);

	if (!thread)
		return;
	book(p, thread, cpu);
	weigh_at_times(p, thread);
	home_of(p, thread);
	if (is_kept() || goes_home(p, thread, cpu))
		slice_set(p, 0);
}

/* The rest of its slice goes with the thread: it may run it elsewhere. */
SEC("struct_ops/tiered_cpu_release")
void BPF_PROG(tiered_cpu_release, __s32 cpu, struct scx_cpu_release_args *args)
{
	scx_bpf_reenqueue_local();
}

/* Without memory for what is kept of it a thread can do: it is not the fork that has to fail. */
SEC("struct_ops/tiered_init_task")
__s32 BPF_PROG(tiered_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	bpf_task_storage_get(&threads, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE);
	return 0;
}

/* A thread comes in, by the daemon's doing or by a fork: nothing saved, nothing owed. */
SEC("struct_ops/tiered_enable")
void BPF_PROG(tiered_enable, struct task_struct *p)
{
	__u32 tgid = (__u32)sched_of(p)->tgid, one = 1;
	struct stats_sched *stats = counters();

	thread_begin(p);
	if (setup.partial && !bpf_map_lookup_elem(&homes, &tgid) &&
	    bpf_map_update_elem(&strays, &tgid, &one, BPF_ANY) && stats)
		stats->strays_lost++;
}

/* A thread goes out, or ends: what it has run and is not in the books of its process yet. */
SEC("struct_ops/tiered_disable")
void BPF_PROG(tiered_disable, struct task_struct *p)
{
	struct thread *thread = thread_of(p);

	if (!thread)
		return;
	book(p, thread, scx_bpf_task_cpu(p));
	book_process(p, thread);
	/* Its cgroup has wanted a CPU for it, however short its life was. */
	weigh(p, thread, bpf_ktime_get_ns());
}

/* The flags are the kernel's to read before anything runs, so there is a table for each scope. */
#define TABLE(table, scope)                                                                        \
	SEC(".struct_ops")                                                                         \
	struct sched_ext_ops table = {                                                             \
		.select_cpu = (void *)tiered_select_cpu,                                           \
		.enqueue = (void *)tiered_enqueue,                                                 \
		.dispatch = (void *)tiered_dispatch,                                               \
		.tick = (void *)tiered_tick,                                                       \
		.init_task = (void *)tiered_init_task,                                             \
		.enable = (void *)tiered_enable,                                                   \
		.disable = (void *)tiered_disable,                                                 \
		.cpu_release = (void *)tiered_cpu_release,                                         \
		.cpu_online = (void *)tiered_cpu_online,                                           \
		.cpu_offline = (void *)tiered_cpu_offline,                                         \
		.init = (void *)tiered_init,                                                       \
		.exit = (void *)tiered_exit,                                                       \
		.flags = SCX_OPS_ENQ_LAST | TABLE_FLAGS | (scope),                                 \
		.timeout_ms = TIMEOUT_MS,                                                          \
		.name = SCHED_NAME,                                                                \
	}

TABLE(tiered_managed, SCX_OPS_SWITCH_PARTIAL);
TABLE(tiered_all, 0);

char LICENSE[] SEC("license") = "GPL";
