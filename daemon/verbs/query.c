// SPDX-License-Identifier: GPL-2.0-only
/*
 * query.c - `explain`, `heatmap` and `plan`: the worker knows the answer.
 *
 * A question is kept with the call that waits for it; the token finds it again.
 * The socket gives up on it by itself when the worker does not answer in time.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/proc.h"
#include "observe/targets.h"
#include "tiered/control.h"
#include "util/clock.h"
#include "verbs/internal.h"
#include "worker/query.h"
#include "worker/worker.h"

#define COLUMNS_DEFAULT 64
#define MOVES_DEFAULT 20

/* The worker may be inside a call that blocks; after this it has lost the question. */
#define LOST_NS (60 * NSEC_PER_SEC)

static struct question *question_find(struct verbs *verbs, uint64_t token)
{
	size_t i;

	for (i = 0; i < QUESTIONS_MAX; i++)
		if (verbs->questions[i].token == token)
			return &verbs->questions[i];
	return NULL;
}

/* A free place; NULL when all wait. */
static struct question *question_place(struct verbs *verbs)
{
	return question_find(verbs, 0);
}

/* The next that waits goes to the worker, unless one is there already. */
static void question_next(struct verbs *verbs)
{
	struct question *next = NULL;
	size_t i;

	for (i = 0; i < QUESTIONS_MAX; i++) {
		struct question *question = &verbs->questions[i];

		if (question->token && !question->ask) {
			if (clock_now_ns() - question->sent_ns < LOST_NS)
				return;
			question->token = 0;
		}
		if (question->token && (!next || question->token < next->token))
			next = question;
	}
	if (!next || !*verbs->env->worker)
		return;
	worker_send(*verbs->env->worker, &next->ask->message, WORKER_QUERY);
	next->ask = NULL;
	next->sent_ns = clock_now_ns();
}

/* Takes @ask over. */
static void question_send(struct verbs *verbs, struct control_call call, struct worker_query *ask,
			  uint32_t pid)
{
	struct question *question = question_place(verbs);

	if (!question) {
		free(ask);
		control_refuse(verbs->control, call, CONTROL_BUSY,
			       "%d questions wait for the worker already; ask again later",
			       QUESTIONS_MAX);
		return;
	}
	question->token = ++verbs->last_token;
	question->call = call;
	question->pid = pid;
	question->address = ask->address;
	question->ask = ask;
	ask->token = question->token;
	question_next(verbs);
}

static struct worker_query *question_new(struct verbs *verbs, struct control_call call,
					 enum query_kind kind)
{
	struct worker_query *ask;

	if (!*verbs->env->worker) {
		control_refuse(verbs->control, call, CONTROL_UNAVAILABLE, "the daemon is idle: %s",
			       verbs->env->idle_reason);
		return NULL;
	}
	ask = calloc(1, sizeof(*ask));
	if (!ask)
		control_refuse(verbs->control, call, CONTROL_FAILED, "out of memory");
	else
		ask->kind = kind;
	return ask;
}

/* A process that is no target: why. */
static void explain_stranger(struct verbs *verbs, struct control_call call, uint32_t pid)
{
	struct json_object *result;
	struct proc_stat stat;
	char why[256];

	if (proc_read_stat("/proc", pid, &stat) < 0 ||
	    targets_explain(*verbs->env->targets, "/proc", pid, why, sizeof(why)) < 0) {
		control_refuse(verbs->control, call, CONTROL_NOT_FOUND, "no process has pid %u",
			       pid);
		return;
	}
	if (!*why)
		snprintf(why, sizeof(why), "%s",
			 *verbs->env->worker ? "it was not looked at yet"
					     : verbs->env->idle_reason);
	result = json_object_new_object();
	json_add_u64(result, "pid", pid);
	json_add_comm(result, stat.comm);
	json_object_object_add(result, "target", NULL);
	json_add_text(result, "excluded", why);
	json_object_object_add(result, "page", NULL);
	json_object_object_add(result, "regions", json_object_new_array());
	control_reply(verbs->control, call, result);
}

static int parse_address(const char *text, uint64_t *ret)
{
	char *end;

	/* What strtoull() takes besides: blanks and signs. */
	if (!isxdigit((unsigned char)*text))
		return -EINVAL;
	errno = 0;
	*ret = strtoull(text, &end, 16);
	return errno || *end || !*ret ? -EINVAL : 0;
}

void verb_explain(void *arg, struct control_call call, struct json_object *args)
{
	struct verbs *verbs = arg;
	const char *address = args_string(args, "address");
	struct board_target *target;
	struct worker_query *ask;
	uint64_t where = 0;
	uint32_t pid;

	if (!args_pid(verbs, call, args, &pid))
		return;
	target = board_find_process(verbs->env->board, pid);
	if (*address && parse_address(address, &where) < 0) {
		control_refuse(
			verbs->control, call, CONTROL_BAD_REQUEST,
			"address '%.32s'; expected a hexadecimal number such as 0x7f00c0000000",
			address);
		return;
	}
	if (!target || !*verbs->env->worker) {
		explain_stranger(verbs, call, pid);
		return;
	}
	ask = question_new(verbs, call, QUERY_EXPLAIN);
	if (!ask)
		return;
	ask->target = target->id;
	ask->address = where;
	question_send(verbs, call, ask, pid);
}

void verb_heatmap(void *arg, struct control_call call, struct json_object *args)
{
	struct verbs *verbs = arg;
	uint64_t columns = args_number(args, "columns");
	struct board_target *target;
	struct worker_query *ask;
	uint32_t pid;

	if (!args_pid(verbs, call, args, &pid))
		return;
	target = board_find_process(verbs->env->board, pid);
	if (columns > QUERY_CELLS_MAX) {
		control_refuse(verbs->control, call, CONTROL_BAD_REQUEST,
			       "columns %llu; expected 1 to %u", (unsigned long long)columns,
			       QUERY_CELLS_MAX);
		return;
	}
	ask = question_new(verbs, call, QUERY_HEATMAP);
	if (!ask)
		return;
	if (!target) {
		free(ask);
		control_refuse(verbs->control, call, CONTROL_NOT_FOUND, "no target has pid %u",
			       pid);
		return;
	}
	ask->target = target->id;
	ask->count = columns ? (uint32_t)columns : COLUMNS_DEFAULT;
	question_send(verbs, call, ask, pid);
}

void verb_plan(void *arg, struct control_call call, struct json_object *args)
{
	struct verbs *verbs = arg;
	uint64_t limit = args_number(args, "limit");
	struct worker_query *ask;

	if (limit > QUERY_MOVES_MAX) {
		control_refuse(verbs->control, call, CONTROL_BAD_REQUEST,
			       "limit %llu; expected 1 to %u", (unsigned long long)limit,
			       QUERY_MOVES_MAX);
		return;
	}
	ask = question_new(verbs, call, QUERY_PLAN);
	if (!ask)
		return;
	ask->count = limit ? (uint32_t)limit : MOVES_DEFAULT;
	question_send(verbs, call, ask, 0);
}

static void answer_error(struct verbs *verbs, const struct question *question, int error)
{
	if (error == -ENOENT && board_find_process(verbs->env->board, question->pid))
		control_refuse(verbs->control, question->call, CONTROL_BUSY,
			       "pid %u was not looked at yet; ask again in a moment",
			       question->pid);
	else if (error == -ENOENT)
		control_refuse(verbs->control, question->call, CONTROL_NOT_FOUND,
			       "no target has pid %u any more", question->pid);
	else if (error == -EAGAIN)
		control_refuse(verbs->control, question->call, CONTROL_BUSY,
			       "no window has ended yet; ask again in a moment");
	else
		control_refuse(verbs->control, question->call, CONTROL_FAILED, "%s",
			       strerror(-error));
}

void verbs_answer(struct verbs *verbs, struct worker_answer *answer)
{
	struct question *question = question_find(verbs, answer->token);

	if (question && answer->error)
		answer_error(verbs, question, answer->error);
	else if (question && answer->kind == QUERY_EXPLAIN)
		control_reply(verbs->control, question->call,
			      explain_json(verbs, question, answer));
	else if (question && answer->kind == QUERY_HEATMAP)
		control_reply(verbs->control, question->call,
			      heatmap_json(verbs, question, answer));
	else if (question)
		control_reply(verbs->control, question->call, plan_json(verbs, answer));
	if (question)
		question->token = 0;
	worker_answer_free(answer);
	question_next(verbs);
}

void verbs_no_worker(struct verbs *verbs)
{
	size_t i;

	for (i = 0; i < QUESTIONS_MAX; i++) {
		if (!verbs->questions[i].token)
			continue;
		control_refuse(verbs->control, verbs->questions[i].call, CONTROL_UNAVAILABLE,
			       "the daemon is stopping");
		verbs->questions[i].token = 0;
	}
	query_close(verbs);
}

void query_close(struct verbs *verbs)
{
	size_t i;

	for (i = 0; i < QUESTIONS_MAX; i++) {
		free(verbs->questions[i].ask);
		verbs->questions[i].ask = NULL;
	}
}
