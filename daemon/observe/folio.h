/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * folio.h - what a clear idle bit means, by /proc/kpageflags
 * (Documentation/admin-guide/mm/pagemap.rst).
 *
 * The idle bitmap knows heads of folios on LRU lists only. So a page of ours
 * whose bit is clear was accessed, or it is a tail, whose head's bit counts, or
 * it is on no list at all. kpageflags tells, at a fifth to a third of the cost
 * of the idle test itself; so it is asked only where it has to be: not for
 * idle pages, with one probe for a 2 MiB page, and for pages that were found
 * single before only every few windows.
 */
#ifndef TIERED_FOLIO_H
#define TIERED_FOLIO_H

#include <linux/kernel-page-flags.h>
#include <stddef.h>
#include <stdint.h>

struct idle_chunk;

/* Frames in a PMD-mapped huge page of x86-64: the largest folio there is on an LRU list. */
#define FOLIO_PAGES_MAX 512

struct folio_reader;

/* Where kpageflags cannot be read it makes do without: only 2 MiB pages that stayed idle are seen. */
int folio_reader_new(const char *proc_root, struct folio_reader **ret);
void folio_reader_free(struct folio_reader *reader);

/* A new window: what was read of single blocks is stale. */
void folio_reader_window(struct folio_reader *reader);

/* Fills @tails, @odd and @small of a chunk that was fetched. */
void folio_reader_scan(struct folio_reader *reader, struct idle_chunk *chunk);

/* Head of the folio that @pfn is a tail of, or 0. Slow: for folios mapped in part. */
uint64_t folio_reader_head(struct folio_reader *reader, uint64_t pfn);

/* Entries of kpageflags from @pfn on; how many were read, 0 where it cannot be. */
size_t folio_reader_flags(struct folio_reader *reader, uint64_t pfn, uint64_t *flags, size_t n);

/* Such an entry of a single page on an LRU list. */
#define FOLIO_FLAGS_PLAIN (UINT64_C(1) << KPF_LRU)

/* Not the first page of its folio. */
static inline int folio_flags_tail(uint64_t flags)
{
	return (flags >> KPF_COMPOUND_TAIL & 1) != 0;
}

static inline int folio_flags_zero(uint64_t flags)
{
	return (flags >> KPF_ZERO_PAGE & 1) != 0;
}

/* On no LRU list, or something that the list would not say: its accessed bits do not count. */
static inline int folio_flags_odd(uint64_t flags)
{
	const uint64_t bad = UINT64_C(1) << KPF_HWPOISON | UINT64_C(1) << KPF_HUGE |
			     UINT64_C(1) << KPF_ZERO_PAGE;

	return !(flags >> KPF_LRU & 1) || flags & bad;
}

/* Is it the zero page, or the huge one, as far as they have been met? */
int folio_reader_is_zero(const struct folio_reader *reader, uint64_t pfn);

#endif
