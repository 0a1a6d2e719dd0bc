/* SPDX-License-Identifier: GPL-2.0-only */
/* hold.h - a child of the benchmark as a target, as the daemon would hold it. */
#ifndef BENCH_HOLD_H
#define BENCH_HOLD_H

#include <sys/types.h>

struct target;

/* Without its mappings yet; to be closed with target_close(). 0 or -errno. */
int hold_process(pid_t pid, struct target **ret);

#endif
