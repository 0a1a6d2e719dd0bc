// SPDX-License-Identifier: GPL-2.0-only
#include "worker/trim.h"

#include <malloc.h>

#include "util/clock.h"

void trim_memory(struct trim *trim, uint64_t least_ns)
{
	const uint64_t now_ns = clock_now_ns();

	if (!trim->due || now_ns - trim->last_ns < least_ns)
		return;
	malloc_trim(0);
	*trim = (struct trim){ .last_ns = now_ns };
}
