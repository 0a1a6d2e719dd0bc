// SPDX-License-Identifier: GPL-2.0-only
/*
 * set.c - `set`, `pause`, `resume` and `reload`: what an operator tells the daemon.
 *
 * What may change while it runs is a table of keys of the conf; their values
 * are read and held to their bounds by the conf's own parsers. What was set
 * holds until the next reload or stop: the file is the operator's.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/config.h"
#include "tiered/control.h"
#include "util/clock.h"
#include "util/log.h"
#include "verbs/internal.h"
#include "worker/worker.h"

static void show_mode(const struct config *config, char *buffer, size_t size)
{
	snprintf(buffer, size, "%s", config->observe ? "observe" : "manage");
}

static void show_ns(uint64_t ns, char *buffer, size_t size)
{
	if (ns % NSEC_PER_SEC == 0)
		snprintf(buffer, size, "%" PRIu64 "s", ns / NSEC_PER_SEC);
	else
		snprintf(buffer, size, "%" PRIu64 "ms", ns / NSEC_PER_MSEC);
}

static void show_window(const struct config *config, char *buffer, size_t size)
{
	if (config->window.ns)
		show_ns(config->window.ns, buffer, size);
	else
		snprintf(buffer, size, "auto");
}

static void show_window_min(const struct config *config, char *buffer, size_t size)
{
	show_ns(config->window_min_ns, buffer, size);
}

static void show_window_max(const struct config *config, char *buffer, size_t size)
{
	show_ns(config->window_max_ns, buffer, size);
}

static void show_log_every(const struct config *config, char *buffer, size_t size)
{
	show_ns(config->log_every_ns, buffer, size);
}

static void show_cpu_max(const struct config *config, char *buffer, size_t size)
{
	snprintf(buffer, size, "%.4g%%", config->cpu_max_ppm / 1e4);
}

static void show_rate(const struct config *config, char *buffer, size_t size)
{
	uint64_t rate = config->rate;

	if (!rate)
		snprintf(buffer, size, "unlimited");
	else if (rate % (1 << 20) == 0)
		snprintf(buffer, size, "%" PRIu64 "M/s", rate >> 20);
	else
		snprintf(buffer, size, "%" PRIu64 "/s", rate);
}

static const struct {
	const char *section;
	const char *name;
	void (*show)(const struct config *config, char *buffer, size_t size);
} live[] = {
	{ "tiered", "mode", show_mode },
	{ "tiered", "window", show_window },
	{ "tiered", "window_min", show_window_min },
	{ "tiered", "window_max", show_window_max },
	{ "tiered", "cpu_max", show_cpu_max },
	{ "tiered", "log_every", show_log_every },
	{ "migration", "rate", show_rate },
};

#define N_LIVE (sizeof(live) / sizeof(live[0]))

/* Index into the table of live keys, or N_LIVE. */
static size_t live_find(const char *key)
{
	size_t i;

	for (i = 0; i < N_LIVE; i++) {
		size_t length = strlen(live[i].section);

		if (strncmp(key, live[i].section, length) == 0 && key[length] == '.' &&
		    strcmp(key + length + 1, live[i].name) == 0)
			break;
	}
	return i;
}

static void refuse_key(struct verbs *verbs, struct control_call call, const char *key)
{
	char names[256];
	size_t i, used = 0;

	for (i = 0; i < N_LIVE && used < sizeof(names); i++)
		used += (size_t)snprintf(names + used, sizeof(names) - used, "%s%s.%s",
					 i ? ", " : "", live[i].section, live[i].name);
	control_refuse(verbs->control, call, CONTROL_BAD_REQUEST,
		       "'%.64s' cannot change while the daemon runs; expected one of %s", key,
		       names);
}

static void keep_fault(void *arg, const char *line)
{
	snprintf(arg, 256, "%s", line);
}

/* Into a copy first: a value that does not go with the others changes nothing. */
static int set_value(struct verbs *verbs, struct control_call call, size_t at, const char *value)
{
	const struct config_place place = { .file = CONFIG_PLACE_SET };
	size_t n, index = config_find(live[at].section, live[at].name);
	const struct config_key *keys = config_keys(&n);
	struct config *next = malloc(sizeof(*next));
	char fault[256] = "";
	int good = 0;

	if (!next) {
		control_refuse(verbs->control, call, CONTROL_FAILED, "out of memory");
		return 0;
	}
	*next = *verbs->env->config;
	if (config_set(next, index, value, place) < 0)
		control_refuse(verbs->control, call, CONTROL_BAD_REQUEST, "%s = %.64s; %s",
			       live[at].name, value, keys[index].expected);
	else if (config_check(next, keep_fault, fault) != 0)
		control_refuse(verbs->control, call, CONTROL_BAD_REQUEST, "%s", fault);
	else
		good = 1;
	if (good)
		*verbs->env->config = *next;
	free(next);
	return good;
}

void verb_set(void *arg, struct control_call call, struct json_object *args)
{
	struct verbs *verbs = arg;
	const char *key = args_string(args, "key");
	size_t at = live_find(key);
	struct json_object *result;
	char before[64], after[64];

	if (at == N_LIVE) {
		refuse_key(verbs, call, key);
		return;
	}
	if (verbs->env->observe && live[at].show == show_mode) {
		control_refuse(
			verbs->control, call, CONTROL_UNAVAILABLE,
			"the daemon was started with --observe: it moves nothing whatever the "
			"mode");
		return;
	}
	live[at].show(verbs->env->config, before, sizeof(before));
	if (!set_value(verbs, call, at, args_string(args, "value")))
		return;
	live[at].show(verbs->env->config, after, sizeof(after));
	verbs->env->tuned(verbs->env->arg);
	log_info("%s = %s, was %s, until the next reload: set through the control socket", key,
		 after, before);
	result = json_object_new_object();
	json_add_text(result, "key", key);
	json_add_text(result, "old", before);
	json_add_text(result, "new", after);
	control_reply(verbs->control, call, result);
}

/* One target, by its process. Returns 0 when the call was refused. */
static int pause_target(struct verbs *verbs, struct control_call call, uint32_t pid, int paused)
{
	struct board_target *target = board_find_process(verbs->env->board, pid);
	struct worker_pause *message;

	if (!target || !*verbs->env->worker) {
		control_refuse(verbs->control, call, CONTROL_NOT_FOUND, "no target has pid %u",
			       pid);
		return 0;
	}
	message = calloc(1, sizeof(*message));
	if (!message) {
		control_refuse(verbs->control, call, CONTROL_FAILED, "out of memory");
		return 0;
	}
	message->id = target->id;
	message->paused = paused;
	worker_send(*verbs->env->worker, &message->message, WORKER_PAUSE);
	target->paused = paused;
	log_info("target %u (pid %u) %s through the control socket", target->id, pid,
		 paused ? "paused" : "resumed");
	return 1;
}

static void set_paused(struct verbs *verbs, struct control_call call, struct json_object *args,
		       int paused)
{
	struct json_object *result;
	uint32_t pid;

	if (!args_pid(verbs, call, args, &pid))
		return;
	if (pid) {
		if (!pause_target(verbs, call, pid, paused))
			return;
	} else if (verbs->env->paused != paused) {
		verbs->env->paused = paused;
		verbs->env->tuned(verbs->env->arg);
		log_info("%s through the control socket", paused ? "paused" : "resumed");
	}
	result = json_object_new_object();
	json_object_object_add(result, "paused", json_object_new_boolean(paused));
	control_reply(verbs->control, call, result);
}

void verb_pause(void *arg, struct control_call call, struct json_object *args)
{
	set_paused(arg, call, args, 1);
}

void verb_resume(void *arg, struct control_call call, struct json_object *args)
{
	set_paused(arg, call, args, 0);
}

void verb_reload(void *arg, struct control_call call, struct json_object *args)
{
	struct verbs *verbs = arg;
	char why[256] = "";

	(void)args;
	if (verbs->env->reload(verbs->env->arg, why, sizeof(why)) < 0)
		control_refuse(verbs->control, call, CONTROL_FAILED,
			       "%s; the old conf stays in force (the log has all faults)", why);
	else
		control_reply(verbs->control, call, NULL);
}
