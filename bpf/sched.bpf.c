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
#include "sched-life.bpf.h"

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

SEC("struct_ops/tiered_select_cpu")
__s32 BPF_PROG(tiered_select_cpu, struct task_struct *p, __s32 prev_cpu, __u64 wake_flags)
{
	struct thread *thread = thread_of(p);
	struct stats_sched *stats = counters();
	struct masks masks;
	__s32 cpu;

	if (!thread)
		return prev_cpu;
	if (!idle_read(&masks))
		return prev_cpu;
	allowed_read(&masks, p);
	masks_narrow(&masks, p);
	cpu = cpu_take(&masks, thread->home, prev_cpu);
	if (cpu < 0)
		return prev_cpu;
	if (stats)
		stats->woken++;
	/* Nobody can take its CPU away from it, where there is no class before this one. */
	if (!setup.partial) {
		vtime_settle(thread, slot_of(cpu));
		queue_insert(p, SCX_DSQ_LOCAL, SLICE_NS, 0);
	} else {
		thread->found = 1;
	}
	return cpu;
}

/* Has this CPU something to run of a class that comes before this one? */
static __always_inline int cpu_is_taken(__s32 cpu)
{
	const struct rq *rq = bpf_per_cpu_ptr(&runqueues, (__u32)cpu);

	return rq && rq->nr_running > rq->scx.nr_running;
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
static __always_inline int goes_home(struct task_struct *p, __s32 cpu)
{
	struct thread *thread = thread_of(p);
	__u32 home = thread ? thread->home : SCHED_NO_SLOT;
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
	__u32 own = slot_of(cpu);

	if (setup.partial && cpu_is_taken(cpu)) {
		pass_on(own);
		return;
	}
	if (starving_take(own))
		return;
	for (__u32 i = 0; i < SCHED_SLOTS && i < setup.slots; i++)
		if (queue_consume(setup.near[own][i]))
			return;
	if (prev && sched_of(prev)->scx.flags & SCX_TASK_QUEUED && !goes_home(prev, cpu))
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
static __always_inline void book(struct task_struct *p)
{
	struct thread *thread = thread_of(p);
	struct stats_sched *stats = counters();
	__u32 weight = sched_of(p)->scx.weight;
	__u64 now_ns = bpf_ktime_get_ns(), ran_ns;
	__u32 at_home;

	if (!thread || !stats)
		return;
	ran_ns = now_ns - thread->since_ns;
	thread->since_ns = now_ns;
	thread->vtime += (ran_ns < STALL_NS ? ran_ns : STALL_NS) * WEIGHT_STANDARD /
			 (weight > WEIGHT_MIN ? weight : WEIGHT_MIN);
	if (thread->home == SCHED_NO_SLOT) {
		stats->homeless_ns += ran_ns;
		return;
	}
	at_home = thread->home == slot_of((__s32)bpf_get_smp_processor_id());
	*(at_home ? &stats->home_ns : &stats->elsewhere_ns) += ran_ns;
	thread->ran_ns[at_home ? 1 : 0] += ran_ns;
	if (thread->ran_ns[0] + thread->ran_ns[1] >= BOOK_NS)
		book_process(p, thread);
}

SEC("struct_ops/tiered_running")
void BPF_PROG(tiered_running, struct task_struct *p)
{
	struct thread *thread = thread_of(p);
	struct stats_sched *stats = counters();
	__u32 home;

	if (!thread || !stats)
		return;
	home = thread->home = home_of(p);
	thread->since_ns = bpf_ktime_get_ns();
	thread->found = 0;
	if (thread->slot < SCHED_SLOTS && (__s64)(thread->vtime - queue_now[thread->slot]) > 0)
		queue_now[thread->slot] = thread->vtime;
	if (home == SCHED_NO_SLOT)
		stats->homeless++;
	else if (home == slot_of((__s32)bpf_get_smp_processor_id()))
		stats->at_home++;
	else
		stats->elsewhere++;
}

SEC("struct_ops/tiered_stopping")
void BPF_PROG(tiered_stopping, struct task_struct *p, _Bool runnable)
{
	book(p);
}

/* One that runs for long is booked meanwhile, too; away from home its slice ends early. */
SEC("struct_ops/tiered_tick")
void BPF_PROG(tiered_tick, struct task_struct *p)
{
	book(p);
	if (goes_home(p, (__s32)bpf_get_smp_processor_id()) ||
	    (setup.narrow && scx_bpf_dsq_nr_queued(SCX_DSQ_LOCAL) > 0))
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
		thread->home = home_of(p);
		thread->slot = slot;
		thread->vtime = queue_now[slot];
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

/* The flags are the kernel's to read before anything runs, so there is a table for each scope. */
#define TABLE(table, scope)                                                                        \
	SEC(".struct_ops")                                                                         \
	struct sched_ext_ops table = {                                                             \
		.select_cpu = (void *)tiered_select_cpu,                                           \
		.enqueue = (void *)tiered_enqueue,                                                 \
		.dispatch = (void *)tiered_dispatch,                                               \
		.tick = (void *)tiered_tick,                                                       \
		.running = (void *)tiered_running,                                                 \
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
