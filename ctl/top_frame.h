/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * top_frame.h - what top shows, as text: for the terminal, and for --once.
 */
#ifndef TIERED_CTL_TOP_FRAME_H
#define TIERED_CTL_TOP_FRAME_H

#include <json-c/json.h>
#include <stddef.h>

#include "targets_text.h"

/* Answers of the daemon; rates are made from two of them. NULL: none yet. */
struct top_samples {
	struct json_object *status;
	struct json_object *before; /* an earlier status */
	struct json_object *targets;
};

/* Takes @status over; the one before it is kept for rates, unless it is of another run. */
void top_samples_status(struct top_samples *samples, struct json_object *status);
void top_samples_targets(struct top_samples *samples, struct json_object *targets);
void top_samples_free(struct top_samples *samples);

/* Text of whole lines: what stands above the table, and the table with its title. */
struct top_frame {
	char *head;
	char *table;
};

/* 0 or -ENOMEM. */
int top_frame_make(const struct top_samples *samples, const struct targets_order *order,
		   size_t width, struct top_frame *ret);
void top_frame_free(struct top_frame *frame);

#endif
