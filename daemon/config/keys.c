// SPDX-License-Identifier: GPL-2.0-only
/* keys.c - every key of the conf: where it goes, how it is read, what it is by default. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "config/parsers.h"
#include "decide/policy.h"
#include "observe/tracker.h"
#include "observe/young_source.h"
#include "util/clock.h"
#include "util/units.h"

static int parse_mode(const struct config_key *key, const char *value, void *field)
{
	static const char *const words[] = { "manage", "observe" };

	(void)key;
	return parsers_word(value, words, 2, field);
}

static int parse_numa_balancing(const struct config_key *key, const char *value, void *field)
{
	static const char *const words[] = { "leave", "off" };

	(void)key;
	return parsers_word(value, words, 2, field);
}

static int parse_scope(const struct config_key *key, const char *value, void *field)
{
	static const char *const words[] = { "managed", "all" };

	(void)key;
	return parsers_word(value, words, 2, field);
}

static int store_name(const char *name, void *field)
{
	size_t length = strlen(name);

	if (length >= CONFIG_NAME_MAX)
		return -ERANGE;
	memcpy(field, name, length + 1);
	return 0;
}

/* Those for real use only: the stub sees nothing. */
static int parse_tracker(const struct config_key *key, const char *value, void *field)
{
	size_t i, n;
	const struct tracker_ops *const *trackers = tracker_list(&n);

	(void)key;
	if (strcmp(value, "auto") == 0)
		return store_name(value, field);
	for (i = 0; i < n; i++)
		if (strcmp(value, trackers[i]->name) == 0)
			return store_name(value, field);
	return -EINVAL;
}

static int parse_clear(const struct config_key *key, const char *value, void *field)
{
	(void)key;
	return young_clear_known(value) ? store_name(value, field) : -EINVAL;
}

static int parse_operations(const struct config_key *key, const char *value, void *field)
{
	static const char *const words[] = { "vaddr", "paddr" };

	(void)key;
	return parsers_word(value, words, 2, field);
}

static int parse_policy(const struct config_key *key, const char *value, void *field)
{
	(void)key;
	return policy_find(value) ? store_name(value, field) : -EINVAL;
}

static int parse_window(const struct config_key *key, const char *value, void *field)
{
	struct config_window *window = field;

	if (strcmp(value, "auto") == 0) {
		window->ns = 0;
		return 0;
	}
	return parsers_duration(key, value, &window->ns);
}

/* "auto" (0: the loader's choice), or a power of two, as the ring buffer of BPF must be. */
static int parse_ring(const struct config_key *key, const char *value, void *field)
{
	uint64_t bytes;
	int ret;

	if (strcmp(value, "auto") == 0) {
		*(uint64_t *)field = 0;
		return 0;
	}
	ret = parsers_size(key, value, &bytes);
	if (ret < 0)
		return ret;
	if (bytes & (bytes - 1))
		return -EINVAL;
	*(uint64_t *)field = bytes;
	return 0;
}

/* Cuts blanks off both ends. */
static char *strip(char *text)
{
	size_t length;

	text += strspn(text, " \t");
	length = strlen(text);
	while (length && strchr(" \t", text[length - 1]))
		text[--length] = '\0';
	return text;
}

/* "auto", or node lists from fastest to slowest: "0-1 > 2". */
static int parse_tiers(const struct config_key *key, const char *value, void *field)
{
	struct config_tiers tiers = { .count = 0 };
	char text[256], *at = text, *tier;
	uint64_t seen = 0;

	(void)key;
	if (strcmp(value, "auto") == 0) {
		*(struct config_tiers *)field = tiers;
		return 0;
	}
	if (strlen(value) >= sizeof(text))
		return -EINVAL;
	strcpy(text, value);
	while ((tier = strsep(&at, ">"))) {
		uint64_t nodes;

		if (tiers.count == TIERED_NODES_MAX || units_parse_nodes(strip(tier), &nodes) < 0 ||
		    (nodes & seen))
			return -EINVAL;
		seen |= nodes;
		tiers.nodes[tiers.count++] = nodes;
	}
	*(struct config_tiers *)field = tiers;
	return 0;
}

/* "none" (""), or an absolute path. */
static int parse_path(const struct config_key *key, const char *value, void *field)
{
	size_t length = strlen(value);

	(void)key;
	if (strcmp(value, "none") == 0)
		length = 0;
	else if (value[0] != '/' || value[length - 1] == '/')
		return -EINVAL;
	if (length >= CONFIG_PATH_MAX)
		return -ERANGE;
	memcpy(field, value, length);
	((char *)field)[length] = '\0';
	return 0;
}

#define KEY_IN(section, name, parse, field, min, max, expected, standard, doc)                     \
	{                                                                                          \
		section, name, parse, offsetof(struct config, field), min, max, expected,          \
			standard, doc                                                              \
	}
#define KEY(section, name, parse, field, expected, standard, doc)                                  \
	KEY_IN(section, name, parse, field, 0, UINT64_MAX, expected, standard, doc)

/* A shorter window is all marking and reading, and has no time in which pages are accessed. */
#define WINDOW_MIN_NS (10 * NSEC_PER_MSEC)
/* More often, and looking through /proc or writing the log is all that the daemon does. */
#define PERIOD_MIN_NS (100 * NSEC_PER_MSEC)
/* What is longer was meant in another unit. */
#define DURATION_MAX_NS (3600 * NSEC_PER_SEC)
#define EXPECT_WINDOW "a duration from 10ms to 60min such as 200ms or 2s"
#define EXPECT_PERIOD "expected a duration from 100ms to 60min such as 5s"

/* As many as the maps of the BPF programs take (bpf/maps.bpf.h). */
#define TARGETS_LIMIT 16384
/* The loader takes UINT32_MAX for "no cap", and less bits than the conf has. */
#define EVENT_RATE_MAX (UINT32_MAX - 1)

static const struct config_key keys[] = {
	KEY("tiered", "mode", parse_mode, observe, "expected manage or observe", "manage",
	    "manage: move pages. observe: do everything but move."),
	KEY("tiered", "tracker", parse_tracker, tracker, "expected auto, young, idle or damon",
	    "auto",
	    "How hot pages are found: young (accessed bits, read from page tables by BPF),\n"
	    "idle (idle page tracking), damon (regions that DAMON samples); auto takes the\n"
	    "first that works here."),
	KEY("tiered", "policy", parse_policy, policy, "expected heat", "heat",
	    "How it is decided what moves: heat (the rate of accesses to each page)."),
	KEY_IN("tiered", "window", parse_window, window, WINDOW_MIN_NS, DURATION_MAX_NS,
	       "expected auto or " EXPECT_WINDOW, "auto",
	       "How long each window watches. auto follows the load, between the two below, so\n"
	       "that about one and a half times as many pages as the fast tier holds are accessed\n"
	       "in it."),
	KEY_IN("tiered", "window_min", parsers_duration, window_min_ns, WINDOW_MIN_NS,
	       DURATION_MAX_NS, "expected " EXPECT_WINDOW, "200ms",
	       "Shortest window that auto may choose."),
	KEY_IN("tiered", "window_max", parsers_duration, window_max_ns, WINDOW_MIN_NS,
	       DURATION_MAX_NS, "expected " EXPECT_WINDOW, "10s",
	       "Longest window that auto may choose."),
	KEY("tiered", "cpu_max", parsers_percent, cpu_max_ppm,
	    "expected a part of one core such as 1% or 0.5%", "1%",
	    "CPU time for scanning, deciding and events, in parts of one core. Less is scanned\n"
	    "per window when it does not suffice. Migration is bounded by its rate instead."),
	KEY_IN("tiered", "memory_max", parsers_share_positive, memory_max, TIERED_PAGE_SIZE,
	       UINT64_MAX, "expected a share above 0% such as 0.1%, or a size from 4K such as 512M",
	       "0.1%", "Memory for what is known about pages; a share is one of all memory."),
	KEY("tiered", "min_size", parsers_size, min_size, "expected a size such as 64M or 4G",
	    "64M",
	    "Processes with less resident memory are left alone. A [target] may set a size of\n"
	    "its own for those that it chooses."),
	KEY_IN("tiered", "targets_max", parsers_count, targets_max, 1, TARGETS_LIMIT,
	       "expected a number from 1 to 16384", "1024",
	       "Processes managed at a time; the largest come first."),
	KEY_IN("tiered", "sweep", parsers_duration, sweep_ns, PERIOD_MIN_NS, DURATION_MAX_NS,
	       EXPECT_PERIOD, "5s",
	       "How often /proc is looked through for processes that no event told of, and memory\n"
	       "for what is going offline."),
	KEY_IN("tiered", "log_every", parsers_duration, log_every_ns, PERIOD_MIN_NS,
	       DURATION_MAX_NS, EXPECT_PERIOD, "60s",
	       "Least time between two window summaries in the log; --foreground writes them all."),
	KEY("tiered", "numa_balancing", parse_numa_balancing, numa_balancing_off,
	    "expected leave or off", "leave",
	    "off: set kernel.numa_balancing, which moves pages and hides accesses, to 0 while\n"
	    "this daemon tiers; it is put back at the end unless somebody else changed it."),
	KEY("tracker.young", "clear", parse_clear, young_clear,
	    "expected auto, companion, idle or clear_refs", "auto",
	    "How accessed bits are cleared: companion (what was accessed, by PAGEMAP_SCAN of a\n"
	    "kernel with the companion series), idle (page by page, by idle page tracking),\n"
	    "clear_refs (all of a process, by /proc/PID/clear_refs: any kernel has it, page\n"
	    "faults of the process wait meanwhile, and reclaim forgets which pages were\n"
	    "referenced); auto takes the first that works here."),
	KEY_IN("tracker.young", "lock_max", parsers_duration, young_lock_max_ns, NSEC_PER_MSEC,
	       10 * NSEC_PER_SEC, "expected a duration from 1ms to 10s such as 50ms", "50ms",
	       "Longest time that clear_refs may make a process wait at once, by what it took\n"
	       "before. Larger processes (from about 5 GiB on, at first) are not watched; the log\n"
	       "names them."),
	KEY("tracker.young", "lock_share", parsers_percent, young_lock_share_ppm,
	    "expected a part of the time such as 5%", "5%",
	    "Part of the time that clear_refs may make each process wait in all; it is cleared\n"
	    "less often when that is not enough."),
	KEY("tracker.damon", "operations", parse_operations, damon_physical,
	    "expected vaddr or paddr", "vaddr",
	    "What DAMON samples: vaddr (the address spaces of the first 128 targets), paddr (the\n"
	    "memory of all nodes, whoever has it: at the same cost for any number of targets,\n"
	    "and coarser the more memory there is). Of memory with holes paddr watches the first\n"
	    "64 pieces; what is behind is not watched, and the log says how much that is."),
	KEY("tiers", "order", parse_tiers, tiers,
	    "expected auto or node lists from fastest to slowest such as 0-1 > 2", "auto",
	    "Memory nodes from fastest to slowest, such as 0-1 > 2. auto: the kernel's memory\n"
	    "tiers, else HMAT, else node distance."),
	KEY("tiers", "reserve", parsers_share, reserve,
	    "expected a share such as 2% or a size such as 512M", "1%",
	    "Memory of each faster node that stays free on top of its high watermark."),
	KEY("migration", "rate", parsers_rate, rate, "expected a rate such as 500M/s, or unlimited",
	    "500M/s", "Most memory moved per second, both directions together."),
	KEY("bpf", "enable", parsers_bool, bpf, "expected yes or no", "yes",
	    "Watch page faults, migrations, TLB shootdowns and processes with BPF programs."),
	KEY_IN("bpf", "event_rate", parsers_count, event_rate, 1, EVENT_RATE_MAX,
	       "expected a number from 1 to 4294967294", "2000",
	       "Most records per second and CPU; what is above is counted, not sent."),
	KEY_IN("bpf", "ring", parse_ring, ring_bytes, 64 << 10, 1 << 30,
	       "expected auto or a power of two from 64K to 1G", "auto",
	       "Size of the ring buffer between BPF programs and daemon. auto: 64K per CPU, but\n"
	       "at least 2M and at most 16M."),
	KEY("scheduler", "enable", parsers_bool, scheduler, "expected yes or no", "no",
	    "Schedule with sched_ext, so that processes run on the CPUs of the node that holds\n"
	    "most of their hot pages while there is room. See SCHEDULER in tiered(8): when to\n"
	    "use it, and when not."),
	KEY("scheduler", "scope", parse_scope, scheduler_all, "expected managed or all", "managed",
	    "managed: only processes under management, on CPUs that have nothing else to run.\n"
	    "all: every thread that is not of a real-time policy, as one."),
	KEY("scheduler", "narrow", parsers_bool, scheduler_narrow, "expected yes or no", "no",
	    "While pages of a process are being moved, keep its threads on CPUs that hold its\n"
	    "address space, so that fewer are interrupted for TLB shootdowns. An experiment: it\n"
	    "saves next to nothing, and costs these threads most of their turns while it lasts."),
	KEY("metrics", "textfile", parse_path, metrics_path,
	    "expected none or an absolute path such as /run/node-exporter/tiered.prom", "none",
	    "File into which the metrics are written, whole or not at all, for the textfile\n"
	    "collector of node_exporter."),
	KEY_IN("metrics", "every", parsers_duration, metrics_every_ns, PERIOD_MIN_NS,
	       DURATION_MAX_NS, EXPECT_PERIOD, "15s", "How often it is written."),
};

const struct config_key *config_keys(size_t *ret_n)
{
	*ret_n = sizeof(keys) / sizeof(keys[0]);
	return keys;
}

void config_defaults(struct config *config)
{
	size_t i, n;
	const struct config_key *key = config_keys(&n);

	memset(config, 0, sizeof(*config));
	for (i = 0; i < n; i++)
		if (config_set(config, i, key[i].standard, (struct config_place){ 0 }) < 0)
			abort(); /* a default that its own parser refuses: caught by the first test */
}
