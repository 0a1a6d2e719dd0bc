// SPDX-License-Identifier: GPL-2.0-only
/*
 * faults.bpf.c - page faults of user mode, added up per process and region.
 *
 * Every fault of the machine passes here, so the common case is a few loads
 * and adds: totals for everybody, and for managed processes a hit in a
 * direct-mapped per-CPU cache. A record is made when another region needs the
 * slot, when it is a second old, or when the daemon drains. The tracepoint
 * runs with interrupts off, and the drain with preemption off and in kernel
 * mode, where no fault of user mode can happen: each has the cache of its CPU
 * to itself.
 */
#include "common.bpf.h"

/* Bit of the x86 page fault error code: the access was a write. */
#define FAULT_WRITE 2

/* Slots whose age is looked at whenever a slot is claimed. */
#define SWEEP_SLOTS 2

static __always_inline void fault_emit(struct fault_slot *slot)
{
	struct event_faults *event;

	event = event_reserve(EVENT_FAULTS, sizeof(*event), slot->last_ns, slot->count);
	if (event) {
		event->header.tgid = slot->tgid;
		event->header.tid = slot->tid;
		event->header.flags = EVENT_F_ATTRIBUTED;
		event->header.cgroup_id = slot->cgroup_id;
		event->region = slot->region;
		event->count = slot->count;
		event->writes = slot->writes;
		event->first_ns = slot->first_ns;
		event_submit(event);
	}
	slot->count = 0;
}

static __always_inline __u32 fault_slot_of(__u32 tgid, __u64 region)
{
	/* Fibonacci hashing: the upper bits of a product with 2^64 / phi are well mixed. */
	return (((region >> 21) ^ ((__u64)tgid << 32)) * 0x9e3779b97f4a7c15ULL) >> 56;
}

static __noinline void faults_sweep(struct fault_cache *cache, __u64 now)
{
	for (int i = 0; i < SWEEP_SLOTS; i++) {
		struct fault_slot *slot = &cache->slots[cache->cursor++ & (FAULT_SLOTS - 1)];

		if (slot->count && now - slot->first_ns > RECORD_AGE_NS)
			fault_emit(slot);
	}
}

static __always_inline void fault_claim(struct fault_slot *slot, __u64 id, __u64 region,
					__u64 jiffy, __u64 now)
{
	slot->region = region;
	slot->first_ns = now;
	slot->last_ns = now;
	slot->jiffy = jiffy;
	slot->cgroup_id = cgroup_here();
	slot->tgid = id >> 32;
	slot->tid = (__u32)id;
	slot->count = 1;
	dirty_set(faults_dirty);
}

/* The clock is read once per timer tick and slot: that is how exact last_ns needs to be. */
static __always_inline void fault_hit(struct fault_slot *slot, __u64 jiffy, __u32 write)
{
	slot->count++;
	slot->writes += write;
	if (slot->jiffy == jiffy)
		return;
	slot->jiffy = jiffy;
	slot->last_ns = bpf_ktime_get_ns();
	if (slot->last_ns - slot->first_ns > RECORD_AGE_NS)
		fault_emit(slot);
}

SEC("tp_btf/page_fault_user")
int BPF_PROG(fault_user, unsigned long address, struct pt_regs *regs, unsigned long error_code)
{
	__u64 id = bpf_get_current_pid_tgid(), jiffy = bpf_jiffies64(), now;
	__u64 region = address & ~(REGION_SIZE - 1);
	__u32 write = !!(error_code & FAULT_WRITE), zero = 0;
	struct stats_totals *total = totals_here();
	struct fault_cache *cache;
	struct fault_slot *slot;

	if (!total)
		return 0;
	total->faults++;
	total->fault_writes += write;
	cache = bpf_map_lookup_elem(&fault_cache, &zero);
	if (!cache || !verdict_managed(&cache->verdict, id >> 32))
		return 0;
	total->managed_faults++;
	slot = &cache->slots[fault_slot_of(id >> 32, region) & (FAULT_SLOTS - 1)];
	if (slot->count && slot->region == region && slot->tgid == id >> 32) {
		fault_hit(slot, jiffy, write);
		return 0;
	}
	now = bpf_ktime_get_ns();
	if (slot->count)
		fault_emit(slot);
	fault_claim(slot, id, region, jiffy, now);
	slot->writes = write;
	faults_sweep(cache, now);
	return 0;
}

static long fault_drain_one(__u32 index, void *context)
{
	struct fault_cache *cache;
	struct fault_slot *slot;
	__u32 zero = 0;

	cache = bpf_map_lookup_elem(&fault_cache, &zero);
	if (!cache)
		return 1;
	slot = &cache->slots[index & (FAULT_SLOTS - 1)];
	if (slot->count)
		fault_emit(slot);
	return 0;
}

/* Never attached: the daemon runs it on one CPU after the other. */
SEC("raw_tp")
int faults_drain_here(void *context)
{
	__u32 cpu = bpf_get_smp_processor_id() & (DIRTY_CPUS - 1);

	faults_dirty[cpu] = 0;
	bpf_loop(FAULT_SLOTS, fault_drain_one, NULL, 0);
	return 0;
}
