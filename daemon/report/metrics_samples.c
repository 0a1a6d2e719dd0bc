// SPDX-License-Identifier: GPL-2.0-only
/* metrics_samples.c - where the numbers of the families come from, and their labels. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "report/metrics_internal.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A node or a process id in decimal. */
#define ID_SIZE 16

static const char *const seen_names[] = { SEEN_REASON_LIST(TIERED_LIST_NAME) };

static const char *const result_names[] = { MOVE_RESULT_LIST(TIERED_LIST_NAME) };

static const char *const move_names[] = { MOVE_REASON_LIST(TIERED_LIST_NAME) };

static const char *const event_names[] = { EVENT_KIND_LIST(EVENT_LIST_NAME) };

static const char *const flush_names[] = { FLUSH_REASON_LIST(TIERED_LIST_NAME) };

static uint64_t field_u64(const void *base, size_t offset)
{
	uint64_t value;

	memcpy(&value, (const char *)base + offset, sizeof(value));
	return value;
}

static uint32_t field_u32(const void *base, size_t offset)
{
	uint32_t value;

	memcpy(&value, (const char *)base + offset, sizeof(value));
	return value;
}

void metrics_write_version(struct metrics_writer *writer, size_t offset)
{
	const struct metrics_label label = { "version", writer->input->version };

	(void)offset;
	if (label.value)
		metrics_sample(writer, &label, 1, 1);
}

void metrics_write_daemon(struct metrics_writer *writer, size_t offset)
{
	if (writer->input->daemon)
		metrics_sample(writer, NULL, 0, field_u64(writer->input->daemon, offset));
}

void metrics_write_daemon_u32(struct metrics_writer *writer, size_t offset)
{
	if (writer->input->daemon)
		metrics_sample(writer, NULL, 0, field_u32(writer->input->daemon, offset));
}

void metrics_write_daemon_ppm(struct metrics_writer *writer, size_t offset)
{
	if (writer->input->daemon)
		metrics_fraction(writer, NULL, 0, field_u32(writer->input->daemon, offset),
				 1000000);
}

void metrics_write_daemon_ns(struct metrics_writer *writer, size_t offset)
{
	if (writer->input->daemon)
		metrics_fraction(writer, NULL, 0, field_u64(writer->input->daemon, offset),
				 1000000000);
}

/* A row of numbers, one for each name. */
static void write_named(struct metrics_writer *writer, const void *base, size_t offset, size_t step,
			const char *label_name, const char *const *names, size_t n)
{
	struct metrics_label label = { .name = label_name };
	size_t i;

	for (i = 0; base && i < n; i++) {
		label.value = names[i];
		if (names[i])
			metrics_sample(writer, &label, 1, field_u64(base, offset + i * step));
	}
}

/* Without `pending`, the first, which is never asked for. */
void metrics_write_results(struct metrics_writer *writer, size_t offset)
{
	write_named(writer, writer->input->daemon, offset + sizeof(uint64_t), sizeof(uint64_t),
		    "result", result_names + 1, MOVE_RESULTS - 1);
}

void metrics_write_reasons(struct metrics_writer *writer, size_t offset)
{
	write_named(writer, writer->input->daemon, offset, sizeof(uint64_t), "reason", move_names,
		    MOVE_REASONS);
}

void metrics_write_migrations(struct metrics_writer *writer, size_t offset)
{
	write_named(writer, writer->input->migrations, offset, sizeof(struct metrics_migrations),
		    "reason", seen_names, SEEN_REASONS);
}

void metrics_write_flushes(struct metrics_writer *writer, size_t offset)
{
	write_named(writer, writer->input->flushes, offset, sizeof(struct stats_flushes), "reason",
		    flush_names, STATS_FLUSH_REASONS);
}

void metrics_write_losses(struct metrics_writer *writer, size_t offset)
{
	write_named(writer, writer->input->losses, offset, sizeof(struct event_losses), "kind",
		    event_names, EVENT_KINDS);
}

void metrics_write_totals(struct metrics_writer *writer, size_t offset)
{
	if (writer->input->totals)
		metrics_sample(writer, NULL, 0, field_u64(writer->input->totals, offset));
}

void metrics_write_pairs(struct metrics_writer *writer, size_t offset)
{
	const struct metrics_input *input = writer->input;
	char from[ID_SIZE], to[ID_SIZE];
	const struct metrics_label labels[] = { { "from", from }, { "to", to } };
	size_t i;

	for (i = 0; i < input->n_pairs; i++) {
		snprintf(from, sizeof(from), "%u", input->pairs[i].from);
		snprintf(to, sizeof(to), "%u", input->pairs[i].to);
		metrics_sample(writer, labels, 2, field_u64(&input->pairs[i], offset));
	}
}

void metrics_write_nodes(struct metrics_writer *writer, size_t offset)
{
	const struct metrics_input *input = writer->input;
	char node[ID_SIZE], tier[ID_SIZE];
	const struct metrics_label labels[] = { { "node", node }, { "tier", tier } };
	size_t i;

	for (i = 0; i < input->n_nodes; i++) {
		snprintf(node, sizeof(node), "%u", input->nodes[i].node);
		snprintf(tier, sizeof(tier), "%u", input->nodes[i].tier);
		metrics_sample(writer, labels, 2,
			       field_u64(&input->nodes[i], offset) << TIERED_PAGE_SHIFT);
	}
}

/* Labels of one target; the texts they point to are in it, so it must stay where it is. */
struct target_labels {
	char pid[ID_SIZE];
	char comm[sizeof(((struct stats_target *)0)->comm) + 1];
	struct metrics_label labels[2];
};

static void label_target(struct target_labels *ret, const struct metrics_target *target)
{
	const char *comm = target->stats->comm;

	ret->pid[0] = '\0';
	if (target->key.tgid)
		snprintf(ret->pid, sizeof(ret->pid), "%u", target->key.tgid);
	snprintf(ret->comm, sizeof(ret->comm), "%.*s", (int)sizeof(target->stats->comm), comm);
	ret->labels[0] = (struct metrics_label){ "pid", ret->pid };
	ret->labels[1] = (struct metrics_label){ "comm", ret->comm };
}

void metrics_write_targets(struct metrics_writer *writer, size_t offset)
{
	const struct metrics_target other = { .stats = writer->other };
	struct target_labels labels;
	size_t i;

	for (i = 0; i < writer->n_targets; i++) {
		label_target(&labels, &writer->targets[i]);
		metrics_sample(writer, labels.labels, 2,
			       field_u64(writer->targets[i].stats, offset));
	}
	if (!writer->other)
		return;
	label_target(&labels, &other);
	metrics_sample(writer, labels.labels, 2, field_u64(writer->other, offset));
}

/* Shares do not add up: there is none for the others together. */
void metrics_write_target_shares(struct metrics_writer *writer, size_t offset)
{
	struct target_labels labels;
	size_t i;

	for (i = 0; i < writer->n_targets; i++) {
		label_target(&labels, &writer->targets[i]);
		metrics_fraction(writer, labels.labels, 2,
				 field_u32(writer->targets[i].stats, offset), 1000000);
	}
}

/* Its name is that of the family, behind the prefix. */
void metrics_write_kernel(struct metrics_writer *writer, size_t offset)
{
	const char *name = writer->family->name + sizeof(METRICS_KERNEL_PREFIX) - 1;
	size_t i;

	(void)offset;
	for (i = 0; i < writer->input->n_kernel; i++) {
		if (strcmp(writer->input->kernel[i].name, name) == 0) {
			metrics_sample(writer, NULL, 0, writer->input->kernel[i].value);
			return;
		}
	}
}
