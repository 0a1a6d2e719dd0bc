/* SPDX-License-Identifier: GPL-2.0-only */
/* textfile.h - metrics as a file that readers see whole, for node_exporter's collector. */
#ifndef TIERED_TEXTFILE_H
#define TIERED_TEXTFILE_H

#include <stddef.h>

/*
 * metrics_write_file() - puts @text in the place of the file @path
 * @path: absolute; PATH.tmp beside it is overwritten on the way
 * @why: on failure a sentence for a person
 *
 * The file has mode 0644. Readers see the old text or the new one. 0 or -errno.
 */
int metrics_write_file(const char *path, const char *text, size_t length, char *why,
		       size_t why_size);

#endif
