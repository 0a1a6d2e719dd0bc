/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * policy_choose.h - how many moves across one border between tiers pay.
 *
 * Works on two histograms of candidates, by score: the end of the confidence
 * interval of a page's rate that speaks against moving it. What is chosen is a
 * cut through each of them.
 */
#ifndef TIERED_POLICY_CHOOSE_H
#define TIERED_POLICY_CHOOSE_H

#include <stdint.h>

#include "decide/heat.h"

/**
 * struct side - candidates of one side, in base pages
 * @bins: by score
 * @cut: bin in which the choice ends; HEAT_BINS: nothing is chosen
 * @beyond: chosen in the bins before the cut, which are taken whole
 * @chosen: chosen in all
 */
struct side {
	uint64_t bins[HEAT_BINS];
	unsigned int cut;
	uint64_t beyond;
	uint64_t chosen;
};

/**
 * struct choice - what moves across one border
 * @hot: those that may go up, chosen from the hottest on
 * @cold: those that may go down, chosen from the coldest on
 * @room: free pages on the faster side
 * @pressure: pages that must go down
 * @bar: score from which on a page is beyond doubt among those the tier can hold
 * @chance: how much of what tells the pages on both sides apart is noise, of SHRINK_ALL
 * @young, @grown: pages that would go up if they were known for longer, and those that are
 * @budget: pages that may be moved in all; what is chosen is taken off
 * @filled: of the hot ones those that find room; the others swap
 */
struct choice {
	struct side hot;
	struct side cold;
	uint64_t room;
	uint64_t pressure;
	int bar;
	unsigned int chance;
	uint64_t young;
	uint64_t grown;
	uint64_t budget;
	uint64_t filled;
};

/* Forgets the candidates. */
void choice_reset(struct choice *choice);

/* Fills in what is chosen, from all the rest. */
void choice_make(struct choice *choice);

#endif
