// SPDX-License-Identifier: GPL-2.0-only
#include "round.h"

#include <errno.h>

#include "target.h"
#include "vmas.h"

int round_target(const struct target *target, size_t index, uint64_t from, uint64_t to,
		 round_fn *look, void *arg, uint64_t *ret_reached)
{
	size_t i;
	int ret;

	for (i = 0; i < target->n_vmas; i++) {
		const struct vma *vma = &target->vmas[i];

		if (vma->end <= from)
			continue;
		if (vma->start >= to)
			break;
		if (vma->start > from)
			from = vma->start;
		ret = look(arg, index, from, vma->end < to ? vma->end : to, ret_reached);
		if (ret <= 0)
			return ret;
		from = vma->end;
	}
	return 1;
}

size_t round_begin(struct target *const *targets, size_t n, const struct round_cursor *cursor,
		   uint64_t *ret_address)
{
	size_t i;

	*ret_address = 0;
	for (i = 0; i < n; i++) {
		if (targets[i]->id == cursor->target)
			*ret_address = cursor->address;
		if (targets[i]->id >= cursor->target)
			return i;
	}
	return 0;
}

int round_walk(struct target *const *targets, size_t n, struct round_cursor *cursor, round_fn *look,
	       void *arg)
{
	uint64_t first_address, reached = 0;
	const size_t first = round_begin(targets, n, cursor, &first_address);
	size_t i;
	int ret;

	for (i = 0; i <= n && n; i++) {
		const size_t index = (first + i) % n;

		ret = round_target(targets[index], index, i ? 0 : first_address,
				   i == n ? first_address : UINT64_MAX, look, arg, &reached);
		if (ret == -ECANCELED || ret == -ENOMEM)
			return ret;
		if (ret == 0) {
			cursor->target = targets[index]->id;
			cursor->address = reached;
			return 0;
		}
		/* Gone, or not to be read: the next one. Whoever holds it finds out as well. */
	}
	return 1;
}
