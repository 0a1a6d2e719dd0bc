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
 * Where only some processes are scheduled here (setup.partial), the kernel's fair class comes
 * first on every CPU. So threads never wait for a single CPU: they stay in the queue of the node
 * until a CPU has nothing fair to run, and are put back into it when a fair thread takes their
 * CPU. If all CPUs are busy with fair threads they do wait; then the kernel's watchdog ends the
 * scheduler, and all threads are fair again.
 *
 * The rest is the kernel's: it ends the scheduler when a thread waits for longer than timeout_ms,
 * when something here is wrong, and when the daemon, which holds the link, is no more.
 */
#include "sched-cpus.bpf.h"

/* Short enough for 64 threads on two CPUs to run in each second. */
#define SLICE_NS 15000000ULL
/* A thread that slept gets no more than this ahead of the others. */
#define CREDIT_NS SLICE_NS
/* The longest that the kernel takes. */
#define TIMEOUT_MS 30000
#define WEIGHT_STANDARD 100
/* Less counts as this much: one slice is 150 ms of virtual time then, and nobody waits for long. */
#define WEIGHT_MIN 10
/* A queue that nobody looked into for so long is looked into by CPUs of other nodes. */
#define STARVING_NS 100000000ULL
/* Of a thread; what is less is in the books of its process later, at its end at the latest. */
#define BOOK_NS 1000000ULL
/* Ticks are closer: more is time in which a virtual machine stood still, and nobody's doing. */
#define STALL_NS 100000000ULL

/* Moves a thread's virtual time over to another queue, and takes away what it saved asleep. */
static __always_inline void vtime_settle(struct thread *thread, __u32 slot)
{
	__s64 ahead;

	if (slot >= SCHED_SLOTS || thread->slot >= SCHED_SLOTS)
		return;
	ahead = (__s64)(thread->vtime - queue_now[thread->slot]);
	if (ahead < -(__s64)CREDIT_NS)
		ahead = -(__s64)CREDIT_NS;
	thread->vtime = queue_now[slot] + (__u64)ahead;
	thread->slot = slot;
}

/* A thread of the kernel for one CPU: others wait for what it does, and it does little. */
static __always_inline int is_of_cpu(struct task_struct *p)
{
	return !setup.partial && sched_of(p)->nr_cpus_allowed == 1 &&
	       sched_of(p)->flags & PF_KTHREAD;
}

/* Has this CPU something to run of a class that comes before this one? */
static __always_inline int cpu_is_taken(__s32 cpu)
{
	const struct rq *rq = bpf_per_cpu_ptr(&runqueues, (__u32)cpu);

	return rq && rq->nr_running > rq->scx.nr_running;
}

/* An idle CPU for a thread that wakes up, or -1. */
static __always_inline __s32 idle_find(struct task_struct *p, struct thread *thread, __s32 prev_cpu)
{
	struct masks masks;

	if (!idle_read(&masks))
		return -1;
	allowed_read(&masks, p);
	masks_narrow(&masks, p);
	return cpu_take(&masks, thread->home, prev_cpu);
}

/*
 * May a thread have the CPU of the one that wakes it up and goes to sleep? Threads that hand a
 * CPU on to each other have one slice together, so a queue does not wait longer for them than for
 * one of them. Nanoseconds that are left, or 0.
 */
static __always_inline __u64 handed_ns(struct task_struct *p, const struct thread *thread,
				       __s32 cpu, __s32 prev_cpu)
{
	__u32 zero = 0;
	__u64 *until_ns = bpf_map_lookup_elem(&turns, &zero), now_ns;
	struct masks masks;

	if (!until_ns || scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL) != 0 || setup.narrow ||
	    (setup.partial && cpu_is_taken(cpu)) ||
	    (thread->home != SCHED_NO_SLOT && thread->home != slot_of(cpu)))
		return 0;
	if (cpu != prev_cpu) {
		allowed_read(&masks, p);
		if (!may_run_on(&masks, cpu))
			return 0;
	}
	now_ns = bpf_ktime_get_ns();
	return now_ns < *until_ns ? *until_ns - now_ns : 0;
}

SEC("struct_ops/tiered_select_cpu")
__s32 BPF_PROG(tiered_select_cpu, struct task_struct *p, __s32 prev_cpu, __u64 wake_flags)
{
	__s32 here = (__s32)bpf_get_smp_processor_id(), cpu;
	struct thread *thread = thread_of(p);
	struct stats_sched *stats = counters();
	__u64 left_ns;

	if (!thread || !stats)
		return prev_cpu;
	home_of(p, thread);
	cpu = idle_find(p, thread, prev_cpu);
	if (cpu >= 0) {
		stats->woken++;
		/* Nobody can take its CPU from it, where there is no class before this one. */
		if (!setup.partial) {
			vtime_settle(thread, slot_of(cpu));
			queue_insert(p, SCX_DSQ_LOCAL, SLICE_NS, 0);
		} else {
			thread->found = 1;
		}
		return cpu;
	}
	left_ns = wake_flags & SCX_WAKE_SYNC ? handed_ns(p, thread, here, prev_cpu) : 0;
	if (!left_ns)
		return prev_cpu;
	vtime_settle(thread, slot_of(here));
	thread->handed = 1;
	queue_insert(p, SCX_DSQ_LOCAL, left_ns, 0);
	return here;
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
		return;
	}
	if (stats)
		stats->enqueued++;
	thread->handed = 0;
	home_of(p, thread);
	allowed_read(&masks, p);
	if (masks_narrow(&masks, p) && waits_here(&masks, cpu)) {
		vtime_settle(thread, slot_of(cpu));
		queue_insert(p, SCX_DSQ_LOCAL, SLICE_NS, enq_flags);
		return;
	}
	if (setup.narrow)
		allowed_read(&masks, p);
	slot = queue_for(&masks, thread->home, cpu);
	vtime_settle(thread, slot);
	queue_insert_vtime(p, slot, SLICE_NS, thread->vtime, enq_flags);
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
	__u32 home = thread ? thread->home : SCHED_NO_SLOT;
	struct masks masks;

	if (home >= SCHED_SLOTS || home == slot_of(cpu))
		return 0;
	if (!idle_read(&masks))
		return 0;
	allowed_read(&masks, p);
	return node_has(&masks, home, 1);
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

/*
 * Nobody has looked into a queue for so long: its CPUs went offline, or are taken by other
 * classes, while those of other nodes always find somebody in a queue of their own.
 */
static __always_inline int starving_take(__u32 own, __u64 now_ns)
{
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
	__u32 own = slot_of(cpu), zero = 0;
	__u64 *until_ns = bpf_map_lookup_elem(&turns, &zero), now_ns;

	if (setup.partial && cpu_is_taken(cpu)) {
		pass_on(own);
		return;
	}
	now_ns = bpf_ktime_get_ns();
	if (until_ns)
		*until_ns = now_ns + SLICE_NS;
	if (starving_take(own, now_ns))
		return;
	for (__u32 i = 0; i < SCHED_SLOTS && i < setup.slots; i++)
		if (queue_consume(setup.near[own][i]))
			return;
	if (prev && sched_of(prev)->scx.flags & SCX_TASK_QUEUED &&
	    !goes_home(prev, thread_of(prev), cpu))
		slice_set(prev, SLICE_NS);
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

/* What a thread has run since the last time, for itself and in the books. */
static __always_inline void book(struct task_struct *p, struct thread *thread,
				 struct stats_sched *stats, int at_home)
{
	__u64 sum_ns = sched_of(p)->se.sum_exec_runtime, ran_ns = sum_ns - thread->booked_ns;
	__u32 weight = sched_of(p)->scx.weight;

	thread->booked_ns = sum_ns;
	/* Not by one that was not the first in its queue. */
	if (!thread->handed && thread->slot < SCHED_SLOTS &&
	    (__s64)(thread->vtime - queue_now[thread->slot]) > 0)
		queue_now[thread->slot] = thread->vtime;
	thread->vtime += (ran_ns < STALL_NS ? ran_ns : STALL_NS) * WEIGHT_STANDARD /
			 (weight > WEIGHT_MIN ? weight : WEIGHT_MIN);
	if (thread->home == SCHED_NO_SLOT) {
		stats->homeless_ns += ran_ns;
		return;
	}
	*(at_home ? &stats->home_ns : &stats->elsewhere_ns) += ran_ns;
	thread->ran_ns[at_home ? 1 : 0] += ran_ns;
	if (thread->ran_ns[0] + thread->ran_ns[1] >= BOOK_NS)
		book_process(p, thread);
}

SEC("struct_ops/tiered_stopping")
void BPF_PROG(tiered_stopping, struct task_struct *p, _Bool runnable)
{
	struct thread *thread = thread_of(p);
	struct stats_sched *stats = counters();
	int at_home;

	if (!thread || !stats)
		return;
	at_home = thread->home == slot_of(scx_bpf_task_cpu(p));
	book(p, thread, stats, at_home);
	thread->found = 0;
	thread->handed = 0;
	if (thread->home == SCHED_NO_SLOT)
		stats->homeless++;
	else if (at_home)
		stats->at_home++;
	else
		stats->elsewhere++;
}

/*
 * One that runs for long is booked meanwhile, too; its slice ends early when it is away from home,
 * and when it goes on although it handed its CPU to another.
 */
SEC("struct_ops/tiered_tick")
void BPF_PROG(tiered_tick, struct task_struct *p)
{
	__s32 cpu = (__s32)bpf_get_smp_processor_id();
	struct thread *thread = thread_of(p);
	struct stats_sched *stats = counters();

	if (!thread || !stats)
		return;
	book(p, thread, stats, home_of(p, thread) == slot_of(cpu));
	if (goes_home(p, thread, cpu) || scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL) > 0)
		slice_set(p, 0);
}

/* The rest of its slice goes with the thread: it may run it elsewhere. */
SEC("struct_ops/tiered_cpu_release")
void BPF_PROG(tiered_cpu_release, __s32 cpu, struct scx_cpu_release_args *args)
{
	scx_bpf_reenqueue_local();
}

SEC("struct_ops/tiered_init_task")
__s32 BPF_PROG(tiered_init_task, struct task_struct *p, struct scx_init_task_args *args)
{
	return bpf_task_storage_get(&threads, p, 0, BPF_LOCAL_STORAGE_GET_F_CREATE) ? 0 : -12;
}

/* A thread comes in, by the daemon's doing or by a fork: nothing saved, nothing owed. */
SEC("struct_ops/tiered_enable")
void BPF_PROG(tiered_enable, struct task_struct *p)
{
	__u32 tgid = (__u32)sched_of(p)->tgid, one = 1, slot = slot_of(scx_bpf_task_cpu(p));
	struct stats_sched *stats = counters();
	struct thread *thread = thread_of(p);

	if (thread && slot < SCHED_SLOTS) {
		/* It looks at once: that is never the version. */
		thread->homes_version = 0;
		thread->home = SCHED_NO_SLOT;
		home_of(p, thread);
		thread->slot = slot;
		thread->vtime = queue_now[slot];
		thread->booked_ns = sched_of(p)->se.sum_exec_runtime;
		thread->found = 0;
		thread->handed = 0;
	}
	if (setup.partial && !bpf_map_lookup_elem(&homes, &tgid) &&
	    bpf_map_update_elem(&strays, &tgid, &one, BPF_ANY) && stats)
		stats->strays_lost++;
}

/* A thread goes out, or ends: what it has run and is not in the books of its process yet. */
SEC("struct_ops/tiered_disable")
void BPF_PROG(tiered_disable, struct task_struct *p)
{
	struct thread *thread = thread_of(p);

	if (thread)
		book_process(p, thread);
}

/* CPUs come and go; queues are the nodes'. The kernel tells of one at a time. */
static __always_inline void set_online(__s32 cpu, int online)
{
	__u32 at = (__u32)cpu;
	__u64 bit;

	barrier_var(at);
	at &= SCHED_CPUS - 1;
	bit = 1ULL << (at & 63);
	if (online)
		cpus_online[at / 64] |= bit;
	else
		cpus_online[at / 64] &= ~bit;
}

SEC("struct_ops/tiered_cpu_online")
void BPF_PROG(tiered_cpu_online, __s32 cpu)
{
	set_online(cpu, 1);
}

SEC("struct_ops/tiered_cpu_offline")
void BPF_PROG(tiered_cpu_offline, __s32 cpu)
{
	set_online(cpu, 0);
}

SEC("struct_ops/tiered_init")
__s32 BPF_PROG(tiered_init)
{
	const struct cpumask *online = scx_bpf_get_online_cpumask();
	__s32 error = 0;

	mask_read(cpus_online, online);
	scx_bpf_put_cpumask(online);
	for (__u32 slot = 0; slot < SCHED_SLOTS && slot < setup.slots && !error; slot++)
		error = scx_bpf_create_dsq(slot, -1);
	return error;
}

SEC("struct_ops/tiered_exit")
void BPF_PROG(tiered_exit, struct scx_exit_info *info)
{
	__u32 zero = 0;
	struct sched_ended *end = bpf_map_lookup_elem(&ended, &zero);

	if (!end)
		return;
	bpf_probe_read_kernel_str(end->reason, sizeof(end->reason), info->reason);
	bpf_probe_read_kernel_str(end->message, sizeof(end->message), info->msg);
	end->code = (__u64)info->exit_code;
	end->kind = (__u64)info->kind;
}

/* The flags are the kernel's to read before anything runs, so there is a table for each scope. */
#define TABLE(table, scope)                                                                        \
	SEC(".struct_ops")                                                                         \
	struct sched_ext_ops table = {                                                             \
		.select_cpu = (void *)tiered_select_cpu,                                           \
		.enqueue = (void *)tiered_enqueue,                                                 \
		.dispatch = (void *)tiered_dispatch,                                               \
		.tick = (void *)tiered_tick,                                                       \
		.stopping = (void *)tiered_stopping,                                               \
		.init_task = (void *)tiered_init_task,                                             \
		.enable = (void *)tiered_enable,                                                   \
		.disable = (void *)tiered_disable,                                                 \
		.cpu_release = (void *)tiered_cpu_release,                                         \
		.cpu_online = (void *)tiered_cpu_online,                                           \
		.cpu_offline = (void *)tiered_cpu_offline,                                         \
		.init = (void *)tiered_init,                                                       \
		.exit = (void *)tiered_exit,                                                       \
		.flags = SCX_OPS_ENQ_LAST | (scope),                                               \
		.timeout_ms = TIMEOUT_MS,                                                          \
		.name = SCHED_NAME,                                                                \
	}

TABLE(tiered_managed, SCX_OPS_SWITCH_PARTIAL);
TABLE(tiered_all, 0);

char LICENSE[] SEC("license") = "GPL";
