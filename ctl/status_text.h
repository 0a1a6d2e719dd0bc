/* SPDX-License-Identifier: GPL-2.0-only */
/* status_text.h - the answer to "status" as text of at most 80 columns. */
#ifndef TIERED_CTL_STATUS_TEXT_H
#define TIERED_CTL_STATUS_TEXT_H

#include <json-c/json.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Everything but processes and cgroups. */
void status_print_daemon(struct json_object *status, FILE *out);

/* The processes with most moved pages. */
void status_print_processes(struct json_object *status, FILE *out);

/* What moved by cgroup. */
void status_print_cgroups(struct json_object *status, FILE *out);

/* One PROCESS in full. */
void status_print_process(struct json_object *process, FILE *out);

/* "manage", "observe: moves nothing", "paused", "idle: WHY"; returns @buffer. */
const char *status_describe_mode(struct json_object *status, char *buffer, size_t size);

/* "tier 0 node 1  [####....]  1.0 GiB of 4.0 GiB used"; returns @buffer. */
const char *status_describe_node(struct json_object *tier, struct json_object *node, char *buffer,
				 size_t size);

/* One such line for each node. */
void status_print_tiers(struct json_object *status, FILE *out);

/* "exec 12, faults 3": events that never came, 12 in all; @buffer is "" when all did. */
uint64_t status_describe_losses(struct json_object *status, char *buffer, size_t size);

#endif
