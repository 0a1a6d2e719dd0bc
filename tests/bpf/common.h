/* SPDX-License-Identifier: GPL-2.0-only */
/* common.h - what the tests of the BPF side share: children, counters of /proc, sums of events. */
#ifndef TIERED_TESTS_BPF_COMMON_H
#define TIERED_TESTS_BPF_COMMON_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "bpf/events.h"
#include "bpf/loader.h"
#include "bpf/stats.h"
#include "tiered/types.h"

static inline struct bpf *open_bpf(const struct bpf_config *config)
{
	struct bpf *bpf = NULL;
	char why[256] = "";
	int r = bpf_open(config, &bpf, why, sizeof(why));

	if (r < 0)
		fail_msg("bpf_open: %d: %s", r, why);
	return bpf;
}

/* Ends the test as skipped, and says why. */
#define skip_because(...)                                                                          \
	do {                                                                                       \
		printf("# SKIP ");                                                                 \
		printf(__VA_ARGS__);                                                               \
		printf("\n");                                                                      \
		skip();                                                                            \
	} while (0)

/* A counter of /proc/vmstat; -1 when this kernel lacks it. */
static inline long long vmstat_counter(const char *name)
{
	FILE *file = fopen("/proc/vmstat", "re");
	long long value, found = -1;
	char key[64];

	while (file && fscanf(file, "%63s %lld", key, &value) == 2)
		if (!strcmp(key, name))
			found = value;
	if (file)
		fclose(file);
	return found;
}

/* Field 22 of /proc/PID/stat as the events tell it. */
static inline uint64_t proc_start_ns(pid_t pid)
{
	unsigned long long ticks = 0;
	char path[64], text[1024], *rest;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", pid);
	file = fopen(path, "re");
	assert_non_null(file);
	assert_non_null(fgets(text, sizeof(text), file));
	fclose(file);
	rest = strrchr(text, ')');
	assert_non_null(rest);
	assert_int_equal(sscanf(rest + 2,
				"%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
				"%*d %*d %*d %*d %llu",
				&ticks),
			 1);
	return ticks * TIERED_TICK_NS;
}

/* A child that does one thing each time it is told, and says when it is done. */
struct child {
	pid_t pid;
	int tell;
	int hear;
};

typedef void child_fn(void *arg);

static inline struct child child_start(child_fn *work, void *arg)
{
	int to[2], from[2];
	struct child child;

	assert_int_equal(pipe(to), 0);
	assert_int_equal(pipe(from), 0);
	child.pid = fork();
	assert_true(child.pid >= 0);
	if (!child.pid) {
		char byte;

		close(to[1]);
		close(from[0]);
		while (read(to[0], &byte, 1) == 1) {
			work(arg);
			if (write(from[1], &byte, 1) != 1)
				_exit(1);
		}
		_exit(0);
	}
	close(to[0]);
	close(from[1]);
	child.tell = to[1];
	child.hear = from[0];
	return child;
}

static inline void child_run(const struct child *child)
{
	char byte = 'x';

	assert_int_equal(write(child->tell, &byte, 1), 1);
	assert_int_equal(read(child->hear, &byte, 1), 1);
}

static inline void child_end(const struct child *child)
{
	close(child->tell);
	close(child->hear);
	assert_int_equal(waitpid(child->pid, NULL, 0), child->pid);
}

/* What the records of one process add up to. */
struct sums {
	uint32_t tgid; /* 0: any */
	uint64_t faults, writes, fault_records;
	uint64_t sent, received, local, full, shootdown_records;
	uint64_t records;
};

static inline void sum_lifecycle(void *arg, const struct event_lifecycle *event)
{
	(void)event;
	((struct sums *)arg)->records++;
}

static inline void sum_migration(void *arg, const struct event_migration *event)
{
	(void)event;
	((struct sums *)arg)->records++;
}

static inline void sum_faults(void *arg, const struct event_faults *event)
{
	struct sums *sums = arg;

	sums->records++;
	if (sums->tgid && event->header.tgid != sums->tgid)
		return;
	assert_int_equal(event->region % (2UL << 20), 0);
	assert_true(event->count > 0 && event->writes <= event->count);
	assert_true(event->first_ns <= event->header.time_ns);
	sums->fault_records++;
	sums->faults += event->count;
	sums->writes += event->writes;
}

static inline void sum_shootdowns(void *arg, const struct event_shootdowns *event)
{
	struct sums *sums = arg;

	sums->records++;
	if (sums->tgid && event->header.tgid != sums->tgid)
		return;
	assert_true(event->sent + event->received + event->local > 0);
	assert_true(event->first_ns <= event->header.time_ns);
	sums->shootdown_records++;
	sums->sent += event->sent;
	sums->received += event->received;
	sums->local += event->local;
	sums->full += event->full;
}

static const struct event_handler sum_handler = {
	.lifecycle = sum_lifecycle,
	.migration = sum_migration,
	.faults = sum_faults,
	.shootdowns = sum_shootdowns,
};

/* Everything there is, caches included, into *sums. */
static inline void drain_into(struct bpf *bpf, struct sums *sums)
{
	int n;

	assert_int_equal(bpf_drain(bpf), 0);
	do {
		n = bpf_consume(bpf, &sum_handler, sums);
		assert_true(n >= 0);
	} while (n == BPF_CONSUME_MAX);
	assert_int_equal(bpf_malformed(bpf), 0);
}

static inline uint64_t lost_units(const struct bpf *bpf, uint32_t kind)
{
	struct event_losses losses[EVENT_KINDS];

	assert_int_equal(bpf_losses(bpf, losses), 0);
	return losses[kind].ring_full_units + losses[kind].rate_capped_units;
}

#endif
