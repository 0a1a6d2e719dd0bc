// SPDX-License-Identifier: GPL-2.0-only
#include "verbs/trace_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "verbs/internal.h"

/* Each of these writes at @at and returns where it ended; the line is long enough for all. */
static char *put_text(char *at, const char *text)
{
	size_t length = strlen(text);

	memcpy(at, text, length);
	return at + length;
}

static char *put_base(char *at, uint64_t value, unsigned int base)
{
	char digits[20];
	size_t n = 0;

	do
		digits[n++] = "0123456789abcdef"[value % base];
	while ((value /= base) != 0);
	while (n)
		*at++ = digits[--n];
	return at;
}

/* A field of a number: what comes before it, and the number. */
static char *put_number(char *at, const char *before, uint64_t value)
{
	return put_base(put_text(at, before), value, 10);
}

static char *put_flag(char *at, const char *before, int yes)
{
	return put_text(put_text(at, before), yes ? "true" : "false");
}

static char *put_word(char *at, const char *before, const char *word)
{
	return put_text(put_text(at, before), word);
}

/* For between two quotes: what JSON must escape, and bytes that are no ASCII. */
static void quote(const char *text, char *buffer, size_t size)
{
	size_t used = 0;

	for (; *text && used + 2 < size; text++) {
		if (*text == '"' || *text == '\\')
			buffer[used++] = '\\';
		buffer[used++] = *text >= ' ' && *text < 0x7f ? *text : '?';
	}
	buffer[used] = '\0';
}

void trace_name_write(struct trace_name *name)
{
	char comm[2 * TRACE_COMM_MAX], cgroup[2 * TRACE_CGROUP_MAX];

	quote(name->comm, comm, sizeof(comm));
	quote(name->cgroup, cgroup, sizeof(cgroup));
	snprintf(name->who, sizeof(name->who), ",\"pid\":%u,\"comm\":\"%s\"", name->pid, comm);
	snprintf(name->where, sizeof(name->where), ",\"cgroup_id\":%" PRIu64 ",\"cgroup\":\"%s\"",
		 name->cgroup_id, cgroup);
}

size_t trace_line_mapping(char *line, const struct event_folio *event,
			  const struct trace_name *name)
{
	char *at = line;

	at = put_number(at, "{\"event\":\"mapping\",\"time_ns\":", event->header.time_ns);
	at = put_text(put_text(at, name->who), name->where);
	at = put_base(put_text(at, ",\"address\":\"0x"), event->address, 16);
	at = put_number(at, "\",\"order\":", event->order);
	at = put_number(at, ",\"from\":", event->from);
	at = put_number(at, ",\"to\":", event->to);
	at = put_word(at, ",\"reason\":\"", json_reason_name(event->reason));
	at = put_flag(at, "\",\"ours\":", event->header.flags & EVENT_F_OURS);
	at = put_flag(at, ",\"undone\":", event->header.flags & EVENT_F_UNDONE);
	return (size_t)(put_text(at, "}\n") - line);
}

size_t trace_line_call(char *line, const struct event_migration *event,
		       const struct trace_name *name)
{
	char *at = line;

	at = put_number(at, "{\"event\":\"call\",\"time_ns\":", event->header.time_ns);
	at = put_text(at, name->who);
	at = put_flag(at, ",\"attributed\":", event->header.flags & EVENT_F_ATTRIBUTED);
	at = put_word(at, ",\"reason\":\"", json_reason_name(event->reason));
	at = put_flag(at, "\",\"ours\":", event->header.flags & EVENT_F_OURS);
	at = put_number(at, ",\"succeeded\":", event->succeeded);
	at = put_number(at, ",\"failed\":", event->failed);
	return (size_t)(put_text(at, "}\n") - line);
}
