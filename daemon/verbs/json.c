// SPDX-License-Identifier: GPL-2.0-only
/* json.c - from the structures of tiered/stats.h to JSON: tables of fields. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bpf/stats.h"
#include "config/config.h"
#include "observe/cgroup.h"
#include "util/clock.h"
#include "util/utf8.h"
#include "tiered/control.h"
#include "verbs/internal.h"

/* PID_MAX_LIMIT of the kernel on 64-bit machines. */
#define PID_LIMIT 4194304u

#define FIELD(type, name)                                                                          \
	{                                                                                          \
#name, offsetof(type, name)                                                        \
	}
#define COUNT(table) (sizeof(table) / sizeof((table)[0]))

/* A __u64 of the structure it is listed for. */
struct json_field {
	const char *name;
	size_t offset;
};

static const struct json_field daemon_fields[] = {
	FIELD(struct stats_daemon, windows),       FIELD(struct stats_daemon, starved_windows),
	FIELD(struct stats_daemon, stale_windows), FIELD(struct stats_daemon, scanned),
	FIELD(struct stats_daemon, requested),     FIELD(struct stats_daemon, promoted),
	FIELD(struct stats_daemon, demoted),       FIELD(struct stats_daemon, flush_moves),
	FIELD(struct stats_daemon, batches),       FIELD(struct stats_daemon, flush_bound),
	FIELD(struct stats_daemon, scan_cpu_ns),   FIELD(struct stats_daemon, migrate_cpu_ns),
	FIELD(struct stats_daemon, elapsed_ns),    FIELD(struct stats_daemon, updated_ns),
	FIELD(struct stats_daemon, targets),       FIELD(struct stats_daemon, tracked_pages),
	FIELD(struct stats_daemon, asleep_pages),  FIELD(struct stats_daemon, oldest_ns),
};

static const struct json_field target_fields[] = {
	FIELD(struct stats_target, requested),     FIELD(struct stats_target, promoted),
	FIELD(struct stats_target, demoted),       FIELD(struct stats_target, fast_pages),
	FIELD(struct stats_target, tracked_pages), FIELD(struct stats_target, faults),
	FIELD(struct stats_target, shootdowns),    FIELD(struct stats_target, windows),
	FIELD(struct stats_target, last_move_ns),
};

static const struct json_field process_fields[] = {
	FIELD(struct stats_process, moved),          FIELD(struct stats_process, moved_pages),
	FIELD(struct stats_process, promoted_pages), FIELD(struct stats_process, demoted_pages),
	FIELD(struct stats_process, undone),         FIELD(struct stats_process, interrupts),
	FIELD(struct stats_process, last_ns),
};

#define REASON(value, name) FIELD(struct stats_by_reason, name),
static const struct json_field reason_fields[] = { SEEN_REASON_LIST(REASON) };

#define PLANNED(value, name) FIELD(struct stats_planned, name),
static const struct json_field planned_fields[] = { MOVE_REASON_LIST(PLANNED) };

#define RESULT(value, name) FIELD(struct stats_results, name),
static const struct json_field result_fields[] = { MOVE_RESULT_LIST(RESULT) };

uint64_t args_number(struct json_object *args, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(args, name, &value) ? json_object_get_uint64(value) : 0;
}

const char *args_string(struct json_object *args, const char *name)
{
	struct json_object *value;

	return json_object_object_get_ex(args, name, &value) ? json_object_get_string(value) : "";
}

int args_pid(struct verbs *verbs, struct control_call call, struct json_object *args,
	     uint32_t *ret_pid)
{
	struct json_object *value;
	uint64_t pid;

	*ret_pid = 0;
	if (!json_object_object_get_ex(args, "pid", &value))
		return 1;
	pid = json_object_get_uint64(value);
	if (!pid || pid > PID_LIMIT) {
		control_refuse(verbs->control, call, CONTROL_BAD_REQUEST,
			       "pid %llu; expected 1 to %u", (unsigned long long)pid, PID_LIMIT);
		return 0;
	}
	*ret_pid = (uint32_t)pid;
	return 1;
}

void json_add_u64(struct json_object *object, const char *name, uint64_t value)
{
	json_object_object_add(object, name, json_object_new_uint64(value));
}

/* What processes and people call things may be any bytes; JSON is UTF-8. */
void json_add_text(struct json_object *object, const char *name, const char *value)
{
	char text[512];

	snprintf(text, sizeof(text), "%s", value);
	utf8_mend(text, strlen(text));
	json_object_object_add(object, name, json_object_new_string(text));
}

/* Not NUL-terminated when all 16 bytes are used. */
void json_add_comm(struct json_object *object, const char comm[16])
{
	char text[17];

	snprintf(text, sizeof(text), "%.16s", comm);
	json_add_text(object, "comm", text);
}

void json_add_address(struct json_object *object, const char *name, uint64_t address)
{
	char text[24];

	snprintf(text, sizeof(text), "0x%" PRIx64, address);
	json_add_text(object, name, text);
}

void json_add_rate(struct json_object *object, const char *name, int known, int rate)
{
	json_object_object_add(object, name, known ? json_object_new_int(rate) : NULL);
}

static void json_add_fields(struct json_object *object, const struct json_field *fields, size_t n,
			    const void *base)
{
	size_t i;

	for (i = 0; i < n; i++)
		json_add_u64(object, fields[i].name,
			     *(const __u64 *)((const char *)base + fields[i].offset));
}

static struct json_object *json_fields(const struct json_field *fields, size_t n, const void *base)
{
	struct json_object *object = json_object_new_object();

	json_add_fields(object, fields, n, base);
	return object;
}

const char *json_reason_name(unsigned int reason)
{
	return reason_fields[reason < SEEN_REASONS ? reason : SEEN_UNKNOWN_REASON].name;
}

struct json_object *json_reasons(const struct stats_by_reason *reasons)
{
	return json_fields(reason_fields, COUNT(reason_fields), reasons);
}

static void json_add_results(struct json_object *object, const struct stats_results *results,
			     const struct stats_planned *moved_for)
{
	/* Without `pending`, the first, which is never asked for. */
	json_object_object_add(object, "results",
			       json_fields(result_fields + 1, COUNT(result_fields) - 1, results));
	json_object_object_add(object, "moved_for",
			       json_fields(planned_fields, COUNT(planned_fields), moved_for));
}

struct json_object *json_asked_daemon(const struct stats_daemon *daemon)
{
	struct json_object *object = json_object_new_object();

	json_add_fields(object, daemon_fields, COUNT(daemon_fields), daemon);
	json_add_u64(object, "share_ppm", daemon->share_ppm);
	json_add_u64(object, "coverage_ppm", daemon->coverage_ppm);
	json_object_object_add(
		object, "planned",
		json_fields(planned_fields, COUNT(planned_fields), &daemon->planned));
	json_add_results(object, &daemon->results, &daemon->moved_for);
	return object;
}

static struct json_object *json_asked_target(const struct stats_target *target)
{
	struct json_object *object = json_object_new_object();

	json_add_fields(object, target_fields, COUNT(target_fields), target);
	json_add_u64(object, "share_ppm", target->share_ppm);
	json_add_u64(object, "first_share_ppm", target->first_share_ppm);
	json_add_results(object, &target->results, &target->moved_for);
	return object;
}

struct json_object *json_process(const struct target_key *key, const struct stats_process *process)
{
	struct json_object *object = json_object_new_object();
	char path[256];

	json_add_u64(object, "pid", key->tgid);
	json_add_u64(object, "start_ns", key->start_ns);
	json_add_comm(object, process->comm);
	json_add_u64(object, "cgroup_id", process->cgroup_id);
	cgroup_path("/sys", process->cgroup_id, path, sizeof(path));
	json_add_text(object, "cgroup", path);
	json_add_fields(object, process_fields, COUNT(process_fields), process);
	json_object_object_add(object, "by_reason", json_reasons(&process->by_reason));
	return object;
}

/* Whatever the BPF side has seen of it, or null. */
static struct json_object *json_seen(const struct verbs *verbs, const struct target_key *key)
{
	struct stats_process process;
	struct target_key process_key = *key;

	if (bpf_process(verbs->env->bpf, key->tgid, key->start_ns, &process) < 0)
		return NULL;
	process_key.exec_count = 0;
	return json_process(&process_key, &process);
}

/* The section that chose it; "" when none did. */
static const char *rule_name(const struct verbs *verbs, uint32_t rule)
{
	return rule < verbs->env->config->n_rules ? verbs->env->config->rules[rule].name : "";
}

static struct json_object *json_aside(const struct backoff *backoff)
{
	uint64_t now_ns = clock_now_ns();
	struct json_object *object;

	if (backoff->why == BACKOFF_NONE)
		return NULL;
	object = json_object_new_object();
	json_add_text(object, "why", backoff_name(backoff->why));
	json_add_u64(object, "left_ns",
		     backoff->until_ns > now_ns ? backoff->until_ns - now_ns : 0);
	json_add_u64(object, "times", backoff->times);
	return object;
}

struct json_object *json_target(const struct verbs *verbs, const struct board_target *target)
{
	struct json_object *object = json_object_new_object();

	json_add_u64(object, "pid", target->key.tgid);
	json_add_u64(object, "start_ns", target->key.start_ns);
	json_add_u64(object, "exec_count", target->key.exec_count);
	json_add_u64(object, "id", target->id);
	json_add_comm(object, target->stats.comm);
	json_add_text(object, "rule", rule_name(verbs, target->stats.rule));
	json_add_u64(object, "uid", target->uid);
	json_add_u64(object, "resident_pages", target->rss_pages);
	json_object_object_add(object, "paused", json_object_new_boolean(target->paused));
	json_object_object_add(object, "set_aside", json_aside(&target->backoff));
	json_object_object_add(object, "scheduled", scheduler_target_json(verbs, target->key.tgid));
	json_object_object_add(object, "asked", json_asked_target(&target->stats));
	json_object_object_add(object, "seen", json_seen(verbs, &target->key));
	return object;
}
