/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * output.h - standard output of a verb that a signal ends, also while nobody reads.
 *
 * Signals of struct stop are blocked, so a write() that waits for a stopped
 * pager would wait on whatever the user presses. What is printed to @file waits
 * for the reader and for the signal instead, whichever comes first.
 */
#ifndef TIERED_CTL_OUTPUT_H
#define TIERED_CTL_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#include "stop.h"

/**
 * struct output
 * @file: to print to; ferror() once it takes nothing any more
 * @stop: not owned
 * @fd: where it goes
 * @own: @fd is not standard output's descriptor and is to be closed
 * @error: what the first write that failed said, as -errno; -ECANCELED: ended by the signal
 */
struct output {
	FILE *file;
	const struct stop *stop;
	int fd;
	bool own;
	int error;
};

/* 0 or -errno. @output must stay where it is until it is closed. */
int output_open(struct output *output, const struct stop *stop);

/* Writes what is left, as above. 0, -ECANCELED when a signal ended that, or -errno. */
int output_close(struct output *output);

#endif
