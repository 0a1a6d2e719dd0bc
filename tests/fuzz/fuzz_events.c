// SPDX-License-Identifier: GPL-2.0-only
/*
 * Feeds the decoder of ring records with anything. The input is a row of
 * records, each behind one byte that says how long the ring claims it to be;
 * half of them get a believable kind and size, so that callbacks are reached.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/events.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads every byte of what a callback got, so that a sanitizer sees a short one. */
static void touch(void *arg, const void *event, size_t size)
{
	const unsigned char *bytes = event;
	unsigned int *sum = arg;

	for (size_t i = 0; i < size; i++)
		*sum += bytes[i];
}

/* A callback must only ever see its own kinds, of their full size. */
static void expect(const struct event_header *header, uint32_t low, uint32_t high, size_t size)
{
	if (header->kind < low || header->kind > high || header->size != size)
		abort();
}

static void on_lifecycle(void *arg, const struct event_lifecycle *event)
{
	expect(&event->header, EVENT_EXEC, EVENT_FORK, sizeof(*event));
	touch(arg, event, sizeof(*event));
}

static void on_faults(void *arg, const struct event_faults *event)
{
	expect(&event->header, EVENT_FAULTS, EVENT_FAULTS, sizeof(*event));
	touch(arg, event, sizeof(*event));
}

static void on_migration(void *arg, const struct event_migration *event)
{
	expect(&event->header, EVENT_MIGRATION, EVENT_MIGRATION, sizeof(*event));
	touch(arg, event, sizeof(*event));
}

static void on_folio(void *arg, const struct event_folio *event)
{
	expect(&event->header, EVENT_FOLIO, EVENT_FOLIO, sizeof(*event));
	touch(arg, event, sizeof(*event));
}

static void on_shootdowns(void *arg, const struct event_shootdowns *event)
{
	expect(&event->header, EVENT_SHOOTDOWNS, EVENT_SHOOTDOWNS, sizeof(*event));
	touch(arg, event, sizeof(*event));
}

static const struct event_handler handler = {
	.lifecycle = on_lifecycle,
	.faults = on_faults,
	.migration = on_migration,
	.folio = on_folio,
	.shootdowns = on_shootdowns,
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned int sum = 0;

	while (size) {
		size_t length = *data;

		data++;
		size--;
		if (length > size)
			length = size;
		events_dispatch(data, length, &handler, &sum);
		if (length >= sizeof(struct event_header) && length & 1) {
			uint8_t record[256];
			uint32_t kind = data[0] % (EVENT_KINDS + 1);
			uint32_t right = (uint32_t)events_size(kind);

			memcpy(record, data, length);
			memcpy(record, &kind, sizeof(kind));
			memcpy(record + sizeof(kind), &right, sizeof(right));
			events_dispatch(record, right <= length ? right : length, &handler, &sum);
		}
		data += length;
		size -= length;
	}
	return sum == 1;
}
