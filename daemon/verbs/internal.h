/* SPDX-License-Identifier: GPL-2.0-only */
/* internal.h - what the verbs share. */
#ifndef TIERED_VERBS_INTERNAL_H
#define TIERED_VERBS_INTERNAL_H

#include "report/board.h"
#include "verbs/verbs.h"

/* More questions than this wait for the worker only if it hangs. */
#define QUESTIONS_MAX 64
/* Each watcher costs the daemon a line per event. */
#define WATCHERS_MAX 8

/*
 * A question; @token 0: a free place; @address 0: of the whole. @ask waits for its turn:
 * one question is with the worker at a time, so that many clients cannot hold it up.
 */
struct question {
	uint64_t token;
	struct worker_query *ask;
	uint64_t sent_ns;
	struct control_call call;
	uint32_t pid;
	uint64_t address;
};

struct name;
struct watcher;
struct worker_query;

struct verbs {
	struct verbs_env *env;
	struct control *control;
	struct question questions[QUESTIONS_MAX];
	uint64_t last_token;
	struct watcher *watchers[WATCHERS_MAX];
	size_t n_watchers;
	struct name *names; /* trace.c: whose memory events were about of late */
};

/* One function per verb; struct control_verb.run. */
void verb_status(void *arg, struct control_call call, struct json_object *args);
void verb_targets(void *arg, struct control_call call, struct json_object *args);
void verb_explain(void *arg, struct control_call call, struct json_object *args);
void verb_heatmap(void *arg, struct control_call call, struct json_object *args);
void verb_plan(void *arg, struct control_call call, struct json_object *args);
void verb_metrics(void *arg, struct control_call call, struct json_object *args);
void verb_trace(void *arg, struct control_call call, struct json_object *args);
void verb_set(void *arg, struct control_call call, struct json_object *args);
void verb_pause(void *arg, struct control_call call, struct json_object *args);
void verb_resume(void *arg, struct control_call call, struct json_object *args);
void verb_reload(void *arg, struct control_call call, struct json_object *args);

/* Arguments were checked for their type already. 0 and "" when not given. */
uint64_t args_number(struct json_object *args, const char *name);
const char *args_string(struct json_object *args, const char *name);
/*
 * The argument "pid" into @ret_pid: 0 when it was not given. Returns 0, after having
 * refused the call, when it is none of Linux's (1 to 4194304).
 */
int args_pid(struct verbs *verbs, struct control_call call, struct json_object *args,
	     uint32_t *ret_pid);

/* json.c */
void json_add_u64(struct json_object *object, const char *name, uint64_t value);
void json_add_text(struct json_object *object, const char *name, const char *value);
void json_add_comm(struct json_object *object, const char comm[16]);
void json_add_address(struct json_object *object, const char *name, uint64_t address);
/* NULL when @cond is 0. */
void json_add_rate(struct json_object *object, const char *name, int known, int rate);

/* What both `status` and `targets` tell: fields as in tiered/control.h. */
struct json_object *json_process(const struct target_key *key, const struct stats_process *process);
struct json_object *json_target(const struct verbs *verbs, const struct board_target *target);
struct json_object *json_asked_daemon(const struct stats_daemon *daemon);
const char *json_reason_name(unsigned int reason);
struct json_object *json_reasons(const struct stats_by_reason *reasons);

/* scheduler.c: NULL when it was not asked for, and of a process when it is not scheduled by it. */
struct json_object *scheduler_json(const struct verbs *verbs);
struct json_object *scheduler_target_json(const struct verbs *verbs, uint32_t tgid);

/* limits.c: sections with a limit or a priority, and what they hold. */
struct json_object *limits_json(const struct verbs *verbs);

/* answers.c: what the worker answered to @question. */
struct json_object *explain_json(const struct verbs *verbs, const struct question *question,
				 const struct worker_answer *answer);
struct json_object *heatmap_json(const struct verbs *verbs, const struct question *question,
				 const struct worker_answer *answer);
struct json_object *plan_json(const struct verbs *verbs, const struct worker_answer *answer);

/* Questions that were not sent go with the verbs; watchers too. */
void query_close(struct verbs *verbs);
void trace_close(struct verbs *verbs);

#endif
