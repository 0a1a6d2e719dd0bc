/* SPDX-License-Identifier: GPL-2.0-only */
/* cpus.h - on which CPU something runs, and which of them were interrupted. */
#ifndef BENCH_CPUS_H
#define BENCH_CPUS_H

#include <stdint.h>

/* From here on this thread runs on @cpu only. Ends the program on error. */
void cpus_pin(int cpu);

/* TLB shootdowns that CPUs from @first on have taken (/proc/interrupts). Ends the program on error. */
uint64_t cpus_tlb_interrupts(int first);

#endif
