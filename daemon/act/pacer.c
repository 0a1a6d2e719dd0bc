// SPDX-License-Identifier: GPL-2.0-only
#include "act/pacer.h"

#define NS_PER_S UINT64_C(1000000000)

void pacer_init(struct pacer *pacer, uint64_t rate_bytes_per_s, uint64_t burst_bytes,
		uint64_t now_ns)
{
	*pacer = (struct pacer){
		.rate = rate_bytes_per_s,
		.burst = burst_bytes < 4096 ? 4096 : burst_bytes,
		.last_ns = now_ns,
	};
	pacer->tokens = (int64_t)pacer->burst;
}

static void refill(struct pacer *pacer, uint64_t now_ns)
{
	unsigned __int128 earned;

	if (now_ns <= pacer->last_ns)
		return;
	earned = (unsigned __int128)(now_ns - pacer->last_ns) * pacer->rate + pacer->rest;
	pacer->last_ns = now_ns;
	if (earned / NS_PER_S >= (uint64_t)((int64_t)pacer->burst - pacer->tokens)) {
		pacer->tokens = (int64_t)pacer->burst;
		pacer->rest = 0;
		return;
	}
	pacer->tokens += (int64_t)(earned / NS_PER_S);
	pacer->rest = (uint64_t)(earned % NS_PER_S);
}

uint64_t pacer_delay_ns(struct pacer *pacer, uint64_t now_ns, uint64_t bytes)
{
	/* More than the bucket holds can never be saved up: a full one has to do. */
	int64_t needed = (int64_t)(bytes < pacer->burst ? bytes : pacer->burst);

	if (!pacer->rate)
		return 0;
	refill(pacer, now_ns);
	if (pacer->tokens >= needed)
		return 0;
	return (uint64_t)(((unsigned __int128)(uint64_t)(needed - pacer->tokens) * NS_PER_S +
			   pacer->rate - 1) /
			  pacer->rate);
}

void pacer_take(struct pacer *pacer, uint64_t now_ns, uint64_t bytes)
{
	if (!pacer->rate)
		return;
	refill(pacer, now_ns);
	pacer->tokens -= (int64_t)bytes;
}

uint64_t pacer_earns(const struct pacer *pacer, uint64_t ns)
{
	unsigned __int128 bytes = (unsigned __int128)ns * pacer->rate / NS_PER_S;

	if (!pacer->rate || bytes > UINT64_MAX)
		return UINT64_MAX;
	return (uint64_t)bytes;
}
