// SPDX-License-Identifier: GPL-2.0-only
/* metrics_families.c - every metric there is. */
#include "report/metrics_internal.h"

#define DAEMON(field) offsetof(struct stats_daemon, field)
#define TOTALS(field) offsetof(struct stats_totals, field)
#define MIGRATIONS(field) offsetof(struct metrics_migrations, field)
#define FLUSHES(field) offsetof(struct stats_flushes, field)
#define LOSSES(field) offsetof(struct event_losses, field)
#define PAIR(field) offsetof(struct metrics_node_pair, field)
#define NODE(field) offsetof(struct metrics_node, field)
#define TARGET(field) offsetof(struct stats_target, field)
#define KERNEL(name, help)                                                                         \
	{                                                                                          \
		METRICS_KERNEL_PREFIX name, METRICS_COUNTER, "", metrics_write_kernel, 0,          \
			name " of /proc/vmstat: " help                                             \
	}

const struct metrics_family metrics_families[] = {
	{ "tiered_build_info", METRICS_GAUGE, "", metrics_write_version, 0,
	  "Version of the daemon; the value is always 1." },

	/* What the daemon did. */
	{ "tiered_observe", METRICS_GAUGE, "", metrics_write_daemon_u32, DAEMON(observe),
	  "1 when the daemon moves nothing." },
	{ "tiered_paused", METRICS_GAUGE, "", metrics_write_daemon_u32, DAEMON(paused),
	  "1 when the daemon was told to pause." },
	{ "tiered_targets", METRICS_GAUGE, "", metrics_write_daemon, DAEMON(targets),
	  "Processes that are managed." },
	{ "tiered_fast_share_ratio", METRICS_GAUGE, "ratio", metrics_write_daemon_ppm,
	  DAEMON(share_ppm),
	  "Share of accesses that the fastest tier gets, by estimate, in the last window." },
	{ "tiered_coverage_ratio", METRICS_GAUGE, "ratio", metrics_write_daemon_ppm,
	  DAEMON(coverage_ppm),
	  "Part of the tracked pages that was seen in the last window, or is asleep." },
	{ "tiered_tracked_pages", METRICS_GAUGE, "pages", metrics_write_daemon,
	  DAEMON(tracked_pages), "Base pages with a known rate of accesses." },
	{ "tiered_asleep_pages", METRICS_GAUGE, "pages", metrics_write_daemon, DAEMON(asleep_pages),
	  "Base pages known to be idle without a look, as their process did not run." },
	{ "tiered_oldest_observation_seconds", METRICS_GAUGE, "seconds", metrics_write_daemon_ns,
	  DAEMON(oldest_ns),
	  "How long ago the tracked memory was seen that was not seen for longest." },
	{ "tiered_windows", METRICS_COUNTER, "", metrics_write_daemon, DAEMON(windows),
	  "Windows: turns of looking, deciding and moving." },
	{ "tiered_starved_windows", METRICS_COUNTER, "", metrics_write_daemon,
	  DAEMON(starved_windows), "Windows without a look because cpu_max left nothing for it." },
	{ "tiered_stale_windows", METRICS_COUNTER, "", metrics_write_daemon, DAEMON(stale_windows),
	  "Windows of a target whose TLB flush was not confirmed." },
	{ "tiered_scanned_pages", METRICS_COUNTER, "pages", metrics_write_daemon, DAEMON(scanned),
	  "Base pages looked at." },
	{ "tiered_planned_pages", METRICS_COUNTER, "pages", metrics_write_reasons, DAEMON(planned),
	  "Base pages that were decided to move." },
	{ "tiered_requested_pages", METRICS_COUNTER, "pages", metrics_write_daemon,
	  DAEMON(requested), "Base pages asked of move_pages()." },
	{ "tiered_moves", METRICS_COUNTER, "", metrics_write_results, DAEMON(results),
	  "Base pages asked of move_pages() by what became of them." },
	{ "tiered_moved_pages", METRICS_COUNTER, "pages", metrics_write_reasons, DAEMON(moved_for),
	  "Base pages moved by the reason of the plan." },
	{ "tiered_promoted_pages", METRICS_COUNTER, "pages", metrics_write_daemon, DAEMON(promoted),
	  "Base pages moved to a faster tier." },
	{ "tiered_demoted_pages", METRICS_COUNTER, "pages", metrics_write_daemon, DAEMON(demoted),
	  "Base pages moved to a slower tier." },
	{ "tiered_flush_moves", METRICS_COUNTER, "", metrics_write_daemon, DAEMON(flush_moves),
	  "Single pages moved for a TLB flush; not among those requested." },
	{ "tiered_batches", METRICS_COUNTER, "", metrics_write_daemon, DAEMON(batches),
	  "Calls of move_pages() that move." },
	{ "tiered_flush_bound", METRICS_COUNTER, "", metrics_write_daemon, DAEMON(flush_bound),
	  "Most TLB flushes that these calls needed." },
	{ "tiered_scan_cpu_seconds", METRICS_COUNTER, "seconds", metrics_write_daemon_ns,
	  DAEMON(scan_cpu_ns), "CPU time of all but migration, kernel included." },
	{ "tiered_migrate_cpu_seconds", METRICS_COUNTER, "seconds", metrics_write_daemon_ns,
	  DAEMON(migrate_cpu_ns), "CPU time of migration, kernel included." },
	{ "tiered_elapsed_seconds", METRICS_COUNTER, "seconds", metrics_write_daemon_ns,
	  DAEMON(elapsed_ns), "Real time of all windows." },

	{ "tiered_node_size_bytes", METRICS_GAUGE, "bytes", metrics_write_nodes, NODE(total_pages),
	  "Memory of a node." },
	{ "tiered_node_free_bytes", METRICS_GAUGE, "bytes", metrics_write_nodes, NODE(free_pages),
	  "Free memory of a node." },

	/* What the kernel was seen doing, whoever asked for it. */
	{ "tiered_seen_migration_calls", METRICS_COUNTER, "", metrics_write_migrations,
	  MIGRATIONS(calls), "Calls of the kernel's migrate_pages() by who wanted them." },
	{ "tiered_seen_migrated_pages", METRICS_COUNTER, "pages", metrics_write_migrations,
	  MIGRATIONS(succeeded), "Base pages the kernel moved by who wanted that." },
	{ "tiered_seen_unmigrated_pages", METRICS_COUNTER, "pages", metrics_write_migrations,
	  MIGRATIONS(failed), "Base pages the kernel could not move by who wanted that." },
	{ "tiered_seen_moved_mappings", METRICS_COUNTER, "", metrics_write_totals, TOTALS(folios),
	  "Mappings of folios that were moved." },
	{ "tiered_seen_undone_mappings", METRICS_COUNTER, "", metrics_write_totals,
	  TOTALS(folios_undone), "Mappings that were put back where they were." },
	{ "tiered_seen_node_mappings", METRICS_COUNTER, "", metrics_write_pairs, PAIR(moved),
	  "Mappings moved from one node to another." },
	{ "tiered_seen_node_pages", METRICS_COUNTER, "pages", metrics_write_pairs, PAIR(pages),
	  "Base pages of the folios moved from one node to another." },
	{ "tiered_seen_faults", METRICS_COUNTER, "", metrics_write_totals, TOTALS(faults),
	  "Page faults from user mode, of every process." },
	{ "tiered_seen_write_faults", METRICS_COUNTER, "", metrics_write_totals,
	  TOTALS(fault_writes), "Page faults that were writes." },
	{ "tiered_seen_full_tlb_flushes", METRICS_COUNTER, "", metrics_write_flushes, FLUSHES(full),
	  "TLB flushes of everything by reason; sent are those by interrupt." },
	{ "tiered_seen_partial_tlb_flushes", METRICS_COUNTER, "", metrics_write_flushes,
	  FLUSHES(partial), "TLB flushes of single pages by reason." },
	{ "tiered_seen_tlb_flushed_pages", METRICS_COUNTER, "pages", metrics_write_flushes,
	  FLUSHES(pages), "Pages in TLB flushes of single pages." },

	/* What was not seen. */
	{ "tiered_events", METRICS_COUNTER, "", metrics_write_totals, TOTALS(events),
	  "Records put into the ring." },
	{ "tiered_ring_full_events", METRICS_COUNTER, "", metrics_write_losses, LOSSES(ring_full),
	  "Records that found no room in the ring; counters are complete all the same." },
	{ "tiered_rate_capped_events", METRICS_COUNTER, "", metrics_write_losses,
	  LOSSES(rate_capped),
	  "Records that the rate cap held back; counters are complete all the same." },
	{ "tiered_process_overflow", METRICS_COUNTER, "", metrics_write_totals,
	  TOTALS(process_overflow), "Counts that found no room in the map of processes." },

	{ "tiered_target_requested_pages", METRICS_COUNTER, "pages", metrics_write_targets,
	  TARGET(requested), "Base pages of a process asked of move_pages()." },
	{ "tiered_target_promoted_pages", METRICS_COUNTER, "pages", metrics_write_targets,
	  TARGET(promoted), "Base pages of a process moved to a faster tier." },
	{ "tiered_target_demoted_pages", METRICS_COUNTER, "pages", metrics_write_targets,
	  TARGET(demoted), "Base pages of a process moved to a slower tier." },
	{ "tiered_target_faults", METRICS_COUNTER, "", metrics_write_targets, TARGET(faults),
	  "Page faults of a process." },
	{ "tiered_target_shootdowns", METRICS_COUNTER, "", metrics_write_targets,
	  TARGET(shootdowns), "TLB flushes done for a process because another CPU asked." },
	{ "tiered_target_fast_pages", METRICS_GAUGE, "pages", metrics_write_targets,
	  TARGET(fast_pages), "Pages of a process with a known rate in the fastest tier." },
	{ "tiered_target_tracked_pages", METRICS_GAUGE, "pages", metrics_write_targets,
	  TARGET(tracked_pages), "Pages of a process with a known rate." },
	{ "tiered_target_fast_share_ratio", METRICS_GAUGE, "ratio", metrics_write_target_shares,
	  TARGET(share_ppm), "Share of accesses of a process that the fastest tier gets." },

	KERNEL("pgpromote_success", "pages promoted by NUMA balancing."),
	KERNEL("pgpromote_candidate", "pages that NUMA balancing would promote."),
	KERNEL("pgdemote_kswapd", "pages demoted by kswapd."),
	KERNEL("pgdemote_direct", "pages demoted by direct reclaim."),
	KERNEL("pgdemote_khugepaged", "pages demoted by khugepaged."),
	KERNEL("pgdemote_proactive", "pages demoted by proactive reclaim."),
	KERNEL("pgmigrate_success", "pages moved, whoever wanted that."),
	KERNEL("pgmigrate_fail", "pages that could not be moved."),
	KERNEL("numa_pages_migrated", "pages moved by NUMA balancing."),
	KERNEL("nr_tlb_remote_flush", "TLB flushes that sent interrupts."),
	KERNEL("pgscan_anon", "anonymous pages that reclaim looked at."),
	KERNEL("pgscan_file", "pages of files that reclaim looked at."),
	KERNEL("pgrefill", "pages of active lists that reclaim looked at."),
	KERNEL("numa_pte_updates", "page table entries that NUMA balancing took access from."),
	KERNEL("pgmigrate_defer_flush", "folios moved whose TLB flush was put off."),
	KERNEL("migrate_flush_deferred", "batches of moves that sent no TLB flush of their own."),
	KERNEL("migrate_flush_folded", "batches with folios to be flushed at once among them."),
	KERNEL("migrate_flush_drained", "TLB flushes sent for batches that had put theirs off."),
};
const size_t metrics_n_families = sizeof(metrics_families) / sizeof(metrics_families[0]);
