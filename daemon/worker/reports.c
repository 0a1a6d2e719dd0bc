// SPDX-License-Identifier: GPL-2.0-only
#include "worker/reports.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/target.h"
#include "util/clock.h"
#include "worker/view.h"

static void say(struct mailbox *mailbox, struct message *message, unsigned int kind)
{
	message->kind = kind;
	mailbox_send(mailbox, message);
}

void report_gone(struct mailbox *mailbox, uint32_t id, int error)
{
	struct worker_gone *gone = calloc(1, sizeof(*gone));

	if (!gone)
		return;
	gone->id = id;
	gone->error = error;
	say(mailbox, &gone->message, WORKER_GONE);
}

void report_target(struct mailbox *mailbox, const struct seat *seat)
{
	struct worker_target *report = calloc(1, sizeof(*report));

	if (!report)
		return;
	report->id = seat->target->id;
	report->tgid = seat->target->key.tgid;
	memcpy(report->comm, seat->target->comm, sizeof(report->comm));
	report->account = seat->account;
	say(mailbox, &report->message, WORKER_TARGET);
}

static void fill_figure(const struct window *window, const struct seat *seat, uint64_t fast_nodes,
			struct worker_figure *figure)
{
	struct heat_target_view view;
	unsigned int node, bin;

	figure->id = seat->target->id;
	figure->windows = seat->windows;
	figure->last_move_ns = seat->moved_ns;
	figure->account = seat->account;
	figure->backoff = seat->backoff;
	figure->home = seat->home.slot;
	if (heat_target(window->heat, figure->id, &view) < 0)
		return;
	figure->share_ppm = heat_target_share_ppm(window->heat, figure->id, fast_nodes);
	for (node = 0; node < TIERED_NODES_MAX; node++) {
		uint64_t pages = 0;

		for (bin = 0; view.bins[node] && bin < HEAT_BINS; bin++)
			pages += view.bins[node][bin];
		figure->tracked_pages += pages;
		figure->fast_pages += fast_nodes >> node & 1 ? pages : 0;
	}
}

int report_figures(struct mailbox *mailbox, const struct window *window)
{
	const struct roster *roster = &window->roster;
	uint64_t fast_nodes = view_fast_nodes(window);
	struct worker_figures *report;
	size_t i;

	report = calloc(1, sizeof(*report) + roster->count * sizeof(report->figures[0]));
	if (!report)
		return 0;
	report->n = roster->count;
	for (i = 0; i < roster->count; i++)
		fill_figure(window, &roster->seats[i], fast_nodes, &report->figures[i]);
	say(mailbox, &report->message, WORKER_FIGURES);
	return 1;
}

static void say_window(struct mailbox *mailbox, const struct window *window,
		       struct worker_window *message, unsigned int kind)
{
	message->window = window->number;
	message->end_ns = clock_now_ns();
	message->targets = window->roster.count;
	message->account = window->account;
	message->totals = window->totals;
	say(mailbox, &message->message, kind);
}

void report_window(struct mailbox *mailbox, const struct window *window)
{
	struct worker_window *message = calloc(1, sizeof(*message));

	if (message)
		say_window(mailbox, window, message, WORKER_WINDOW);
}

void report_end(struct mailbox *mailbox, const struct window *window, struct worker_window *message,
		int error, const char *what)
{
	size_t i;

	for (i = 0; i < window->roster.count; i++)
		report_target(mailbox, &window->roster.seats[i]);
	message->error = error;
	snprintf(message->error_what, sizeof(message->error_what), "%s", what);
	say_window(mailbox, window, message, WORKER_ENDED);
}
