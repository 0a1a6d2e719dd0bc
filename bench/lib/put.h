/* SPDX-License-Identifier: GPL-2.0-only */
/* put.h - one write to a file of the kernel. */
#ifndef BENCH_PUT_H
#define BENCH_PUT_H

/* Writes @text to @folder/@name, which is there. 0 or -errno. */
int put_text(const char *folder, const char *name, const char *text);

#endif
