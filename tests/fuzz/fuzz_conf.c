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
	for (at = (const unsigned char *)line; *at; at++)
		assert(*at >= ' ' && *at < 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t told = 0, faults;

	config_defaults(&config);
	faults = config_parse("fuzz", (const char *)data, size, &config, check, &told);
	assert(faults == told);
	assert(config.n_rules <= CONFIG_RULES_MAX);
	assert(config.tiers.count <= TIERED_NODES_MAX);
	assert(memchr(config.tracker, '\0', sizeof(config.tracker)));
	return 0;
}
