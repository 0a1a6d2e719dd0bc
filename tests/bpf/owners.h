/* SPDX-License-Identifier: GPL-2.0-only */
/* owners.h - what owners.bpf.c counts by. */
#ifndef TIERED_TESTS_OWNERS_H
#define TIERED_TESTS_OWNERS_H

#define OWNERS_COMM 16

/* A process: numbers are used again, starts are not. All zero: it was on its way out. */
struct owner {
	unsigned long long start_ns; /* since boot */
	unsigned int tgid;
	char comm[OWNERS_COMM];
	unsigned int unused;
};

#endif
