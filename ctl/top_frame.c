// SPDX-License-Identifier: GPL-2.0-only
#include "top_frame.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "answer.h"
#include "format.h"
#include "status_text.h"
#include "table.h"
#include "util/clock.h"

void top_samples_status(struct top_samples *samples, struct json_object *status)
{
	json_object_put(samples->before);
	samples->before = samples->status;
	samples->status = status;
	if (answer_number(samples->before, "daemon.pid") == answer_number(status, "daemon.pid"))
		return;
	json_object_put(samples->before);
	samples->before = NULL;
}

void top_samples_targets(struct top_samples *samples, struct json_object *targets)
{
	json_object_put(samples->targets);
	samples->targets = targets;
}

void top_samples_free(struct top_samples *samples)
{
	json_object_put(samples->status);
	json_object_put(samples->before);
	json_object_put(samples->targets);
	*samples = (struct top_samples){ 0 };
}

/* How much @path grew since the sample before; since the start when there is none. */
static uint64_t growth(const struct top_samples *samples, const char *path)
{
	uint64_t now = answer_number(samples->status, path);
	uint64_t before = answer_number(samples->before, path);

	return now > before ? now - before : 0;
}

/* Pages per second. */
static uint64_t per_second(const struct top_samples *samples, const char *path)
{
	uint64_t ns = growth(samples, "daemon.uptime_ns");

	if (!ns)
		return 0;
	return (uint64_t)((double)growth(samples, path) * (double)NSEC_PER_SEC / (double)ns + 0.5);
}

static uint64_t core_share(const struct top_samples *samples, const char *path)
{
	return format_share(growth(samples, path), growth(samples, "daemon.uptime_ns"));
}

static void print_moves(const struct top_samples *samples, FILE *out)
{
	uint64_t up = per_second(samples, "asked.promoted");
	uint64_t down = per_second(samples, "asked.demoted");

	fprintf(out, "moves/s    promoted %s (%s/s), demoted %s (%s/s)%s\n", COUNT(up), PAGES(up),
		COUNT(down), PAGES(down), samples->before ? "" : ", since the start");
	fprintf(out, "in all     requested %s, promoted %s, demoted %s, not moved %s pages\n",
		COUNT(answer_number(samples->status, "asked.requested")),
		COUNT(answer_number(samples->status, "asked.promoted")),
		COUNT(answer_number(samples->status, "asked.demoted")),
		COUNT(answer_sum(samples->status, "asked.results", "moved")));
}

static void print_head(const struct top_samples *samples, FILE *out)
{
	struct json_object *status = samples->status;
	char mode[320], losses[160];
	uint64_t lost = status_describe_losses(status, losses, sizeof(losses));

	fprintf(out, "tiered %s, up %s, window %" PRIu64 " (%s), %" PRIu64 " targets\n",
		TEXT(answer_text(status, "daemon.version")),
		SPAN(answer_number(status, "daemon.uptime_ns")),
		answer_number(status, "last.window"),
		SPAN(answer_number(status, "last.elapsed_ns")),
		answer_number(status, "asked.targets"));
	fputs("mode       ", out);
	table_print_text(out, status_describe_mode(status, mode, sizeof(mode)), 11);
	status_print_tiers(status, out);
	fprintf(out, "hit share  %s of accesses on the fastest tier, by estimate\n",
		PPM(answer_number(status, "last.share_ppm")));
	print_moves(samples, out);
	fprintf(out, "cost       scan %s, migrate %s of one core%s\n",
		PPM(core_share(samples, "asked.scan_cpu_ns")),
		PPM(core_share(samples, "asked.migrate_cpu_ns")),
		samples->before ? "" : ", since the start");
	if (lost)
		fprintf(out, "lost       %" PRIu64 " events: %s\n", lost, losses);
	fputc('\n', out);
}

static int print_table(const struct top_samples *samples, const struct targets_order *order,
		       size_t width, char **ret)
{
	struct json_object *sorted;
	size_t size;
	FILE *out = open_memstream(ret, &size);

	if (!out)
		return -ENOMEM;
	sorted = targets_sort(answer_at(samples->targets, "targets"), order);
	targets_print(sorted, out, width);
	json_object_put(sorted);
	return fclose(out) == 0 ? 0 : -ENOMEM;
}

int top_frame_make(const struct top_samples *samples, const struct targets_order *order,
		   size_t width, struct top_frame *ret)
{
	struct top_frame frame = { 0 };
	size_t size;
	FILE *out = open_memstream(&frame.head, &size);
	int err;

	if (!out)
		return -ENOMEM;
	if (samples->status)
		print_head(samples, out);
	err = fclose(out) == 0 ? 0 : -ENOMEM;
	if (err == 0)
		err = print_table(samples, order, width, &frame.table);
	if (err < 0)
		top_frame_free(&frame);
	else
		*ret = frame;
	return err;
}

void top_frame_free(struct top_frame *frame)
{
	free(frame->head);
	free(frame->table);
	*frame = (struct top_frame){ 0 };
}
