/* SPDX-License-Identifier: GPL-2.0-only */
/* reasons.h - the running kernel's reasons to migrate, as enum seen_reason. */
#ifndef TIERED_DAEMON_BPF_REASONS_H
#define TIERED_DAEMON_BPF_REASONS_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/types.h"

struct btf;

/*
 * reasons_read() - the table that the programs index by the kernel's enum migrate_reason
 * @kernel: BTF of the running kernel
 * @ret_seen: @n entries of enum seen_reason; unknown for what has no name known here
 */
void reasons_read(const struct btf *kernel, uint8_t *ret_seen, size_t n);

#endif
