/* SPDX-License-Identifier: GPL-2.0-only */
/* young_batch.h - observations on their way from read() to whoever asked. */
#ifndef TIERED_OBSERVE_YOUNG_BATCH_H
#define TIERED_OBSERVE_YOUNG_BATCH_H

#include "topology.h"
#include "young_view.h"

static inline void young_hand_on(struct young *young)
{
	if (young->n_batch)
		young->observe(young->observe_arg, young->batch, young->n_batch);
	young->n_batch = 0;
}

static inline struct observation *young_next(struct young *young)
{
	if (young->n_batch == YOUNG_BATCH)
		young_hand_on(young);
	return &young->batch[young->n_batch++];
}

/* No 2 MiB of frames belong to two nodes. */
static inline uint8_t young_node_of(struct young *young, uint64_t frame)
{
	if (frame / YOUNG_BLOCK_PAGES != young->node_block) {
		young->node_block = frame / YOUNG_BLOCK_PAGES;
		young->node = topology_node_of_pfn(young->env->topology, frame);
	}
	return young->node;
}

/* Single pages of this process alone; how many were reported. */
uint64_t young_report_plain(struct young *young, const struct young_view *view);

#endif
