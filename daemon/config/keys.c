// SPDX-License-Identifier: GPL-2.0-only
/* keys.c - every key of the conf: where it goes, how it is read, what it is by default. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "util/units.h"

static int parse_mode(const char *value, void *field)
{
	if (strcmp(value, "manage") != 0 && strcmp(value, "observe") != 0)
		return -EINVAL;
	*(int *)field = strcmp(value, "observe") == 0;
	return 0;
}

static int parse_name(const char *value, void *field)
{
	size_t length = strlen(value);

	if (!length || length >= CONFIG_NAME_MAX ||
	    strspn(value, "abcdefghijklmnopqrstuvwxyz0123456789_-") != length)
		return -EINVAL;
	memcpy(field, value, length + 1);
	return 0;
}

static int parse_duration(const char *value, void *field)
{
	uint64_t ns;
	int ret = units_parse_duration(value, &ns);

	if (ret < 0)
		return ret;
	if (!ns)
		return -EINVAL;
	*(uint64_t *)field = ns;
	return 0;
}

static int parse_window(const char *value, void *field)
{
	struct config_window *window = field;

	if (strcmp(value, "auto") == 0) {
		window->ns = 0;
		return 0;
	}
	return parse_duration(value, &window->ns);
}

static int parse_percent(const char *value, void *field)
{
	unsigned int ppm;
	int ret = units_parse_percent(value, &ppm);

	if (ret < 0)
		return ret;
	if (!ppm)
		return -EINVAL;
	*(unsigned int *)field = ppm;
	return 0;
}

static int parse_share(const char *value, void *field)
{
	struct config_share *share = field;

	return units_parse_share(value, &share->bytes, &share->permille);
}

static int parse_size(const char *value, void *field)
{
	return units_parse_size(value, field);
}

static int parse_rate(const char *value, void *field)
{
	return units_parse_rate(value, field);
}

static int parse_bool(const char *value, void *field)
{
	return units_parse_bool(value, field);
}

static int parse_count(const char *value, void *field)
{
	uint64_t count;

	if (strspn(value, "0123456789") != strlen(value) || units_parse_size(value, &count) < 0 ||
	    !count)
		return -EINVAL;
	*(uint64_t *)field = count;
	return 0;
}

/* A power of two, as the ring buffer of BPF must be. */
static int parse_ring(const char *value, void *field)
{
	uint64_t bytes;
	int ret = units_parse_size(value, &bytes);

	if (ret < 0)
		return ret;
	if (bytes < 64 * 1024 || bytes > 1ULL << 30 || (bytes & (bytes - 1)))
		return -EINVAL;
	*(uint64_t *)field = bytes;
	return 0;
}

/* "auto", or node lists from fastest to slowest: "0-1 > 2". */
static int parse_tiers(const char *value, void *field)
{
	struct config_tiers tiers = { .count = 0 };
	char text[256], *at = text, *tier;
	uint64_t seen = 0;

	if (strcmp(value, "auto") == 0) {
		*(struct config_tiers *)field = tiers;
		return 0;
	}
	if (strlen(value) >= sizeof(text))
		return -EINVAL;
	strcpy(text, value);
	while ((tier = strsep(&at, ">"))) {
		uint64_t nodes;

		tier += strspn(tier, " \t");
		tier[strcspn(tier, " \t")] = '\0';
		if (tiers.count == TIERED_NODES_MAX || units_parse_nodes(tier, &nodes) < 0 ||
		    (nodes & seen))
			return -EINVAL;
		seen |= nodes;
		tiers.nodes[tiers.count++] = nodes;
	}
	*(struct config_tiers *)field = tiers;
	return 0;
}

#define KEY(section, name, parse, field, expected, standard, doc)                                  \
	{                                                                                          \
		section, name, parse, offsetof(struct config, field), expected, standard, doc      \
	}

#define EXPECT_DURATION "expected a duration such as 200ms, 2s or 5min"
#define EXPECT_SIZE "expected a size such as 64M or 4G"
#define EXPECT_SHARE "expected a share such as 2% or a size such as 512M"

static const struct config_key keys[] = {
	KEY("tiered", "mode", parse_mode, observe, "expected manage or observe", "manage",
	    "manage: move pages. observe: do everything but move."),
	KEY("tiered", "tracker", parse_name, tracker, "expected auto or the name of a tracker",
	    "auto", "How hot pages are found; auto takes the first that works here."),
	KEY("tiered", "policy", parse_name, policy, "expected the name of a policy", "heat",
	    "How it is decided what moves."),
	KEY("tiered", "window", parse_window, window, "expected auto or a duration such as 2s",
	    "auto",
	    "How long each window watches. auto follows the load, between the two below, so\n"
	    "that about one and a half times as many pages as the fast tier holds are accessed\n"
	    "in it."),
	KEY("tiered", "window_min", parse_duration, window_min_ns, EXPECT_DURATION, "200ms",
	    "Shortest window that auto may choose."),
	KEY("tiered", "window_max", parse_duration, window_max_ns, EXPECT_DURATION, "10s",
	    "Longest window that auto may choose."),
	KEY("tiered", "cpu_max", parse_percent, cpu_max_ppm,
	    "expected a part of one core such as 1% or 0.5%", "1%",
	    "CPU time for scanning, deciding and events, in parts of one core. Less is scanned\n"
	    "per window when it does not suffice. Migration is bounded by its rate instead."),
	KEY("tiered", "memory_max", parse_share, memory_max, EXPECT_SHARE, "0.1%",
	    "Memory for what is known about pages; a share is one of all memory."),
	KEY("tiered", "min_size", parse_size, min_size, EXPECT_SIZE, "64M",
	    "Processes with less resident memory are left alone, unless a [target] names them."),
	KEY("tiered", "targets_max", parse_count, targets_max, "expected a number above 0", "1024",
	    "Processes managed at a time; the largest come first."),
	KEY("tiered", "sweep", parse_duration, sweep_ns, EXPECT_DURATION, "5s",
	    "How often /proc is looked through for processes that no event told of."),
	KEY("tiered", "log_every", parse_duration, log_every_ns, EXPECT_DURATION, "60s",
	    "Least time between two window summaries in the log; --foreground writes them all."),
	KEY("tiers", "order", parse_tiers, tiers,
	    "expected auto or node lists from fastest to slowest such as 0-1 > 2", "auto",
	    "Memory nodes from fastest to slowest, such as 0-1 > 2. auto: the kernel's memory\n"
	    "tiers, else HMAT, else node distance."),
	KEY("tiers", "reserve", parse_share, reserve, EXPECT_SHARE, "1%",
	    "Memory of each faster node that stays free on top of its high watermark."),
	KEY("migration", "rate", parse_rate, rate, "expected a rate such as 500M/s, or unlimited",
	    "500M/s", "Most memory moved per second, both directions together."),
	KEY("bpf", "enable", parse_bool, bpf, "expected yes or no", "yes",
	    "Watch page faults, migrations, TLB shootdowns and processes with BPF programs."),
	KEY("bpf", "event_rate", parse_count, event_rate, "expected a number above 0", "2000",
	    "Most records per second and CPU; what is above is counted, not sent."),
	KEY("bpf", "ring", parse_ring, ring_bytes, "expected a power of two from 64K to 1G", "1M",
	    "Size of the ring buffer between BPF programs and daemon."),
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
		if (key[i].parse(key[i].standard, (char *)config + key[i].offset) < 0)
			abort(); /* a default that its own parser refuses: caught by the first test */
}
