// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as a conf: faults are told, within bounds, and nothing else happens. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "config/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config config;

static void check(void *arg, const char *line)
{
	size_t *faults = arg;
	const unsigned char *at;

	(*faults)++;
	assert(strncmp(line, "fuzz:", 5) == 0);
	assert(strstr(line, "expected"));
	/* Left to libinih: a line that ours did not understand as libinih does. */
	assert(!strstr(line, "not INI"));
	for (at = (const unsigned char *)line; *at; at++)
		assert(*at >= ' ' && *at < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t told = 0, faults;

	config_defaults(&config);
	faults = config_parse("fuzz", (const char *)data, size, &config, check, &told);
	assert(faults == told);
	if (faults)
		return 0;
	/* What was taken is within what the rest of the daemon relies on. */
	assert(config_check(&config, check, &told) == told);
	assert(config.memory_max.bytes || config.memory_max.ppm);
	assert(config.memory_max.ppm <= 1000000 && config.reserve.ppm <= 1000000);
	assert(config.window_min_ns && config.window_max_ns && config.sweep_ns);
	assert(config.targets_max && config.event_rate && config.event_rate < UINT32_MAX);
	assert(!(config.ring_bytes & (config.ring_bytes - 1)) && config.ring_bytes <= 1 << 30);
	assert(config.n_rules <= CONFIG_RULES_MAX);
	assert(config.tiers.count <= TIERED_NODES_MAX);
	assert(memchr(config.tracker, '\0', sizeof(config.tracker)));
	return 0;
}
