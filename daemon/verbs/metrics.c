// SPDX-License-Identifier: GPL-2.0-only
/* metrics.c - `metrics`: gathers what there is to count; the text is made in report/metrics. */
#include "report/metrics.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/pins.h"
#include "bpf/stats.h"
#include "observe/topology.h"
#include "observe/vmstat.h"
#include "tiered/control.h"
#include "util/cleanup.h"
#include "verbs/internal.h"

/* Pairs of nodes that are told; a machine with more has them in the map node_pairs. */
#define PAIRS_MAX 256

struct gathered {
	struct metrics_input input;
	struct stats_totals totals;
	struct event_losses losses[EVENT_KINDS];
	struct metrics_migrations migrations[SEEN_REASONS];
	struct stats_flushes flushes[STATS_FLUSH_REASONS];
	struct metrics_node_pair pairs[PAIRS_MAX];
	struct metrics_node nodes[TIERED_NODES_MAX];
	struct metrics_kernel kernel[VMSTAT_COUNTERS];
};

static int gather_pair(void *arg, const struct stats_node_pair_key *key,
		       const struct stats_node_pair *pair)
{
	struct gathered *gathered = arg;

	if (gathered->input.n_pairs == PAIRS_MAX)
		return 1;
	gathered->pairs[gathered->input.n_pairs++] = (struct metrics_node_pair){
		.from = key->from, .to = key->to, .moved = pair->moved, .pages = pair->pages
	};
	return 0;
}

static void gather_migrations(const struct bpf *bpf, struct gathered *gathered)
{
	struct stats_migrations migrations[SEEN_REASONS];
	size_t i;

	if (bpf_migrations(bpf, migrations) < 0)
		return;
	for (i = 0; i < SEEN_REASONS; i++)
		gathered->migrations[i] = (struct metrics_migrations){
			.calls = migrations[i].calls,
			.succeeded = migrations[i].succeeded,
			.failed = migrations[i].failed,
		};
	gathered->input.migrations = gathered->migrations;
}

static void gather_seen(const struct bpf *bpf, struct gathered *gathered)
{
	struct metrics_input *input = &gathered->input;

	if (bpf_totals(bpf, &gathered->totals) == 0)
		input->totals = &gathered->totals;
	if (bpf_losses(bpf, gathered->losses) == 0)
		input->losses = gathered->losses;
	if (bpf_flushes(bpf, gathered->flushes) == 0)
		input->flushes = gathered->flushes;
	gather_migrations(bpf, gathered);
	bpf_each_node_pair(bpf, gather_pair, gathered);
	input->pairs = gathered->pairs;
}

static void gather_nodes(const struct topology *topology, struct gathered *gathered)
{
	uint64_t free_pages[TIERED_NODES_MAX] = { 0 };
	const struct topology_node *nodes;
	size_t i, n;

	nodes = topology_nodes(topology, &n);
	if (topology_free_pages(topology, free_pages) < 0)
		return;
	for (i = 0; i < n; i++)
		gathered->nodes[i] = (struct metrics_node){
			.node = nodes[i].id,
			.tier = nodes[i].tier,
			.total_pages = nodes[i].total_pages,
			.free_pages = free_pages[i],
		};
	gathered->input.nodes = gathered->nodes;
	gathered->input.n_nodes = n;
}

static void gather_kernel(struct gathered *gathered)
{
	struct vmstat vmstat;
	unsigned int i;

	if (vmstat_read("/proc", &vmstat) < 0)
		return;
	gathered->input.kernel = gathered->kernel;
	for (i = 0; i < VMSTAT_COUNTERS; i++)
		if (vmstat.present >> i & 1)
			gathered->kernel[gathered->input.n_kernel++] =
				(struct metrics_kernel){ vmstat_name(i), vmstat.value[i] };
}

/* The targets of the board; to be freed. NULL when there are none, or no memory. */
static struct metrics_target *gather_targets(const struct board *board, size_t *ret_n)
{
	struct board_target *const *targets;
	struct metrics_target *list;
	size_t i, n;

	*ret_n = 0;
	targets = board_list(board, &n);
	list = n ? calloc(n, sizeof(*list)) : NULL;
	if (!list)
		return NULL;
	for (i = 0; i < n; i++)
		list[i] = (struct metrics_target){ targets[i]->key, &targets[i]->stats };
	*ret_n = n;
	return list;
}

int verbs_metrics_text(const struct verbs *verbs, enum metrics_form form, char **ret_text,
		       size_t *ret_length)
{
	const struct verbs_env *env = verbs->env;
	auto_free struct gathered *gathered = calloc(1, sizeof(*gathered));
	auto_free struct metrics_target *targets = NULL;

	if (!gathered)
		return -ENOMEM;
	gathered->input.version = TIERED_VERSION;
	gathered->input.daemon = board_daemon(env->board);
	gather_seen(env->bpf, gathered);
	gather_nodes(env->topology, gathered);
	gather_kernel(gathered);
	targets = gather_targets(env->board, &gathered->input.n_targets);
	gathered->input.targets = targets;
	return metrics_text(&gathered->input, form, ret_text, ret_length);
}

void verb_metrics(void *arg, struct control_call call, struct json_object *args)
{
	struct verbs *verbs = arg;
	const char *form = args_string(args, "form");
	int prometheus = strcmp(form, "prometheus") == 0;
	struct json_object *result;
	auto_free char *text = NULL;
	size_t length;
	int ret;

	if (*form && !prometheus && strcmp(form, "openmetrics") != 0) {
		control_refuse(verbs->control, call, CONTROL_BAD_REQUEST,
			       "form '%.32s'; expected openmetrics or prometheus", form);
		return;
	}
	ret = verbs_metrics_text(verbs, prometheus ? METRICS_PROMETHEUS : METRICS_OPENMETRICS,
				 &text, &length);
	if (ret < 0) {
		control_refuse(verbs->control, call, CONTROL_FAILED, "%s", strerror(-ret));
		return;
	}
	result = json_object_new_object();
	json_object_object_add(result, "text", json_object_new_string_len(text, (int)length));
	control_reply(verbs->control, call, result);
}
