/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * rivals.h - looks for others who clear accessed bits (tiered/rivals.h).
 *
 * Reclaim and NUMA balancing have counters in vmstat. MGLRU tells its
 * generations in debugfs; DAMON whether its threads run, in sysfs.
 */
#ifndef TIERED_OBSERVE_RIVALS_H
#define TIERED_OBSERVE_RIVALS_H

#include "tiered/rivals.h"

struct rivals;

/* Roots as in struct tracker_env, kept by the caller. 0 or -ENOMEM. */
int rivals_new(const char *proc_root, const char *sys_root, struct rivals **ret);
/* The kdamonds in sysfs are the tracker's own. */
void rivals_own_kdamonds(struct rivals *rivals);
void rivals_free(struct rivals *rivals);

/* What can be seen now, of all. What cannot be read is as it was at the last time. */
void rivals_look(struct rivals *rivals, struct rivals_sample *ret);

/* The same, but only what is cheap is looked at again: the counters. */
void rivals_glance(struct rivals *rivals, struct rivals_sample *ret);

#endif
