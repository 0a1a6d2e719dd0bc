/* SPDX-License-Identifier: GPL-2.0-only */
/* top_screen.h - the terminal of top: draws frames, reads keys. The only user of ncurses. */
#ifndef TIERED_CTL_TOP_SCREEN_H
#define TIERED_CTL_TOP_SCREEN_H

#include <stdbool.h>
#include <stddef.h>

#include "top_frame.h"

#define TOP_FILTER_MAX 16

/* What the person at the keys has chosen. */
struct top_view {
	struct targets_order order; /* its filter is @filter */
	char filter[TOP_FILTER_MAX];
	bool typing; /* the filter */
	bool help;
	bool again; /* to look again at once */
	size_t scroll;
	char message[512]; /* what is wrong; "" when nothing is */
};

/* 0 or -ENOTTY when this terminal can not show it. */
int top_screen_open(bool colour);

/* Puts the terminal back. */
void top_screen_close(void);

void top_screen_draw(const struct top_samples *samples, struct top_view *view);

/* Takes the keys that were pressed. False: to quit. */
bool top_screen_keys(struct top_view *view);

#endif
