// SPDX-License-Identifier: GPL-2.0-only
#include "act/sharers.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/kcmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "act/call.h"
#include "observe/pagemap.h"
#include "observe/target.h"
#include "util/cleanup.h"

/* Entries read at a time, and so the pages from the first to the last move of a run. */
#define RUN_PAGES 512

/* Two processes and the order of their address spaces, in the room of whoever asks. */
struct pair {
	pid_t a;
	pid_t b;
	long order;
};

/* It waits for a process in the middle of exec(), which waits for its old address space. */
static int pair_run(void *room)
{
	struct pair *pair = room;

	pair->order = syscall(SYS_kcmp, pair->a, pair->b, KCMP_VM, 0UL, 0UL);
	return 0;
}

/* 1 is less and 2 is greater; by an order that is the kernel's secret, and the same for all. */
static int order_by_kcmp(struct sharers *sharers, uint32_t a, uint32_t b, int *ret_order)
{
	struct pair pair = { .a = (pid_t)a, .b = (pid_t)b };
	int err;

	/* One that was stuck may be through by now. */
	guard_retry(&sharers->client);
	err = guard_run(&sharers->client, pair_run, NULL, &pair, sizeof(pair));
	if (err < 0)
		return err;
	if (pair.order < 0 || pair.order > 2)
		return -ESRCH;
	*ret_order = pair.order == 1 ? -1 : pair.order == 2;
	return 0;
}

int sharers_open(struct sharers *sharers, const char *proc_root, struct guard *guard)
{
	char path[PATH_MAX];

	*sharers = (struct sharers){
		.counts_fd = -1,
		.client = { .guard = guard },
		.order = order_by_kcmp,
	};
	if (snprintf(path, sizeof(path), "%s/kpagecount", proc_root) >= (int)sizeof(path))
		return -ENAMETOOLONG;
	sharers->counts_fd = open(path, O_RDONLY | O_CLOEXEC);
	return sharers->counts_fd < 0 ? -errno : 0;
}

void sharers_close(struct sharers *sharers)
{
	/* 0: it was never opened; standard input is not ours to close. */
	if (sharers->counts_fd > 0)
		close(sharers->counts_fd);
	sharers->counts_fd = -1;
	guard_leave(&sharers->client);
}

/* Mappings of a frame; more than there can be when that is not known. */
static uint64_t mappings_of(const struct sharers *sharers, uint64_t pfn)
{
	off_t offset = (off_t)(pfn * sizeof(uint64_t));
	uint64_t count;

	if (sharers->counts_fd < 0 ||
	    pread(sharers->counts_fd, &count, sizeof(count), offset) != sizeof(count))
		return UINT64_MAX;
	return count;
}

/* Moves within RUN_PAGES of the first. */
static size_t run_length(const struct move *moves, size_t n)
{
	size_t i = 1;

	while (i < n &&
	       (moves[i].address - moves[0].address) >> TIERED_PAGE_SHIFT < (uint64_t)RUN_PAGES)
		i++;
	return i;
}

/* Frames of the pages of a run in one address space, 0 where there is none. */
static void read_frames(const struct target *target, const struct move *moves, size_t n,
			uint64_t *ret_entries)
{
	uint64_t start = moves[0].address, entries[RUN_PAGES];
	size_t i, span = (size_t)((moves[n - 1].address - start) >> TIERED_PAGE_SHIFT) + 1;
	int read = target_pagemap(target, start, entries, span);

	for (i = 0; i < n; i++) {
		size_t at = (size_t)((moves[i].address - start) >> TIERED_PAGE_SHIFT);

		ret_entries[i] = read > 0 && at < (size_t)read ? entries[at] : 0;
	}
}

/* Is there a page among these that others map, too? */
static int any_shared(const uint64_t *entries, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (pagemap_pfn(entries[i]) && !(entries[i] & PAGEMAP_EXCLUSIVE))
			return 1;
	return 0;
}

/* Who may have a mapping each; @distinct once they are known to be of different address spaces. */
struct voters {
	const struct target **list;
	size_t n;
	int distinct;
};

/* An order in the making. @failed: one of them has gone, and what was found means nothing. */
struct ordering {
	struct sharers *sharers;
	int failed;
};

static int compare(const void *a, const void *b, void *arg)
{
	const struct target *const *one = a, *const *other = b;
	struct ordering *ordering = arg;
	int order = 0;

	if (ordering->sharers->order(ordering->sharers, (*one)->key.tgid, (*other)->key.tgid,
				     &order) < 0)
		ordering->failed = 1;
	return order;
}

/* Only where there is something to count: it takes some system calls for each of them. */
static void make_distinct(struct sharers *sharers, struct voters *voters)
{
	struct ordering ordering = { .sharers = sharers };
	size_t i, n = 0;

	if (voters->distinct)
		return;
	voters->distinct = 1;
	qsort_r(voters->list, voters->n, sizeof(voters->list[0]), compare, &ordering);
	for (i = 0; i < voters->n; i++)
		if (n == 0 || compare(&voters->list[n - 1], &voters->list[i], &ordering) != 0)
			voters->list[n++] = voters->list[i];
	/* Nobody may be counted twice: then nobody is, and what is shared stays for now. */
	voters->n = ordering.failed ? 0 : n;
}

static void filter_run(struct sharers *sharers, const struct target *target, struct voters *voters,
		       struct move *moves, size_t n)
{
	uint64_t ours[RUN_PAGES], theirs[RUN_PAGES];
	uint32_t found[RUN_PAGES] = { 0 };
	size_t i, t;

	read_frames(target, moves, n, ours);
	/* Not there, or not to be looked at: who maps it in the next moment is not known. */
	for (i = 0; i < n; i++)
		if (!pagemap_pfn(ours[i]))
			call_settle(&moves[i], MOVE_GONE, -1);
	if (!any_shared(ours, n))
		return;
	make_distinct(sharers, voters);
	for (t = 0; t < voters->n; t++) {
		const struct target *voter = voters->list[t];

		read_frames(voter, moves, n, theirs);
		for (i = 0; i < n; i++)
			found[i] += pagemap_pfn(theirs[i]) == pagemap_pfn(ours[i]) &&
				    (voter->allowed_nodes >> moves[i].to & 1);
	}
	for (i = 0; i < n; i++) {
		uint64_t pfn = pagemap_pfn(ours[i]);

		if (!pfn || (ours[i] & PAGEMAP_EXCLUSIVE))
			continue;
		/* Of a large folio somebody else may map another part. */
		if (moves[i].order || mappings_of(sharers, pfn) > found[i])
			call_settle(&moves[i], MOVE_SHARED, -1);
	}
}

void sharers_filter(struct sharers *sharers, const struct target *target,
		    const struct target *const *willing, size_t n_willing, struct move *moves,
		    size_t n)
{
	auto_free const struct target **list = calloc(n_willing + 1, sizeof(*list));
	struct voters voters = { .list = list, .n = list ? n_willing : 0 };
	size_t length;

	/* Without memory nobody is found, and what is shared stays. */
	if (list && n_willing)
		memcpy(list, willing, n_willing * sizeof(*list));
	for (; n; moves += length, n -= length) {
		length = run_length(moves, n);
		filter_run(sharers, target, &voters, moves, length);
	}
}
