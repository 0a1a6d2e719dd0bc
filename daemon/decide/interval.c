// SPDX-License-Identifier: GPL-2.0-only
/* interval.c - the controller of the window's length. */
#include "decide/interval.h"

static uint64_t bounded(uint64_t interval_ns, uint64_t min_ns, uint64_t max_ns)
{
	if (interval_ns < min_ns)
		return min_ns;
	return interval_ns > max_ns ? max_ns : interval_ns;
}

uint64_t interval_longer(uint64_t interval_ns, uint64_t min_ns, uint64_t max_ns)
{
	return bounded(interval_ns > max_ns / 2 ? max_ns : interval_ns * 2, min_ns, max_ns);
}

uint64_t interval_next(uint64_t interval_ns, uint64_t accessed_pages, uint64_t fast_pages,
		       uint64_t tracked_pages, uint64_t min_ns, uint64_t max_ns)
{
	__extension__ typedef unsigned __int128 wide;
	wide accessed = accessed_pages;
	uint64_t places = fast_pages < tracked_pages / 4 ? fast_pages : tracked_pages / 4;
	wide wanted = (wide)places + places / 2;

	interval_ns = bounded(interval_ns, min_ns, max_ns);
	if (wanted >= accessed * 2)
		return interval_longer(interval_ns, min_ns, max_ns);
	if (wanted * 2 <= accessed)
		return bounded(interval_ns / 2, min_ns, max_ns);
	return bounded((uint64_t)(interval_ns * wanted / accessed), min_ns, max_ns);
}
