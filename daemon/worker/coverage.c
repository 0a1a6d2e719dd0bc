// SPDX-License-Identifier: GPL-2.0-only
#include "worker/coverage.h"

#include "decide/heat.h"
#include "report/ledger.h"

#define PPM 1000000

void coverage_note(struct coverage *coverage, uint64_t number, uint64_t now_ns)
{
	coverage->read_ns[number % COVERAGE_WINDOWS] = now_ns;
}

static uint64_t age_ns(const struct coverage *coverage, uint64_t number, uint64_t now_ns,
		       uint64_t seen)
{
	uint64_t then_ns;

	if (!seen || seen > number)
		return 0;
	/* The oldest that is still known: it is at least as old as that. */
	if (number - seen >= COVERAGE_WINDOWS)
		seen = number - COVERAGE_WINDOWS + 1;
	then_ns = coverage->read_ns[seen % COVERAGE_WINDOWS];
	return now_ns > then_ns ? now_ns - then_ns : 0;
}

void coverage_book(const struct coverage *coverage, uint64_t number, uint64_t now_ns,
		   const struct heat_stats *stats, struct ledger_account *account)
{
	uint64_t seen = stats->observed - stats->unknown + stats->asleep;

	account->tracked = stats->tracked;
	/* Shared pages are observed through each who maps them. */
	if (seen > stats->tracked)
		seen = stats->tracked;
	account->coverage_ppm =
		stats->tracked ? (uint32_t)((unsigned __int128)seen * PPM / stats->tracked) : 0;
	account->oldest_ns = age_ns(coverage, number, now_ns, stats->oldest);
}
