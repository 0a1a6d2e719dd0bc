/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * pacer.h - a token bucket in bytes, exact over time.
 *
 * What is taken is taken whole, into debt if need be, and the debt delays what
 * comes after it. So neither a folio larger than the bucket nor a thousand
 * small batches get past the rate. Pure: times are given.
 */
#ifndef TIERED_PACER_H
#define TIERED_PACER_H

#include <stdint.h>

struct pacer {
	uint64_t rate;  /* bytes per second, 0: unlimited */
	uint64_t burst; /* bytes saved up at most */
	int64_t tokens; /* bytes; negative: debt */
	uint64_t last_ns;
	uint64_t rest; /* byte-nanoseconds below one token, so that nothing is rounded away */
};

/* @burst_bytes: at least one page. Starts full. */
void pacer_init(struct pacer *pacer, uint64_t rate_bytes_per_s, uint64_t burst_bytes,
		uint64_t now_ns);

/* How long to wait before @bytes may be taken; 0: now. Full buckets let anything pass. */
uint64_t pacer_delay_ns(struct pacer *pacer, uint64_t now_ns, uint64_t bytes);

/* Takes @bytes. */
void pacer_take(struct pacer *pacer, uint64_t now_ns, uint64_t bytes);

/* Bytes that @ns earn: what one window may move; UINT64_MAX when unlimited. */
uint64_t pacer_earns(const struct pacer *pacer, uint64_t ns);

#endif
