// SPDX-License-Identifier: GPL-2.0-only
#include "targets.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "targets_internal.h"
#include "util/cleanup.h"

/*
 * A new process is small. It is looked at this many times before it is left to
 * the next sweep; callers look about once a second.
 */
#define LOOKS_MAX 16

/* What the rules need to know, and the size below which none of them wants anything. */
static void survey_rules(struct targets *targets)
{
	const struct targets_config *config = &targets->config;
	size_t i;

	targets->least = config->size_min;
	for (i = 0; i < config->n_rules; i++) {
		const struct target_rule *rule = &config->rules[i];

		if (rule->uid != TARGET_UID_ANY)
			targets->needs |= TARGETS_NEED_UID;
		if (rule->cgroup[0])
			targets->needs |= TARGETS_NEED_CGROUP;
		if (rule->exe[0])
			targets->needs |= TARGETS_NEED_EXE;
		if (!rule->exclude && rule->min_size < targets->least)
			targets->least = rule->min_size;
	}
}

int targets_new(const struct targets_config *config, struct targets **ret)
{
	struct targets *targets = calloc(1, sizeof(*targets));

	if (!targets)
		return -ENOMEM;
	targets->config = *config;
	targets->next_id = 1;
	survey_rules(targets);
	*ret = targets;
	return 0;
}

void targets_free(struct targets *targets)
{
	if (!targets)
		return;
	free(targets->known);
	free(targets->list);
	free(targets->added);
	free(targets->removed);
	free(targets);
}

struct known *targets_known(const struct targets *targets, uint32_t tgid)
{
	size_t low = 0, high = targets->n_known;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (targets->known[middle].wanted.key.tgid < tgid)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < targets->n_known && targets->known[low].wanted.key.tgid == tgid)
		return &targets->known[low];
	return NULL;
}

/* readdir() tells end and failure apart by errno alone. */
static int examine_all(struct targets *targets, const char *proc_root, struct candidates *found)
{
	auto_closedir DIR *dir = opendir(proc_root);
	struct dirent *entry;
	uint32_t pid;
	int err = 0;

	if (!dir)
		return -errno;
	while (!err) {
		errno = 0;
		entry = readdir(dir);
		if (!entry)
			return -errno;
		pid = proc_parse_pid(entry->d_name);
		if (pid)
			err = targets_examine(targets, proc_root, pid, found);
	}
	return err;
}

static void clear_marks(struct targets *targets)
{
	size_t i;

	for (i = 0; i < targets->n_known; i++)
		targets->known[i].alive = targets->known[i].chosen = 0;
}

int targets_sweep(struct targets *targets, const char *proc_root, struct targets_change *ret)
{
	struct candidates found = { 0 };
	int err;

	clear_marks(targets);
	err = examine_all(targets, proc_root, &found);
	if (!err)
		err = targets_apply(targets, &found, 1, ret);
	if (!err) {
		targets->n_hints = 0;
		targets->hints_lost = 0;
	}
	free(found.list);
	return err;
}

/* Those that were looked at often enough, and those that are targets now, need no more looks. */
static void hints_thin(struct targets *targets)
{
	size_t i, kept = 0;

	for (i = 0; i < targets->n_hints; i++) {
		struct hint hint = targets->hints[i];
		const struct known *known = targets_known(targets, hint.tgid);

		if (++hint.looks < LOOKS_MAX && !(known && known->held))
			targets->hints[kept++] = hint;
	}
	targets->n_hints = kept;
}

/* Hints first, then known ones that events named without a hint (exit). */
static int examine_hinted(struct targets *targets, const char *proc_root, struct candidates *found)
{
	size_t i;
	int err = 0;

	for (i = 0; i < targets->n_hints; i++) {
		struct known *known = targets_known(targets, targets->hints[i].tgid);

		if (known)
			known->touched = 1;
	}
	for (i = 0; i < targets->n_known && !err; i++)
		if (targets->known[i].touched)
			err = targets_examine(targets, proc_root, targets->known[i].wanted.key.tgid,
					      found);
	for (i = 0; i < targets->n_hints && !err; i++)
		if (!targets_known(targets, targets->hints[i].tgid))
			err = targets_examine(targets, proc_root, targets->hints[i].tgid, found);
	return err;
}

int targets_look(struct targets *targets, const char *proc_root, struct targets_change *ret)
{
	struct candidates found = { 0 };
	int err;

	if (targets->hints_lost)
		return targets_sweep(targets, proc_root, ret);
	clear_marks(targets);
	err = examine_hinted(targets, proc_root, &found);
	if (!err)
		err = targets_apply(targets, &found, 0, ret);
	if (!err)
		hints_thin(targets);
	free(found.list);
	return err;
}

static void hint_add(struct targets *targets, uint32_t tgid)
{
	size_t i;

	for (i = 0; i < targets->n_hints; i++) {
		if (targets->hints[i].tgid == tgid) {
			targets->hints[i].looks = 0;
			return;
		}
	}
	if (targets->n_hints == TARGETS_HINTS_MAX)
		targets->hints_lost = 1;
	else
		targets->hints[targets->n_hints++] = (struct hint){ .tgid = tgid };
}

void targets_on_exec(struct targets *targets, uint32_t tgid)
{
	struct known *known = targets_known(targets, tgid);

	if (known)
		known->execed = known->touched = 1;
	hint_add(targets, tgid);
}

void targets_on_exit(struct targets *targets, uint32_t tgid)
{
	struct known *known = targets_known(targets, tgid);
	size_t i;

	if (known)
		known->touched = 1;
	for (i = 0; i < targets->n_hints; i++)
		if (targets->hints[i].tgid == tgid)
			targets->hints[i--] = targets->hints[--targets->n_hints];
}

void targets_on_fork(struct targets *targets, uint32_t tgid)
{
	hint_add(targets, tgid);
}

static struct known *held_by_id(const struct targets *targets, uint32_t id)
{
	size_t i;

	for (i = 0; i < targets->n_known; i++)
		if (targets->known[i].held && targets->known[i].wanted.id == id)
			return &targets->known[i];
	return NULL;
}

void targets_on_gone(struct targets *targets, uint32_t id)
{
	struct known *known = held_by_id(targets, id);

	if (known)
		known->execed = known->touched = 1;
}

void targets_refuse(struct targets *targets, uint32_t id)
{
	struct known *known = held_by_id(targets, id);

	if (known)
		known->refused = known->touched = 1;
}

const struct target_wanted *targets_find(const struct targets *targets, uint32_t id)
{
	const struct known *known = held_by_id(targets, id);

	return known ? &known->wanted : NULL;
}

const struct target_wanted *targets_list(const struct targets *targets, size_t *ret_n)
{
	*ret_n = targets->n_list;
	return targets->list;
}
