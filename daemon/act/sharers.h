/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * sharers.h - are all who map a page willing?
 *
 * The kernel says how many mappings a frame has (/proc/kpagecount), not whose
 * they are. Who got a page by fork(), or before it, has it at the same address:
 * so each target is asked for its frame there, and when as many have it as it
 * has mappings, there is nobody else. A page that is elsewhere in another
 * process, or in one that is no target, is found not to add up, and stays. Processes
 * that share one address space (CLONE_VM) have one mapping between them, and count once.
 */
#ifndef TIERED_SHARERS_H
#define TIERED_SHARERS_H

#include <stddef.h>

#include "decide/plan.h"
#include "util/guard.h"

struct target;

/*
 * @counts_fd: /proc/kpagecount; -1: nothing adds up
 * @client: for calls that may block
 * @order: of the address spaces of two processes, as for qsort(), in @ret_order: 0 when it is the
 *	same one. 0; -errno when it cannot be told, as of one that has gone, or without kcmp(2)
 */
struct sharers {
	int counts_fd;
	struct guard_client client;
	int (*order)(struct sharers *sharers, uint32_t a, uint32_t b, int *ret_order);
};

/* @guard: or NULL. 0 or -errno; usable, and to be closed, in any case. */
int sharers_open(struct sharers *sharers, const char *proc_root, struct guard *guard);
void sharers_close(struct sharers *sharers);

/*
 * Of @n moves of @target, ascending addresses, settles those as MOVE_SHARED whose page has
 * a mapping that is of none of @willing, or of one that may not use the node it goes to, and
 * shared folios of more than a page. What is not there, or cannot be looked at, is MOVE_GONE.
 */
void sharers_filter(struct sharers *sharers, const struct target *target,
		    const struct target *const *willing, size_t n_willing, struct move *moves,
		    size_t n);

#endif
