// SPDX-License-Identifier: GPL-2.0-only
/*
 * shootdowns.bpf.c - TLB flushes: by reason, by process, and by our own hand.
 *
 * tlb:tlb_flush tells the reason and how many pages, all ones for a full
 * flush. Who runs is the process for local flushes, the interrupted one for
 * received flushes and the cause of sent ones; only for the daemon's worker
 * the victim is known, because it says so before each move. Flushes at a
 * task switch are frequent and nobody's doing: they are only counted.
 *
 * A sent flush runs with interrupts on, and a received one may interrupt it
 * in here. The kernel does not run a program inside itself, so that one is
 * missed (see bpf_missed()). The drain is another program: it may interrupt a
 * flush in here, and on the CPU that asked for it, it may be interrupted by
 * one. Whoever is at work on the slots sets @busy, and who finds it set keeps
 * off them: the drain comes again, a flush becomes a record of its own.
 */
#include "common.bpf.h"

#define PAGES_ALL (~0UL)

/* What the kernel has other CPUs do to flush their TLBs. */
#define FLUSH_FUNCTION "flush_tlb_func"

/*
 * Its address, once it was met, and those of functions that are not it: a name
 * takes a microsecond to find, in the middle of a wake-up, so no function is
 * looked up at each call. Found by name in here, because the address in
 * /proc/kallsyms is for those with CAP_SYSLOG. The kernel has some 30 such
 * functions.
 */
#define OTHER_FUNCTIONS 64
static volatile __u64 flush_function;
static volatile __u64 other_functions[OTHER_FUNCTIONS];

struct shootdown {
	__u32 tgid;
	__u32 tid;
	__u32 flags;
	__u32 reason;
	__u64 pages;
};

static __always_inline void shootdown_emit(struct shootdown_slot *slot)
{
	__u64 units = (__u64)slot->sent + slot->received + slot->local;
	struct event_shootdowns *event;

	event = event_reserve(EVENT_SHOOTDOWNS, sizeof(*event), slot->last_ns, units);
	if (event) {
		event->header.tgid = slot->tgid;
		event->header.tid = slot->tid;
		event->header.flags = slot->flags;
		event->header.cgroup_id = slot->cgroup_id;
		event->sent = slot->sent;
		event->received = slot->received;
		event->local = slot->local;
		event->full = slot->full;
		event->pages = slot->pages;
		event->first_ns = slot->first_ns;
		event_submit(event);
	}
	slot->first_ns = 0;
}

static __always_inline void shootdown_claim(struct shootdown_slot *slot,
					    const struct shootdown *shootdown, __u64 now)
{
	slot->first_ns = now;
	slot->cgroup_id = cgroup_here();
	slot->pages = 0;
	slot->tgid = shootdown->tgid;
	slot->tid = shootdown->tid;
	slot->flags = shootdown->flags;
	slot->sent = 0;
	slot->received = 0;
	slot->local = 0;
	slot->full = 0;
	dirty_set(shootdowns_dirty);
}

static __always_inline void shootdown_add(struct shootdown_slot *slot,
					  const struct shootdown *shootdown)
{
	if (shootdown->reason == STATS_FLUSH_SENT)
		slot->sent++;
	else if (shootdown->reason == STATS_FLUSH_RECEIVED)
		slot->received++;
	else
		slot->local++;
	if (shootdown->pages == PAGES_ALL)
		slot->full++;
	else
		slot->pages += shootdown->pages;
}

static __always_inline void shootdown_record(struct shootdown_cache *cache,
					     const struct shootdown *shootdown)
{
	__u32 index = (shootdown->tgid ^ (shootdown->flags << 4)) & (SHOOTDOWN_SLOTS - 1);
	struct shootdown_slot *slot = &cache->slots[index];
	__u64 jiffy = bpf_jiffies64(), now;

	if (slot->first_ns && slot->tgid == shootdown->tgid && slot->flags == shootdown->flags &&
	    slot->jiffy == jiffy) {
		shootdown_add(slot, shootdown);
		return;
	}
	now = bpf_ktime_get_ns();
	if (slot->first_ns && (slot->tgid != shootdown->tgid || slot->flags != shootdown->flags ||
			       now - slot->first_ns > RECORD_AGE_NS))
		shootdown_emit(slot);
	if (!slot->first_ns)
		shootdown_claim(slot, shootdown, now);
	slot->jiffy = jiffy;
	slot->last_ns = now;
	shootdown_add(slot, shootdown);
}

/* The slots are in somebody's hands: a record of this one flush. */
static __always_inline void shootdown_send(const struct shootdown *shootdown)
{
	struct shootdown_slot slot = {};
	__u64 now = bpf_ktime_get_ns();

	shootdown_claim(&slot, shootdown, now);
	slot.last_ns = now;
	shootdown_add(&slot, shootdown);
	shootdown_emit(&slot);
}

static __always_inline void flush_count(__u32 reason, __u64 pages)
{
	__u32 index = reason < STATS_FLUSH_REASONS ? reason : STATS_FLUSH_OTHER;
	struct stats_flushes *flushes = bpf_map_lookup_elem(&tlb_flushes, &index);

	if (!flushes)
		return;
	if (pages == PAGES_ALL) {
		flushes->full++;
	} else {
		flushes->partial++;
		flushes->pages += pages;
	}
}

/* Only the worker itself comes here: no other writer. */
static __always_inline void worker_flush_count(__u64 pages)
{
	if (pages == PAGES_ALL)
		worker_full_flushes++;
	else
		worker_partial_flushes++;
}

SEC("tp_btf/tlb_flush")
int BPF_PROG(tlb_flush, int reason, unsigned long pages)
{
	__u64 id = bpf_get_current_pid_tgid();
	struct shootdown shootdown = {
		.tgid = id >> 32, .tid = (__u32)id, .reason = reason, .pages = pages
	};
	struct shootdown_cache *cache;
	struct stats_totals *total;
	__u32 zero = 0;

	flush_count(reason, pages);
	if (reason == STATS_FLUSH_TASK_SWITCH || shootdown.reason > STATS_FLUSH_SENT || !id)
		return 0;
	if (worker_moves() && reason != STATS_FLUSH_RECEIVED) {
		if (reason == STATS_FLUSH_SENT)
			worker_flush_count(pages);
		if (victim_tgid) {
			shootdown.tgid = victim_tgid;
			shootdown.flags = EVENT_F_OURS | EVENT_F_ATTRIBUTED;
		}
	}
	cache = bpf_map_lookup_elem(&shootdown_cache, &zero);
	total = totals_here();
	if (!cache || !total || !verdict_managed(&cache->verdict, shootdown.tgid))
		return 0;
	__sync_fetch_and_add(&total->managed_shootdowns, 1);
	if (cache->busy) {
		shootdown_send(&shootdown);
		return 0;
	}
	cache->busy = 1;
	barrier();
	shootdown_record(cache, &shootdown);
	barrier();
	cache->busy = 0;
	return 0;
}

static long shootdown_drain_one(__u32 index, void *context)
{
	struct shootdown_cache *cache;
	struct shootdown_slot *slot;
	__u32 zero = 0;

	cache = bpf_map_lookup_elem(&shootdown_cache, &zero);
	if (!cache)
		return 1;
	slot = &cache->slots[index & (SHOOTDOWN_SLOTS - 1)];
	if (slot->first_ns)
		shootdown_emit(slot);
	return 0;
}

/* Never attached: the daemon runs it on one CPU after the other. */
SEC("raw_tp")
int shootdowns_drain_here(void *context)
{
	__u32 cpu = bpf_get_smp_processor_id() & (DIRTY_CPUS - 1), zero = 0;
	struct shootdown_cache *cache = bpf_map_lookup_elem(&shootdown_cache, &zero);

	if (!cache || cache->busy)
		return 0;
	cache->busy = 1;
	barrier();
	shootdowns_dirty[cpu] = 0;
	bpf_loop(SHOOTDOWN_SLOTS, shootdown_drain_one, NULL, 0);
	barrier();
	cache->busy = 0;
	return 0;
}

static __always_inline int flushes_tlb(__u64 function)
{
	/* Functions are aligned to 16 bytes. */
	volatile __u64 *other = &other_functions[function >> 4 & (OTHER_FUNCTIONS - 1)];
	char name[sizeof(FLUSH_FUNCTION) + 1];

	if (function == flush_function)
		return 1;
	if (flush_function || function == *other)
		return 0;
	if (BPF_SNPRINTF(name, sizeof(name), "%ps", function) == sizeof(FLUSH_FUNCTION) &&
	    !bpf_strncmp(name, sizeof(FLUSH_FUNCTION), FLUSH_FUNCTION)) {
		flush_function = function;
		return 1;
	}
	*other = function;
	return 0;
}

/* An interrupt is being queued for one CPU; the flush says for whose memory. */
SEC("raw_tp/csd_queue_cpu")
int BPF_PROG(shootdown_target, unsigned int cpu, unsigned long callsite, void *function,
	     struct __call_single_data *csd)
{
	struct stats_process *process;
	struct flush_tlb_info *info;
	struct task_struct *owner;
	struct target_key key;

	if (!flushes_tlb((__u64)function))
		return 0;
	info = BPF_CORE_READ(csd, info);
	owner = BPF_CORE_READ(info, mm, owner);
	if (!owner)
		return 0;
	key = task_key(owner);
	process = process_counters(owner, &key);
	if (!process)
		return 0;
	__sync_fetch_and_add(&process->interrupts, 1);
	if (process->comm[0])
		return 0;
	BPF_CORE_READ_STR_INTO(&process->comm, owner, comm);
	process->cgroup_id = task_cgroup(owner);
	return 0;
}
