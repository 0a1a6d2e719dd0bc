/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ctl.h - what the verbs of tieredctl share.
 *
 * One verb per file: ctl/cmd_NAME.c with cmd_NAME(), a row in the table of
 * main.c. A verb parses its own options (getopt_long), talks to the daemon
 * through client.h, and returns an exit status.
 */
#ifndef TIERED_CTL_H
#define TIERED_CTL_H

/* Exit statuses, as in tieredctl(1). */
enum ctl_status {
	CTL_OK = 0,
	CTL_FAILED =
		1,     /* the daemon refused, or something went wrong; for check: not all is well */
	CTL_USAGE = 2, /* bad command line */
	CTL_UNREACHABLE = 3, /* no daemon, or no right to talk to it */
};

/* @argv[0] is the verb. */
int cmd_check(int argc, char **argv);
int cmd_status(int argc, char **argv);
int cmd_targets(int argc, char **argv);
int cmd_top(int argc, char **argv);
int cmd_trace(int argc, char **argv);
int cmd_explain(int argc, char **argv);
int cmd_heatmap(int argc, char **argv);
int cmd_plan(int argc, char **argv);
int cmd_metrics(int argc, char **argv);
int cmd_set(int argc, char **argv);
int cmd_pause(int argc, char **argv); /* pause and resume */
int cmd_reload(int argc, char **argv);

#endif
