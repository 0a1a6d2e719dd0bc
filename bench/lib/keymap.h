/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * keymap.h - where the values of a redis-server lie.
 *
 * Keys are named k:0 to k:N-1. DEBUG OBJECT tells the address of a key's
 * object; the pointer to its value is read from the memory of the server.
 * That read clears idle marks: do it before anything is measured.
 */
#ifndef BENCH_KEYMAP_H
#define BENCH_KEYMAP_H

#include <stdint.h>

#include "resp.h"

/* Commands on their way at once: more gains nothing, and the replies fit socket buffers. */
#define KEYMAP_PIPELINE 32

/* Sends "@verb k:KEY @tail" for @n keys, at most KEYMAP_PIPELINE; 0 or -errno. */
int keymap_send(struct resp *resp, const char *verb, const uint32_t *keys, uint32_t n,
		const char *tail);

/*
 * Has the server make @keys keys; the value of each is "value:KEY" and zeros,
 * @value_bytes in all. 0, -EPERM when it refuses (enable-debug-command), -errno.
 */
int keymap_populate(struct resp *resp, uint32_t keys, unsigned int value_bytes);

/*
 * Writes the address of the page in which each value begins; 0, -ENOENT when
 * a key is missing, -EPROTO for an answer this does not understand, -errno.
 */
int keymap_read(struct resp *resp, int pid, uint32_t keys, void **ret_addresses);

#endif
