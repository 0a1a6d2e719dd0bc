/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * reports.h - what the worker says of its own accord (worker.h).
 *
 * Where memory is short a report is left out: a target that went is found gone
 * again, or by the sweep, and sums are kept here and said again by the next one.
 */
#ifndef TIERED_REPORTS_H
#define TIERED_REPORTS_H

#include <stdint.h>

#include "util/mailbox.h"
#include "worker/window.h"

void report_gone(struct mailbox *mailbox, uint32_t id, int error);
void report_target(struct mailbox *mailbox, const struct seat *seat);

/* 1 when there was memory for it. */
int report_figures(struct mailbox *mailbox, const struct window *window);
void report_window(struct mailbox *mailbox, const struct window *window);

/* The last word; @message was put by for it. */
void report_end(struct mailbox *mailbox, const struct window *window, struct worker_window *message,
		int error, const char *what);

#endif
