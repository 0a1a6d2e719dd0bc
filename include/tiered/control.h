/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * control.h - what tieredctl and the daemon say to each other.
 *
 * A stream socket, root and the group `tiered` only. The client sends one
 * request per line, the daemon answers each with one line, in order; both are
 * JSON objects (RFC 8259) in UTF-8:
 *
 *	{"version":1,"verb":"status","args":{}}
 *	{"version":1,"ok":true,"result":{...}}
 *	{"version":1,"ok":false,"code":"not-found","error":"no target has pid 12"}
 *
 * "args" may be missing. An argument that the verb does not know is refused.
 * After a good answer to "trace" only event lines follow, without "version"
 * and "ok", until one side closes.
 *
 * Pages are base pages, times are CLOCK_MONOTONIC nanoseconds, addresses are
 * hexadecimal strings ("0x7f..."), because JSON numbers are doubles to some
 * readers. Rates are log2 of accesses per second in 1/256 octaves. A target
 * is named by its process: "pid", a number. Reasons and results are the names of
 * the lists in tiered/types.h and tiered/stats.h, as in metrics.
 *
 * Verbs, their arguments and results:
 *
 *	status		pid?			"status" below
 *	targets					{"targets":[TARGET...]}
 *	explain		pid, address?		"explain" below
 *	heatmap		pid, columns?		"heatmap" below
 *	plan		limit?			"plan" below
 *	metrics		form?			{"text":"..."}: form is openmetrics, or
 *						prometheus for its older text form
 *	trace		pid?, comm?, cgroup?, reason?, calls?	{}, then event lines
 *	set		key, value		{"key","old","new"}; key is SECTION.NAME
 *	pause, resume	pid?			{"paused":bool} of all, or of one
 *	reload					{}; refused with the first fault of the
 *						conf, the rest is in the log
 *
 * status: {
 *	"daemon": {"version","pid","mode","observe","paused","idle_reason","tracker",
 *		   "policy","uptime_ns"},
 *	"config": {"keys":{"tiered.mode":{"value":"manage","from":"FILE:LINE"}...},
 *		   "targets":{NAME:"FILE:LINE"...}}: as written; from: or "default", "tieredctl set",
 *	"tiers": [{"tier":0,"nodes":[{"node","total_pages","free_pages","reserve_pages",
 *		   "leaving":its memory is going away}]}],
 *	"offline": [numbers of nodes that had a tier and have no memory now],
 *	"limits": [{"rule","targets","fast_pages","fast_min_pages","fast_max_pages" (null: none),
 *		"priority","floor_unmet"}]: [target] sections that have any,
 *	"scheduler": {"state":"on" or why it is off, and while it is on the fields of struct
 *		stats_sched (tiered/sched.h)}, null when it was not asked for,
 *	"last": the last window: {"window","elapsed_ns","observed","accessed","unknown",
 *		"planned","requested","promoted","demoted","stale_targets","marked_targets",
 *		"starved","scan_cpu_ns","migrate_cpu_ns","share_ppm","tracked","coverage_ppm",
 *		"oldest_ns","asleep","asleep_targets","withheld","rivals":[NAME...],
 *		"rival_windows":{NAME:n...},"summary"}, or null. Rivals (tiered/rivals.h) clear
 *		accessed bits as well: withheld pages were seen idle and count as unknown,
 *	"asked": the fields of struct stats_daemon, nested like it,
 *	"seen": {"faults","fault_writes","mappings","mappings_undone","process_overflow",
 *		 "cgroup_overflow","node_pair_overflow",
 *		 "by_reason":{"tiered":{"calls","succeeded","failed"}...},
 *		 "tlb_flushes":{"sent":{"full","partial","pages"}...},
 *		 "flushes_deferred":{"folios","batches","folded","drained"}, null but on a
 *		 kernel that puts flushes of migration off,
 *		 "node_pairs":[{"from","to","moved","pages"}],
 *		 "events":{"exec":{"taken","ring_full","rate_capped"}...},"malformed","missed"},
 *	"processes": [PROCESS...]: the 20 with most moved pages, or that of "pid",
 *	"cgroups": [{"cgroup_id","cgroup","moved",... of struct stats_cgroup}],
 *	"hooks": [{"name","where","purpose","enabled","reason"}]
 * }
 * PROCESS: {"pid","start_ns","comm","cgroup_id","cgroup", and the fields of
 *	struct stats_process, "by_reason" an object with a field for each reason}
 * TARGET: {"pid","start_ns","exec_count","id","comm","rule","uid","resident_pages","paused",
 *	"set_aside": {"why":"blocked"|"failing","left_ns","times"} or null,
 *	"scheduled": {"home_node" (null: none yet),"home_ns","elsewhere_ns"}: how long it ran on its
 *		home and elsewhere; null when the scheduler is off,
 *	"asked": fields of struct stats_target, nested like it, "seen": PROCESS or null}
 *
 * explain: {"pid","comm","window","target":TARGET or null,
 *	"excluded": why it is none, or null,
 *	"page": null without an address, else {"address","mapping":"why it is not watched" or null,
 *		"known":bool,"order","node","tier","rate","bar","observations","shared","fixed",
 *		"rests_windows","last_seen_window",
 *		"last_move": null or {"window","from","to","reason","result","rate","bar"},
 *		"held_by":"word","why":"sentence"},
 *	"regions": [{"start","end","pages","fast_pages","rate"}]: the 10 hottest, without an address}
 *
 * heatmap: {"pid","comm","window","cells":[{"start","end","pages","fast_pages","rate"}]}:
 *	the watched mappings laid end to end and cut into "columns" cells of equal size;
 *	"rate" is that of the mean access rate of the pages known in the cell, null when none is
 *
 * plan: {"window","observe","paused":bool,"moves","pages",
 *	"groups":[{"pid","comm","from","to","reason","moves","pages"}],
 *	"groups_left": pages of the groups that were cut off, 0: none,
 *	"first":[{"pid","address","order","from","to","reason","rate","bar"}],
 *	"cost":{"bytes","ns"},"gain":{"share_ppm_now","share_ppm_then"}}
 *	"ns" is how long the moves would take, waits and the rate limit included.
 *	Of "first" there are "limit", 20 without it or when it is 0.
 *
 * Event lines of a trace:
 *	{"event":"mapping","time_ns","pid","comm","cgroup_id","cgroup","address","order","from",
 *	 "to","reason","ours":bool,"undone":bool}
 *	{"event":"call","time_ns","pid","comm","attributed":bool,"reason","ours","succeeded",
 *	 "failed"}: one call of the kernel's migrate_pages(), where mappings cannot be
 *	 seen, or with "calls"
 *	{"event":"lost","ring_full","rate_capped","client"}: records that never came, since the
 *	 last such line: no room in the ring, held back by the cap, this client too slow
 */
#ifndef TIERED_CONTROL_H
#define TIERED_CONTROL_H

#define TIERED_CONTROL_VERSION 1

/* The daemon's folder, its RuntimeDirectory under systemd. */
#define TIERED_RUN_DIR "/run/tiered"
#define TIERED_CONTROL_SOCKET TIERED_RUN_DIR "/control"

/* The group that may use the socket beside root; it need not exist. */
#define TIERED_CONTROL_GROUP "tiered"

/* A request line, newline included. */
#define TIERED_CONTROL_REQUEST_MAX 4096

/* The longest answer, and what may wait for a slow client. */
#define TIERED_CONTROL_ANSWER_MAX (4 << 20)

/* Values of "code" in refusals. */
#define CONTROL_BAD_REQUEST "bad-request" /* no JSON, no such verb or argument, a bad value */
#define CONTROL_NOT_FOUND "not-found"     /* no such process or target */
#define CONTROL_UNAVAILABLE "unavailable" /* this machine or kernel cannot */
#define CONTROL_BUSY "busy"               /* the worker did not answer in time */
#define CONTROL_REFUSED "refused"         /* the caller may not */
#define CONTROL_FAILED "failed"           /* anything else */

#endif
