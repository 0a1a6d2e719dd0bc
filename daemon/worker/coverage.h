/* SPDX-License-Identifier: GPL-2.0-only */
/* coverage.h - how much of what is watched was seen in a window, and how old the rest of it is. */
#ifndef TIERED_COVERAGE_H
#define TIERED_COVERAGE_H

#include <stdint.h>

struct heat_stats;
struct ledger_account;

/* Of windows before these, it is only known that they are older. */
#define COVERAGE_WINDOWS 512

/**
 * struct coverage - when windows read their marks
 * @read_ns: by number modulo COVERAGE_WINDOWS
 */
struct coverage {
	uint64_t read_ns[COVERAGE_WINDOWS];
};

/* Window @number reads its marks now. */
void coverage_note(struct coverage *coverage, uint64_t number, uint64_t now_ns);

/*
 * Books both figures of window @number. Seen is what was observed and is not unknown, and what is
 * asleep; old is what is not asleep.
 */
void coverage_book(const struct coverage *coverage, uint64_t number, uint64_t now_ns,
		   const struct heat_stats *stats, struct ledger_account *account);

#endif
