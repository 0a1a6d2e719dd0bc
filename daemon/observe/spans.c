// SPDX-License-Identifier: GPL-2.0-only
#include "spans.h"

#include <errno.h>
#include <stdlib.h>

int spans_add(struct spans *spans, struct span span)
{
	struct span *last = spans->n ? &spans->list[spans->n - 1] : NULL;

	if (last && last->target == span.target && last->end == span.start &&
	    last->ahead == span.ahead && last->partly == span.partly) {
		last->end = span.end;
		return 0;
	}
	if (spans->n == spans->room) {
		size_t room = spans->room ? spans->room * 2 : 64;
		struct span *list = reallocarray(spans->list, room, sizeof(*list));

		if (!list)
			return -ENOMEM;
		spans->list = list;
		spans->room = room;
	}
	spans->list[spans->n++] = span;
	return 0;
}

void spans_free(struct spans *spans)
{
	free(spans->list);
	*spans = (struct spans){ 0 };
}

int span_continues(const struct span *last, const struct span *next)
{
	return last->target == next->target && last->end <= next->start &&
	       last->ahead == next->ahead;
}
