# SPDX-License-Identifier: GPL-2.0-only
# What the views of the daemon say, each in the same words, to be laid side by
# side: "_map" is of `bpftool -j map dump`, "_told" of tieredctl's JSON, "_rows"
# are lines as the tables for cat(1) have them, with one blank between.

# One line for each number and text: its path, and what it is.
def flat: [paths(type != "object" and type != "array") as $p
	| ($p | map(tostring) | join(".")) + " " + (getpath($p) | tostring)] | sort | .[];

def daemon_map: .[0].formatted.value;
def asked_map: daemon_map | del(.pid, .observe, .paused, .reserved, .results.pending);

def targets_map: map(.formatted | { pid: .key.tgid, start_ns: .key.start_ns,
	exec_count: .key.exec_count, id: .value.id, comm: .value.comm,
	asked: (.value | del(.comm, .id, .rule, .results.pending)) }) | sort_by(.pid);
def targets_told: .targets | map({ pid, start_ns, exec_count, id, comm, asked }) | sort_by(.pid);

def every_process_map: map(.formatted | { pid: .key.tgid, start_ns: .key.start_ns } + .value);
def processes_map: every_process_map | map(select(.moved + .undone > 0)) | sort_by(.pid);
def processes_told: .processes | map(del(.cgroup)) | sort_by(.pid);
def targets_seen: [.targets[].seen | select(. != null) | del(.cgroup)
	| select(.moved + .undone > 0)] | sort_by(.pid);

def cgroups_map: map({ cgroup_id: .formatted.key } + .formatted.value) | sort_by(.cgroup_id);
def cgroups_told: .cgroups | map(del(.cgroup)) | sort_by(.cgroup_id);

def pairs_map: map(.formatted.key + .formatted.value) | sort_by(.from, .to);
def pairs_told: .seen.node_pairs | sort_by(.from, .to);

# Entries of a per-CPU array, each the sum over all CPUs.
def sums: sort_by(.formatted.key) | map([.formatted.values[].value | to_entries[]]
	| group_by(.key) | map({ key: .[0].key, value: (map(.value) | add) }) | from_entries);
def totals_map: sums[0] | { mappings: .folios, mappings_undone: .folios_undone, process_overflow };
def totals_told: .seen | { mappings, mappings_undone, process_overflow };
def listed($names): . as $list | reduce range($names | length) as $i ({}; .[$names[$i]] = $list[$i]);
def reasons: ["tiered", "syscall", "mbind", "numa_balancing", "demotion", "compaction", "damon",
	"hotplug", "memory_failure", "contig_range", "longterm_pin", "unknown"];
def kinds: ["exec", "exit", "fork", "faults", "migration", "folio", "shootdowns"];
def flush_reasons: ["task_switch", "received", "local", "local_mm", "sent", "wrong_cpu", "reason_6",
	"other"];
def migrations_map: sums | listed(reasons);
def losses_map: sums[1:] | listed(kinds) | map_values({ ring_full, rate_capped });
def losses_told: .seen.events | map_values({ ring_full, rate_capped });
def flushes_map: sums | listed(flush_reasons);
def flushes_told: .seen.tlb_flushes;

# The three reasons with most pages; of two with as many, the later one first.
def reasons_text: to_entries | [range(length) as $i | .[$i] + { at: $i }]
	| map(select(.value > 0)) | sort_by(.value, .at) | reverse | .[:3]
	| map("\(.key):\(.value)") | join(",");
def processes_rows: every_process_map | map("\(.pid) \(.comm) \(.cgroup_id) \(.moved)"
	+ " \(.moved_pages) \(.promoted_pages) \(.demoted_pages) \(.undone) \(.interrupts)"
	+ (.by_reason | reasons_text | if . == "" then "" else " " + . end)) | sort | .[];
def migrations_rows: migrations_map | to_entries[]
	| "\(.key) \(.value.calls) \(.value.succeeded) \(.value.failed)";

# A number of so many millionths, or nanoseconds, as metrics have it.
def fraction($digits): tostring | (("0" * ($digits + 1 - length)) + .)
	| .[:length - $digits] + "." + .[length - $digits:];
def flag: if . then 1 else 0 end;

def daemon_metrics: .asked as $asked | .daemon as $daemon
	| "observe \($daemon.observe | flag)", "paused \($daemon.paused | flag)",
	"targets \($asked.targets)", "fast_share_ratio \($asked.share_ppm | fraction(6))",
	"coverage_ratio \($asked.coverage_ppm | fraction(6))",
	"tracked_pages \($asked.tracked_pages)", "asleep_pages \($asked.asleep_pages)",
	"oldest_observation_seconds \($asked.oldest_ns | fraction(9))",
	({ windows: "windows", starved_windows: "starved_windows", stale_windows: "stale_windows",
		scanned: "scanned_pages", requested: "requested_pages", promoted: "promoted_pages",
		demoted: "demoted_pages", flush_moves: "flush_moves", batches: "batches",
		flush_bound: "flush_bound" } | to_entries[] | "\(.value)_total \($asked[.key])"),
	({ scan_cpu_ns: "scan_cpu", migrate_cpu_ns: "migrate_cpu", elapsed_ns: "elapsed" }
		| to_entries[] | "\(.value)_seconds_total \($asked[.key] | fraction(9))"),
	({ planned: "planned_pages", moved_for: "moved_pages" } | to_entries[]
		| .value as $name | $asked[.key] | to_entries[]
		| "\($name)_total{reason=\"\(.key)\"} \(.value)"),
	($asked.results | to_entries[] | "moves_total{result=\"\(.key)\"} \(.value)");
def seen_metrics: .seen as $seen
	| "seen_moved_mappings_total \($seen.mappings)",
	"seen_undone_mappings_total \($seen.mappings_undone)",
	"process_overflow_total \($seen.process_overflow)",
	({ calls: "migration_calls", succeeded: "migrated_pages", failed: "unmigrated_pages" }
		| to_entries[] | . as $field | $seen.by_reason | to_entries[]
		| "seen_\($field.value)_total{reason=\"\(.key)\"} \(.value[$field.key])"),
	($seen.node_pairs[] | "{from=\"\(.from)\",to=\"\(.to)\"}" as $labels
		| "seen_node_mappings_total\($labels) \(.moved)",
		"seen_node_pages_total\($labels) \(.pages)"),
	($seen.events | to_entries[] | "{kind=\"\(.key)\"}" as $labels
		| "ring_full_events_total\($labels) \(.value.ring_full)",
		"rate_capped_events_total\($labels) \(.value.rate_capped)");
def target_metrics: .targets[] | .asked as $asked
	| "{pid=\"\(.pid)\",comm=\"\(.comm)\"}" as $labels
	| ({ requested: "requested_pages", promoted: "promoted_pages", demoted: "demoted_pages",
		faults: "faults", shootdowns: "shootdowns" } | to_entries[]
		| "target_\(.value)_total\($labels) \($asked[.key])"),
	("fast_pages", "tracked_pages" | "target_\(.)\($labels) \($asked[.])"),
	"target_fast_share_ratio\($labels) \($asked.share_ppm | fraction(6))";
# The metrics that stand still while the daemon is paused, from both.
def metrics($status; $targets): [$status | daemon_metrics, seen_metrics]
	+ [$targets | target_metrics] | map("tiered_" + .) | sort | .[];

# Does the ledger add up?
def sum: add // 0;
def books: { requested: ([.results[]] | sum), moved: ([.moved_for[]] | sum),
	directions: (.promoted + .demoted) };
