// SPDX-License-Identifier: GPL-2.0-only
/* heat_learn.c - what one window teaches about one page. */
#include "decide/heat_page.h"

union page page_learn(struct page_memo *memo, union page page, uint64_t interval_ns, int accessed)
{
	struct filter filter;

	if (memo->valid && memo->interval_ns != interval_ns)
		memo->valid = 0;
	if (memo->valid && memo->before == page.word && memo->accessed == accessed)
		return (union page){ .word = memo->after };
	if (!memo->valid) {
		memo->interval_ns = interval_ns;
		memo->log_interval = filter_log_interval(interval_ns);
	}
	memo->before = page.word;
	memo->accessed = accessed;
	filter = page_is_head(page) ? page_filter(page) : filter_start(memo->log_interval);
	page_set_filter(&page, filter_update(filter, memo->log_interval, accessed));
	memo->after = page.word;
	memo->valid = 1;
	return page;
}
