// SPDX-License-Identifier: GPL-2.0-only
/*
 * migrations.bpf.c - pages that moved, whoever moved them.
 *
 * mm:mm_migrate_pages tells what one call of migrate_pages() did, and why,
 * but not to whom; the daemon's own calls are known by the thread that makes
 * them, by their reason, and by the victim it published. remove_migration_pte()
 * runs once per mapping of each folio that has moved and knows the address
 * space; it cannot be attached to everywhere.
 *
 * The thread alone is not enough: to find room for a large folio it may have
 * to compact memory within a move, and those pages are anybody's.
 */
#include "common.bpf.h"

/* The reason of an EVENT_FOLIO is not known where the folio is. */
#define REASON_UNKNOWN (~0U)

static __always_inline void migration_count(__u32 reason, __u64 succeeded, __u64 failed, int ours)
{
	__u32 index = reason < STATS_MIGRATE_REASONS ? reason : STATS_MIGRATE_REASONS - 1;
	struct stats_migrations *counters = bpf_map_lookup_elem(&migrations, &index);

	if (!counters)
		return;
	__sync_fetch_and_add(&counters->calls, 1);
	__sync_fetch_and_add(&counters->succeeded, succeeded);
	__sync_fetch_and_add(&counters->failed, failed);
	if (!ours)
		return;
	__sync_fetch_and_add(&counters->ours, 1);
	__sync_fetch_and_add(&counters->ours_succeeded, succeeded);
}

/*
 * The tracepoint's arguments: succeeded, failed, thp_succeeded, thp_failed,
 * thp_split, since 6.6 the number of large folios split, then mode and reason.
 */
static __always_inline void migration_tail(const __u64 *context, __u64 *split, __u32 *mode,
					   __u32 *reason)
{
	/* Read outside the branches: the verifier wants constant offsets from the context. */
	__u64 fifth = context[4], sixth = context[5], seventh = context[6];

	if (bpf_core_field_exists(struct trace_event_raw_mm_migrate_pages, large_folio_split)) {
		*split = sixth;
		*mode = seventh;
		*reason = context[7];
	} else {
		*split = fifth;
		*mode = sixth;
		*reason = seventh;
	}
}

/* move_pages(), which is what the worker calls. */
static __always_inline int reason_ours(__u32 reason)
{
	return reason == bpf_core_enum_value(enum migrate_reason, MR_SYSCALL);
}

/*
 * A migration within another one begins and ends inside it, one level deep:
 * neither compaction nor demotion waits for pages of its own. So what ends
 * gives way to the worker's own move, or to nothing.
 */
SEC("tp_btf/mm_migrate_pages_start")
int BPF_PROG(migrate_pages_begin, int mode, int reason)
{
	if (worker_here())
		worker_aside = !reason_ours(reason);
	return 0;
}

SEC("tp_btf/mm_migrate_pages")
int migrate_pages_end(__u64 *context)
{
	struct event_migration *event;
	int worker = worker_here(), ours;
	__u32 mode, reason;
	__u64 split;

	migration_tail(context, &split, &mode, &reason);
	ours = worker && reason_ours(reason);
	if (worker)
		worker_aside = 0;
	migration_count(reason, context[0], context[1], ours);
	event = event_reserve(EVENT_MIGRATION, sizeof(*event), bpf_ktime_get_ns(), 1);
	if (!event)
		return 0;
	if (ours) {
		event->header.flags = EVENT_F_OURS;
		if (victim_tgid) {
			event->header.tgid = victim_tgid;
			event->header.flags |= EVENT_F_ATTRIBUTED;
		}
	}
	event->succeeded = context[0];
	event->failed = context[1];
	event->large_succeeded = context[2];
	event->large_failed = context[3];
	event->large_split = split;
	event->mode = mode;
	event->reason = reason;
	event_submit(event);
	return 0;
}

static __always_inline __u64 folio_flags(struct folio *folio)
{
	struct folio___wrapped *wrapped = (void *)folio;

	if (bpf_core_field_exists(wrapped->flags.f))
		return BPF_CORE_READ(wrapped, flags.f);
	return BPF_CORE_READ(folio, flags);
}

static __always_inline __u32 folio_order(struct folio *folio, __u64 flags)
{
	struct folio___order_byte *old = (void *)folio;

	if (!(flags >> bpf_core_enum_value(enum pageflags, PG_head) & 1))
		return 0;
	if (bpf_core_field_exists(old->_folio_order))
		return BPF_CORE_READ(old, _folio_order);
	return BPF_CORE_READ(folio, _flags_1) & 0xff;
}

/*
 * The node is in the uppermost NODES_SHIFT bits, and a list of zones has
 * 2^NODES_SHIFT x __MAX_NR_ZONES entries and one more: multiplying by
 * 2^NODES_SHIFT brings those bits above the 32nd.
 */
static __always_inline __u32 flags_node(__u64 flags)
{
	__u64 zones = bpf_core_enum_value(enum zone_type, __MAX_NR_ZONES);
	__u64 entries = bpf_core_type_size(struct zonelist) / bpf_core_type_size(struct zoneref);

	return ((flags >> 32) * ((entries - 1) / zones)) >> 32;
}

static __always_inline void folio_emit(struct task_struct *owner, __u64 address, __u32 order,
				       __u32 from, __u32 to)
{
	struct event_folio *event;

	event = event_reserve(EVENT_FOLIO, sizeof(*event), bpf_ktime_get_ns(), 1);
	if (!event)
		return;
	event->header.flags = EVENT_F_ATTRIBUTED | (worker_moves() ? EVENT_F_OURS : 0);
	event->header.tgid = BPF_CORE_READ(owner, tgid);
	event->address = address;
	event->order = order;
	event->from = from;
	event->to = to;
	event->reason = REASON_UNKNOWN;
	event_submit(event);
}

static __always_inline void folio_count(struct task_struct *owner, __u32 order, int undone)
{
	struct stats_totals *total = totals_here();
	struct stats_process *process;

	if (total)
		__sync_fetch_and_add(undone ? &total->folios_undone : &total->folios, 1);
	process = process_counters(owner);
	if (!process)
		return;
	if (undone) {
		__sync_fetch_and_add(&process->undone, 1);
		return;
	}
	__sync_fetch_and_add(&process->moved, 1);
	__sync_fetch_and_add(&process->moved_pages, 1ULL << (order & 31));
	if (worker_moves())
		__sync_fetch_and_add(&process->moved_ours, 1);
}

SEC("fentry/remove_migration_pte")
int BPF_PROG(mapping_moved, struct folio *to, struct vm_area_struct *vma, unsigned long address,
	     void *argument)
{
	struct task_struct *owner = BPF_CORE_READ(vma, vm_mm, owner);
	__u64 to_flags = folio_flags(to);
	__u32 order = folio_order(to, to_flags);
	struct folio *from = argument;

	if (!owner)
		return 0;
	if (bpf_core_type_exists(struct rmap_walk_arg))
		from = BPF_CORE_READ((struct rmap_walk_arg *)argument, folio);
	folio_count(owner, order, from == to);
	if (watch)
		folio_emit(owner, address, order, flags_node(folio_flags(from)),
			   flags_node(to_flags));
	return 0;
}
