/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * trace_line.h - the lines of a trace, put together from pieces.
 *
 * A storm makes tens of thousands of them in a second, in the thread that
 * answers everybody: printf() would take most of its time for the same few
 * numbers. What a line says of a process is made once and copied.
 */
#ifndef TIERED_VERBS_TRACE_LINE_H
#define TIERED_VERBS_TRACE_LINE_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/event.h"

#define TRACE_COMM_MAX 17
#define TRACE_CGROUP_MAX 256
/* With the names, all of them escaped. */
#define TRACE_LINE_MAX (512 + 2 * (TRACE_COMM_MAX + TRACE_CGROUP_MAX))

/**
 * struct trace_name - whose memory it is, for people
 * @comm, @cgroup: as they are, to be held against globs
 * @who, @where: pid and comm, and the cgroup, as fields of JSON
 */
struct trace_name {
	uint32_t pid;
	uint64_t cgroup_id;
	char comm[TRACE_COMM_MAX];
	char cgroup[TRACE_CGROUP_MAX];
	char who[64 + 2 * TRACE_COMM_MAX];
	char where[64 + 2 * TRACE_CGROUP_MAX];
};

/* Makes the fields from what comes before them. */
void trace_name_write(struct trace_name *name);

/*
 * The line of a mapping that moved, or of a call, with its newline and without a
 * NUL, into @line of TRACE_LINE_MAX. Returns its length.
 */
size_t trace_line_mapping(char *line, const struct event_folio *event,
			  const struct trace_name *name);
size_t trace_line_call(char *line, const struct event_migration *event,
		       const struct trace_name *name);

#endif
