/* SPDX-License-Identifier: GPL-2.0-only */
/* events.h - from the bytes of the ring to typed, checked calls. */
#ifndef TIERED_DAEMON_BPF_EVENTS_H
#define TIERED_DAEMON_BPF_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "tiered/event.h"

struct bpf;

/**
 * struct event_handler - who wants to know what; NULL: that kind is passed over
 *
 * The records belong to the ring: they are valid during the call only. @arg is
 * that of bpf_consume() or events_dispatch().
 */
struct event_handler {
	void (*lifecycle)(void *arg, const struct event_lifecycle *event); /* see header.kind */
	void (*faults)(void *arg, const struct event_faults *event);
	void (*migration)(void *arg, const struct event_migration *event);
	void (*folio)(void *arg, const struct event_folio *event);
	void (*shootdowns)(void *arg, const struct event_shootdowns *event);
};

/* Pure: bytes of a record of this kind; 0 when there is no such kind. */
size_t events_size(uint32_t kind);

/* "exec", "faults"; "?" when there is no such kind. */
const char *events_name(uint32_t kind);

/*
 * events_dispatch() - checks one record and hands it to its handler
 *
 * Returns 0, or -EBADMSG when kind and sizes do not fit each other; nobody is
 * called then. @data may lie at any address.
 */
int events_dispatch(const void *data, size_t size, const struct event_handler *handler, void *arg);

/*
 * The caller has other things to do: this many records take about a
 * millisecond, and ten calls a second still read 80,000.
 */
#define BPF_CONSUME_MAX 8192

/*
 * bpf_consume() - hands out what is in the ring; does not wait
 *
 * Returns how many records were taken, malformed ones included, at most
 * BPF_CONSUME_MAX per call; -EOPNOTSUPP without BPF; -errno. When it is that
 * many, the rest waits in the ring for the next call; what finds the ring full
 * meanwhile is counted as lost. One thread only.
 */
int bpf_consume(struct bpf *bpf, const struct event_handler *handler, void *arg);

/* Records refused by events_dispatch() so far. */
uint64_t bpf_malformed(const struct bpf *bpf);

#endif
