/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * journal.h - records with fields for the journal.
 *
 * Where standard error is connected to the journal, a record goes there by
 * itself, with fields to search for; anywhere else its sentence is a log line
 * like others. All numbers are decimal, pages are base pages.
 *
 *	journalctl -t tiered MESSAGE_ID=34e692a5d08948b8b2e2b430d3f3b774 -o json
 *
 * A window, JOURNAL_WINDOW_ID:
 *	TIERED_WINDOW=		its number
 *	TIERED_REQUESTED=	pages asked of move_pages()
 *	TIERED_PROMOTED=	pages moved to a faster tier
 *	TIERED_DEMOTED=		pages moved to a slower tier
 *	TIERED_SHARE_PPM=	share of accesses on the fastest tier, millionths
 *	TIERED_SCAN_CPU_NS=	CPU time of all but migration
 *	TIERED_MIGRATE_CPU_NS=	CPU time of migration
 *
 * The end of a target, JOURNAL_TARGET_ID; all of them since it became one:
 *	TIERED_TARGET=		its number in this run of the daemon
 *	TIERED_PID=		its process
 *	TIERED_COMM=		its command name
 *	TIERED_REQUESTED=, TIERED_PROMOTED=, TIERED_DEMOTED=	as above
 *	TIERED_PAGES=		pages moved, promoted and demoted together
 */
#ifndef TIERED_JOURNAL_H
#define TIERED_JOURNAL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define JOURNAL_WINDOW_ID "34e692a5d08948b8b2e2b430d3f3b774"
#define JOURNAL_TARGET_ID "39110a03ca3c43e29b7d3c819ca36fd7"

struct journal_window {
	uint64_t window;
	uint64_t requested;
	uint64_t promoted;
	uint64_t demoted;
	uint64_t share_ppm;
	uint64_t scan_cpu_ns;
	uint64_t migrate_cpu_ns;
};

struct journal_target {
	uint32_t id;
	uint32_t pid;
	const char *comm;
	uint64_t requested;
	uint64_t promoted;
	uint64_t demoted;
};

/* Is standard error connected to the journal? To be asked once. */
int journal_connected(void);

/* One record: to the journal when @connected, and it takes it; else a log line. */
void journal_window(int connected, const struct journal_window *window, const char *sentence);
void journal_target(int connected, const struct journal_target *target, const char *sentence);

/* The fields of one record, "NAME=value" each. */
#define JOURNAL_FIELDS_MAX 16
struct journal_fields {
	struct iovec field[JOURNAL_FIELDS_MAX];
	int n;
	size_t used;
	char text[2048];
};

/* Pure: what the two above send. */
void journal_window_fields(const struct journal_window *window, const char *sentence,
			   struct journal_fields *ret);
void journal_target_fields(const struct journal_target *target, const char *sentence,
			   struct journal_fields *ret);

/* Does the value of $JOURNAL_STREAM, "DEVICE:INODE", name the file @fd? Takes NULL. */
int journal_stream_is(const char *stream, int fd);

#endif
