// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.c - `trace`: the moves of the kernel, line by line, while somebody watches.
 *
 * The BPF side makes a record per mapping only as long as there is a watcher.
 * Whatever did not come through is counted and told in the same stream.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/loader.h"
#include "bpf/stats.h"
#include "observe/cgroup.h"
#include "observe/proc.h"
#include "observe/targets.h"
#include "tiered/control.h"
#include "util/clock.h"
#include "verbs/internal.h"
#include "verbs/trace_line.h"

#define GLOB_MAX 256

/* A buffer that is full takes some time to empty; a thousandth of a second of a storm is lost. */
#define FULL_NS NSEC_PER_MSEC

/* A command name or a path is looked up again after this time: it may have changed. */
#define NAME_GOOD_NS NSEC_PER_SEC

/* The hook without which only whole calls are seen. */
#define HOOK_MAPPINGS "migration-owners"

struct watcher {
	struct control_call call;
	uint32_t pid; /* 0: all */
	char comm[GLOB_MAX];
	char cgroup[GLOB_MAX];
	int reason; /* -1: all */
	int calls;  /* those of migrate_pages() too */
	uint64_t dropped;
	uint64_t again_ns;        /* time of events from which on there may be room again */
	struct event_losses lost; /* up to here they were told */
};

/*
 * Kept by pid and cgroup for a second: events come in runs, and in a storm a look into
 * /proc for each would take all of the main thread.
 */
struct name {
	struct trace_name is;
	uint64_t good_until_ns;
};

#define NAMES 256

static void name_fill(struct trace_name *name, uint32_t pid, uint64_t cgroup_id)
{
	struct proc_stat stat;

	name->pid = pid;
	name->cgroup_id = cgroup_id;
	name->comm[0] = '\0';
	if (pid && proc_read_stat("/proc", pid, &stat) == 0)
		snprintf(name->comm, sizeof(name->comm), "%.16s", stat.comm);
	cgroup_path("/sys", cgroup_id, name->cgroup, sizeof(name->cgroup));
	trace_name_write(name);
}

/* At the time of the event that asks: the clock of events is as good as any. */
static const struct trace_name *name_find(struct verbs *verbs, const struct event_header *event,
					  uint32_t pid)
{
	struct name *name = &verbs->names[(pid ^ event->cgroup_id) % NAMES];

	if (name->is.pid != pid || name->is.cgroup_id != event->cgroup_id ||
	    event->time_ns >= name->good_until_ns) {
		name_fill(&name->is, pid, event->cgroup_id);
		name->good_until_ns = event->time_ns + NAME_GOOD_NS;
	}
	return &name->is;
}

static int wanted(const struct watcher *watcher, const struct trace_name *name, uint32_t reason)
{
	if (watcher->pid && watcher->pid != name->pid)
		return 0;
	if (watcher->reason >= 0 && (uint32_t)watcher->reason != reason)
		return 0;
	return target_glob_fits(watcher->comm, name->comm) &&
	       target_glob_fits(watcher->cgroup, name->cgroup);
}

/* Nothing is put together for a watcher whose buffer was full a moment ago. */
static int listens(struct watcher *watcher, uint64_t now_ns)
{
	if (now_ns >= watcher->again_ns)
		return 1;
	watcher->dropped++;
	return 0;
}

static void tell(struct verbs *verbs, struct watcher *watcher, const char *line, size_t length,
		 uint64_t now_ns)
{
	if (control_stream_line(verbs->control, watcher->call, line, length) != -ENOBUFS)
		return;
	watcher->dropped++;
	watcher->again_ns = now_ns + FULL_NS;
}

void verbs_on_folio(struct verbs *verbs, const struct event_folio *event)
{
	uint64_t now_ns = event->header.time_ns;
	const struct trace_name *name;
	char line[TRACE_LINE_MAX];
	size_t length = 0;
	size_t i;

	if (!verbs->n_watchers)
		return;
	name = name_find(verbs, &event->header, event->header.tgid);
	for (i = 0; i < verbs->n_watchers; i++) {
		struct watcher *watcher = verbs->watchers[i];

		if (!wanted(watcher, name, event->reason) || !listens(watcher, now_ns))
			continue;
		/* Made once, for whoever wants it. */
		if (!length)
			length = trace_line_mapping(line, event, name);
		tell(verbs, watcher, line, length, now_ns);
	}
}

static int calls_wanted(const struct verbs *verbs)
{
	size_t i;

	for (i = 0; i < verbs->n_watchers; i++)
		if (verbs->watchers[i]->calls)
			return 1;
	return 0;
}

void verbs_on_migration(struct verbs *verbs, const struct event_migration *event)
{
	int attributed = (event->header.flags & EVENT_F_ATTRIBUTED) != 0;
	uint64_t now_ns = event->header.time_ns;
	const struct trace_name *name;
	char line[TRACE_LINE_MAX];
	size_t length;
	size_t i;

	if (!calls_wanted(verbs))
		return;
	name = name_find(verbs, &event->header, attributed ? event->header.tgid : 0);
	length = trace_line_call(line, event, name);
	for (i = 0; i < verbs->n_watchers; i++)
		if (verbs->watchers[i]->calls && wanted(verbs->watchers[i], name, event->reason) &&
		    listens(verbs->watchers[i], now_ns))
			tell(verbs, verbs->watchers[i], line, length, now_ns);
}

/* Losses of the kinds that @watcher reads. */
static struct event_losses losses_of(const struct watcher *watcher,
				     const struct event_losses *losses)
{
	struct event_losses sum = losses[EVENT_FOLIO];

	if (watcher->calls) {
		sum.ring_full += losses[EVENT_MIGRATION].ring_full;
		sum.rate_capped += losses[EVENT_MIGRATION].rate_capped;
	}
	return sum;
}

void verbs_on_round(struct verbs *verbs)
{
	struct event_losses losses[EVENT_KINDS];
	size_t i;

	if (!verbs->n_watchers || bpf_losses(verbs->env->bpf, losses) < 0)
		return;
	for (i = 0; i < verbs->n_watchers; i++) {
		struct watcher *watcher = verbs->watchers[i];
		struct event_losses now = losses_of(watcher, losses);
		uint64_t full = now.ring_full - watcher->lost.ring_full;
		uint64_t capped = now.rate_capped - watcher->lost.rate_capped;
		char line[160];
		int length;

		if (!full && !capped && !watcher->dropped)
			continue;
		length = snprintf(line, sizeof(line),
				  "{\"event\":\"lost\",\"ring_full\":%" PRIu64
				  ",\"rate_capped\":%" PRIu64 ",\"client\":%" PRIu64 "}\n",
				  full, capped, watcher->dropped);
		/* While there is no room for it, it waits: nothing is lost twice. */
		if (control_stream_line(verbs->control, watcher->call, line, (size_t)length) < 0)
			continue;
		watcher->lost = now;
		watcher->dropped = 0;
	}
}

/* Records are made for as long as anybody watches, and of one process if all watch that one. */
static void watch_update(struct verbs *verbs)
{
	uint32_t pid = verbs->n_watchers ? verbs->watchers[0]->pid : 0;
	size_t i;

	for (i = 1; i < verbs->n_watchers; i++)
		if (verbs->watchers[i]->pid != pid)
			pid = 0;
	bpf_set_watch(verbs->env->bpf, verbs->n_watchers > 0, pid);
}

static void watcher_ended(void *arg, struct control_call call)
{
	struct verbs *verbs = arg;
	size_t i;

	for (i = 0; i < verbs->n_watchers; i++) {
		if (verbs->watchers[i]->call.client != call.client ||
		    verbs->watchers[i]->call.serial != call.serial)
			continue;
		free(verbs->watchers[i]);
		verbs->watchers[i] = verbs->watchers[--verbs->n_watchers];
		watch_update(verbs);
		return;
	}
}

static int reason_find(const char *name)
{
	unsigned int i;

	for (i = 0; i < SEEN_REASONS; i++)
		if (strcmp(name, json_reason_name(i)) == 0)
			return (int)i;
	return -EINVAL;
}

static void watcher_fill(const struct verbs *verbs, struct watcher *watcher,
			 struct json_object *args)
{
	struct event_losses losses[EVENT_KINDS];
	const char *reason = args_string(args, "reason");

	snprintf(watcher->comm, sizeof(watcher->comm), "%s", args_string(args, "comm"));
	snprintf(watcher->cgroup, sizeof(watcher->cgroup), "%s", args_string(args, "cgroup"));
	watcher->reason = *reason ? reason_find(reason) : -1;
	/* Where mappings cannot be seen, calls are all there is. */
	watcher->calls = args_number(args, "calls") || !bpf_enabled(verbs->env->bpf, HOOK_MAPPINGS);
	if (bpf_losses(verbs->env->bpf, losses) == 0)
		watcher->lost = losses_of(watcher, losses);
}

void verb_trace(void *arg, struct control_call call, struct json_object *args)
{
	struct verbs *verbs = arg;
	const char *reason = args_string(args, "reason");
	struct watcher *watcher;
	uint32_t pid;

	if (!args_pid(verbs, call, args, &pid))
		return;
	if (*reason && reason_find(reason) < 0) {
		control_refuse(verbs->control, call, CONTROL_BAD_REQUEST,
			       "reason '%.32s'; expected one of those that status lists under "
			       "seen, such as tiered or numa_balancing",
			       reason);
		return;
	}
	if (!verbs->env->bpf) {
		control_refuse(verbs->control, call, CONTROL_UNAVAILABLE,
			       "BPF is off, so moves are not seen; the log says why");
		return;
	}
	if (verbs->n_watchers == WATCHERS_MAX) {
		control_refuse(verbs->control, call, CONTROL_BUSY,
			       "%d watch already; expected at most that many", WATCHERS_MAX);
		return;
	}
	if (!verbs->names)
		verbs->names = calloc(NAMES, sizeof(*verbs->names));
	watcher = calloc(1, sizeof(*watcher));
	if (!watcher || !verbs->names) {
		free(watcher);
		control_refuse(verbs->control, call, CONTROL_FAILED, "out of memory");
		return;
	}
	watcher->call = call;
	watcher->pid = pid;
	watcher_fill(verbs, watcher, args);
	if (control_stream(verbs->control, call, watcher_ended) < 0) {
		free(watcher);
		return;
	}
	verbs->watchers[verbs->n_watchers++] = watcher;
	watch_update(verbs);
}

void trace_close(struct verbs *verbs)
{
	while (verbs->n_watchers)
		free(verbs->watchers[--verbs->n_watchers]);
	bpf_set_watch(verbs->env->bpf, false, 0);
	free(verbs->names);
}
