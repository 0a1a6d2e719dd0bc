// SPDX-License-Identifier: GPL-2.0-only
/*
 * trace.c - `trace`: the moves of the kernel, line by line, while somebody watches.
 *
 * The BPF side makes a record per mapping only as long as there is a watcher.
 * Lines are written by hand, not through json-c: there may be many. Whatever
 * did not come through is counted and told in the same stream.
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

#define GLOB_MAX 256

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
	struct event_losses lost; /* up to here they were told */
};

/*
 * Whose memory it is, for people. Kept by pid and cgroup for a second: events come in
 * runs, and in a storm a look into /proc for each would take all of the main thread.
 */
struct name {
	uint32_t pid;
	uint64_t cgroup_id;
	uint64_t good_until_ns;
	char comm[2 * 16];
	char cgroup[2 * GLOB_MAX];
	char raw_comm[17];
	char raw_cgroup[GLOB_MAX];
};

#define NAMES 256

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

static void name_fill(struct name *name, uint32_t pid, uint64_t cgroup_id)
{
	struct proc_stat stat;

	name->pid = pid;
	name->cgroup_id = cgroup_id;
	name->raw_comm[0] = '\0';
	if (pid && proc_read_stat("/proc", pid, &stat) == 0)
		snprintf(name->raw_comm, sizeof(name->raw_comm), "%.16s", stat.comm);
	cgroup_path("/sys", cgroup_id, name->raw_cgroup, sizeof(name->raw_cgroup));
	quote(name->raw_comm, name->comm, sizeof(name->comm));
	quote(name->raw_cgroup, name->cgroup, sizeof(name->cgroup));
}

static const struct name *name_find(struct verbs *verbs, uint32_t pid, uint64_t cgroup_id)
{
	struct name *name = &verbs->names[(pid ^ cgroup_id) % NAMES];
	uint64_t now_ns = clock_now_ns();

	if (name->pid != pid || name->cgroup_id != cgroup_id || now_ns >= name->good_until_ns) {
		name_fill(name, pid, cgroup_id);
		name->good_until_ns = now_ns + NAME_GOOD_NS;
	}
	return name;
}

static int wanted(const struct watcher *watcher, const struct name *name, uint32_t reason)
{
	if (watcher->pid && watcher->pid != name->pid)
		return 0;
	if (watcher->reason >= 0 && (uint32_t)watcher->reason != reason)
		return 0;
	return target_glob_fits(watcher->comm, name->raw_comm) &&
	       target_glob_fits(watcher->cgroup, name->raw_cgroup);
}

static void tell(struct verbs *verbs, struct watcher *watcher, const char *line, int length)
{
	if (length > 0 &&
	    control_stream_line(verbs->control, watcher->call, line, (size_t)length) == -ENOBUFS)
		watcher->dropped++;
}

static const char *word(int yes)
{
	return yes ? "true" : "false";
}

void verbs_on_folio(struct verbs *verbs, const struct event_folio *event)
{
	char line[512 + 4 * GLOB_MAX];
	const struct name *name;
	int length = 0;
	size_t i;

	if (!verbs->n_watchers)
		return;
	name = name_find(verbs, event->header.tgid, event->header.cgroup_id);
	for (i = 0; i < verbs->n_watchers; i++) {
		if (!wanted(verbs->watchers[i], name, event->reason))
			continue;
		/* Made once, for whoever wants it. */
		if (!length)
			length = snprintf(
				line, sizeof(line),
				"{\"event\":\"mapping\",\"time_ns\":%" PRIu64 ",\"pid\":%u,"
				"\"comm\":\"%s\",\"cgroup_id\":%" PRIu64 ",\"cgroup\":\"%s\","
				"\"address\":\"0x%" PRIx64 "\",\"order\":%u,\"from\":%u,\"to\":%u,"
				"\"reason\":\"%s\",\"ours\":%s,\"undone\":%s}\n",
				(uint64_t)event->header.time_ns, event->header.tgid, name->comm,
				(uint64_t)event->header.cgroup_id, name->cgroup,
				(uint64_t)event->address, event->order, event->from, event->to,
				json_reason_name(event->reason),
				word(event->header.flags & EVENT_F_OURS),
				word(event->header.flags & EVENT_F_UNDONE));
		tell(verbs, verbs->watchers[i], line, length);
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
	int attributed = (event->header.flags & EVENT_F_ATTRIBUTED) != 0, length;
	const struct name *name;
	char line[512];
	size_t i;

	if (!calls_wanted(verbs))
		return;
	name = name_find(verbs, attributed ? event->header.tgid : 0, event->header.cgroup_id);
	length = snprintf(line, sizeof(line),
			  "{\"event\":\"call\",\"time_ns\":%" PRIu64
			  ",\"pid\":%u,\"comm\":\"%s\",\"attributed\":%s,\"reason\":\"%s\","
			  "\"ours\":%s,\"succeeded\":%" PRIu64 ",\"failed\":%" PRIu64 "}\n",
			  (uint64_t)event->header.time_ns, name->pid, name->comm, word(attributed),
			  json_reason_name(event->reason), word(event->header.flags & EVENT_F_OURS),
			  (uint64_t)event->succeeded, (uint64_t)event->failed);
	for (i = 0; i < verbs->n_watchers; i++)
		if (verbs->watchers[i]->calls && wanted(verbs->watchers[i], name, event->reason))
			tell(verbs, verbs->watchers[i], line, length);
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
