// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/events.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <string.h>

#include "bpf/internal.h"

/* Tells a full helping from an error of libbpf's own. */
#define CONSUME_ENOUGH (-EXFULL)

union event {
	struct event_header header;
	struct event_lifecycle lifecycle;
	struct event_faults faults;
	struct event_migration migration;
	struct event_folio folio;
	struct event_shootdowns shootdowns;
};

#define EVENT_LIST_SIZE(value, name, record) [value] = sizeof(struct record),
static const size_t sizes[EVENT_KINDS] = { EVENT_KIND_LIST(EVENT_LIST_SIZE) };

static const char *const names[EVENT_KINDS] = { EVENT_KIND_LIST(EVENT_LIST_NAME) };

size_t events_size(uint32_t kind)
{
	return kind < EVENT_KINDS ? sizes[kind] : 0;
}

const char *events_name(uint32_t kind)
{
	return kind < EVENT_KINDS && names[kind] ? names[kind] : "?";
}

static void event_call(const union event *event, const struct event_handler *handler, void *arg)
{
	switch (event->header.kind) {
	case EVENT_EXEC:
	case EVENT_EXIT:
	case EVENT_FORK:
		if (handler->lifecycle)
			handler->lifecycle(arg, &event->lifecycle);
		break;
	case EVENT_FAULTS:
		if (handler->faults)
			handler->faults(arg, &event->faults);
		break;
	case EVENT_MIGRATION:
		if (handler->migration)
			handler->migration(arg, &event->migration);
		break;
	case EVENT_FOLIO:
		if (handler->folio)
			handler->folio(arg, &event->folio);
		break;
	case EVENT_SHOOTDOWNS:
		if (handler->shootdowns)
			handler->shootdowns(arg, &event->shootdowns);
		break;
	}
}

int events_dispatch(const void *data, size_t size, const struct event_handler *handler, void *arg)
{
	union event event;

	if (size < sizeof(event.header) || size > sizeof(event))
		return -EBADMSG;
	/* A copy: aligned, and the same bytes that were checked are those handed out. */
	memcpy(&event, data, size);
	if (event.header.size != size || events_size(event.header.kind) != size)
		return -EBADMSG;
	event_call(&event, handler, arg);
	return 0;
}

static int consume_one(void *arg, void *data, size_t size)
{
	struct bpf *bpf = arg;

	if (events_dispatch(data, size, bpf->handler, bpf->handler_arg) < 0)
		bpf->malformed++;
	return ++bpf->consumed >= BPF_CONSUME_MAX ? CONSUME_ENOUGH : 0;
}

int events_open(struct bpf *bpf)
{
	bpf->ring =
		ring_buffer__new(bpf_map__fd(bpf->skeleton->maps.events), consume_one, bpf, NULL);
	return bpf->ring ? 0 : -errno;
}

void events_close(struct bpf *bpf)
{
	ring_buffer__free(bpf->ring);
}

int bpf_consume(struct bpf *bpf, const struct event_handler *handler, void *arg)
{
	int r;

	if (!bpf)
		return -EOPNOTSUPP;
	bpf->handler = handler;
	bpf->handler_arg = arg;
	bpf->consumed = 0;
	r = ring_buffer__consume(bpf->ring);
	bpf->handler = NULL;
	return r < 0 && r != CONSUME_ENOUGH ? r : bpf->consumed;
}

uint64_t bpf_malformed(const struct bpf *bpf)
{
	return bpf ? bpf->malformed : 0;
}
