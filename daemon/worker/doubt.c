// SPDX-License-Identifier: GPL-2.0-only
#include "worker/doubt.h"

#include "decide/rivals.h"
#include "observe/rivals.h"
#include "util/clock.h"

/* Often enough to miss nothing that matters, and a small part of what reading costs. */
#define GLANCE_NS NSEC_PER_MSEC
/* On many CPUs the kernel takes its time to add up its counters: a glance in so many times that. */
#define GLANCE_PART 32

void doubt_open(struct doubt *doubt, struct rivals *rivals)
{
	*doubt = (struct doubt){ .rivals = rivals };
	if (rivals)
		rivals_look(rivals, &doubt->seen);
}

/* Who else has cleared accessed bits since the last time, which may be before the marks. */
void doubt_begin(struct doubt *doubt)
{
	doubt->of = (struct rivals_doubt){ 0 };
	if (!doubt->rivals)
		return;
	rivals_look(doubt->rivals, &doubt->now);
	doubt->of = rivals_judge(&doubt->seen, &doubt->now);
	doubt->glanced_ns = clock_now_ns();
}

/* One may begin while marks are being read: between their reading and their being counted. */
void doubt_glance(struct doubt *doubt)
{
	uint64_t start_ns = clock_now_ns();
	struct rivals_sample now;
	struct rivals_doubt of;

	if (!doubt->rivals || start_ns - doubt->glanced_ns < doubt->glance_gap_ns)
		return;
	rivals_glance(doubt->rivals, &now);
	of = rivals_judge(&doubt->seen, &now);
	doubt->of.anon |= of.anon;
	doubt->of.file |= of.file;
	doubt->glanced_ns = clock_now_ns();
	doubt->glance_gap_ns = (doubt->glanced_ns - start_ns) * GLANCE_PART;
	if (doubt->glance_gap_ns < GLANCE_NS)
		doubt->glance_gap_ns = GLANCE_NS;
}

/* As of the beginning: who came while they were read is at work in the next window, too. */
void doubt_end(struct doubt *doubt)
{
	doubt->seen = doubt->now;
}

int doubt_any(const struct doubt *doubt)
{
	return (doubt->of.anon | doubt->of.file) != 0;
}

uint32_t doubt_of(const struct doubt *doubt, const struct observation *seen)
{
	return seen->flags & OBSERVED_FILE ? doubt->of.file : doubt->of.anon;
}
