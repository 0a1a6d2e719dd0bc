// SPDX-License-Identifier: GPL-2.0-only
#include "report/journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The code of a window's record is always here: no use in saying so in each. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "util/log.h"

/* As long as a log line. */
#define SENTENCE_MAX 1024

int journal_stream_is(const char *stream, int fd)
{
	unsigned long long device, inode;
	struct stat status;
	char end;

	if (!stream || sscanf(stream, "%llu:%llu%c", &device, &inode, &end) != 2)
		return 0;
	return fstat(fd, &status) == 0 && status.st_dev == device && status.st_ino == inode;
}

int journal_connected(void)
{
	return journal_stream_is(getenv("JOURNAL_STREAM"), STDERR_FILENO);
}

/* A field that has no room is left out: the sentence, which comes first, is bounded. */
static void __attribute__((format(printf, 2, 3)))
add(struct journal_fields *fields, const char *format, ...)
{
	char *at = fields->text + fields->used;
	size_t room = sizeof(fields->text) - fields->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(at, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room || fields->n == JOURNAL_FIELDS_MAX)
		return;
	fields->field[fields->n++] = (struct iovec){ .iov_base = at, .iov_len = (size_t)n };
	fields->used += (size_t)n + 1;
}

static void add_head(struct journal_fields *fields, const char *id, const char *sentence)
{
	fields->n = 0;
	fields->used = 0;
	add(fields, "MESSAGE=%.*s", SENTENCE_MAX, sentence);
	add(fields, "PRIORITY=%d", LOG_LEVEL_INFO);
	add(fields, "MESSAGE_ID=%s", id);
	add(fields, "SYSLOG_IDENTIFIER=tiered");
}

static void add_moves(struct journal_fields *fields, uint64_t requested, uint64_t promoted,
		      uint64_t demoted)
{
	add(fields, "TIERED_REQUESTED=%" PRIu64, requested);
	add(fields, "TIERED_PROMOTED=%" PRIu64, promoted);
	add(fields, "TIERED_DEMOTED=%" PRIu64, demoted);
}

void journal_window_fields(const struct journal_window *window, const char *sentence,
			   struct journal_fields *ret)
{
	add_head(ret, JOURNAL_WINDOW_ID, sentence);
	add(ret, "TIERED_WINDOW=%" PRIu64, window->window);
	add_moves(ret, window->requested, window->promoted, window->demoted);
	add(ret, "TIERED_SHARE_PPM=%" PRIu64, window->share_ppm);
	add(ret, "TIERED_SCAN_CPU_NS=%" PRIu64, window->scan_cpu_ns);
	add(ret, "TIERED_MIGRATE_CPU_NS=%" PRIu64, window->migrate_cpu_ns);
}

void journal_target_fields(const struct journal_target *target, const char *sentence,
			   struct journal_fields *ret)
{
	add_head(ret, JOURNAL_TARGET_ID, sentence);
	add(ret, "TIERED_TARGET=%u", target->id);
	add(ret, "TIERED_PID=%u", target->pid);
	add(ret, "TIERED_COMM=%.64s", target->comm);
	add_moves(ret, target->requested, target->promoted, target->demoted);
	add(ret, "TIERED_PAGES=%" PRIu64, target->promoted + target->demoted);
}

/* What the journal does not take is said all the same. */
static void write_record(int connected, const struct journal_fields *fields, const char *sentence)
{
	if (!connected || sd_journal_sendv(fields->field, fields->n) < 0)
		log_info("%s", sentence);
}

void journal_window(int connected, const struct journal_window *window, const char *sentence)
{
	struct journal_fields fields;

	journal_window_fields(window, sentence, &fields);
	write_record(connected, &fields, sentence);
}

void journal_target(int connected, const struct journal_target *target, const char *sentence)
{
	struct journal_fields fields;

	journal_target_fields(target, sentence, &fields);
	write_record(connected, &fields, sentence);
}
