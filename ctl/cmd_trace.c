// SPDX-License-Identifier: GPL-2.0-only
/* cmd_trace.c - tieredctl trace: a line for every event, as they come. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "ctl.h"
#include "format.h"
#include "output.h"
#include "stop.h"
#include "verb.h"

enum { OPT_PID, OPT_COMM, OPT_CGROUP, OPT_REASON, OPT_CALLS, OPT_COUNT };

static const struct verb_option options[] = {
	[OPT_PID] = { "pid", "N", 'p', "only pages of process N" },
	[OPT_COMM] = { "comm", "GLOB", 'c', "only of command names that match GLOB" },
	[OPT_CGROUP] = { "cgroup", "GLOB", 'g', "only of cgroups that match GLOB" },
	[OPT_REASON] = { "reason", "NAME", 'r', "only for this reason (see tieredctl(1))" },
	[OPT_CALLS] = { "calls", NULL, 0, "calls of migrate_pages(), too" },
	[OPT_COUNT] = { "count", "N", 'n', "end after N events" },
};

static const struct verb_usage usage = {
	.name = "trace",
	.arguments = "",
	.summary =
		"Shows every mapping that moves, whoever moves it, until SIGINT. Times are "
		"seconds\n"
		"of CLOCK_MONOTONIC, as in perf(1). Events that got lost are told where they are\n"
		"missing. A summary is written to standard error at the end.",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.colours = true,
	.example = "Example:\n  tieredctl trace --comm 'redis*' --reason numa_balancing",
};

/* In a storm there is always a line to show: the signal is looked for after so many. */
#define LINES_BETWEEN_LOOKS 64

/* What the command line says, and what came. */
struct trace {
	struct stop stop;
	struct output output;
	struct verb_common common;
	struct json_object *args;
	uint64_t count; /* 0: no end */
	uint64_t events;
	uint64_t pages;
	uint64_t undone;
	uint64_t lost;
};

static int take(void *arg, size_t option, const char *value)
{
	struct trace *trace = arg;
	struct json_object *object;
	uint64_t number;

	switch (option) {
	case OPT_COUNT:
		return options_number("--count", value, 1, UINT64_MAX, &trace->count);
	case OPT_PID:
		if (options_pid(value, &number) < 0)
			return -1;
		object = json_object_new_uint64(number);
		break;
	case OPT_CALLS:
		object = json_object_new_int(1); /* arguments are strings or numbers */
		break;
	default:
		object = json_object_new_string(value);
	}
	json_object_object_add(trace->args, options[option].name, object);
	return 0;
}

static void print_time(FILE *out, struct json_object *event)
{
	uint64_t ns = answer_number(event, "time_ns");

	fprintf(out, "%5" PRIu64 ".%06" PRIu64, ns / 1000000000, ns / 1000 % 1000000);
}

/* The longest reason ends in the last of 80 columns. */
static void print_heading(FILE *out)
{
	fprintf(out, "%12s %7s %-15s %14s %5s %-6s %s\n", "TIME", "PID", "COMM", "ADDRESS", "PAGES",
		"NODES", "REASON !=undone");
}

static uint64_t pages_of(struct json_object *event)
{
	return UINT64_C(1) << (answer_number(event, "order") & 31);
}

static void print_mapping(FILE *out, struct json_object *event)
{
	char comm[16], nodes[48];

	snprintf(nodes, sizeof(nodes), "%" PRIu64 "->%" PRIu64, answer_number(event, "from"),
		 answer_number(event, "to"));
	print_time(out, event);
	fprintf(out, " %7" PRIu64 " %-15s %#14" PRIx64 " %5" PRIu64 " %-6s %s%s\n",
		answer_number(event, "pid"),
		format_text(answer_text(event, "comm"), comm, sizeof(comm)),
		answer_address(event, "address"), pages_of(event), nodes,
		WORD(answer_text(event, "reason")), answer_flag(event, "undone") ? "!" : "");
}

static void print_call(FILE *out, struct json_object *event)
{
	bool attributed = answer_flag(event, "attributed");

	print_time(out, event);
	if (attributed)
		fprintf(out, " %7" PRIu64 " ", answer_number(event, "pid"));
	else
		fprintf(out, " %7s un", "?");
	fprintf(out, "attributed call: %s moved, %s failed, %s\n",
		COUNT(answer_number(event, "succeeded")), COUNT(answer_number(event, "failed")),
		WORD(answer_text(event, "reason")));
}

static uint64_t lost_in(struct json_object *event)
{
	return answer_number(event, "ring_full") + answer_number(event, "rate_capped") +
	       answer_number(event, "client");
}

static void print_lost(FILE *out, struct json_object *event, bool colour)
{
	fprintf(out,
		"%slost %" PRIu64 " events here: ring full %" PRIu64 ", rate capped %" PRIu64
		", reader too slow %" PRIu64 "%s\n",
		colour ? "\033[31m" : "", lost_in(event), answer_number(event, "ring_full"),
		answer_number(event, "rate_capped"), answer_number(event, "client"),
		colour ? "\033[m" : "");
}

static void show(struct trace *trace, struct json_object *event)
{
	FILE *out = trace->output.file;
	const char *kind = answer_text(event, "event");

	if (strcmp(kind, "lost") == 0) {
		trace->lost += lost_in(event);
	} else {
		trace->events++;
		if (answer_flag(event, "undone"))
			trace->undone++;
		else if (strcmp(kind, "mapping") == 0)
			trace->pages += pages_of(event);
	}
	if (trace->common.json)
		verb_write_json(out, event);
	else if (strcmp(kind, "lost") == 0)
		print_lost(out, event, trace->common.colour);
	else if (strcmp(kind, "call") == 0)
		print_call(out, event);
	else if (strcmp(kind, "mapping") == 0)
		print_mapping(out, event);
}

/* The line of a mapping begins so, and ends so when it was undone. */
#define MAPPING "{\"event\":\"mapping\","
#define ORDER ",\"order\":"
#define UNDONE "\"undone\":true}"

/* Of its line as text: 1 if it is that of a mapping, which a storm is made of. */
static int count_mapping(struct trace *trace, const char *text, size_t length)
{
	const char *order;

	if (length < sizeof(MAPPING) + sizeof(UNDONE) ||
	    memcmp(text, MAPPING, sizeof(MAPPING) - 1) != 0)
		return 0;
	order = memmem(text, length, ORDER, sizeof(ORDER) - 1);
	if (!order)
		return 0;
	trace->events++;
	if (memcmp(text + length - (sizeof(UNDONE) - 1), UNDONE, sizeof(UNDONE) - 1) == 0)
		trace->undone++;
	else
		trace->pages += UINT64_C(1) << (atoi(order + sizeof(ORDER) - 1) & 31);
	return 1;
}

/*
 * The next line, if one is there: 0 or -errno. For JSON most go through as they are: to
 * take one apart and put it together again is most of the work, and a reader that is
 * slower than the daemon loses lines.
 */
static int take_line(struct trace *trace, struct client *client)
{
	struct json_object *event;
	const char *text;
	size_t length;
	int err;

	err = client_text(client, 0, &text, &length);
	if (err < 0)
		return err;
	if (trace->common.json && count_mapping(trace, text, length)) {
		fwrite(text, 1, length + 1, trace->output.file);
		return 0;
	}
	err = client_parse(client, text, length, &event);
	if (err < 0)
		return err;
	show(trace, event);
	json_object_put(event);
	return 0;
}

static bool complete(const struct trace *trace)
{
	return trace->count && trace->events >= trace->count;
}

/*
 * What is there already. 0; 1 when it is enough, or the signal came; or -errno.
 * Flushed once, when all was shown.
 */
static int drain(struct trace *trace, struct client *client)
{
	unsigned int lines = 0;
	int err = 0;

	while (!complete(trace) && !ferror(trace->output.file)) {
		if (++lines % LINES_BETWEEN_LOOKS == 0 && stop_came(&trace->stop))
			return 1;
		err = take_line(trace, client);
		if (err < 0)
			break;
	}
	if (fflush(trace->output.file) != 0)
		return 1;
	if (complete(trace))
		return 1;
	return err == -EAGAIN ? 0 : err;
}

static int follow(struct trace *trace, struct client *client)
{
	struct pollfd fds[] = {
		{ .fd = client_fd(client), .events = POLLIN },
		{ .fd = trace->stop.fd, .events = POLLIN },
	};
	int err;

	while (!fds[1].revents) {
		err = drain(trace, client);
		if (err > 0)
			return CTL_OK;
		if (err < 0)
			return verb_failed(client, err);
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return CTL_FAILED;
	}
	return CTL_OK;
}

/* Not to a pager that reads nothing any more. */
static void print_summary(const struct trace *trace)
{
	struct pollfd fd = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&fd, 1, 0) <= 0)
		return;
	fprintf(stderr,
		"%" PRIu64 " events, %" PRIu64 " pages moved, %" PRIu64 " undone, %" PRIu64
		" events lost\n",
		trace->events, trace->pages, trace->undone, trace->lost);
}

/* From the first line to the signal. */
static int show_all(struct trace *trace, struct client *client)
{
	int status;

	if (output_open(&trace->output, &trace->stop) < 0) {
		options_complain("out of memory");
		return CTL_FAILED;
	}
	if (!trace->common.json)
		print_heading(trace->output.file);
	status = follow(trace, client);
	return verb_end_output(&trace->output, status);
}

static int run(struct trace *trace, struct client *client)
{
	struct json_object *answer;
	int status, err;

	err = client_ask(client, "trace", json_object_get(trace->args), &answer);
	if (err < 0)
		return verb_failed(client, err);
	json_object_put(answer);
	if (stop_open(&trace->stop) < 0) {
		options_complain("cannot wait for signals");
		return CTL_FAILED;
	}
	status = show_all(trace, client);
	stop_close(&trace->stop);
	print_summary(trace);
	return status;
}

int cmd_trace(int argc, char **argv)
{
	struct trace trace = { .args = json_object_new_object() };
	struct client *client;
	int status;

	status = options_parse(&usage, argc, argv, take, &trace, &trace.common);
	if (status < 0)
		status = verb_connect(&trace.common, &client);
	else
		goto out;
	if (status == CTL_OK) {
		status = run(&trace, client);
		client_close(client);
	}
out:
	json_object_put(trace.args);
	return status;
}
