// SPDX-License-Identifier: GPL-2.0-only
/* read(): what the regions say of the pages that are there. */
#include <errno.h>
#include <linux/kernel-page-flags.h>
#include <unistd.h>

#include "damon.h"
#include "pagemap.h"
#include "target.h"
#include "topology.h"
#include "util/clock.h"
#include "vmas.h"

#define KPF(name) (UINT64_C(1) << KPF_##name)

/* An absent page costs its entry only. */
#define ABSENT_PER_PAGE 16

/* One call of read() on its way. */
struct report {
	struct damon *damon;
	const struct target *target;
	const struct damon_areas *areas;
	size_t area; /* the one in hand */
	uint64_t interval_ns;
	uint64_t left; /* pages */
	observe_fn *observe;
	void *arg;
	size_t n; /* in the batch */
	uint8_t seen;
	struct tracker_cost cost;
};

/* All of an aggregation has been told: it joins what was seen before. */
static void take_over(struct damon_seat *seat)
{
	struct damon_areas before = seat->areas;

	damon_areas_carry(&seat->coming, &before);
	seat->areas = seat->coming;
	seat->coming = before;
	seat->coming.n = 0;
}

static void take_record(void *arg, const struct damon_record *record)
{
	struct damon *damon = arg;
	struct damon_seat *seat;

	if (record->target >= damon->n_seats)
		return;
	seat = &damon->seats[record->target];
	/* What was lost of the one before leaves a gap; the next one begins anew. */
	if (seat->coming.n && record->start < seat->coming.list[seat->coming.n - 1].end)
		seat->coming.n = 0;
	if (damon_areas_add(&seat->coming, record->start, record->end, record->accesses,
			    DAMON_SAMPLES) < 0)
		return;
	if (seat->coming.n == record->regions)
		take_over(seat);
}

static int is_odd(uint64_t flags)
{
	return flags && (!(flags & KPF(LRU)) || (flags & (KPF(HWPOISON) | KPF(HUGE))));
}

static void add_folio(struct report *report, uint64_t address, uint64_t entry, unsigned int length,
		      uint64_t flags)
{
	const struct damon *damon = report->damon;
	const struct topology *topology = damon->env->topology;
	uint8_t observed = 0;

	if (flags & KPF(ZERO_PAGE))
		return;
	/* Nobody counts through whom else it was seen: it stays where it is. */
	if (!(entry & PAGEMAP_EXCLUSIVE))
		observed |= OBSERVED_SHARED | OBSERVED_AGAIN;
	if (entry & PAGEMAP_FILE)
		observed |= OBSERVED_FILE;
	if (is_odd(flags))
		observed |= OBSERVED_FIXED;
	report->damon->batch[report->n++] = (struct observation){
		.address = address,
		.interval_ns = report->interval_ns,
		.target = report->target->id,
		.order = (uint8_t)(31 - __builtin_clz(length)),
		.node = topology_node_of_pfn(topology, pagemap_pfn(entry)),
		.seen = report->seen,
		.flags = observed,
	};
}

/* Pages whose frames are in a row: which of them are one folio? Asked for runs only. */
static void add_run(struct report *report, uint64_t address, const uint64_t *entries, size_t n)
{
	struct damon *damon = report->damon;
	uint64_t *flags = damon->flags;
	ssize_t bytes = n > 1 ? pread(damon->flags_fd, flags, n * sizeof(*flags),
				      (off_t)(pagemap_pfn(entries[0]) * sizeof(*flags)))
			      : 0;
	size_t i, known = bytes > 0 ? (size_t)bytes / sizeof(*flags) : 0;

	for (i = 0; i < n;) {
		unsigned int length = 1;

		while (i + length < known && (flags[i + length] & KPF(COMPOUND_TAIL)))
			length++;
		length = 1u << (31 - __builtin_clz(length));
		add_folio(report, address + (i << TIERED_PAGE_SHIFT), entries[i], length,
			  i < known ? flags[i] : 0);
		i += length;
	}
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Of the piece that @address is in. */
static uint64_t piece_end(uint64_t address)
{
	return ((address >> DAMON_PIECE_SHIFT) + 1) << DAMON_PIECE_SHIFT;
}

/*
 * One bit for all pages of a piece. Samples come late where the CPUs are busy, and then stand for
 * a longer time each: so many as were taken are the time that was watched.
 */
static uint8_t seen_of(const struct report *report, const struct damon_area *area, uint64_t address)
{
	uint64_t times =
		least(report->interval_ns / DAMON_SAMPLE_NS, area->samples / DAMON_AREA_UNIT);
	uint32_t chance = damon_area_chance(area, times);

	return damon_piece_accessed(chance, address, report->damon->window) ? SEEN_ACCESSED
									    : SEEN_IDLE;
}

/* Memory was sampled: how many of @n frames from @pfn on are of one piece? 0: nothing is known. */
static size_t frames_alike(struct report *report, uint64_t pfn, size_t n)
{
	const uint64_t address = pfn << TIERED_PAGE_SHIFT;
	const struct damon_area *area = damon_areas_find(report->areas, address);
	uint64_t end;

	if (!area)
		return 0;
	end = least(piece_end(address), area->end);
	report->seen = seen_of(report, area, address);
	return least(n, (end - address + TIERED_PAGE_SIZE - 1) >> TIERED_PAGE_SHIFT);
}

/* @n pages from @address on, all of one piece, if not memory was sampled. 0 or -errno. */
static int report_pages(struct report *report, uint64_t address, size_t n)
{
	struct damon *damon = report->damon;
	const uint64_t *entries = damon->entries;
	int got = target_pagemap(report->target, address, damon->entries, n);
	size_t i, run, present = 0;

	if (got < 0)
		return got;
	report->n = 0;
	for (i = 0; i < (size_t)got; i += run) {
		uint64_t pfn = pagemap_pfn(entries[i]);

		run = 1;
		if (!pfn)
			continue;
		while (i + run < (size_t)got && pagemap_pfn(entries[i + run]) == pfn + run)
			run++;
		if (damon->setup->physical) {
			run = frames_alike(report, pfn, run);
			if (!run) {
				run = 1;
				continue;
			}
		}
		add_run(report, address + (i << TIERED_PAGE_SHIFT), &entries[i], run);
		present += run;
	}
	if (report->n)
		report->observe(report->arg, damon->batch, report->n);
	report->cost.pages += present + ((size_t)got - present) / ABSENT_PER_PAGE;
	report->cost.skipped += (size_t)got - present;
	report->cost.marked += report->n;
	report->left -= present < report->left ? present : report->left;
	return 0;
}

/* The area around or behind @address; where there is none, nothing is known. */
static const struct damon_area *area_at(struct report *report, uint64_t address)
{
	const struct damon_areas *areas = report->areas;

	while (report->area < areas->n && areas->list[report->area].end <= address)
		report->area++;
	return report->area < areas->n ? &areas->list[report->area] : NULL;
}

/*
 * What is known of @address, and up to where: 1, and the piece ends at *@ret_stop; 0: nothing
 * up to there.
 */
static int piece_at(struct report *report, uint64_t address, uint64_t to, uint64_t *ret_stop)
{
	const uint64_t stop = least(piece_end(address), to);
	const struct damon_area *area;

	*ret_stop = stop;
	/* Page by page, by where each lies. */
	if (report->damon->setup->physical)
		return 1;
	area = area_at(report, address);
	if (!area || area->start > address) {
		*ret_stop = area ? least(area->start, to) : to;
		return 0;
	}
	*ret_stop = least(stop, area->end);
	report->seen = seen_of(report, area, address);
	return 1;
}

/* As round_fn. */
static int report_range(void *arg, size_t index, uint64_t from, uint64_t to, uint64_t *ret_reached)
{
	struct report *report = arg;
	struct damon *damon = report->damon;
	uint64_t address = from;
	int ret = 0;

	(void)index;
	while (address < to && !ret) {
		uint64_t stop;

		*ret_reached = address;
		if (!report->left)
			return 0;
		if (piece_at(report, address, to, &stop))
			ret = report_pages(report, address, (stop - address) >> TIERED_PAGE_SHIFT);
		if (!ret)
			ret = slice_breathe(&damon->slice, damon->env);
		address = stop;
	}
	return ret < 0 ? ret : 1;
}

/* From @from on; returns as round_fn. */
static int report_target(struct report *report, size_t index, uint64_t from, uint64_t *ret_reached)
{
	const struct target *target = report->damon->targets[index];
	const struct damon_seat *seat = damon_seat(report->damon, target);

	if (!seat)
		return 1;
	report->target = target;
	report->areas = &seat->areas;
	report->area = 0;
	return round_target(target, index, from, UINT64_MAX, report_range, report, ret_reached);
}

/* From the cursor to the last target, then from the first one on; what remains has its turn later. */
static int report_all(struct report *report)
{
	struct damon *damon = report->damon;
	uint64_t address, reached;
	size_t first = round_begin(damon->targets, damon->n_targets, &damon->cursor, &address), i;
	int ret;

	for (i = 0; i < damon->n_targets; i++, address = 0) {
		const size_t index = (first + i) % damon->n_targets;

		ret = report_target(report, index, address, &reached);
		if (ret == -ECANCELED)
			return ret;
		if (ret == 0) {
			damon->cursor.target = damon->targets[index]->id;
			damon->cursor.address = reached;
			return 0;
		}
	}
	/* All that there is, unless it began in the middle. */
	if (!damon->cursor.address)
		damon->known_pages = report->cost.pages;
	damon->cursor = (struct round_cursor){ 0 };
	return 0;
}

int damon_read(void *state, uint64_t interval_ns, observe_fn *observe, void *arg,
	       struct tracker_cost *ret_cost)
{
	struct damon *damon = state;
	struct report report = { .damon = damon,
				 .interval_ns = interval_ns,
				 .left = damon->max_pages,
				 .observe = observe,
				 .arg = arg };
	size_t i;
	int ret;

	if (!damon->thread) {
		*ret_cost = report.cost;
		return 0;
	}
	slice_begin(&damon->slice);
	ret = damon->setup->source->read(damon->setup->source->arg, take_record, damon);
	if (!ret)
		ret = report_all(&report);
	for (i = 0; i < damon->n_seats; i++)
		damon->seats[i].areas.n = 0;
	if (ret < 0)
		return ret;
	report.cost.helper_cpu_ns = damon_cpu_ns(damon);
	*ret_cost = report.cost;
	return 0;
}
