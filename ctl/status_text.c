// SPDX-License-Identifier: GPL-2.0-only
#include "status_text.h"

#include <inttypes.h>
#include <string.h>

#include "answer.h"
#include "format.h"
#include "limits_text.h"
#include "table.h"

/* Lists of names and numbers that are longer than this are cut. */
#define LIST_MAX 160

/* Most bars fit beside their numbers with this. */
#define BAR_WIDTH 32

const char *status_describe_mode(struct json_object *status, char *buffer, size_t size)
{
	const char *idle = answer_text(status, "daemon.idle_reason");
	const char *mode = answer_text(status, "daemon.mode");

	if (*idle)
		snprintf(buffer, size, "idle: %s", TEXT(idle));
	else if (answer_flag(status, "daemon.paused"))
		snprintf(buffer, size, "paused: moves nothing until 'tieredctl resume'");
	else if (answer_flag(status, "daemon.observe"))
		snprintf(buffer, size, "observe: moves nothing");
	else
		snprintf(buffer, size, "%s", *mode ? TEXT(mode) : "?");
	return buffer;
}

const char *status_describe_node(struct json_object *tier, struct json_object *node, char *buffer,
				 size_t size)
{
	/* The bar leaves as much room as the words take. */
	const char *leaving = answer_flag(node, "leaving") ? ", going away" : "";
	uint64_t total = answer_number(node, "total_pages");
	uint64_t unused = answer_number(node, "free_pages");
	uint64_t used = total > unused ? total - unused : 0;
	char bar[BAR_WIDTH + 1];

	snprintf(buffer, size, "tier %-2" PRIu64 " node %-3" PRIu64 " [%s]  %s of %s used%s",
		 answer_number(tier, "tier"), answer_number(node, "node"),
		 format_bar(used, total, BAR_WIDTH - strlen(leaving), bar, sizeof(bar)),
		 PAGES(used), PAGES(total), leaving);
	return buffer;
}

/* Nodes that had a tier. */
static void print_offline(struct json_object *status, FILE *out)
{
	struct json_object *nodes = answer_at(status, "offline");
	size_t i;

	for (i = 0; i < answer_length(nodes); i++)
		fprintf(out, "        node %-3" PRId64 " offline\n",
			json_object_get_int64(answer_element(nodes, i)));
}

void status_print_tiers(struct json_object *status, FILE *out)
{
	struct json_object *tiers = answer_at(status, "tiers");
	size_t i, j;

	for (i = 0; i < answer_length(tiers); i++) {
		struct json_object *tier = answer_element(tiers, i);
		struct json_object *nodes = answer_at(tier, "nodes");

		for (j = 0; j < answer_length(nodes); j++) {
			char line[160];

			status_describe_node(tier, answer_element(nodes, j), line, sizeof(line));
			fprintf(out, "%s\n", line);
		}
	}
	print_offline(status, out);
}

static const char *or_none(const char *name)
{
	return *name ? name : "none";
}

static void print_head(struct json_object *status, FILE *out)
{
	char mode[320];

	fprintf(out, "tiered %s, pid %" PRIu64 ", up %s\n",
		TEXT(answer_text(status, "daemon.version")), answer_number(status, "daemon.pid"),
		SPAN(answer_number(status, "daemon.uptime_ns")));
	fputs("  mode     ", out);
	table_print_text(out, status_describe_mode(status, mode, sizeof(mode)), 11);
	fprintf(out, "  tracker  %s, policy %s, %" PRIu64 " targets\n",
		TEXT(or_none(answer_text(status, "daemon.tracker"))),
		TEXT(or_none(answer_text(status, "daemon.policy"))),
		answer_number(status, "asked.targets"));
	if (*answer_text(status, "scheduler.state")) {
		fputs("  sched    ", out);
		table_print_text(out, TEXT(answer_text(status, "scheduler.state")), 11);
	}
	fputc('\n', out);
}

/* Others who cleared accessed bits; a daemon of before has not told. */
static void print_rivals(struct json_object *last, FILE *out)
{
	struct json_object *rivals = answer_at(last, "rivals");
	size_t i, n = answer_length(rivals);

	if (!n)
		return;
	fputs("  disturbed  by", out);
	for (i = 0; i < n; i++)
		fprintf(out, "%s %s", i ? "," : "",
			TEXT(json_object_get_string(answer_element(rivals, i))));
	fprintf(out, ": %" PRIu64 " pages seen idle count as unknown\n",
		answer_number(last, "withheld"));
}

/* How much of what is known is fresh; a daemon of before has not told. */
static void print_coverage(struct json_object *last, FILE *out)
{
	uint64_t asleep = answer_number(last, "asleep");

	if (!answer_at(last, "coverage_ppm"))
		return;
	fprintf(out, "  coverage   %s of %s pages, the oldest seen %s ago\n",
		PPM(answer_number(last, "coverage_ppm")), COUNT(answer_number(last, "tracked")),
		SPAN(answer_number(last, "oldest_ns")));
	if (asleep)
		fprintf(out, "  asleep     %s pages of %" PRIu64 " processes that do not run\n",
			COUNT(asleep), answer_number(last, "asleep_targets"));
}

static void print_last(struct json_object *status, FILE *out)
{
	struct json_object *last = answer_at(status, "last");
	uint64_t observed = answer_number(last, "observed");

	if (!last) {
		fputs("\nNo window has ended yet.\n", out);
		return;
	}
	fprintf(out,
		"\nLast window: number %" PRIu64 ", %s\n"
		"  hit share  %s of accesses are on the fastest tier, by estimate\n"
		"  looked at  %s pages, %s accessed, %s unknown\n"
		"  stale      %" PRIu64 " of %" PRIu64 " targets%s\n",
		answer_number(last, "window"), SPAN(answer_number(last, "elapsed_ns")),
		PPM(answer_number(last, "share_ppm")), COUNT(observed),
		PPM(format_share(answer_number(last, "accessed"), observed)),
		COUNT(answer_number(last, "unknown")), answer_number(last, "stale_targets"),
		answer_number(last, "marked_targets"),
		answer_flag(last, "starved") ? "; starved: cpu_max left nothing for marks" : "");
	print_coverage(last, out);
	print_rivals(last, out);
}

/* "  name  number  list" with the lists below each other. */
static void print_sum(FILE *out, const char *name, uint64_t sum, const char *list)
{
	int column = fprintf(out, "  %-9s  %10" PRIu64 "%s", name, sum, *list ? "  " : "");

	table_print_list(out, list, (size_t)column);
}

static void print_asked(struct json_object *status, FILE *out)
{
	char list[LIST_MAX];

	fputs("\nAsked of the kernel by the daemon, in pages\n", out);
	print_sum(out, "planned", answer_sum(status, "asked.planned", NULL),
		  answer_list(status, "asked.planned", NULL, list, sizeof(list)));
	print_sum(out, "requested", answer_number(status, "asked.requested"),
		  PAGES(answer_number(status, "asked.requested")));
	snprintf(list, sizeof(list), "promoted %" PRIu64 ", demoted %" PRIu64,
		 answer_number(status, "asked.promoted"), answer_number(status, "asked.demoted"));
	print_sum(out, "moved", answer_number(status, "asked.results.moved"), list);
	print_sum(out, "not moved", answer_sum(status, "asked.results", "moved"),
		  answer_list(status, "asked.results", "moved", list, sizeof(list)));
	if (answer_number(status, "asked.flush_moves"))
		print_sum(out, "for flush", answer_number(status, "asked.flush_moves"),
			  "on top: single pages, moved to flush TLBs");
}

static void print_reasons(struct json_object *status, FILE *out)
{
	static const struct table_column columns[] = {
		{ .title = "reason" },
		{ .title = "calls", .right = true },
		{ .title = "moved", .right = true },
		{ .title = "failed", .right = true },
	};
	struct json_object *reasons = answer_at(status, "seen.by_reason");
	struct table *table = table_new(columns, 4);

	if (!table || !json_object_is_type(reasons, json_type_object)) {
		table_free(table);
		return;
	}
	json_object_object_foreach(reasons, name, value)
	{
		if (!answer_sum(value, "", NULL))
			continue;
		table_add(table, "%s", WORD(name));
		table_add(table, "%" PRIu64, answer_number(value, "calls"));
		table_add(table, "%" PRIu64, answer_number(value, "succeeded"));
		table_add(table, "%" PRIu64, answer_number(value, "failed"));
	}
	table_print(table, out, "  ", TABLE_WIDTH);
	table_free(table);
}

static void print_seen(struct json_object *status, FILE *out)
{
	struct json_object *pairs = answer_at(status, "seen.node_pairs");
	size_t i;

	fputs("\nSeen in the kernel, whoever asked for it, in pages\n", out);
	print_reasons(status, out);
	for (i = 0; i < answer_length(pairs); i++) {
		struct json_object *pair = answer_element(pairs, i);

		fprintf(out, "  node %" PRIu64 " -> %" PRIu64 "  %s (%" PRIu64 " pages)\n",
			answer_number(pair, "from"), answer_number(pair, "to"),
			PAGES(answer_number(pair, "pages")), answer_number(pair, "pages"));
	}
	fprintf(out,
		"  mappings moved %" PRIu64 ", put back %" PRIu64 "; page faults %s, "
		"TLB flushes sent %s\n",
		answer_number(status, "seen.mappings"),
		answer_number(status, "seen.mappings_undone"),
		COUNT(answer_number(status, "seen.faults")),
		COUNT(answer_number(status, "seen.tlb_flushes.sent.full") +
		      answer_number(status, "seen.tlb_flushes.sent.partial")));
	if (answer_at(status, "seen.flushes_deferred"))
		fprintf(out, "  flushes put off %s, sent later %s\n",
			COUNT(answer_number(status, "seen.flushes_deferred.batches")),
			COUNT(answer_number(status, "seen.flushes_deferred.drained")));
}

uint64_t status_describe_losses(struct json_object *status, char *buffer, size_t size)
{
	struct json_object *events = answer_at(status, "seen.events");
	uint64_t all = 0;
	size_t used = 0;

	buffer[0] = '\0';
	if (!json_object_is_type(events, json_type_object))
		return 0;
	json_object_object_foreach(events, name, value)
	{
		uint64_t lost =
			answer_number(value, "ring_full") + answer_number(value, "rate_capped");

		all += lost;
		if (lost && used < size)
			used += (size_t)snprintf(buffer + used, size - used, "%s%s %" PRIu64,
						 used ? ", " : "", WORD(name), lost);
	}
	return all;
}

static void print_hooks(struct json_object *status, FILE *out)
{
	struct json_object *hooks = answer_at(status, "hooks");
	size_t i;

	for (i = 0; i < answer_length(hooks); i++) {
		struct json_object *hook = answer_element(hooks, i);

		if (!answer_flag(hook, "enabled"))
			fprintf(out, "  %s is off (%s): %s\n", TEXT(answer_text(hook, "name")),
				TEXT(answer_text(hook, "purpose")),
				TEXT(answer_text(hook, "reason")));
	}
}

static void print_cost(struct json_object *status, FILE *out)
{
	uint64_t elapsed = answer_number(status, "asked.elapsed_ns");
	char losses[LIST_MAX];
	uint64_t lost = status_describe_losses(status, losses, sizeof(losses));
	uint64_t overflow = answer_number(status, "seen.process_overflow") +
			    answer_number(status, "seen.cgroup_overflow") +
			    answer_number(status, "seen.node_pair_overflow");

	fprintf(out,
		"\nCost, in parts of one core over %s\n"
		"  scan %s, migrate %s; %" PRIu64 " windows, %" PRIu64 " starved, %" PRIu64
		" stale\n",
		SPAN(elapsed),
		PPM(format_share(answer_number(status, "asked.scan_cpu_ns"), elapsed)),
		PPM(format_share(answer_number(status, "asked.migrate_cpu_ns"), elapsed)),
		answer_number(status, "asked.windows"),
		answer_number(status, "asked.starved_windows"),
		answer_number(status, "asked.stale_windows"));
	if (lost)
		fprintf(out, "  events lost %" PRIu64 ": %s (counts are exact all the same)\n",
			lost, losses);
	if (overflow)
		fprintf(out,
			"  counts without room for their process, cgroup or nodes %" PRIu64 "\n",
			overflow);
	if (answer_number(status, "seen.malformed") || answer_number(status, "seen.missed"))
		fprintf(out, "  events malformed %" PRIu64 ", missed %" PRIu64 "\n",
			answer_number(status, "seen.malformed"),
			answer_number(status, "seen.missed"));
	print_hooks(status, out);
}

void status_print_daemon(struct json_object *status, FILE *out)
{
	print_head(status, out);
	status_print_tiers(status, out);
	limits_print(status, out);
	print_last(status, out);
	print_asked(status, out);
	print_seen(status, out);
	print_cost(status, out);
}

void status_print_processes(struct json_object *status, FILE *out)
{
	static const struct table_column columns[] = {
		{ .title = "pid", .right = true },
		{ .title = "comm", .at_least = 8 },
		{ .title = "pages", .right = true },
		{ .title = "undone", .right = true },
		{ .title = "pages by reason", .at_least = 20 },
	};
	struct json_object *processes = answer_at(status, "processes");
	struct table *table = table_new(columns, 5);
	size_t i;

	if (!table)
		return;
	fputs(answer_length(processes)
		      ? "\nProcesses with most moved pages, as seen in the kernel\n"
		      : "\nNo process was seen to have pages moved.\n",
	      out);
	for (i = 0; i < answer_length(processes); i++) {
		struct json_object *process = answer_element(processes, i);
		char list[LIST_MAX];

		table_add(table, "%" PRIu64, answer_number(process, "pid"));
		table_add(table, "%s", TEXT(answer_text(process, "comm")));
		table_add(table, "%" PRIu64, answer_number(process, "moved_pages"));
		table_add(table, "%" PRIu64, answer_number(process, "undone"));
		table_add(table, "%s", answer_list(process, "by_reason", NULL, list, sizeof(list)));
	}
	if (answer_length(processes))
		table_print(table, out, "  ", TABLE_WIDTH);
	table_free(table);
}

void status_print_cgroups(struct json_object *status, FILE *out)
{
	static const struct table_column columns[] = {
		{ .title = "cgroup", .at_least = 12, .keep_tail = true },
		{ .title = "pages", .right = true },
		{ .title = "promoted", .right = true },
		{ .title = "demoted", .right = true },
		{ .title = "undone", .right = true },
	};
	struct json_object *cgroups = answer_at(status, "cgroups");
	struct table *table = table_new(columns, 5);
	size_t i;

	if (!table || !answer_length(cgroups)) {
		table_free(table);
		return;
	}
	fputs("\nCgroups, in moved pages as seen in the kernel\n", out);
	for (i = 0; i < answer_length(cgroups); i++) {
		struct json_object *cgroup = answer_element(cgroups, i);
		const char *path = answer_text(cgroup, "cgroup");

		if (*path)
			table_add(table, "%s", TEXT(path));
		else
			table_add(table, "id %" PRIu64, answer_number(cgroup, "cgroup_id"));
		table_add(table, "%" PRIu64, answer_number(cgroup, "moved_pages"));
		table_add(table, "%" PRIu64, answer_number(cgroup, "promoted_pages"));
		table_add(table, "%" PRIu64, answer_number(cgroup, "demoted_pages"));
		table_add(table, "%" PRIu64, answer_number(cgroup, "undone"));
	}
	table_print(table, out, "  ", TABLE_WIDTH);
	table_free(table);
}

void status_print_process(struct json_object *process, FILE *out)
{
	char list[LIST_MAX];

	fprintf(out, "%s, pid %" PRIu64 ", as seen in the kernel\n  cgroup      %s\n",
		TEXT(answer_text(process, "comm")), answer_number(process, "pid"),
		TEXT(answer_text(process, "cgroup")));
	fprintf(out,
		"  moved       %" PRIu64 " pages in %" PRIu64 " mappings\n"
		"  promoted    %" PRIu64 " pages\n"
		"  demoted     %" PRIu64 " pages\n"
		"  put back    %" PRIu64 " mappings\n"
		"  interrupts  %" PRIu64 " for TLB flushes\n"
		"  by reason   ",
		answer_number(process, "moved_pages"), answer_number(process, "moved"),
		answer_number(process, "promoted_pages"), answer_number(process, "demoted_pages"),
		answer_number(process, "undone"), answer_number(process, "interrupts"));
	table_print_list(out, answer_list(process, "by_reason", NULL, list, sizeof(list)), 14);
}
