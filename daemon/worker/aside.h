/* SPDX-License-Identifier: GPL-2.0-only */
/* aside.h - targets that block, or whose pages do not move, are set aside and come back. */
#ifndef TIERED_ASIDE_H
#define TIERED_ASIDE_H

#include <stdint.h>

struct roster;
struct seat;

/* 1 while it is set aside; a target whose time is over comes back here, if it can. */
int aside_holds(struct seat *seat, uint64_t now_ns);

/* A look at the seat found its target blocked: sets it aside. */
void aside_blocked(struct seat *seat, uint64_t now_ns);

/* After a window: judges every target by what became of its moves and calls. */
void aside_judge(struct roster *roster, uint64_t now_ns);

/* Is anybody set aside? */
int aside_any(const struct roster *roster);

/* How long until somebody's time is over, at most @most_ns. */
uint64_t aside_left_ns(const struct roster *roster, uint64_t now_ns, uint64_t most_ns);

#endif
