// SPDX-License-Identifier: GPL-2.0-only
/* answers.c - what the worker answered, as JSON: see tiered/control.h. */
#include "config/config.h"
#include "observe/topology.h"
#include "tiered/tracker.h"
#include "verbs/internal.h"
#include "worker/query.h"

/* What keeps a page where it is, to a person. */
static const char *const hold_sentences[HOLDS] = {
	[HOLD_NOTHING] = "nothing: the next plan moves it",
	[HOLD_PLACED] = "it is where it belongs: hot enough for this tier, not for a faster one",
	[HOLD_UNMAPPED] = "nothing is mapped there",
	[HOLD_NOT_WATCHED] = "mappings of this kind are not looked at",
	[HOLD_UNKNOWN] = "nothing was seen there yet: not mapped in, or its turn has not come",
	[HOLD_SHARED] =
		"other processes map it too: it stays, or moves through one of them (shared)",
	[HOLD_FIXED] = "it cannot or must not move",
	[HOLD_RESTS] = "it rests: it was moved, or could not be moved, a short while ago",
	[HOLD_DOUBT] = "its rate is on the other side of the bar, but not known well enough yet",
	[HOLD_NODES] = "its process may not use a node it should go to (cpuset)",
	[HOLD_ROOM] = "no room where it should go, and nothing there that is colder beyond doubt",
	[HOLD_BUDGET] = "its turn comes in a later window: the rate of moves is used up",
	[HOLD_OBSERVE] = "the daemon only observes (mode = observe)",
	[HOLD_PAUSED] = "paused: 'tieredctl resume' lets it move again",
	[HOLD_FLOOR] =
		"others are hotter, but fast_min of its [target] keeps it on the fastest tier",
	[HOLD_CEILING] = "hot enough for the fastest tier, but fast_max of its [target] is reached",
	[HOLD_RULE] = "promote = no, or demote = no, in its [target] keeps it where it is",
	[HOLD_ASIDE] = "its process is set aside for a while: it blocks, or most of its pages "
		       "do not move",
};

static const char *hold_sentence(unsigned int hold)
{
	return hold < HOLDS && hold_sentences[hold] ? hold_sentences[hold] : "?";
}

static struct json_object *cells_json(const struct worker_answer *answer)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < answer->n_cells; i++) {
		const struct query_cell *cell = &answer->cells[i];
		struct json_object *object = json_object_new_object();

		json_add_address(object, "start", cell->start);
		json_add_address(object, "end", cell->end);
		json_add_u64(object, "pages", cell->known);
		json_add_u64(object, "fast_pages", cell->fast);
		json_add_rate(object, "rate", cell->known != 0, cell->rate);
		json_object_array_add(array, object);
	}
	return array;
}

static struct json_object *last_move_json(const struct query_move *move)
{
	struct json_object *object;

	if (!move->window)
		return NULL;
	object = json_object_new_object();
	json_add_u64(object, "window", move->window);
	json_add_u64(object, "from", move->from);
	json_add_u64(object, "to", move->to);
	json_add_text(object, "reason", ledger_reason_name(move->reason));
	json_add_text(object, "result", ledger_result_name(move->result));
	json_add_rate(object, "rate", 1, move->rate);
	json_add_rate(object, "bar", 1, move->bar);
	return object;
}

static struct json_object *page_json(const struct verbs *verbs, const struct query_page *page)
{
	struct json_object *object = json_object_new_object();
	int tier = page->known ? topology_tier_of(verbs->env->topology, page->node) : -1;

	json_add_address(object, "address", page->address);
	if (*page->mapping)
		json_add_text(object, "mapping", page->mapping);
	else
		json_object_object_add(object, "mapping", NULL);
	json_object_object_add(object, "known", json_object_new_boolean(page->known));
	json_add_u64(object, "order", page->order);
	json_object_object_add(object, "node",
			       page->known ? json_object_new_int(page->node) : NULL);
	json_object_object_add(object, "tier", tier < 0 ? NULL : json_object_new_int(tier));
	json_add_rate(object, "rate", page->known, page->rate);
	json_add_rate(object, "bar", page->known, page->bar);
	json_add_u64(object, "observations", page->n);
	json_object_object_add(object, "shared",
			       json_object_new_boolean((page->flags & OBSERVED_SHARED) != 0));
	json_object_object_add(object, "fixed",
			       json_object_new_boolean((page->flags & OBSERVED_FIXED) != 0));
	json_add_u64(object, "rests_windows", page->rests);
	json_add_u64(object, "last_seen_window", page->last_seen_window);
	json_object_object_add(object, "last_move", last_move_json(&page->last_move));
	json_add_text(object, "held_by", query_hold_name(page->hold));
	json_add_text(object, "why", hold_sentence(page->hold));
	return object;
}

/* Which process, and as of when; @target NULL: it has gone meanwhile. */
static struct json_object *answer_head(const struct question *question,
				       const struct worker_answer *answer,
				       const struct board_target *target)
{
	struct json_object *object = json_object_new_object();

	json_add_u64(object, "pid", question->pid);
	json_add_text(object, "comm", target ? target->stats.comm : "");
	json_add_u64(object, "window", answer->window);
	return object;
}

struct json_object *explain_json(const struct verbs *verbs, const struct question *question,
				 const struct worker_answer *answer)
{
	const struct board_target *target = board_find(verbs->env->board, answer->target);
	struct json_object *object = answer_head(question, answer, target);

	json_object_object_add(object, "target", target ? json_target(verbs, target) : NULL);
	json_object_object_add(object, "excluded", NULL);
	json_object_object_add(object, "page",
			       question->address ? page_json(verbs, &answer->page) : NULL);
	json_object_object_add(object, "regions", cells_json(answer));
	return object;
}

struct json_object *heatmap_json(const struct verbs *verbs, const struct question *question,
				 const struct worker_answer *answer)
{
	struct json_object *object =
		answer_head(question, answer, board_find(verbs->env->board, answer->target));

	json_object_object_add(object, "cells", cells_json(answer));
	return object;
}

static void add_process(const struct verbs *verbs, struct json_object *object, uint32_t target_id)
{
	const struct board_target *target = board_find(verbs->env->board, target_id);

	json_add_u64(object, "pid", target ? target->key.tgid : 0);
	json_add_text(object, "comm", target ? target->stats.comm : "");
}

static struct json_object *groups_json(const struct verbs *verbs,
				       const struct worker_answer *answer)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < answer->n_groups; i++) {
		const struct query_group *group = &answer->groups[i];
		struct json_object *object = json_object_new_object();

		add_process(verbs, object, group->target);
		json_add_u64(object, "from", group->from);
		json_add_u64(object, "to", group->to);
		json_add_text(object, "reason", ledger_reason_name(group->reason));
		json_add_u64(object, "moves", group->moves);
		json_add_u64(object, "pages", group->pages);
		json_object_array_add(array, object);
	}
	return array;
}

/* Pages in groups that found no room in the answer. */
static uint64_t pages_left(const struct worker_answer *answer)
{
	uint64_t left = answer->planned_pages;
	size_t i;

	for (i = 0; i < answer->n_groups; i++)
		left -= answer->groups[i].pages < left ? answer->groups[i].pages : left;
	return left;
}

static struct json_object *moves_json(const struct verbs *verbs, const struct worker_answer *answer)
{
	struct json_object *array = json_object_new_array();
	size_t i;

	for (i = 0; i < answer->n_moves; i++) {
		const struct move *move = &answer->moves[i];
		struct json_object *object = json_object_new_object();

		add_process(verbs, object, move->target);
		json_add_address(object, "address", move->address);
		json_add_u64(object, "order", move->order);
		json_add_u64(object, "from", move->from);
		json_add_u64(object, "to", move->to);
		json_add_text(object, "reason", ledger_reason_name(move->reason));
		json_add_rate(object, "rate", 1, move->rate);
		json_add_rate(object, "bar", 1, move->bar);
		json_object_array_add(array, object);
	}
	return array;
}

struct json_object *plan_json(const struct verbs *verbs, const struct worker_answer *answer)
{
	struct json_object *object = json_object_new_object(), *cost = json_object_new_object(),
			   *gain = json_object_new_object();

	json_add_u64(cost, "bytes", answer->planned_pages << TIERED_PAGE_SHIFT);
	json_add_u64(cost, "ns", answer->cost_ns);
	json_add_u64(gain, "share_ppm_now", answer->share_now_ppm);
	json_add_u64(gain, "share_ppm_then", answer->share_then_ppm);
	json_add_u64(object, "window", answer->window);
	json_object_object_add(
		object, "observe",
		json_object_new_boolean(verbs->env->observe || verbs->env->config->observe));
	json_object_object_add(object, "paused", json_object_new_boolean(verbs->env->paused));
	json_add_u64(object, "moves", answer->n_planned);
	json_add_u64(object, "pages", answer->planned_pages);
	json_object_object_add(object, "groups", groups_json(verbs, answer));
	json_add_u64(object, "groups_left", pages_left(answer));
	json_object_object_add(object, "first", moves_json(verbs, answer));
	json_object_object_add(object, "cost", cost);
	json_object_object_add(object, "gain", gain);
	return object;
}
