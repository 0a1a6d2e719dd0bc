// SPDX-License-Identifier: GPL-2.0-only
/*
 * migrations.bpf.c - pages that moved, whoever moved them.
 *
 * mm:mm_migrate_pages tells what one call of migrate_pages() did, and why,
 * but not to whom; the daemon's own calls are known by the thread that makes
 * them, by their reason, and by the victim it published. remove_migration_pte()
 * runs once per mapping of each folio that has moved and knows the address
 * space, but not why; it cannot be attached to everywhere. It runs in the
 * thread that migrates, so the reason waits for it under the id of that thread,
 * from mm:mm_migrate_pages_start on.
 *
 * The thread alone is not enough: to find room for a large folio it may have
 * to compact memory within a move, and those pages are anybody's.
 */
#include "runs.bpf.h"

static __always_inline void migration_count(__u32 reason, __u64 succeeded, __u64 failed)
{
	struct stats_migrations *counters = bpf_map_lookup_elem(&migrations, &reason);

	if (!counters)
		return;
	__sync_fetch_and_add(&counters->calls, 1);
	__sync_fetch_and_add(&counters->succeeded, succeeded);
	__sync_fetch_and_add(&counters->failed, failed);
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

/*
 * The kernel's reason as enum seen_reason. move_pages() is what the worker
 * calls; whatever else its thread does is not a move of the daemon's.
 */
static __always_inline __u32 reason_here(__u32 reason, int worker)
{
	__u32 seen = SEEN_UNKNOWN_REASON;

	if (reason < MIGRATE_REASONS_MAX) {
		/* Or the compiler drops the mask, and the verifier misses it. */
		barrier_var(reason);
		seen = reason_seen[reason & (MIGRATE_REASONS_MAX - 1)];
	}
	return worker && seen == SEEN_SYSCALL ? SEEN_TIERED : seen;
}

/*
 * What has a type is read by loads, which cost next to nothing, and what came as
 * a plain address is given one first, where the kernel can (6.2 and later); to
 * probe costs a hundred instructions each time.
 */
extern void *bpf_rdonly_cast(const void *object, __u32 btf_id) __ksym __weak;

static __always_inline __u64 folio_flags(struct folio *folio)
{
	struct folio___wrapped *wrapped = (void *)folio;

	if (bpf_core_field_exists(wrapped->flags.f))
		return wrapped->flags.f;
	return folio->flags;
}

static __always_inline __u64 address_flags(struct folio *folio)
{
	struct folio___wrapped *wrapped = (void *)folio;

	if (can_cast)
		return folio_flags(bpf_rdonly_cast(folio, bpf_core_type_id_kernel(struct folio)));
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
		return old->_folio_order;
	return folio->_flags_1 & 0xff;
}

/* 2^NODES_SHIFT, worked out once: it takes two divisions. */
static volatile __u64 node_scale;

/*
 * The node is in the uppermost NODES_SHIFT bits, and a list of zones has
 * 2^NODES_SHIFT x __MAX_NR_ZONES entries and one more: multiplying by
 * 2^NODES_SHIFT brings those bits above the 32nd.
 */
static __always_inline __u32 flags_node(__u64 flags)
{
	__u64 zones = bpf_core_enum_value(enum zone_type, __MAX_NR_ZONES);
	__u64 entries = bpf_core_type_size(struct zonelist) / bpf_core_type_size(struct zoneref);
	__u64 scale = node_scale;

	if (!scale) {
		scale = (entries - 1) / zones;
		node_scale = scale;
	}
	return ((flags >> 32) * scale) >> 32;
}

static __noinline void mapping_emit(const struct mapping *mapping, struct task_struct *owner,
				    __u32 reason)
{
	__u32 tgid = BPF_CORE_READ(owner, tgid);
	struct event_folio *event;

	if (watch_tgid && watch_tgid != tgid)
		return;
	event = event_reserve(EVENT_FOLIO, sizeof(*event), bpf_ktime_get_ns(), 1);
	if (!event)
		return;
	event->header.flags = EVENT_F_ATTRIBUTED | (reason == SEEN_TIERED ? EVENT_F_OURS : 0) |
			      (mapping->undone ? EVENT_F_UNDONE : 0);
	event->header.tgid = tgid;
	event->header.cgroup_id = task_cgroup(owner);
	event->address = mapping->address;
	event->order = mapping->order;
	event->from = mapping->from;
	event->to = mapping->to;
	event->reason = reason;
	event_submit(event);
}

/* Where the mapping points still: the walk's argument, or what that holds. */
static __always_inline struct folio *argument_folio(void *argument)
{
	struct rmap_walk_arg *walk = argument;

	if (!bpf_core_type_exists(struct rmap_walk_arg))
		return argument;
	if (!can_cast)
		return BPF_CORE_READ(walk, folio);
	walk = bpf_rdonly_cast(walk, bpf_core_type_id_kernel(struct rmap_walk_arg));
	return walk->folio;
}

static __always_inline void run_add(struct run *run, const struct mapping *mapping)
{
	if (mapping->undone) {
		run->undone++;
		return;
	}
	run->mappings++;
	run->pages += 1ULL << (mapping->order & 31);
}

/* Nobody was seen to begin this migration, so nobody may end it: booked at once. */
static __noinline void mapping_book(const struct mapping *mapping, struct task_struct *owner)
{
	struct run run = {};

	run_begin(&run, owner, mapping->from, mapping->to);
	run_add(&run, mapping);
	run_book(&run, SEEN_UNKNOWN_REASON);
}

static __always_inline void mapping_count(struct mover *mover, const struct mapping *mapping,
					  struct task_struct *owner)
{
	struct run *run = &mover->run;

	if (run->owner != (__u64)owner || run->from != mapping->from || run->to != mapping->to) {
		run_book(run, mover_reason(mover));
		run_begin(run, owner, mapping->from, mapping->to);
	}
	run_add(run, mapping);
}

static __always_inline void mapping_take(struct mover *mover, const struct mapping *mapping,
					 struct task_struct *owner)
{
	mapping_count(mover, mapping, owner);
	if (watch)
		mapping_emit(mapping, owner, mover_reason(mover));
}

/*
 * The kernel comes by every place where a page of a file could be mapped, a
 * library's in all processes that have it loaded, touched or not. Whether it
 * was shows a moment later, in the number of mappings.
 */
static __noinline void doubt_settle(struct mover *mover)
{
	struct doubt *doubt = &mover->doubt;
	struct folio *folio = (void *)doubt->folio;

	doubt->folio = 0;
	if (BPF_CORE_READ(folio, _mapcount.counter) > doubt->mapcount)
		mapping_take(mover, &doubt->mapping, (void *)doubt->owner);
}

static __noinline void doubt_note(struct mover *mover, const struct mapping *mapping,
				  struct task_struct *owner, struct folio *folio)
{
	struct doubt *doubt = &mover->doubt;

	doubt->mapcount = BPF_CORE_READ(folio, _mapcount.counter);
	doubt->mapping = *mapping;
	doubt->owner = (__u64)owner;
	doubt->folio = (__u64)folio;
}

static __always_inline void doubt_end(void)
{
	struct mover *mover = mover_here();

	if (mover && mover->doubt.folio)
		doubt_settle(mover);
}

/*
 * A migration within another one begins and ends inside it, one level deep:
 * neither compaction nor demotion waits for pages of its own. So what ends
 * gives way to the worker's own move, or to nothing.
 */
SEC("tp_btf/mm_migrate_pages_start")
int BPF_PROG(migrate_pages_begin, int mode, int reason)
{
	int worker = worker_here();
	__u32 seen = reason_here(reason, worker);

	if (worker)
		worker_aside = seen != SEEN_TIERED;
	doubt_end();
	mover_push(seen);
	return 0;
}

static __always_inline void migration_emit(const __u64 *context, __u64 split, __u32 mode,
					   __u32 reason)
{
	struct event_migration *event;

	event = event_reserve(EVENT_MIGRATION, sizeof(*event), bpf_ktime_get_ns(), 1);
	if (!event)
		return;
	if (reason == SEEN_TIERED) {
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
}

SEC("tp_btf/mm_migrate_pages")
int migrate_pages_end(__u64 *context)
{
	int worker = worker_here();
	__u32 mode, reason;
	__u64 split;

	migration_tail(context, &split, &mode, &reason);
	reason = reason_here(reason, worker);
	if (worker)
		worker_aside = 0;
	doubt_end();
	mover_pop();
	migration_count(reason, context[0], context[1]);
	migration_emit(context, split, mode, reason);
	return 0;
}

/* Whatever is not just one more of the same. */
static __noinline void mapping_handle(struct mover *mover, const struct mapping *mapping,
				      struct task_struct *owner, struct folio *doubtful)
{
	if (!mover || !mover->depth) {
		mapping_book(mapping, owner);
		if (watch)
			mapping_emit(mapping, owner, SEEN_UNKNOWN_REASON);
		return;
	}
	if (mover->doubt.folio)
		doubt_settle(mover);
	if (doubtful)
		doubt_note(mover, mapping, owner, doubtful);
	else
		mapping_take(mover, mapping, owner);
}

/* One more page of the same process between the same nodes: most are, so this is kept short. */
static __always_inline int run_goes_on(const struct mover *mover, __u64 owner, __u32 from, __u32 to)
{
	const struct run *run = &mover->run;

	return run->owner == owner && run->from == from && run->to == to && !mover->doubt.folio &&
	       !watch;
}

/*
 * The kernel splits a huge page by the same means, outside of any migration
 * and with the folio as its own destination: nobody's move, and none undone.
 */
SEC("fentry/remove_migration_pte")
int BPF_PROG(mapping_moved, struct folio *to, struct vm_area_struct *vma, unsigned long address,
	     void *argument)
{
	struct task_struct *owner = vma->vm_mm->owner;
	struct folio *from = argument_folio(argument);
	struct mover *mover = mover_here();
	__u64 flags = folio_flags(to);
	int begun = mover && mover->depth;
	__u32 order, to_node, from_node;
	int doubtful;

	if (!owner || (from == to && !begun))
		return 0;
	order = folio_order(to, flags);
	to_node = flags_node(flags);
	from_node = from == to ? to_node : flags_node(address_flags(from));
	doubtful = vma->vm_file && !order;
	if (begun && !doubtful && from != to &&
	    run_goes_on(mover, (__u64)owner, from_node, to_node)) {
		mover->run.mappings++;
		mover->run.pages += 1ULL << (order & 31);
		return 0;
	}
	struct mapping mapping = { .address = address,
				   .order = order,
				   .from = from_node,
				   .to = to_node,
				   .undone = from == to };
	mapping_handle(mover, &mapping, owner, doubtful ? to : NULL);
	return 0;
}
