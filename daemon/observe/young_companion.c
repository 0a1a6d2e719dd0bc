// SPDX-License-Identifier: GPL-2.0-only
/*
 * young_companion.c - clears accessed bits by address, on a kernel with the companion series.
 *
 * PAGEMAP_SCAN goes through a page table once and clears what is set in it: no
 * walk over all mappings of each page, as the idle bitmap makes, no waiting
 * page faults, as with clear_refs, and reclaim keeps what it knew. What others
 * did to shared pages it does not see: these are asked of the idle bitmap where
 * there is one, and are never known to be cold where there is none.
 */
#include <errno.h>
#include <stdio.h>

#include "pagemap.h"
#include "target.h"
#include "young.h"

/* For so much the lock is held at once: well below a millisecond. */
#define CLEAR_BYTES (UINT64_C(64) << 20)

static int companion_probe(const struct tracker_env *env, char *reason, size_t size)
{
	if (pagemap_clear_probe(env->proc_root) == 0)
		return 0;
	snprintf(reason, size,
		 "PAGEMAP_SCAN of this kernel clears no accessed bits (it has not the companion "
		 "series, or not CONFIG_PAGE_IDLE_FLAG)");
	return -EOPNOTSUPP;
}

static int companion_start(struct young *young)
{
	/* Good to have, for shared pages. */
	if (idle_bitmap_open(&young->bitmap, young->env->sys_root) < 0)
		young->bitmap.fd = -1;
	return 0;
}

/* Of a process that has gone, or does not answer, nothing is known in this window. */
static int clear_span(struct young *young, const struct span *span)
{
	struct young_seat *seat = &young->seats[span->target];
	uint64_t at, end;
	int err = 0;

	for (at = span->start; at < span->end && seat->cleared && !err; at = end) {
		end = span->end - at > CLEAR_BYTES ? at + CLEAR_BYTES : span->end;
		if (pagemap_clear_young(young->targets[span->target], at, end) < 0)
			seat->cleared = 0;
		young->bitmap.calls++;
		err = slice_breathe(&young->slice, young->env);
	}
	return err;
}

static int companion_commit(struct young *young)
{
	int err = young_asks(young) ? young_clear_frames(young) : 0;
	size_t i;

	for (i = 0; i < young->n_targets; i++)
		young->seats[i].cleared = !(young->seats[i].missed & MISSED_NOW);
	for (i = 0; i < young->due.n && !err; i++)
		err = clear_span(young, &young->due.list[i]);
	young->due.n = 0;
	return err;
}

const struct young_clear young_clear_companion = {
	.name = "companion",
	.summary = "what was accessed, by PAGEMAP_SCAN of the companion kernel",
	.by_address = 1,
	.probe = companion_probe,
	.start = companion_start,
	.commit = companion_commit,
};
