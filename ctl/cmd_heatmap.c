// SPDX-License-Identifier: GPL-2.0-only
/* cmd_heatmap.c - tieredctl heatmap: watches a process, window by window. */
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "ctl.h"
#include "heatmap_picture.h"
#include "heatmap_term.h"
#include "output.h"
#include "stop.h"
#include "table.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "verb.h"

/* Windows last at least 200 ms by default; each question costs the worker a pass over the heat. */
#define ASK_EVERY_MS 250

/* Without a new window for so long the daemon is idle or stuck, and somebody should know. */
#define PATIENCE_MS 120000

#define WINDOWS_DEFAULT 24

/* A picture has room for more cells than a line of text. */
#define PICTURE_FINER 2

enum { OPT_OUTPUT, OPT_WINDOWS, OPT_COLUMNS };

static const struct verb_option options[] = {
	[OPT_OUTPUT] = { "output", "FILE", 'o', "write a picture: FILE.png or FILE.svg" },
	[OPT_WINDOWS] = { "windows", "N", 'n', "how many windows to watch (24)" },
	[OPT_COLUMNS] = { "columns", "N", 0, "cells that address space is cut into (what fits)" },
};

static const struct verb_usage usage = {
	.name = "heatmap",
	.arguments = "PID",
	.summary = "Shows how hot the memory of PID is and what of it is on the fastest "
		   "tier, one line for each window as it ends, until all came or SIGINT.",
	.options = options,
	.n_options = sizeof(options) / sizeof(options[0]),
	.colours = true,
	.min = 1,
	.max = 1,
	.example = "Example:\n  tieredctl heatmap 4711 --windows 60 -o redis.svg",
};

typedef int (*picture_write)(const struct heatmap *heatmap, FILE *out);

static const struct {
	const char *suffix;
	picture_write write;
} formats[] = {
	{ ".svg", heatmap_svg_write },
	{ ".png", heatmap_png_write },
};

struct watch {
	struct verb_common common;
	const char *output;
	picture_write write;
	uint64_t windows;
	uint64_t columns;
	uint64_t pid;
	struct heatmap heatmap;
	struct heatmap_term term;
};

static int take_output(struct watch *watch, const char *value)
{
	size_t i, length = strlen(value);

	for (i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		size_t suffix = strlen(formats[i].suffix);

		if (length > suffix && strcmp(value + length - suffix, formats[i].suffix) == 0) {
			watch->output = value;
			watch->write = formats[i].write;
			return 0;
		}
	}
	options_complain("--output %s: expected a name that ends in .png or .svg", value);
	return -1;
}

static int take(void *arg, size_t option, const char *value)
{
	struct watch *watch = arg;

	switch (option) {
	case OPT_OUTPUT:
		return take_output(watch, value);
	case OPT_WINDOWS:
		return options_number("--windows", value, 1, HEATMAP_ROWS_MAX, &watch->windows);
	default:
		return options_number("--columns", value, 1, HEATMAP_COLUMNS_MAX, &watch->columns);
	}
}

static void show_row(struct watch *watch, struct json_object *answer)
{
	if (watch->common.json) {
		verb_write_json(watch->term.out, answer);
	} else {
		if (watch->heatmap.n_rows == 1)
			heatmap_term_begin(&watch->term, &watch->heatmap);
		heatmap_term_row(&watch->term, &watch->heatmap);
	}
	fflush(watch->term.out);
}

/* 1: a new row, 0: no new window yet, or -errno. */
static int ask(struct watch *watch, struct client *client)
{
	struct json_object *args = json_object_new_object(), *answer;
	int err;

	json_object_object_add(args, "pid", json_object_new_uint64(watch->pid));
	json_object_object_add(args, "columns", json_object_new_uint64(watch->columns));
	err = client_ask(client, "heatmap", args, &answer);
	if (err < 0) {
		options_complain("%s", client_why(client));
		return err;
	}
	err = heatmap_add(&watch->heatmap, answer);
	if (err < 0)
		options_complain("cannot keep the window: %s", strerror(-err));
	if (err > 0)
		show_row(watch, answer);
	json_object_put(answer);
	return err;
}

static int follow(struct watch *watch, struct client *client, const struct stop *stop)
{
	struct pollfd poll_fd = { .fd = stop->fd, .events = POLLIN };
	uint64_t last = clock_now_ns();

	for (;;) {
		int err = ask(watch, client);

		if (err < 0)
			return client_status(err);
		if (watch->heatmap.n_rows >= watch->windows)
			return CTL_OK;
		if (err > 0)
			last = clock_now_ns();
		if (clock_now_ns() - last > PATIENCE_MS * NSEC_PER_MSEC) {
			options_complain("no window has ended for %d s; see 'tieredctl status'",
					 PATIENCE_MS / 1000);
			return CTL_FAILED;
		}
		if (ferror(watch->term.out) || poll(&poll_fd, 1, ASK_EVERY_MS) > 0)
			return CTL_OK;
	}
}

/* Beside the picture, so that it becomes it by its name alone. 0 or -errno. */
static int open_temporary(const char *output, char **ret_name, FILE **ret_file)
{
	auto_free char *name = NULL;
	mode_t mask = umask(0);
	FILE *file;
	int fd;

	umask(mask);
	if (asprintf(&name, "%s.XXXXXX", output) < 0) {
		name = NULL;
		return -ENOMEM;
	}
	fd = mkostemp(name, O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* As if it had been made with its own name. */
	file = fchmod(fd, 0666 & ~mask) == 0 ? fdopen(fd, "w") : NULL;
	if (!file) {
		int err = -errno;

		close(fd);
		unlink(name);
		return err;
	}
	*ret_name = name;
	name = NULL;
	*ret_file = file;
	return 0;
}

/* What was there before stays until the picture is complete. */
static int replace_picture(const struct watch *watch)
{
	auto_free char *name = NULL;
	FILE *out = NULL;
	int err;

	err = open_temporary(watch->output, &name, &out);
	if (err < 0)
		return err;
	err = watch->write(&watch->heatmap, out);
	if (fclose(out) != 0 && err == 0)
		err = -errno;
	if (err == 0 && rename(name, watch->output) < 0)
		err = -errno;
	if (err < 0)
		unlink(name);
	return err;
}

static int write_picture(const struct watch *watch)
{
	int err = replace_picture(watch);

	if (err == 0)
		return CTL_OK;
	options_complain("cannot write %s: %s", watch->output, strerror(-err));
	return CTL_FAILED;
}

static int show_rows(struct watch *watch, struct client *client, const struct stop *stop)
{
	struct output output;
	int status;

	if (output_open(&output, stop) < 0) {
		options_complain("out of memory");
		return CTL_FAILED;
	}
	watch->term.out = output.file;
	status = follow(watch, client, stop);
	watch->term.out = stdout;
	return verb_end_output(&output, status);
}

/* What was seen becomes a picture however the watching ended. */
static int run(struct watch *watch)
{
	struct client *client;
	struct stop stop;
	int status;

	status = verb_connect(&watch->common, &client);
	if (status != CTL_OK)
		return status;
	if (stop_open(&stop) < 0) {
		options_complain("cannot wait for signals");
		client_close(client);
		return CTL_FAILED;
	}
	status = show_rows(watch, client, &stop);
	stop_close(&stop);
	client_close(client);
	if (watch->output && watch->heatmap.n_rows && write_picture(watch) != CTL_OK)
		status = CTL_FAILED;
	return status;
}

int cmd_heatmap(int argc, char **argv)
{
	struct watch watch = { .windows = WINDOWS_DEFAULT, .term = { .out = stdout } };
	int status;

	status = options_parse(&usage, argc, argv, take, &watch, &watch.common);
	if (status >= 0)
		return status;
	if (options_pid(watch.common.arguments[0], &watch.pid) < 0)
		return CTL_USAGE;
	setlocale(LC_CTYPE, "");
	heatmap_term_probe(&watch.term, watch.common.colour);
	watch.term.columns = heatmap_term_columns(table_page_width(stdout));
	if (!watch.columns)
		watch.columns = watch.term.columns * (watch.output ? PICTURE_FINER : 1);
	if (watch.columns > HEATMAP_COLUMNS_MAX)
		watch.columns = HEATMAP_COLUMNS_MAX;
	status = run(&watch);
	heatmap_free(&watch.heatmap);
	return verb_finish(status);
}
