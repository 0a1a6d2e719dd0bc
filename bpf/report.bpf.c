// SPDX-License-Identifier: GPL-2.0-only
/*
 * report.bpf.c - counters as text, for cat(1): iterators over the maps.
 *
 * Each runs once per entry of its map, and once more with no entry at the end,
 * which is the only time when there is none at all. What it prints is for
 * people; programs take the maps.
 */
#include "common.bpf.h"

/* No machine has more; lookups end at the last CPU that is possible. */
#define CPUS_MAX 8192

/* As many reasons are told of each process, those with most pages first. */
#define REASONS_TOLD 3

static const char reason_names[SEEN_REASONS][16] = { SEEN_REASON_LIST(TIERED_LIST_NAME) };

static const char flush_names[STATS_FLUSH_REASONS][16] = { FLUSH_REASON_LIST(TIERED_LIST_NAME) };

/* Base pages by reason, and the most of them: the pages above the low bits, the reason in them. */
#define REASON_BITS 4
struct reasons_left {
	__u64 pages[SEEN_REASONS];
	__u64 most;
};

static long reason_compare(__u32 reason, void *argument)
{
	struct reasons_left *left = argument;
	__u64 value;

	if (reason >= SEEN_REASONS)
		return 1;
	value = left->pages[reason] << REASON_BITS | reason;
	if (left->pages[reason] && value > left->most)
		left->most = value;
	return 0;
}

/* Takes the reason with most pages out, and tells it. */
static __always_inline void reason_tell(struct seq_file *seq, struct reasons_left *left, int first)
{
	__u32 reason;

	left->most = 0;
	bpf_loop(SEEN_REASONS, reason_compare, left, 0);
	reason = left->most & ((1 << REASON_BITS) - 1);
	if (!left->most || reason >= SEEN_REASONS)
		return;
	BPF_SEQ_PRINTF(seq, "%s%s:%llu", first ? " " : ",", reason_names[reason],
		       left->most >> REASON_BITS);
	left->pages[reason] = 0;
}

/*
 * Is the header due? Above the first entry, or at the end when there was none. The
 * number of the entry does not tell at the end: it is 0 after a single one, too.
 */
static __always_inline int is_first(const struct bpf_iter_meta *meta, const void *key)
{
	if (key)
		return meta->seq_num == 0;
	return BPF_CORE_READ(meta->seq, index) == 0;
}

SEC("iter/bpf_map_elem")
int table_processes(struct bpf_iter__bpf_map_elem *context)
{
	struct seq_file *seq = context->meta->seq;
	const struct target_key *key = context->key;
	const struct stats_process *process = context->value;
	struct reasons_left left;

	if (is_first(context->meta, key))
		BPF_SEQ_PRINTF(seq, "%7s %-15s %10s %10s %10s %10s %10s %8s %8s %s\n", "PID",
			       "COMM", "CGROUP-ID", "MOVED", "PAGES", "PROMOTED", "DEMOTED",
			       "UNDONE", "IRQS", "REASONS");
	if (!key || !process)
		return 0;
	BPF_SEQ_PRINTF(seq, "%7u %-15s %10llu %10llu %10llu %10llu %10llu %8llu %8llu", key->tgid,
		       process->comm, process->cgroup_id, process->moved, process->moved_pages,
		       process->promoted_pages, process->demoted_pages, process->undone,
		       process->interrupts);
	__builtin_memcpy(left.pages, &process->by_reason, sizeof(left.pages));
	for (int i = 0; i < REASONS_TOLD; i++)
		reason_tell(seq, &left, i == 0);
	BPF_SEQ_PRINTF(seq, "\n");
	return 0;
}

struct migrations_sum {
	__u32 reason;
	__u32 reserved;
	struct stats_migrations sum;
};

static long migrations_add(__u32 cpu, void *argument)
{
	struct migrations_sum *sum = argument;
	struct stats_migrations *here;

	here = bpf_map_lookup_percpu_elem(&migrations, &sum->reason, cpu);
	if (!here)
		return 1;
	sum->sum.calls += here->calls;
	sum->sum.succeeded += here->succeeded;
	sum->sum.failed += here->failed;
	return 0;
}

SEC("iter/bpf_map_elem")
int table_migrations(struct bpf_iter__bpf_map_elem *context)
{
	struct seq_file *seq = context->meta->seq;
	const __u32 *key = context->key;
	struct migrations_sum sum = {};

	if (is_first(context->meta, key))
		BPF_SEQ_PRINTF(seq, "%-15s %10s %12s %12s\n", "REASON", "CALLS", "SUCCEEDED",
			       "FAILED");
	if (!key || *key >= SEEN_REASONS)
		return 0;
	sum.reason = *key;
	bpf_loop(CPUS_MAX, migrations_add, &sum, 0);
	BPF_SEQ_PRINTF(seq, "%-15s %10llu %12llu %12llu\n",
		       reason_names[sum.reason < SEEN_REASONS ? sum.reason : 0], sum.sum.calls,
		       sum.sum.succeeded, sum.sum.failed);
	return 0;
}

struct flushes_sum {
	__u32 reason;
	__u32 reserved;
	struct stats_flushes sum;
};

static long flushes_add(__u32 cpu, void *argument)
{
	struct flushes_sum *sum = argument;
	struct stats_flushes *here;

	here = bpf_map_lookup_percpu_elem(&tlb_flushes, &sum->reason, cpu);
	if (!here)
		return 1;
	sum->sum.full += here->full;
	sum->sum.partial += here->partial;
	sum->sum.pages += here->pages;
	return 0;
}

SEC("iter/bpf_map_elem")
int table_shootdowns(struct bpf_iter__bpf_map_elem *context)
{
	struct seq_file *seq = context->meta->seq;
	const __u32 *key = context->key;
	struct flushes_sum sum = {};

	if (is_first(context->meta, key))
		BPF_SEQ_PRINTF(seq, "%-15s %12s %12s %12s\n", "REASON", "FULL", "PARTIAL", "PAGES");
	if (!key || *key >= STATS_FLUSH_REASONS)
		return 0;
	sum.reason = *key;
	bpf_loop(CPUS_MAX, flushes_add, &sum, 0);
	BPF_SEQ_PRINTF(seq, "%-15s %12llu %12llu %12llu\n",
		       flush_names[sum.reason < STATS_FLUSH_REASONS ? sum.reason : 0], sum.sum.full,
		       sum.sum.partial, sum.sum.pages);
	return 0;
}
