/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * event.h - what the BPF programs tell the daemon through the ring buffer.
 *
 * This is an ABI: the version below changes with any change of layout or
 * meaning; a kind is never reused. Times are CLOCK_MONOTONIC nanoseconds,
 * process ids are those of the initial pid namespace, addresses are byte
 * addresses in the address space of @tgid. A record carries no command name:
 * whoever shows it to a person looks that up once per process.
 *
 * Nothing here wakes the reader up: records are reserved with
 * BPF_RB_NO_WAKEUP and the daemon polls. A record that finds no room in the
 * ring, or that the rate cap holds back, is counted per kind in
 * struct event_losses (stats.h).
 */
#ifndef TIERED_EVENT_H
#define TIERED_EVENT_H

#include "types.h"

#define TIERED_EVENT_ABI 2

/* The kernel shows start times to user space in ticks of 1/100 s (USER_HZ). */
#define TIERED_TICK_NS 10000000

/* As in types.h, with the structure of the record. */
#define EVENT_KIND_LIST(X)                                                                         \
	X(EVENT_EXEC, exec, event_lifecycle)                                                       \
	X(EVENT_EXIT, exit, event_lifecycle)                                                       \
	X(EVENT_FORK, fork, event_lifecycle)                                                       \
	X(EVENT_FAULTS, faults, event_faults)                                                      \
	X(EVENT_MIGRATION, migration, event_migration)                                             \
	X(EVENT_FOLIO, folio, event_folio)                                                         \
	X(EVENT_SHOOTDOWNS, shootdowns, event_shootdowns)

#define EVENT_LIST_VALUE(value, name, record) value,
#define EVENT_LIST_NAME(value, name, record) [value] = #name,

/**
 * enum event_kind - what a record tells
 * @EVENT_NO_KIND: kinds begin at 1
 * @EVENT_EXEC: a process runs a new program
 * @EVENT_EXIT: the last thread of a process is gone
 * @EVENT_FORK: a new process (not a thread)
 * @EVENT_FAULTS: page faults, added up
 * @EVENT_MIGRATION: one call of migrate_pages() ended
 * @EVENT_FOLIO: one mapping moved; only while watched
 * @EVENT_SHOOTDOWNS: TLB flushes, added up
 */
enum event_kind {
	EVENT_NO_KIND = 0,
	EVENT_KIND_LIST(EVENT_LIST_VALUE) EVENT_KINDS,
};

/**
 * struct event_header - head of every record
 * @kind: enum event_kind
 * @size: bytes of the whole record, header included
 * @cpu: where it happened
 * @tgid: the process it is about: the victim where one is known, else the current one
 * @tid: the thread that was running; the first one where records are added up
 * @flags: EVENT_F_*
 * @time_ns: CLOCK_MONOTONIC
 * @cgroup_id: cgroup v2 id (inode number of its folder) of the running thread; in an
 *	       EVENT_FOLIO of the owner of the memory
 */
struct event_header {
	__u32 kind;
	__u32 size;
	__u32 cpu;
	__u32 tgid;
	__u32 tid;
	__u32 flags;
	__u64 time_ns;
	__u64 cgroup_id;
};

#define EVENT_F_OURS 1u       /* done by a move of this daemon */
#define EVENT_F_ATTRIBUTED 2u /* @tgid is the owner of the memory, not just who was running */
#define EVENT_F_UNDONE 4u     /* EVENT_FOLIO: the mapping was put back where it was */

/**
 * struct event_lifecycle - EVENT_EXEC, EVENT_EXIT, EVENT_FORK
 * @parent_tgid: parent (fork) or real parent (exec, exit)
 * @start_ns: start of the process, nanoseconds since boot, cut to a multiple of
 *	      TIERED_TICK_NS: so it equals field 22 of /proc/PID/stat in ticks
 *
 * Two threads that end at the same moment may both tell the exit of their
 * process.
 */
struct event_lifecycle {
	struct event_header header;
	__u32 parent_tgid;
	__u32 reserved;
	__u64 start_ns;
};

/**
 * struct event_faults - page faults of one process in one 2 MiB region, added up
 * @region: address of the region, 2 MiB aligned
 * @count: faults since @first_ns
 * @writes: how many of them were writes
 * @first_ns: time of the first one; header.time_ns is the last
 */
struct event_faults {
	struct event_header header;
	__u64 region;
	__u32 count;
	__u32 writes;
	__u64 first_ns;
};

/**
 * struct event_migration - one batch of the kernel's migration ended
 * @succeeded: base pages moved
 * @failed: base pages that stayed
 * @large_succeeded: large folios moved (the kernel's thp_succeeded)
 * @large_failed: large folios that stayed
 * @large_split: large folios that were split
 * @mode: enum migrate_mode of the kernel
 * @reason: enum seen_reason
 */
struct event_migration {
	struct event_header header;
	__u64 succeeded;
	__u64 failed;
	__u64 large_succeeded;
	__u64 large_failed;
	__u64 large_split;
	__u32 mode;
	__u32 reason;
};

/**
 * struct event_folio - one mapping of one folio moved, or put back
 * @address: where it is mapped
 * @order: folio order, 0 is one base page
 * @from: source node
 * @to: destination node; equal to @from when undone
 * @reason: enum seen_reason
 */
struct event_folio {
	struct event_header header;
	__u64 address;
	__u32 order;
	__u32 from;
	__u32 to;
	__u32 reason;
};

/**
 * struct event_shootdowns - TLB flushes of one process on one CPU, added up
 * @sent: flushes that sent interrupts to other CPUs
 * @received: flushes done here because another CPU asked
 * @local: flushes of this CPU's own making
 * @full: how many of all these were full flushes
 * @pages: pages flushed one by one in the others
 * @first_ns: time of the first one; header.time_ns is the last
 */
struct event_shootdowns {
	struct event_header header;
	__u32 sent;
	__u32 received;
	__u32 local;
	__u32 full;
	__u64 pages;
	__u64 first_ns;
};

_Static_assert(EVENT_EXEC == 1 && EVENT_SHOOTDOWNS == 7, "event ABI");
_Static_assert(sizeof(struct event_header) == 40, "event ABI");
_Static_assert(sizeof(struct event_lifecycle) == 56, "event ABI");
_Static_assert(sizeof(struct event_faults) == 64, "event ABI");
_Static_assert(sizeof(struct event_migration) == 88, "event ABI");
_Static_assert(sizeof(struct event_folio) == 64, "event ABI");
_Static_assert(sizeof(struct event_shootdowns) == 72, "event ABI");

#endif
