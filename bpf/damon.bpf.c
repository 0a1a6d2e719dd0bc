// SPDX-License-Identifier: GPL-2.0-only
/*
 * damon.bpf.c - hands on what DAMON has aggregated, region by region.
 *
 * Only of the one thread that the daemon has started: others' are none of its
 * business. Runs in that thread, a few hundred times per second at most.
 */
#include "common.bpf.h"

#include "tiered/damon_record.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 256 << 10);
} damon_records SEC(".maps");

/* The thread whose regions are wanted, 0: nobody's; and regions for which there was no room. */
volatile __u32 damon_thread;
volatile __u64 damon_lost;

/* Older kernels pass the target itself before its number. */
const volatile __u8 damon_target_first;

/*
 * Where an argument lies must be a constant wherever it is read: the compiler would make one read
 * of those in two branches.
 */
#define ARGUMENT(args, i)                                                                          \
	({                                                                                         \
		__u64 word;                                                                        \
		asm volatile("%0 = *(u64 *)(%1 + %2)" : "=r"(word) : "r"(args), "i"((i)*8));       \
		word;                                                                              \
	})

SEC("raw_tp/damon_aggregated")
int damon_aggregated(struct bpf_raw_tracepoint_args *args)
{
	struct damon_record *record;
	struct damon_region *region;

	if (!damon_thread || damon_thread != (__u32)bpf_get_current_pid_tgid())
		return 0;
	record = bpf_ringbuf_reserve(&damon_records, sizeof(*record), 0);
	if (!record) {
		__sync_fetch_and_add(&damon_lost, 1);
		return 0;
	}
	if (damon_target_first) {
		record->target = ARGUMENT(args, 1);
		region = (void *)ARGUMENT(args, 2);
		record->regions = ARGUMENT(args, 3);
	} else {
		record->target = ARGUMENT(args, 0);
		region = (void *)ARGUMENT(args, 1);
		record->regions = ARGUMENT(args, 2);
	}
	record->start = BPF_CORE_READ(region, ar.start);
	record->end = BPF_CORE_READ(region, ar.end);
	record->accesses = BPF_CORE_READ(region, nr_accesses);
	record->pad = 0;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}
