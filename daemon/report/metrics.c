// SPDX-License-Identifier: GPL-2.0-only
#include "report/metrics.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/metrics_internal.h"
#include "util/cleanup.h"
#include "util/utf8.h"

/* Most machines have a few targets. */
#define FIRST_BYTES ((size_t)16 << 10)

static int grow(struct metrics_writer *writer, size_t n)
{
	size_t size = writer->size ? writer->size : FIRST_BYTES;
	char *bigger;

	while (size - writer->length <= n)
		size *= 2;
	if (writer->length + n >= METRICS_BYTES_MAX)
		return -EFBIG;
	if (size == writer->size)
		return 0;
	bigger = realloc(writer->text, size);
	if (!bigger)
		return -ENOMEM;
	writer->text = bigger;
	writer->size = size;
	return 0;
}

static void put(struct metrics_writer *writer, const char *text, size_t length)
{
	if (!writer->error)
		writer->error = grow(writer, length);
	if (writer->error)
		return;
	memcpy(writer->text + writer->length, text, length);
	writer->length += length;
	writer->text[writer->length] = '\0';
}

static void __attribute__((format(printf, 2, 3)))
print(struct metrics_writer *writer, const char *format, ...)
{
	char line[512];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	put(writer, line, n < (int)sizeof(line) ? (size_t)n : sizeof(line) - 1);
}

/* Any bytes as a label's value, or as a help text: backslash, quote and newline are escaped. */
static void put_escaped(struct metrics_writer *writer, const char *value)
{
	char mended[256];
	const char *at;

	snprintf(mended, sizeof(mended), "%s", value);
	utf8_mend(mended, strlen(mended));
	for (at = mended; *at; at++) {
		if (*at == '\n')
			put(writer, "\\n", 2);
		else if (*at == '\\' || *at == '"')
			print(writer, "\\%c", *at);
		else
			put(writer, at, 1);
	}
}

static const char *suffix(const struct metrics_family *family)
{
	return family->type == METRICS_COUNTER ? "_total" : "";
}

/* Before the first sample: a family without any is not there. */
static void describe(struct metrics_writer *writer)
{
	const struct metrics_family *family = writer->family;
	const char *end = writer->form == METRICS_PROMETHEUS ? suffix(family) : "";

	if (writer->described)
		return;
	writer->described = 1;
	print(writer, "# HELP %s%s %s\n", family->name, end, family->help);
	print(writer, "# TYPE %s%s %s\n", family->name, end,
	      family->type == METRICS_COUNTER ? "counter" : "gauge");
	/* Prometheus text has no units. */
	if (family->unit[0] && writer->form == METRICS_OPENMETRICS)
		print(writer, "# UNIT %s %s\n", family->name, family->unit);
}

static void begin_sample(struct metrics_writer *writer, const struct metrics_label *labels,
			 size_t n)
{
	size_t i;

	describe(writer);
	print(writer, "%s%s", writer->family->name, suffix(writer->family));
	for (i = 0; i < n; i++) {
		print(writer, "%s%s=\"", i ? "," : "{", labels[i].name);
		put_escaped(writer, labels[i].value);
		put(writer, "\"", 1);
	}
	print(writer, "%s ", n ? "}" : "");
}

void metrics_sample(struct metrics_writer *writer, const struct metrics_label *labels, size_t n,
		    uint64_t value)
{
	begin_sample(writer, labels, n);
	print(writer, "%" PRIu64 "\n", value);
}

void metrics_fraction(struct metrics_writer *writer, const struct metrics_label *labels, size_t n,
		      uint64_t value, uint64_t divisor)
{
	int digits = 0;
	uint64_t left;

	for (left = divisor; left > 1; left /= 10)
		digits++;
	begin_sample(writer, labels, n);
	print(writer, "%" PRIu64 ".%0*" PRIu64 "\n", value / divisor, digits, value % divisor);
}

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

/* By process, its newest program first. */
static int by_process(const void *left, const void *right)
{
	const struct target_key *a = &((const struct metrics_target *)left)->key;
	const struct target_key *b = &((const struct metrics_target *)right)->key;

	if (a->tgid != b->tgid)
		return compare(a->tgid, b->tgid);
	if (a->start_ns != b->start_ns)
		return compare(b->start_ns, a->start_ns);
	return compare(b->exec_count, a->exec_count);
}

/* The most asked for first; where that is equal, the one that was there first. */
static int by_requested(const void *left, const void *right)
{
	const struct metrics_target *a = left, *b = right;

	if (a->stats->requested != b->stats->requested)
		return compare(b->stats->requested, a->stats->requested);
	return compare(a->stats->id, b->stats->id);
}

static void add_target(struct stats_target *sum, const struct stats_target *stats)
{
	sum->requested += stats->requested;
	sum->promoted += stats->promoted;
	sum->demoted += stats->demoted;
	sum->fast_pages += stats->fast_pages;
	sum->tracked_pages += stats->tracked_pages;
	sum->faults += stats->faults;
	sum->shootdowns += stats->shootdowns;
}

/*
 * Puts those that are shown in front, and returns how many: a process once, as a
 * sample must not come twice, and METRICS_TARGETS_MAX at most. The rest is summed.
 */
static size_t choose_targets(struct metrics_target *targets, size_t n, struct stats_target *other)
{
	size_t i, kept = 0;

	if (!n)
		return 0;
	qsort(targets, n, sizeof(*targets), by_process);
	for (i = 0; i < n; i++) {
		if (kept && targets[kept - 1].key.tgid == targets[i].key.tgid)
			add_target(other, targets[i].stats);
		else
			targets[kept++] = targets[i];
	}
	qsort(targets, kept, sizeof(*targets), by_requested);
	for (i = METRICS_TARGETS_MAX; i < kept; i++)
		add_target(other, targets[i].stats);
	return kept < METRICS_TARGETS_MAX ? kept : METRICS_TARGETS_MAX;
}

static void write_families(struct metrics_writer *writer)
{
	size_t i;

	/* Nothing known is a text, too. */
	put(writer, "", 0);
	for (i = 0; i < metrics_n_families; i++) {
		writer->family = &metrics_families[i];
		writer->described = 0;
		writer->family->samples(writer, writer->family->offset);
	}
	if (writer->form == METRICS_OPENMETRICS)
		print(writer, "# EOF\n");
}

int metrics_text(const struct metrics_input *input, enum metrics_form form, char **ret_text,
		 size_t *ret_length)
{
	struct metrics_writer writer = { .input = input, .form = form };
	struct stats_target other = { .comm = "other" };
	auto_free struct metrics_target *targets = NULL;

	targets = calloc(input->n_targets + 1, sizeof(*targets));
	if (!targets)
		return -ENOMEM;
	if (input->n_targets)
		memcpy(targets, input->targets, input->n_targets * sizeof(*targets));
	writer.n_targets = choose_targets(targets, input->n_targets, &other);
	writer.targets = targets;
	writer.other = input->n_targets > writer.n_targets ? &other : NULL;
	write_families(&writer);
	if (writer.error) {
		free(writer.text);
		return writer.error;
	}
	*ret_text = writer.text;
	*ret_length = writer.length;
	return 0;
}
