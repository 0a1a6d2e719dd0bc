// SPDX-License-Identifier: GPL-2.0-only
#include "report/ledger.h"

#include <inttypes.h>
#include <stdio.h>

#include "decide/plan.h"
#include "decide/rivals.h"

static const char *const result_names[] = { MOVE_RESULT_LIST(TIERED_LIST_NAME) };

static const char *const reason_names[] = { MOVE_REASON_LIST(TIERED_LIST_NAME) };

const char *ledger_result_name(unsigned int result)
{
	return result < MOVE_RESULTS ? result_names[result] : "?";
}

const char *ledger_reason_name(unsigned int reason)
{
	return reason < MOVE_REASONS ? reason_names[reason] : "?";
}

static void book(struct ledger_sum *sum, uint64_t pages)
{
	sum->folios++;
	sum->pages += pages;
}

static void add(struct ledger_sum *sum, const struct ledger_sum *other)
{
	sum->folios += other->folios;
	sum->pages += other->pages;
}

static int is_promotion(unsigned int reason)
{
	return reason == MOVE_PROMOTE_HOT || reason == MOVE_PROMOTE_SWAP;
}

void ledger_plan(struct ledger_account *account, const struct move *moves, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (moves[i].reason < MOVE_REASONS)
			book(&account->planned[moves[i].reason], UINT64_C(1) << moves[i].order);
}

uint64_t ledger_planned_pages(const struct ledger_account *account)
{
	uint64_t pages = 0;
	size_t i;

	for (i = 0; i < MOVE_REASONS; i++)
		pages += account->planned[i].pages;
	return pages;
}

void ledger_moves(struct ledger_account *account, const struct move *moves, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		const struct move *move = &moves[i];
		uint64_t pages = UINT64_C(1) << move->order;

		if (move->result == MOVE_PENDING || move->result >= MOVE_RESULTS ||
		    move->reason >= MOVE_REASONS)
			continue;
		book(&account->requested, pages);
		book(&account->results[move->result], pages);
		if (move->result != MOVE_MOVED)
			continue;
		book(&account->reasons[move->reason], pages);
		book(is_promotion(move->reason) ? &account->promoted : &account->demoted, pages);
	}
}

void ledger_add(struct ledger_account *account, const struct ledger_account *other)
{
	size_t i;

	account->windows += other->windows;
	account->elapsed_ns += other->elapsed_ns;
	account->marked_pages += other->marked_pages;
	account->read_pages += other->read_pages;
	account->scan_calls += other->scan_calls;
	account->observed += other->observed;
	account->accessed += other->accessed;
	account->unknown += other->unknown;
	account->asleep += other->asleep;
	account->asleep_targets += other->asleep_targets;
	account->marked_targets += other->marked_targets;
	account->stale_targets += other->stale_targets;
	account->starved += other->starved;
	account->withheld += other->withheld;
	for (i = 0; i < RIVALS; i++)
		account->rivals[i] += other->rivals[i];
	add(&account->requested, &other->requested);
	for (i = 0; i < MOVE_RESULTS; i++)
		add(&account->results[i], &other->results[i]);
	for (i = 0; i < MOVE_REASONS; i++) {
		add(&account->planned[i], &other->planned[i]);
		add(&account->reasons[i], &other->reasons[i]);
	}
	add(&account->promoted, &other->promoted);
	add(&account->demoted, &other->demoted);
	account->batches += other->batches;
	account->flush_bound += other->flush_bound;
	account->flush_moves += other->flush_moves;
	account->scan_cpu_ns += other->scan_cpu_ns;
	account->migrate_cpu_ns += other->migrate_cpu_ns;
	account->tracked = other->tracked;
	account->oldest_ns = other->oldest_ns;
	account->share_ppm = other->share_ppm;
	account->coverage_ppm = other->coverage_ppm;
}

int ledger_balanced(const struct ledger_account *account)
{
	const struct ledger_sum *moved = &account->results[MOVE_MOVED];
	struct ledger_sum classes = { 0 }, reasons = { 0 };
	size_t i;

	for (i = 0; i < MOVE_RESULTS; i++)
		add(&classes, &account->results[i]);
	for (i = 0; i < MOVE_REASONS; i++)
		add(&reasons, &account->reasons[i]);
	return classes.folios == account->requested.folios &&
	       classes.pages == account->requested.pages && reasons.folios == moved->folios &&
	       reasons.pages == moved->pages &&
	       account->promoted.pages + account->demoted.pages == moved->pages;
}

const char *ledger_rivals(const struct ledger_account *account, char *buffer, size_t size)
{
	size_t i, used = 0;

	buffer[0] = '\0';
	for (i = 0; i < RIVALS && used < size; i++)
		if (account->rivals[i])
			used += (size_t)snprintf(buffer + used, size - used, "%s%s",
						 used ? ", " : "", rivals_name((unsigned int)i));
	return buffer;
}

/* Why pages seen idle are unknown; "" when nothing is the matter. */
static void describe_rivals(const struct ledger_account *account, char *buffer, size_t size)
{
	char names[80];

	buffer[0] = '\0';
	if (*ledger_rivals(account, names, sizeof(names)))
		snprintf(buffer, size, ", %" PRIu64 " idle pages unknown: %s", account->withheld,
			 names);
}

/* Who was not looked at because he did not run; "" when nobody. */
static void describe_sleepers(const struct ledger_account *account, char *buffer, size_t size)
{
	buffer[0] = '\0';
	if (account->asleep_targets)
		snprintf(buffer, size, ", %" PRIu64 " pages of %" PRIu64 " asleep", account->asleep,
			 account->asleep_targets);
}

static double percent(uint64_t part, uint64_t whole)
{
	return whole ? 100.0 * (double)part / (double)whole : 0;
}

/* Appends "name pages" for each reason there is, in brackets. */
static void describe_plan(const struct ledger_account *account, char *buffer, size_t size)
{
	const char *before = " (";
	size_t i, used = 0;

	buffer[0] = '\0';
	for (i = 0; i < MOVE_REASONS && used < size; i++) {
		if (!account->planned[i].pages)
			continue;
		used += (size_t)snprintf(buffer + used, size - used, "%s%s %" PRIu64, before,
					 reason_names[i], account->planned[i].pages);
		before = ", ";
	}
	if (used && used < size)
		snprintf(buffer + used, size - used, ")");
}

const char *ledger_describe(const struct ledger_account *account, uint64_t window, char *buffer,
			    size_t size)
{
	uint64_t failed = account->requested.pages - account->results[MOVE_MOVED].pages;
	char plan[160], rivals[160], sleepers[64];

	describe_rivals(account, rivals, sizeof(rivals));
	describe_sleepers(account, sleepers, sizeof(sleepers));
	describe_plan(account, plan, sizeof(plan));
	snprintf(buffer, size,
		 "window %" PRIu64 ": %.1f s, %" PRIu64 " pages seen (%.0f%% accessed)%s, "
		 "hit share %.2f, planned %" PRIu64 "%s, promoted %" PRIu64 ", demoted %" PRIu64
		 ", not moved %" PRIu64 ", stale %" PRIu64 " of %" PRIu64
		 ", cpu scan %.1f%% migrate %.1f%%%s%s",
		 window, (double)account->elapsed_ns / 1e9, account->observed,
		 percent(account->accessed, account->observed), sleepers, account->share_ppm / 1e6,
		 ledger_planned_pages(account), plan, account->promoted.pages,
		 account->demoted.pages, failed, account->stale_targets, account->marked_targets,
		 percent(account->scan_cpu_ns, account->elapsed_ns),
		 percent(account->migrate_cpu_ns, account->elapsed_ns), rivals,
		 account->starved ? ", not scanned: cpu_max is used up" : "");
	return buffer;
}
