/* SPDX-License-Identifier: GPL-2.0-only */
/* spans.h - which addresses mark() has looked at, for read() to look again. */
#ifndef TIERED_OBSERVE_SPANS_H
#define TIERED_OBSERVE_SPANS_H

#include <stddef.h>
#include <stdint.h>

/**
 * struct span - addresses of one target, end exclusive
 * @target: index
 * @ahead: out of turn
 * @partly: some were not due: they have no mark, and nothing is said of them
 * @shared: read() has met pages that others access, too
 */
struct span {
	uint64_t start;
	uint64_t end;
	uint32_t target;
	uint8_t ahead;
	uint8_t partly;
	uint8_t shared;
};

struct spans {
	struct span *list;
	size_t n;
	size_t room;
};

/* One more, joined with the last one if that is of its kind and ends where it starts. 0 or -ENOMEM. */
int spans_add(struct spans *spans, struct span span);
void spans_free(struct spans *spans);

/* Observations of one call are of one target and one kind, and ascend: may @next join @last's? */
int span_continues(const struct span *last, const struct span *next);

#endif
