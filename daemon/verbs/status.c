// SPDX-License-Identifier: GPL-2.0-only
/* status.c - `status` and `targets`: what is, what was asked, what was seen, what it cost. */
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "bpf/loader.h"
#include "bpf/pins.h"
#include "bpf/stats.h"
#include "config/config.h"
#include "decide/rivals.h"
#include "observe/cgroup.h"
#include "observe/topology.h"
#include "observe/vmstat.h"
#include "util/clock.h"
#include "verbs/internal.h"

/* Processes that a status names unasked: a screenful. */
#define PROCESSES_SHOWN 20

static struct json_object *status_daemon(const struct verbs *verbs)
{
	struct json_object *object = json_object_new_object();
	const struct verbs_env *env = verbs->env;
	int observe = env->observe || env->config->observe;

	json_add_text(object, "version", TIERED_VERSION);
	json_add_u64(object, "pid", (uint64_t)getpid());
	json_add_text(object, "mode", observe ? "observe" : "manage");
	json_object_object_add(object, "observe", json_object_new_boolean(observe));
	json_object_object_add(object, "paused", json_object_new_boolean(env->paused));
	json_add_text(object, "idle_reason", env->idle_reason);
	json_add_text(object, "tracker", env->tracker);
	json_add_text(object, "policy", env->policy);
	json_add_u64(object, "uptime_ns", clock_now_ns() - env->started_ns);
	return object;
}

/* The conf in force, as written, and what set it. */
static struct json_object *status_config(const struct verbs *verbs)
{
	struct json_object *object = json_object_new_object(), *keys = json_object_new_object();
	struct json_object *targets = json_object_new_object();
	const struct config *config = verbs->env->config;
	char name[2 * CONFIG_NAME_MAX], place[CONFIG_FILE_SHOWN + 16];
	size_t i, n;
	const struct config_key *key = config_keys(&n);

	for (i = 0; i < n; i++) {
		struct json_object *one = json_object_new_object();

		snprintf(name, sizeof(name), "%s.%s", key[i].section, key[i].name);
		json_add_text(one, "value", config->values[i]);
		json_add_text(one, "from",
			      config_place(config, config->places[i], place, sizeof(place)));
		json_object_object_add(keys, name, one);
	}
	for (i = 0; i < config->n_rules; i++)
		json_add_text(targets, config->rules[i].name,
			      config_place(config, config->rule_places[i], place, sizeof(place)));
	json_object_object_add(object, "keys", keys);
	json_object_object_add(object, "targets", targets);
	return object;
}

static struct json_object *status_node(const struct topology_node *node, uint64_t free_pages,
				       uint64_t reserve, int leaving)
{
	struct json_object *object = json_object_new_object();

	json_add_u64(object, "node", node->id);
	json_add_u64(object, "total_pages", node->total_pages);
	json_add_u64(object, "free_pages", free_pages);
	json_add_u64(object, "reserve_pages", reserve);
	json_object_object_add(object, "leaving", json_object_new_boolean(leaving));
	return object;
}

static struct json_object *status_tiers(const struct verbs *verbs)
{
	struct json_object *tiers = json_object_new_array(), *of_tier = NULL;
	uint64_t free_pages[TIERED_NODES_MAX] = { 0 };
	const struct topology_node *nodes;
	uint64_t leaving = 0;
	size_t i, n;

	nodes = topology_nodes(verbs->env->topology, &n);
	topology_free_now(verbs->env->topology, NULL, free_pages, &leaving);
	for (i = 0; i < n; i++) {
		if (i == 0 || nodes[i].tier != nodes[i - 1].tier) {
			struct json_object *tier = json_object_new_object();

			of_tier = json_object_new_array();
			json_add_u64(tier, "tier", nodes[i].tier);
			json_object_object_add(tier, "nodes", of_tier);
			json_object_array_add(tiers, tier);
		}
		json_object_array_add(of_tier, status_node(&nodes[i], free_pages[i],
							   verbs->env->reserve_pages[i],
							   leaving >> nodes[i].id & 1));
	}
	return tiers;
}

static struct json_object *status_offline(const struct verbs *verbs)
{
	uint64_t offline = topology_offline(verbs->env->topology);
	struct json_object *nodes = json_object_new_array();

	for (; offline; offline &= offline - 1)
		json_object_array_add(nodes, json_object_new_int(__builtin_ctzll(offline)));
	return nodes;
}

/* Who else cleared accessed bits: in the last window, and in how many so far. */
static void add_rivals(struct json_object *object, const struct board_window *last)
{
	struct json_object *now = json_object_new_array(), *windows = json_object_new_object();
	unsigned int i;

	for (i = 0; i < RIVALS; i++) {
		if (last->account.rivals[i])
			json_object_array_add(now, json_object_new_string(rivals_name(i)));
		json_add_u64(windows, rivals_name(i), last->rivals[i]);
	}
	json_add_u64(object, "withheld", last->account.withheld);
	json_object_object_add(object, "rivals", now);
	json_object_object_add(object, "rival_windows", windows);
}

static struct json_object *status_last(const struct verbs *verbs)
{
	const struct board_window *last = board_last(verbs->env->board);
	const struct ledger_account *account = &last->account;
	struct json_object *object;
	char line[512];

	if (!last->window)
		return NULL;
	object = json_object_new_object();
	json_add_u64(object, "window", last->window);
	json_add_u64(object, "elapsed_ns", account->elapsed_ns);
	json_add_u64(object, "observed", account->observed);
	json_add_u64(object, "accessed", account->accessed);
	json_add_u64(object, "unknown", account->unknown);
	json_add_u64(object, "planned", ledger_planned_pages(account));
	json_add_u64(object, "requested", account->requested.pages);
	json_add_u64(object, "promoted", account->promoted.pages);
	json_add_u64(object, "demoted", account->demoted.pages);
	json_add_u64(object, "stale_targets", account->stale_targets);
	json_add_u64(object, "marked_targets", account->marked_targets);
	json_add_u64(object, "starved", account->starved);
	json_add_u64(object, "scan_cpu_ns", account->scan_cpu_ns);
	json_add_u64(object, "migrate_cpu_ns", account->migrate_cpu_ns);
	json_add_u64(object, "share_ppm", account->share_ppm);
	json_add_u64(object, "tracked", account->tracked);
	json_add_u64(object, "coverage_ppm", account->coverage_ppm);
	json_add_u64(object, "oldest_ns", account->oldest_ns);
	json_add_u64(object, "asleep", account->asleep);
	json_add_u64(object, "asleep_targets", account->asleep_targets);
	add_rivals(object, last);
	json_add_text(object, "summary",
		      ledger_describe(account, last->window, line, sizeof(line)));
	return object;
}

static struct json_object *seen_by_reason(const struct verbs *verbs)
{
	struct json_object *object = json_object_new_object();
	struct stats_migrations migrations[SEEN_REASONS];
	unsigned int i;

	if (bpf_migrations(verbs->env->bpf, migrations) < 0)
		return object;
	for (i = 0; i < SEEN_REASONS; i++) {
		struct json_object *reason = json_object_new_object();

		json_add_u64(reason, "calls", migrations[i].calls);
		json_add_u64(reason, "succeeded", migrations[i].succeeded);
		json_add_u64(reason, "failed", migrations[i].failed);
		json_object_object_add(object, json_reason_name(i), reason);
	}
	return object;
}

static struct json_object *seen_flushes(const struct verbs *verbs)
{
	static const char *const names[] = { FLUSH_REASON_LIST(TIERED_LIST_NAME) };
	struct json_object *object = json_object_new_object();
	struct stats_flushes flushes[STATS_FLUSH_REASONS];
	unsigned int i;

	if (bpf_flushes(verbs->env->bpf, flushes) < 0)
		return object;
	for (i = 0; i < STATS_FLUSH_REASONS; i++) {
		struct json_object *reason = json_object_new_object();

		json_add_u64(reason, "full", flushes[i].full);
		json_add_u64(reason, "partial", flushes[i].partial);
		json_add_u64(reason, "pages", flushes[i].pages);
		json_object_object_add(object, names[i], reason);
	}
	return object;
}

static int add_pair(void *arg, const struct stats_node_pair_key *key,
		    const struct stats_node_pair *pair)
{
	struct json_object *object = json_object_new_object();

	json_add_u64(object, "from", key->from);
	json_add_u64(object, "to", key->to);
	json_add_u64(object, "moved", pair->moved);
	json_add_u64(object, "pages", pair->pages);
	json_object_array_add(arg, object);
	return 0;
}

static struct json_object *seen_events(const struct verbs *verbs)
{
	struct json_object *object = json_object_new_object();
	struct event_losses losses[EVENT_KINDS];
	unsigned int kind;

	if (bpf_losses(verbs->env->bpf, losses) < 0)
		return object;
	/* Kinds begin at 1. */
	for (kind = 1; kind < EVENT_KINDS; kind++) {
		struct json_object *event = json_object_new_object();

		json_add_u64(event, "taken", verbs->env->events[kind]);
		json_add_u64(event, "ring_full", losses[kind].ring_full);
		json_add_u64(event, "rate_capped", losses[kind].rate_capped);
		json_object_object_add(object, events_name(kind), event);
	}
	return object;
}

/* Of a kernel that puts flushes off; NULL: this one does not. */
static struct json_object *seen_deferred(void)
{
	struct json_object *object;
	struct vmstat vmstat;

	if (vmstat_read("/proc", &vmstat) < 0 || !(vmstat.present >> VMSTAT_DEFER_FOLIOS & 1))
		return NULL;
	object = json_object_new_object();
	json_add_u64(object, "folios", vmstat.value[VMSTAT_DEFER_FOLIOS]);
	json_add_u64(object, "batches", vmstat.value[VMSTAT_DEFER_BATCHES]);
	json_add_u64(object, "folded", vmstat.value[VMSTAT_DEFER_FOLDED]);
	json_add_u64(object, "drained", vmstat.value[VMSTAT_DEFER_DRAINED]);
	return object;
}

static struct json_object *status_seen(const struct verbs *verbs)
{
	struct json_object *object = json_object_new_object();
	struct json_object *pairs = json_object_new_array();
	struct stats_totals totals = { 0 };
	uint64_t missed = 0;

	bpf_totals(verbs->env->bpf, &totals);
	bpf_missed(verbs->env->bpf, &missed);
	bpf_each_node_pair(verbs->env->bpf, add_pair, pairs);
	json_add_u64(object, "faults", totals.faults);
	json_add_u64(object, "fault_writes", totals.fault_writes);
	json_add_u64(object, "mappings", totals.folios);
	json_add_u64(object, "mappings_undone", totals.folios_undone);
	json_add_u64(object, "process_overflow", totals.process_overflow);
	json_add_u64(object, "cgroup_overflow", totals.cgroup_overflow);
	json_add_u64(object, "node_pair_overflow", totals.node_pair_overflow);
	json_object_object_add(object, "by_reason", seen_by_reason(verbs));
	json_object_object_add(object, "tlb_flushes", seen_flushes(verbs));
	json_object_object_add(object, "flushes_deferred", seen_deferred());
	json_object_object_add(object, "node_pairs", pairs);
	json_object_object_add(object, "events", seen_events(verbs));
	json_add_u64(object, "malformed", bpf_malformed(verbs->env->bpf));
	json_add_u64(object, "missed", missed);
	return object;
}

/* The processes with most moved pages, or the one of @pid; ascending. */
struct top {
	uint64_t pid;
	size_t n;
	struct {
		struct target_key key;
		struct stats_process process;
	} row[PROCESSES_SHOWN];
};

static int top_add(void *arg, const struct target_key *key, const struct stats_process *process)
{
	struct top *top = arg;
	size_t at;

	if (top->pid ? key->tgid != top->pid : !process->moved && !process->undone)
		return 0;
	if (top->n == PROCESSES_SHOWN) {
		if (process->moved_pages <= top->row[0].process.moved_pages)
			return 0;
		memmove(&top->row[0], &top->row[1], (--top->n) * sizeof(top->row[0]));
	}
	for (at = top->n; at > 0 && top->row[at - 1].process.moved_pages > process->moved_pages;
	     at--)
		top->row[at] = top->row[at - 1];
	top->row[at].key = *key;
	top->row[at].process = *process;
	top->n++;
	return 0;
}

static struct json_object *status_processes(const struct verbs *verbs, uint64_t pid)
{
	struct json_object *array = json_object_new_array();
	struct top top = { .pid = pid };
	size_t i;

	bpf_each_process(verbs->env->bpf, top_add, &top);
	for (i = top.n; i-- > 0;)
		json_object_array_add(array, json_process(&top.row[i].key, &top.row[i].process));
	return array;
}

static int add_cgroup(void *arg, uint64_t id, const struct stats_cgroup *cgroup)
{
	struct json_object *object = json_object_new_object();
	char path[256];

	cgroup_path("/sys", id, path, sizeof(path));
	json_add_u64(object, "cgroup_id", id);
	json_add_text(object, "cgroup", path);
	json_add_u64(object, "moved", cgroup->moved);
	json_add_u64(object, "moved_pages", cgroup->moved_pages);
	json_add_u64(object, "promoted_pages", cgroup->promoted_pages);
	json_add_u64(object, "demoted_pages", cgroup->demoted_pages);
	json_add_u64(object, "undone", cgroup->undone);
	json_object_array_add(arg, object);
	return 0;
}

static struct json_object *status_hooks(const struct verbs *verbs)
{
	struct json_object *array = json_object_new_array();
	const struct bpf_hook *hooks;
	size_t i, n;

	hooks = bpf_report(verbs->env->bpf, &n);
	for (i = 0; i < n; i++) {
		struct json_object *hook = json_object_new_object();

		json_add_text(hook, "name", hooks[i].name);
		json_add_text(hook, "where", hooks[i].where);
		json_add_text(hook, "purpose", hooks[i].purpose);
		json_object_object_add(hook, "enabled", json_object_new_boolean(hooks[i].enabled));
		json_add_text(hook, "reason", hooks[i].reason);
		json_object_array_add(array, hook);
	}
	return array;
}

void verb_status(void *arg, struct control_call call, struct json_object *args)
{
	struct verbs *verbs = arg;
	struct json_object *status = json_object_new_object();
	struct json_object *cgroups = json_object_new_array();
	uint32_t pid;

	if (!args_pid(verbs, call, args, &pid)) {
		json_object_put(status);
		json_object_put(cgroups);
		return;
	}
	bpf_each_cgroup(verbs->env->bpf, add_cgroup, cgroups);
	json_object_object_add(status, "daemon", status_daemon(verbs));
	json_object_object_add(status, "config", status_config(verbs));
	json_object_object_add(status, "tiers", status_tiers(verbs));
	json_object_object_add(status, "limits", limits_json(verbs));
	json_object_object_add(status, "offline", status_offline(verbs));
	json_object_object_add(status, "scheduler", scheduler_json(verbs));
	json_object_object_add(status, "last", status_last(verbs));
	json_object_object_add(status, "asked", json_asked_daemon(board_daemon(verbs->env->board)));
	json_object_object_add(status, "seen", status_seen(verbs));
	json_object_object_add(status, "processes", status_processes(verbs, pid));
	json_object_object_add(status, "cgroups", cgroups);
	json_object_object_add(status, "hooks", status_hooks(verbs));
	control_reply(verbs->control, call, status);
}

void verb_targets(void *arg, struct control_call call, struct json_object *args)
{
	struct verbs *verbs = arg;
	struct json_object *result = json_object_new_object(), *array = json_object_new_array();
	struct board_target *const *targets;
	size_t i, n;

	(void)args;
	targets = board_list(verbs->env->board, &n);
	for (i = 0; i < n; i++)
		json_object_array_add(array, json_target(verbs, targets[i]));
	json_object_object_add(result, "targets", array);
	json_object_object_add(result, "limits", limits_json(verbs));
	control_reply(verbs->control, call, result);
}
