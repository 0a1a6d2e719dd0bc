// SPDX-License-Identifier: GPL-2.0-only
#include "worker/aside.h"

#include <inttypes.h>

#include "observe/target.h"
#include "util/clock.h"
#include "util/log.h"
#include "worker/roster.h"

/* Why a page did not move that has nothing to do with room, or with what we chose. */
static const enum move_result faults[] = { MOVE_BUSY, MOVE_PINNED, MOVE_NOT_ALLOWED, MOVE_FAILED };

static uint64_t failed_folios(const struct ledger_account *account)
{
	uint64_t failed = 0;
	size_t i;

	for (i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
		failed += account->results[faults[i]].folios;
	return failed;
}

static void begin(struct seat *seat, enum backoff_why why, uint64_t now_ns)
{
	const struct target *target = seat->target;

	backoff_begin(&seat->backoff, why, now_ns);
	log_info("%s (pid %" PRIu32 ") %s; set aside for %" PRIu64 " s", target->comm,
		 target->key.tgid,
		 why == BACKOFF_BLOCKED ? "blocks: calls on its memory do not come back"
					: "has pages of which most do not move",
		 (seat->backoff.until_ns - now_ns) / NSEC_PER_SEC);
}

int aside_holds(struct seat *seat, uint64_t now_ns)
{
	if (seat->backoff.why == BACKOFF_NONE)
		return 0;
	if (!backoff_due(&seat->backoff, now_ns))
		return 1;
	/* The call of the last time is still in there: there is no need to try another. */
	if (!target_retry(seat->target)) {
		begin(seat, BACKOFF_BLOCKED, now_ns);
		return 1;
	}
	backoff_end(&seat->backoff);
	return 0;
}

void aside_blocked(struct seat *seat, uint64_t now_ns)
{
	if (seat->backoff.why == BACKOFF_NONE)
		begin(seat, BACKOFF_BLOCKED, now_ns);
}

static void judge(struct seat *seat, uint64_t now_ns)
{
	uint64_t requested = seat->account.requested.folios - seat->judged_requested;
	uint64_t failed = failed_folios(&seat->account) - seat->judged_failed;

	seat->judged_requested += requested;
	seat->judged_failed += failed;
	/* What was under way when it was set aside is judged once. */
	if (seat->backoff.why != BACKOFF_NONE)
		return;
	if (target_blocked(seat->target))
		begin(seat, BACKOFF_BLOCKED, now_ns);
	else if (backoff_failing(requested, failed))
		begin(seat, BACKOFF_FAILING, now_ns);
	else if (seat->marked)
		backoff_well(&seat->backoff);
}

void aside_judge(struct roster *roster, uint64_t now_ns)
{
	size_t i;

	for (i = 0; i < roster->count; i++)
		judge(&roster->seats[i], now_ns);
}

int aside_any(const struct roster *roster)
{
	size_t i;

	for (i = 0; i < roster->count; i++)
		if (roster->seats[i].backoff.why != BACKOFF_NONE)
			return 1;
	return 0;
}

uint64_t aside_left_ns(const struct roster *roster, uint64_t now_ns, uint64_t most_ns)
{
	uint64_t left_ns = most_ns;
	size_t i;

	for (i = 0; i < roster->count; i++) {
		const struct backoff *backoff = &roster->seats[i].backoff;
		uint64_t until_ns = backoff->until_ns > now_ns ? backoff->until_ns - now_ns : 0;

		if (backoff->why != BACKOFF_NONE && until_ns < left_ns)
			left_ns = until_ns;
	}
	return left_ns;
}
