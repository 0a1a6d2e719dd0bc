// SPDX-License-Identifier: GPL-2.0-only
#include "report/board.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A table that cannot grow is slower, not the end of the daemon; a failed add is seen below. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "decide/plan.h"

/* A few more than most machines have; grows. */
#define LIST_ROOM_MIN 64

/* A floor is met up to one batch of moves, and a 32nd: what the policy leaves alone. */
#define FLOOR_BATCH 512
#define FLOOR_PART 32

struct entry {
	struct board_target target;
	size_t index; /* in the list */
	uint32_t tgid;
	UT_hash_handle by_id;
	UT_hash_handle by_tgid;
};

struct board {
	struct entry *ids;
	struct entry *tgids;
	struct board_target **list;
	size_t count;
	size_t room;
	struct stats_daemon daemon;
	struct board_window last;
};

int board_new(struct board **ret)
{
	struct board *board = calloc(1, sizeof(*board));

	if (!board)
		return -ENOMEM;
	*ret = board;
	return 0;
}

static struct entry *entry_find(const struct board *board, uint32_t id)
{
	struct entry *entry;

	HASH_FIND(by_id, board->ids, &id, sizeof(id), entry);
	return entry;
}

static struct entry *entry_find_process(const struct board *board, uint32_t tgid)
{
	struct entry *entry;

	HASH_FIND(by_tgid, board->tgids, &tgid, sizeof(tgid), entry);
	return entry;
}

static void entry_drop(struct board *board, struct entry *entry)
{
	struct board_target *last = board->list[--board->count];

	board->list[entry->index] = last;
	((struct entry *)last)->index = entry->index;
	HASH_DELETE(by_id, board->ids, entry);
	if (entry_find_process(board, entry->tgid) == entry)
		HASH_DELETE(by_tgid, board->tgids, entry);
	free(entry);
}

void board_free(struct board *board)
{
	if (!board)
		return;
	while (board->count)
		entry_drop(board, (struct entry *)board->list[0]);
	free(board->list);
	free(board);
}

static int list_reserve(struct board *board)
{
	size_t room = board->room ? 2 * board->room : LIST_ROOM_MIN;
	struct board_target **list;

	if (board->count < board->room)
		return 0;
	list = reallocarray(board->list, room, sizeof(*list));
	if (!list)
		return -ENOMEM;
	board->list = list;
	board->room = room;
	return 0;
}

/* Into all three; a new program of a process takes its place among the processes. */
static int entry_file(struct board *board, struct entry *entry)
{
	struct entry *before = entry_find_process(board, entry->tgid);

	if (before)
		HASH_DELETE(by_tgid, board->tgids, before);
	HASH_ADD(by_tgid, board->tgids, tgid, sizeof(entry->tgid), entry);
	HASH_ADD(by_id, board->ids, target.id, sizeof(entry->target.id), entry);
	if (entry_find(board, entry->target.id) != entry)
		return -ENOMEM;
	entry->index = board->count;
	board->list[board->count++] = &entry->target;
	return 0;
}

int board_add(struct board *board, const struct target_key *key, uint32_t id, uint32_t rule,
	      uint32_t uid, uint64_t rss_pages, const char *comm)
{
	struct entry *entry;
	int ret;

	if (entry_find(board, id))
		return 0;
	ret = list_reserve(board);
	if (ret < 0)
		return ret;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->tgid = key->tgid;
	entry->target.key = *key;
	entry->target.id = id;
	entry->target.uid = uid;
	entry->target.rss_pages = rss_pages;
	entry->target.stats.id = id;
	entry->target.stats.rule = rule;
	snprintf(entry->target.stats.comm, sizeof(entry->target.stats.comm), "%s", comm);
	ret = entry_file(board, entry);
	if (ret < 0) {
		if (entry_find_process(board, entry->tgid) == entry)
			HASH_DELETE(by_tgid, board->tgids, entry);
		free(entry);
	}
	return ret;
}

void board_remove(struct board *board, uint32_t id)
{
	struct entry *entry = entry_find(board, id);

	if (entry)
		entry_drop(board, entry);
}

struct board_target *board_find(const struct board *board, uint32_t id)
{
	struct entry *entry = entry_find(board, id);

	return entry ? &entry->target : NULL;
}

struct board_target *board_find_process(const struct board *board, uint32_t tgid)
{
	struct entry *entry = entry_find_process(board, tgid);

	return entry ? &entry->target : NULL;
}

struct board_target *const *board_list(const struct board *board, size_t *ret_n)
{
	*ret_n = board->count;
	return board->list;
}

/* Named fields are arrays in the order of their enum: stats.h asserts their sizes. */
static void copy_pages(const struct ledger_sum *sums, size_t n, void *fields)
{
	__u64 *field = fields;
	size_t i;

	for (i = 0; i < n; i++)
		field[i] = sums[i].pages;
}

void board_set_target(struct board *board, uint32_t id, const struct ledger_account *account,
		      const struct board_figure *figure)
{
	struct board_target *target = board_find(board, id);
	struct stats_target *stats;

	if (!target)
		return;
	stats = &target->stats;
	target->backoff = figure->backoff;
	stats->requested = account->requested.pages;
	copy_pages(account->results, MOVE_RESULTS, &stats->results);
	copy_pages(account->reasons, MOVE_REASONS, &stats->moved_for);
	stats->promoted = account->promoted.pages;
	stats->demoted = account->demoted.pages;
	stats->faults += target->new_faults;
	stats->shootdowns += target->new_shootdowns;
	target->new_faults = target->new_shootdowns = 0;
	stats->fast_pages = figure->fast_pages;
	stats->tracked_pages = figure->tracked_pages;
	if (!stats->tracked_pages)
		return;
	/* The first window in which something was known is what it all began with. */
	if (!stats->windows)
		stats->first_share_ppm = figure->share_ppm;
	stats->share_ppm = figure->share_ppm;
	stats->windows = figure->windows;
	stats->last_move_ns = figure->last_move_ns;
}

uint64_t board_fast_pages(const struct board *board, uint32_t rule, size_t *ret_targets)
{
	struct board_target *const *list;
	size_t i, n, targets = 0;
	uint64_t pages = 0;

	list = board_list(board, &n);
	for (i = 0; i < n; i++) {
		if (list[i]->stats.rule != rule)
			continue;
		pages += list[i]->stats.fast_pages;
		targets++;
	}
	*ret_targets = targets;
	return pages;
}

int board_floor_unmet(const struct board *board, uint32_t rule, uint64_t floor, uint64_t *ret_held)
{
	uint64_t slack = floor / FLOOR_PART < FLOOR_BATCH ? floor / FLOOR_PART : FLOOR_BATCH;
	size_t targets;

	*ret_held = board_fast_pages(board, rule, &targets);
	return targets && *ret_held + slack < floor;
}

void board_set_window(struct board *board, uint64_t window, uint64_t now_ns, uint64_t targets,
		      const struct ledger_account *account, const struct ledger_account *totals)
{
	struct stats_daemon *daemon = &board->daemon;

	board->last.window = window;
	board->last.account = *account;
	memcpy(board->last.rivals, totals->rivals, sizeof(board->last.rivals));
	daemon->share_ppm = account->share_ppm;
	daemon->targets = targets;
	daemon->windows = totals->windows;
	daemon->starved_windows = totals->starved;
	daemon->stale_windows = totals->stale_targets;
	daemon->scanned = totals->marked_pages;
	copy_pages(totals->planned, MOVE_REASONS, &daemon->planned);
	daemon->requested = totals->requested.pages;
	copy_pages(totals->results, MOVE_RESULTS, &daemon->results);
	copy_pages(totals->reasons, MOVE_REASONS, &daemon->moved_for);
	daemon->promoted = totals->promoted.pages;
	daemon->demoted = totals->demoted.pages;
	daemon->flush_moves = totals->flush_moves;
	daemon->batches = totals->batches;
	daemon->flush_bound = totals->flush_bound;
	daemon->scan_cpu_ns = totals->scan_cpu_ns;
	daemon->migrate_cpu_ns = totals->migrate_cpu_ns;
	daemon->elapsed_ns = totals->elapsed_ns;
	daemon->updated_ns = now_ns;
	daemon->tracked_pages = account->tracked;
	daemon->asleep_pages = account->asleep;
	daemon->oldest_ns = account->oldest_ns;
	daemon->coverage_ppm = account->coverage_ppm;
}

struct stats_daemon *board_daemon(struct board *board)
{
	return &board->daemon;
}

const struct board_window *board_last(const struct board *board)
{
	return &board->last;
}
