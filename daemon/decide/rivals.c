// SPDX-License-Identifier: GPL-2.0-only
#include "decide/rivals.h"

static const char *const names[] = { RIVAL_LIST(TIERED_LIST_NAME) };

const char *rivals_name(unsigned int rival)
{
	return rival < RIVALS ? names[rival] : "?";
}

static struct rivals_doubt of_all(enum rival rival, int at_work)
{
	uint32_t mask = at_work ? 1U << rival : 0;

	return (struct rivals_doubt){ .anon = mask, .file = mask };
}

/*
 * Reclaim goes through lists of anonymous pages and lists of pages of files.
 * A server that reads files reclaims the latter all the time: that says
 * nothing about its anonymous memory, unless active lists are gone through,
 * which are not counted apart, or MGLRU may have walked over page tables.
 */
static struct rivals_doubt of_reclaim(const struct rivals_sample *before,
				      const struct rivals_sample *now)
{
	int anon = now->scanned_anon != before->scanned_anon || now->refilled != before->refilled;
	int file = now->scanned_file != before->scanned_file;

	return (struct rivals_doubt){
		.anon = anon || (file && now->blind) ? 1U << RIVAL_RECLAIM : 0,
		.file = anon || file ? 1U << RIVAL_RECLAIM : 0,
	};
}

struct rivals_doubt rivals_judge(const struct rivals_sample *before,
				 const struct rivals_sample *now)
{
	const struct rivals_doubt parts[] = {
		of_reclaim(before, now),
		of_all(RIVAL_MGLRU, now->aged != before->aged),
		of_all(RIVAL_NUMA_BALANCING, now->hinted != before->hinted),
		/* One that was stopped in between has worked until then. */
		of_all(RIVAL_DAMON, now->kdamonds || before->kdamonds),
	};
	struct rivals_doubt doubt = { 0 };
	unsigned int i;

	for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		doubt.anon |= parts[i].anon;
		doubt.file |= parts[i].file;
	}
	return doubt;
}
