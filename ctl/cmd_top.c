// SPDX-License-Identifier: GPL-2.0-only
/*
 * cmd_top.c - tieredctl top: status and targets, live.
 *
 * One loop waits for keys, signals and the daemon together, so a daemon that is
 * slow or gone never holds up the keys: what is wrong stands in the last line,
 * and the connection is made again with the next tick.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "ctl.h"
#include "stop.h"
#include "table.h"
#include "top_screen.h"
#include "util/clock.h"
#include "verb.h"

#define INTERVAL_DEFAULT_S 2

enum { OPT_INTERVAL, OPT_ONCE, OPT_SORT };

static const struct verb_option options[] = {
	[OPT_INTERVAL] = { "interval", "S", 'i', "seconds between two looks (2)" },
	[OPT_ONCE] = { "once", NULL, '1', "print one frame as text, and exit" },
	[OPT_SORT] = { "sort", "KEY", 's', "resident, hit, promoted, demoted or fast" },
};

static const struct verb_usage usage = {
	.name = "top",
	.arguments = "",
	.summary = "Shows tiers, hit share, moves, costs and targets, live. Keys: q "
		   "quits, s sorts by the next key, r reverses, / filters by command "
		   "name, space looks again, h helps. --json means --once.",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.colours = true,
	.example = "Example:\n  tieredctl top --interval 5 --sort promoted",
};

enum waiting { WAITING_NOTHING, WAITING_STATUS, WAITING_TARGETS };

struct top {
	struct verb_common common;
	uint64_t interval_s;
	bool once;
	struct top_view view;
	struct top_samples samples;
	struct client *client; /* NULL: not connected */
	enum waiting waiting;
	uint64_t next_ns; /* when to look again, or to complain about no answer */
};

static int take(void *arg, size_t option, const char *value)
{
	struct top *top = arg;

	switch (option) {
	case OPT_INTERVAL:
		return options_number("--interval", value, 1, 3600, &top->interval_s);
	case OPT_ONCE:
		top->once = true;
		return 0;
	default:
		return targets_key_parse(value, &top->view.order.key);
	}
}

static void give_up(struct top *top, const char *why)
{
	snprintf(top->view.message, sizeof(top->view.message), "%s", why);
	client_close(top->client);
	top->client = NULL;
	top->waiting = WAITING_NOTHING;
}

static void send_request(struct top *top, const char *verb, enum waiting waiting)
{
	if (client_send(top->client, verb, NULL) < 0)
		give_up(top, client_why(top->client));
	else
		top->waiting = waiting;
}

/* Begins the next look; a look that takes longer than it should is told and goes on. */
static void tick(struct top *top)
{
	char why[CLIENT_WHY_MAX];
	uint64_t now = clock_now_ns();

	if (now < top->next_ns && !top->view.again)
		return;
	top->view.again = false;
	top->next_ns = now + top->interval_s * NSEC_PER_SEC;
	if (top->waiting != WAITING_NOTHING) {
		snprintf(top->view.message, sizeof(top->view.message),
			 "the daemon has not answered yet");
		return;
	}
	if (!top->client && client_open(top->common.socket, 0, &top->client, why) < 0) {
		top->client = NULL;
		give_up(top, why);
		return;
	}
	send_request(top, "status", WAITING_STATUS);
}

static void receive(struct top *top)
{
	struct json_object *result;
	int err;

	err = client_answer(top->client, 0, &result);
	if (err == -EAGAIN)
		return;
	if (err < 0) {
		give_up(top, client_why(top->client));
		return;
	}
	if (top->waiting == WAITING_STATUS) {
		top_samples_status(&top->samples, result);
		send_request(top, "targets", WAITING_TARGETS);
		return;
	}
	top_samples_targets(&top->samples, result);
	top->waiting = WAITING_NOTHING;
	top->view.message[0] = '\0';
}

static int wait_ms(const struct top *top)
{
	uint64_t now = clock_now_ns();

	return now < top->next_ns ? (int)((top->next_ns - now) / NSEC_PER_MSEC) + 1 : 0;
}

/* SIGWINCH ends poll(); the keys tell of it then. */
static void loop(struct top *top, const struct stop *stop)
{
	struct pollfd fds[] = {
		{ .fd = STDIN_FILENO, .events = POLLIN },
		{ .fd = stop->fd, .events = POLLIN },
		{ .events = POLLIN },
	};

	for (;;) {
		tick(top);
		top_screen_draw(&top->samples, &top->view);
		fds[2].fd = top->waiting ? client_fd(top->client) : -1;
		if (poll(fds, 3, wait_ms(top)) < 0) {
			fds[0].revents = 0;
			fds[1].revents = 0;
			fds[2].revents = 0;
		}
		if (fds[1].revents || fds[0].revents & (POLLHUP | POLLERR))
			return;
		if (!top_screen_keys(&top->view))
			return;
		if (fds[2].revents)
			receive(top);
	}
}

static int run_live(struct top *top)
{
	struct stop stop;

	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO)) {
		options_complain("top needs a terminal; --once prints one frame as text");
		return CTL_FAILED;
	}
	if (stop_open(&stop) < 0) {
		options_complain("cannot wait for signals");
		return CTL_FAILED;
	}
	if (top_screen_open(top->common.colour) < 0) {
		stop_close(&stop);
		options_complain("this terminal cannot show it; --once prints one frame as text");
		return CTL_FAILED;
	}
	loop(top, &stop);
	top_screen_close();
	stop_close(&stop);
	client_close(top->client);
	return CTL_OK;
}

static void print_json(const struct top *top)
{
	struct json_object *both = json_object_new_object();

	json_object_object_add(both, "status", json_object_get(top->samples.status));
	json_object_object_add(both, "targets", json_object_get(top->samples.targets));
	verb_print_json(both);
	json_object_put(both);
}

static int run_once(struct top *top)
{
	struct json_object *status, *targets;
	struct top_frame frame;
	int ret;

	ret = verb_ask(&top->common, "status", NULL, &status);
	if (ret != CTL_OK)
		return ret;
	top_samples_status(&top->samples, status);
	ret = verb_ask(&top->common, "targets", NULL, &targets);
	if (ret != CTL_OK)
		return ret;
	top_samples_targets(&top->samples, targets);
	if (top->common.json) {
		print_json(top);
		return CTL_OK;
	}
	if (top_frame_make(&top->samples, &top->view.order, TABLE_WIDTH, &frame) < 0) {
		options_complain("out of memory");
		return CTL_FAILED;
	}
	fputs(frame.head, stdout);
	fputs(frame.table, stdout);
	top_frame_free(&frame);
	return CTL_OK;
}

int cmd_top(int argc, char **argv)
{
	struct top top = { .interval_s = INTERVAL_DEFAULT_S };
	int status;

	status = options_parse(&usage, argc, argv, take, &top, &top.common);
	if (status >= 0)
		return status;
	status = top.once || top.common.json ? run_once(&top) : run_live(&top);
	top_samples_free(&top.samples);
	return verb_finish(status);
}
