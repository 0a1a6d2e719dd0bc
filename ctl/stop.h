/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * stop.h - signals that end a verb that runs on, as a file descriptor.
 *
 * So that what was begun is finished: a terminal is put back, a summary and a
 * picture are written.
 */
#ifndef TIERED_CTL_STOP_H
#define TIERED_CTL_STOP_H

#include <signal.h>
#include <stdbool.h>

struct stop {
	int fd; /* readable after SIGINT, SIGTERM or SIGHUP */
	sigset_t before;
};

/* 0 or -errno. */
int stop_open(struct stop *stop);

/* Did one come? */
bool stop_came(const struct stop *stop);

/* Signals do again what they did before; those that came are forgotten. */
void stop_close(struct stop *stop);

#endif
