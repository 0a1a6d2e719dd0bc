// SPDX-License-Identifier: GPL-2.0-only
/*
 * young_clear.c - ways to clear accessed bits, which BPF cannot.
 *
 *	companion	runs of addresses, through PAGEMAP_SCAN (young_companion.c)
 *	idle		single frames, through the idle bitmap: nothing else is touched
 *	clear_refs	a whole address space, through /proc/PID/clear_refs: any kernel has
 *			it. It holds mmap_lock for writing meanwhile, so page faults of the
 *			process wait; what pages told reclaim (referenced, young) is lost.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "target.h"
#include "util/cleanup.h"
#include "util/clock.h"
#include "util/guard.h"
#include "util/log.h"
#include "young.h"

static int idle_probe(const struct tracker_env *env, char *reason, size_t size)
{
	struct idle_bitmap bitmap;
	int err = idle_bitmap_open(&bitmap, env->sys_root);

	if (err == -ENOENT)
		snprintf(reason, size,
			 "the kernel has no idle page tracking (CONFIG_IDLE_PAGE_TRACKING)");
	else if (err < 0)
		snprintf(reason, size, "/sys/kernel/mm/page_idle/bitmap cannot be opened: %s",
			 strerror(-err));
	if (err < 0)
		return -EOPNOTSUPP;
	idle_bitmap_close(&bitmap);
	return 0;
}

static int idle_start(struct young *young)
{
	return idle_bitmap_open(&young->bitmap, young->env->sys_root);
}

int young_clear_frames(struct young *young)
{
	size_t i;
	int err = 0;

	for (i = 0; i < young->bitmap.n_active && !err; i++) {
		err = idle_bitmap_write(&young->bitmap, young->bitmap.active[i]);
		if (!err)
			err = slice_breathe(&young->slice, young->env);
	}
	return err;
}

static int idle_commit(struct young *young)
{
	int err = young_clear_frames(young);
	size_t i;

	for (i = 0; i < young->n_targets; i++)
		young->seats[i].cleared = 1;
	return err;
}

static int refs_probe(const struct tracker_env *env, char *reason, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/self/clear_refs", env->proc_root);
	if (access(path, W_OK) == 0)
		return 0;
	snprintf(reason, size,
		 "/proc/PID/clear_refs is not there, or may not be written "
		 "(CONFIG_PROC_PAGE_MONITOR, CAP_DAC_OVERRIDE)");
	return -EOPNOTSUPP;
}

static int refs_start(struct young *young)
{
	young->bitmap.fd = -1;
	return 0;
}

/*
 * The clearing of one address space, in the room of whoever makes it. Its CPU time is how
 * long it held the lock, whoever else had it before, and whatever the machine was busy with.
 */
struct refs_job {
	int fd;
	int error;
	uint64_t ns;
	uint64_t cpu_ns;
};

static int refs_run(void *room)
{
	struct refs_job *job = room;
	uint64_t start_ns = clock_now_ns(), start_cpu_ns = clock_thread_cpu_ns();

	/* 1: accessed bits of all pages (Documentation/filesystems/proc.rst). */
	if (write(job->fd, "1", 1) < 0)
		job->error = -errno;
	job->cpu_ns = clock_thread_cpu_ns() - start_cpu_ns;
	job->ns = clock_now_ns() - start_ns;
	close(job->fd);
	return 0;
}

static int refs_open(const struct young *young, const struct target *target)
{
	char path[PATH_MAX];
	int fd;

	snprintf(path, sizeof(path), "%s/%u/clear_refs", young->env->proc_root, target->key.tgid);
	fd = open(path, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	/* A file of the process that is meant, if that is still there: numbers are used again. */
	if (target_alive(target))
		return fd;
	close(fd);
	return -ESRCH;
}

/* 0 with the time it took, and that of a CPU, or -errno. */
static int refs_clear(const struct young *young, const struct target *target, uint64_t *ret_ns,
		      uint64_t *ret_cpu_ns)
{
	struct guard_client *calls = target->calls;
	struct refs_job here = { .fd = refs_open(young, target) };
	struct refs_job *job = &here;
	int err = 0;

	if (here.fd < 0)
		return here.fd;
	if (calls && calls->guard) {
		job = calls->blocked ? NULL : guard_room(calls->guard, sizeof(*job));
		if (!job) {
			close(here.fd);
			return -EBUSY;
		}
		*job = here;
		err = guard_call(calls, refs_run, NULL);
	} else {
		refs_run(job);
	}
	if (err < 0)
		return err;
	*ret_ns = job->ns;
	*ret_cpu_ns = job->cpu_ns;
	return job->error;
}

/* Pages that the process has, as the kernel counts them; 0: it does not say. */
static uint64_t resident_pages(const struct young *young, const struct target *target)
{
	char path[PATH_MAX];
	auto_fclose FILE *file = NULL;
	unsigned long long pages = 0;

	snprintf(path, sizeof(path), "%s/%u/statm", young->env->proc_root, target->key.tgid);
	file = fopen(path, "re");
	if (!file || fscanf(file, "%*u %llu", &pages) != 1)
		return 0;
	return pages;
}

/* Once refused, some room is asked for: the estimate is not the same twice. */
#define BACK_PART 8

/* Would it hold the lock for longer than may be? Said once, and once when it would not any more. */
static int refs_refused(const struct young *young, struct young_seat *seat,
			const struct target *target, uint64_t pages)
{
	const double ns = (double)pages * young->ns_per_page;
	const uint64_t most = young->env->young->lock_max_ns;
	const int refused = ns > (double)(seat->refused ? most - most / BACK_PART : most);

	if (refused && !seat->refused)
		log_warning(
			"%s (pid %u): to clear the accessed bits of its %.1f MiB would make it "
			"wait %.1f ms, and [tracker.young] lock_max is %.1f ms; not watching it",
			target->comm, target->key.tgid, (double)pages / 256, ns / NSEC_PER_MSEC,
			(double)most / NSEC_PER_MSEC);
	else if (!refused && seat->refused)
		log_info("%s (pid %u): its accessed bits can be cleared within lock_max; watching "
			 "it again",
			 target->comm, target->key.tgid);
	seat->refused = (uint8_t)refused;
	return refused;
}

/* What has to be cleared is, if it takes the lock for no longer than may be. */
static void refs_commit_one(struct young *young, size_t index)
{
	const struct young_setup *setup = young->env->young;
	const struct target *target = young->targets[index];
	struct young_seat *seat = &young->seats[index];
	const uint64_t pages = resident_pages(young, target);
	uint64_t ns, cpu_ns;

	if (clock_now_ns() < seat->next_ns || !pages || refs_refused(young, seat, target, pages))
		return;
	if (refs_clear(young, target, &ns, &cpu_ns) < 0)
		return;
	seat->cleared = 1;
	seat->next_ns = clock_now_ns() - ns + (uint64_t)((double)ns * 1e6 / setup->lock_share_ppm);
	young->bitmap.calls++;
	/* Small ones tell more about the call than about pages. */
	if (pages >= 4096)
		young->ns_per_page = (young->ns_per_page * 3 + (double)cpu_ns / (double)pages) / 4;
}

static int refs_commit(struct young *young)
{
	size_t i;
	int err = 0;

	for (i = 0; i < young->n_targets && !err; i++) {
		struct young_seat *seat = &young->seats[i];

		if (!seat->dirty) {
			seat->cleared = seat->marked;
			continue;
		}
		refs_commit_one(young, i);
		err = slice_breathe(&young->slice, young->env);
	}
	return err;
}

static const struct young_clear clear_idle = {
	.name = "idle",
	.summary = "single pages, by the idle bitmap",
	.by_frame = 1,
	.probe = idle_probe,
	.start = idle_start,
	.commit = idle_commit,
};

static const struct young_clear clear_refs = {
	.name = "clear_refs",
	.summary = "whole address spaces, by /proc/PID/clear_refs",
	.probe = refs_probe,
	.start = refs_start,
	.commit = refs_commit,
};

/* The cheapest comes first. */
static const struct young_clear *const clears[] = {
	&young_clear_companion,
	&clear_idle,
	&clear_refs,
};

#define N_CLEARS (sizeof(clears) / sizeof(clears[0]))

int young_clear_known(const char *name)
{
	size_t i;

	for (i = 0; i < N_CLEARS; i++)
		if (strcmp(clears[i]->name, name) == 0)
			return 1;
	return strcmp(name, "auto") == 0;
}

int young_clear_choose(const struct tracker_env *env, const struct young_clear **ret, char *reason,
		       size_t size)
{
	const char *name = env->young->clear;
	size_t i, used = 0;

	reason[0] = '\0';
	for (i = 0; i < N_CLEARS; i++) {
		char why[200] = "";

		if (strcmp(name, "auto") != 0 && strcmp(name, clears[i]->name) != 0)
			continue;
		if (clears[i]->probe(env, why, sizeof(why)) == 0) {
			*ret = clears[i];
			return 0;
		}
		used += (size_t)snprintf(reason + used, size - used, "%sclear = %s: %s",
					 used ? ", " : "", clears[i]->name, why);
		if (used >= size)
			used = size - 1;
	}
	return -EOPNOTSUPP;
}
