/* SPDX-License-Identifier: GPL-2.0-only */
/* scansource.h - page tables for the young tracker where there is no BPF: pagemap and PAGEMAP_SCAN. */
#ifndef BENCH_SCANSOURCE_H
#define BENCH_SCANSOURCE_H

struct young_source;

/* NULL where PAGEMAP_SCAN does not know accessed bits. One per program. */
const struct young_source *scansource(void);

#endif
