// SPDX-License-Identifier: GPL-2.0-only
/*
 * DAMON: a kernel thread of ours samples the address spaces of targets, or the memory of all
 * nodes, and a BPF program hears what it has found (damon_area.h). Works on every stock
 * kernel, sees regions, not pages.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "damon.h"
#include "target.h"
#include "tracker.h"
#include "util/clock.h"
#include "util/file.h"
#include "util/kdamond.h"
#include "util/log.h"
#include "vmas.h"

/* Those that the kernel lets run alone only. */
static const char *const modules[] = { "damon_stat", "damon_reclaim", "damon_lru_sort" };

#define N_MODULES (sizeof(modules) / sizeof(modules[0]))

static int refuse(char *reason, size_t size, const char *text)
{
	snprintf(reason, size, "%s", text);
	return -EOPNOTSUPP;
}

static const char *running_module(const char *sys_root)
{
	char text[8];
	size_t i;

	for (i = 0; i < N_MODULES; i++)
		if (file_read_text(text, sizeof(text), "%s/module/%s/parameters/enabled", sys_root,
				   modules[i]) > 0 &&
		    (text[0] == 'Y' || text[0] == '1'))
			return modules[i];
	return NULL;
}

static int tracker_damon_probe(const struct tracker_env *env, char *reason, size_t size)
{
	const struct damon_source *source = env->damon ? env->damon->source : NULL;
	const char *module;
	uint64_t n;
	int err = kdamond_count(env->sys_root, &n);

	if (err == -EACCES || err == -EPERM)
		return refuse(reason, size,
			      "/sys/" KDAMOND_FOLDER " may not be read; run as root, in a unit "
			      "without ProtectKernelTunables");
	if (err < 0)
		return refuse(reason, size,
			      "the kernel has no DAMON, or not its sysfs files "
			      "(CONFIG_DAMON_SYSFS); boot one built with it");
	if (n && !(env->damon && kdamond_is_ours(env->sys_root, env->damon->mark))) {
		snprintf(reason, size,
			 "%" PRIu64 " kdamonds are set up already, by somebody else or a running "
			 "tiered, and there is room for one user only; when they are not needed: "
			 "echo 0 > /sys/" KDAMOND_FOLDER "/nr_kdamonds",
			 n);
		return -EOPNOTSUPP;
	}
	module = running_module(env->sys_root);
	if (module) {
		snprintf(
			reason, size,
			"%s runs, and the kernel lets nobody else's kdamond run beside it; when it "
			"is not needed: echo N > /sys/module/%s/parameters/enabled",
			module, module);
		return -EOPNOTSUPP;
	}
	if (!source)
		return refuse(reason, size, "it needs BPF to hear what DAMON finds");
	if (!source->read)
		return refuse(reason, size, source->why);
	if (source->lacks && strcmp(source->lacks, damon_operations(env->damon->physical)) == 0) {
		damon_refuse_operations(env->damon->physical, reason, size);
		return -EOPNOTSUPP;
	}
	if (!env->damon->mark)
		return refuse(reason, size,
			      "no undo record can be written, so nobody would stop its kdamond "
			      "after a crash");
	return 0;
}

/* Stops the thread; what it has found is forgotten with it. */
static void rest(void *state)
{
	struct damon *damon = state;

	if (!damon->thread)
		return;
	damon->setup->source->watch(damon->setup->source->arg, 0);
	/* It may have ended with the last of its targets: then there is nothing to stop. */
	(void)kdamond_set(damon->env->sys_root, "off", "state");
	damon->thread = 0;
}

static void free_seats(struct damon *damon)
{
	size_t i;

	for (i = 0; i < damon->n_seats; i++) {
		damon_areas_free(&damon->seats[i].coming);
		damon_areas_free(&damon->seats[i].areas);
	}
	free(damon->seats);
	damon->seats = NULL;
	damon->n_seats = 0;
}

static void tracker_damon_stop(void *state)
{
	struct damon *damon = state;
	int ret;

	if (!damon)
		return;
	rest(damon);
	ret = damon->made ? kdamond_remove(damon->env->sys_root, damon->setup->mark) : 0;
	if (ret < 0)
		log_warning("the kdamond cannot be taken away: %s; trying again at the end",
			    strerror(-ret));
	free_seats(damon);
	if (damon->flags_fd >= 0)
		close(damon->flags_fd);
	free(damon);
}

static int tracker_damon_start(const struct tracker_env *env, void **ret_state)
{
	struct damon *damon = calloc(1, sizeof(*damon));
	char path[PATH_MAX];
	int ret;

	if (!damon)
		return -ENOMEM;
	damon->env = env;
	damon->setup = env->damon;
	snprintf(path, sizeof(path), "%s/kpageflags", env->proc_root);
	damon->flags_fd = open(path, O_RDONLY | O_CLOEXEC);
	ret = kdamond_make(env->sys_root, damon->setup->mark);
	damon->made = ret == 0;
	if (!ret)
		ret = damon_configure(env->sys_root, damon->setup->physical);
	if (ret < 0) {
		tracker_damon_stop(damon);
		return ret;
	}
	*ret_state = damon;
	return 0;
}

struct damon_seat *damon_seat(const struct damon *damon, const struct target *target)
{
	size_t i;

	for (i = 0; i < damon->n_seats; i++)
		if (!damon->seats[i].tgid || damon->seats[i].tgid == target->key.tgid)
			return &damon->seats[i];
	return NULL;
}

/* Of the target that sits there, if the kdamond is told of targets. */
static uint32_t tgid_at(const struct damon *damon, size_t seat)
{
	return damon->setup->physical ? 0 : damon->targets[seat]->key.tgid;
}

static int is_same_set(const struct damon *damon, size_t n)
{
	size_t i;

	for (i = 0; i < n && damon->n_seats == n; i++)
		if (damon->seats[i].tgid != tgid_at(damon, i))
			return 0;
	return damon->n_seats == n;
}

static int tracker_damon_retarget(void *state, struct target *const *targets, size_t n)
{
	struct damon *damon = state;
	size_t i, seats = n < DAMON_TARGETS_MAX ? n : DAMON_TARGETS_MAX;

	if (damon->setup->physical)
		seats = n ? 1 : 0;
	damon->targets = targets;
	damon->n_targets = n;
	if (is_same_set(damon, seats))
		return 0;
	rest(damon);
	free_seats(damon);
	damon->seats = calloc(seats ? seats : 1, sizeof(*damon->seats));
	if (!damon->seats)
		return -ENOMEM;
	damon->n_seats = seats;
	for (i = 0; i < seats; i++)
		damon->seats[i].tgid = tgid_at(damon, i);
	return 0;
}

uint64_t damon_cpu_ns(struct damon *damon)
{
	uint64_t now_ns = 0, spent_ns;

	if (!damon->thread || clock_process_cpu_ns(damon->thread, &now_ns) < 0)
		return 0;
	spent_ns = now_ns > damon->cpu_ns ? now_ns - damon->cpu_ns : 0;
	damon->cpu_ns = now_ns;
	return spent_ns;
}

/* A process that ended meanwhile is told of in the next window; others' kdamonds may go, too. */
static void wake(struct damon *damon)
{
	const struct damon_source *source = damon->setup->source;
	int ret = damon_tell(damon);

	if (!ret)
		ret = kdamond_set(damon->env->sys_root, "on", "state");
	if (ret < 0 && ret != damon->error)
		log_warning("the kdamond cannot be started: %s; trying again with each window",
			    strerror(-ret));
	damon->error = ret;
	if (ret < 0)
		return;
	damon->thread = kdamond_thread(damon->env->sys_root);
	damon->cpu_ns = 0;
	source->watch(source->arg, damon->thread);
}

/* As good as all that it has, until it is known how much of that is there. */
static uint64_t mapped_pages(const struct damon *damon)
{
	uint64_t pages = 0;
	size_t i, j;

	for (i = 0; i < damon->n_targets; i++)
		for (j = 0; j < damon->targets[i]->n_vmas; j++)
			pages += (damon->targets[i]->vmas[j].end -
				  damon->targets[i]->vmas[j].start) >>
				 TIERED_PAGE_SHIFT;
	return pages;
}

static int tracker_damon_mark(void *state, uint64_t max_pages, struct tracker_cost *ret_cost)
{
	struct damon *damon = state;
	uint64_t pages = damon->known_pages ? damon->known_pages : mapped_pages(damon);
	struct tracker_cost cost = { 0 };

	if (damon->thread && kdamond_thread(damon->env->sys_root) != damon->thread)
		damon->thread = 0;
	if (damon->setup->physical && damon_find_ranges(damon))
		rest(damon);
	if (!damon->thread && damon->n_seats)
		wake(damon);
	damon->window++;
	damon->max_pages = max_pages;
	if (damon->thread)
		cost.pages = pages < max_pages ? pages : max_pages;
	cost.helper_cpu_ns = damon_cpu_ns(damon);
	*ret_cost = cost;
	return 0;
}

static void tracker_damon_marked_targets(void *state,
					 void (*each)(void *arg, struct target *target), void *arg)
{
	struct damon *damon = state;
	size_t i;

	for (i = 0; i < damon->n_targets && damon->thread; i++)
		if (damon_seat(damon, damon->targets[i]) && damon->targets[i]->n_vmas)
			each(arg, damon->targets[i]);
}

const struct tracker_ops tracker_damon = {
	.name = "damon",
	.summary = "regions that DAMON samples (CONFIG_DAMON_SYSFS), heard by BPF",
	.probe = tracker_damon_probe,
	.start = tracker_damon_start,
	.retarget = tracker_damon_retarget,
	.mark = tracker_damon_mark,
	.marked_targets = tracker_damon_marked_targets,
	.read = damon_read,
	.rest = rest,
	.stop = tracker_damon_stop,
};
