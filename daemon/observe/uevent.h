/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * uevent.h - the kernel says that memory came or went.
 *
 * What udev listens to as well: one datagram per event, "ACTION@DEVPATH" and
 * then NAME=VALUE, each ended by a NUL (Documentation/ABI/testing/sysfs-uevent).
 */
#ifndef TIERED_UEVENT_H
#define TIERED_UEVENT_H

#include <stddef.h>

/* A socket that polls readable when there are events; or -errno. */
int uevent_open(void);

/* Takes what waits there. 1: some of it may be about memory; 0: none of it is. */
int uevent_drain(int fd);

/* Pure: is it about memory blocks, nodes or memory tiers? @text need not end in a NUL. */
int uevent_is_memory(const char *text, size_t n);

#endif
