/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * config.h - tiered.conf: an INI file, its table of keys, and the defaults.
 *
 * The table is the one truth: the parser, --print-defaults, the shipped
 * tiered.conf and the manual are made from it or held against it by tests.
 */
#ifndef TIERED_CONFIG_H
#define TIERED_CONFIG_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "observe/targets.h"
#include "tiered/types.h"
#include "util/units.h"

#define CONFIG_NAME_MAX 32
/* libinih's lines are not longer. */
#define CONFIG_PATH_MAX 192
#define CONFIG_RULES_MAX 128
/* A conf larger than this is not a conf. */
#define CONFIG_BYTES_MAX (1 << 20)

/* Tiers from fastest to slowest as node masks; count 0: as the kernel says. */
struct config_tiers {
	uint64_t nodes[TIERED_NODES_MAX];
	size_t count;
};

/* A fixed length, or 0: chosen by the daemon. */
struct config_window {
	uint64_t ns;
};

/* Keys of one table; a test holds them to it. */
#define CONFIG_KEYS_MAX 64
/* The conf and its drop-ins. */
#define CONFIG_FILES_MAX 64
/* Of a longer path, the end is shown. */
#define CONFIG_FILE_SHOWN 256
/* A value as it is written: no longer than a line of libinih, and its NUL. */
#define CONFIG_VALUE_MAX 200

/* @file as of config.files, from 1 on; 0: no file, the default holds. */
struct config_place {
	unsigned int file;
	unsigned int line;
};

/* In place of the number of a file: set while the daemon runs. */
#define CONFIG_PLACE_SET UINT_MAX

struct config {
	/* [tiered] */
	int observe; /* mode = observe */
	char tracker[CONFIG_NAME_MAX];
	char policy[CONFIG_NAME_MAX];
	struct config_window window;
	uint64_t window_min_ns;
	uint64_t window_max_ns;
	unsigned int cpu_max_ppm; /* of one core */
	struct units_share memory_max;
	uint64_t min_size;
	uint64_t targets_max;
	uint64_t sweep_ns;
	uint64_t log_every_ns;
	int numa_balancing_off;
	/* [tracker.young] */
	char young_clear[CONFIG_NAME_MAX];
	uint64_t young_lock_max_ns;
	unsigned int young_lock_share_ppm; /* of time */
	/* [tracker.damon] */
	int damon_physical;
	/* [tiers] */
	struct config_tiers tiers;
	struct units_share reserve;
	/* [migration] */
	uint64_t rate; /* bytes per second, 0: unlimited */
	/* [bpf] */
	int bpf;
	uint64_t event_rate; /* records per second and CPU */
	uint64_t ring_bytes; /* 0: chosen by the loader */
	/* [scheduler] */
	int scheduler;
	int scheduler_all; /* scope = all */
	int scheduler_narrow;
	/* [metrics] */
	char metrics_path[CONFIG_PATH_MAX]; /* "": none */
	uint64_t metrics_every_ns;
	/* [target NAME] */
	struct target_rule rules[CONFIG_RULES_MAX];
	size_t n_rules;
	/* who set what: of keys in the order of config_keys(), and of rules */
	char files[CONFIG_FILES_MAX][CONFIG_FILE_SHOWN];
	size_t n_files;
	char values[CONFIG_KEYS_MAX][CONFIG_VALUE_MAX];
	struct config_place places[CONFIG_KEYS_MAX];
	struct config_place rule_places[CONFIG_RULES_MAX];
};

/**
 * typedef config_fault_fn - receives one line per fault: "file:line: what; expected what"
 */
typedef void config_fault_fn(void *arg, const char *line);

/**
 * struct config_key - one row of the table
 * @parse: reads @value into @field; 0 or -errno (then @field is untouched)
 * @min: least number that is taken, in the unit of the field
 * @max: most
 * @expected: what a good value looks like, ends "expected ..."
 * @standard: the default, as it is written in the conf
 * @doc: lines of the comment above it
 */
struct config_key {
	const char *section;
	const char *name;
	int (*parse)(const struct config_key *key, const char *value, void *field);
	size_t offset;
	uint64_t min;
	uint64_t max;
	const char *expected;
	const char *standard;
	const char *doc;
};

/* The table; @ret_n rows, those of one section together. */
const struct config_key *config_keys(size_t *ret_n);

/* Rows of [target NAME] sections; offsets are into struct target_rule. */
const struct config_key *config_target_keys(size_t *ret_n);

/* Sets every key to its default. */
void config_defaults(struct config *config);

/*
 * Parses @size bytes of text, on top of what @config holds. Returns how many
 * faults were told to @fault; with any, @config is not to be used.
 */
size_t config_parse(const char *name, const char *text, size_t size, struct config *config,
		    config_fault_fn *fault, void *arg);

/*
 * What no single key shows, and no single file: to be asked when all files are
 * parsed without a fault. Returns how many were told to @fault.
 */
size_t config_check(const struct config *config, config_fault_fn *fault, void *arg);

/*
 * Reads @path, then its drop-ins (PATH.d/, files ending in .conf, by name) and
 * holds the whole to config_check(). For root, nobody else may be able to write
 * to any of them. Returns the number of faults, or -errno when @path itself
 * cannot be read. @ret_config is untouched unless the return
 * is 0.
 */
int config_load(const char *path, struct config *ret_config, config_fault_fn *fault, void *arg);

/*
 * As config_load(), but a @path that does not exist is an empty file: the
 * drop-ins are read on top of the defaults. For the path that nobody named.
 */
int config_load_optional(const char *path, struct config *ret_config, config_fault_fn *fault,
			 void *arg);

/*
 * Sets the key at @at of config_keys(), and notes what was written and where;
 * 0 or -errno, then nothing has changed.
 */
int config_set(struct config *config, size_t at, const char *value, struct config_place place);

/* Index of a key in config_keys(), or their number when there is none of that name. */
size_t config_find(const char *section, const char *name);

/* Notes a file; its number, or 0 when there are too many. */
unsigned int config_add_file(struct config *config, const char *path);

/* "FILE:LINE", "default" or "tieredctl set"; returns @buffer. */
const char *config_place(const struct config *config, struct config_place place, char *buffer,
			 size_t size);

/* Writes the conf with every default as a comment: the shipped tiered.conf. */
void config_print_defaults(FILE *out);

#endif
