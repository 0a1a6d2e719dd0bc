// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/sched_strays.h"

#include <errno.h>
#include <string.h>

#include "observe/proc.h"
#include "util/log.h"

static void end_walk(struct sched_strays *strays)
{
	if (strays->walk)
		closedir(strays->walk);
	strays->walk = NULL;
}

static void begin_walk(struct sched_strays *strays, const struct sched_strays_env *env,
		       uint64_t lost)
{
	if (strays->walk || (lost == strays->lost && !strays->again))
		return;
	/* Without a descriptor for it the next look tries again. */
	strays->walk = opendir(env->proc_root);
	if (!strays->walk)
		return;
	strays->lost = lost;
	strays->again = 0;
}

/* 0: all were there, and it has ended. */
static uint32_t walk_on(struct sched_strays *strays)
{
	const struct dirent *entry;

	while ((entry = readdir(strays->walk))) {
		uint32_t tgid = proc_parse_pid(entry->d_name);

		if (tgid)
			return tgid;
	}
	end_walk(strays);
	return 0;
}

static uint32_t next_process(struct sched_strays *strays, const struct sched_strays_env *env)
{
	uint32_t tgid = 0;

	strays->walks = strays->walk && !strays->walks;
	if (strays->walks)
		tgid = walk_on(strays);
	if (!tgid && env->next(env->arg, &tgid) == 0)
		tgid = strays->walk ? walk_on(strays) : 0;
	return tgid;
}

/* Something is short now that may not be so soon. */
static int is_want(int error)
{
	return error == -EMFILE || error == -ENFILE || error == -ENOMEM;
}

/* Others that were born meanwhile were noted. 1: it is at hand still. */
static int take_result(struct sched_strays *strays, int ret)
{
	int want = is_want(ret);

	/* One that is at hand for long is told of once. */
	if (ret < 0 && ret != -ESRCH && ret != -EAGAIN && !(want && ret == strays->error)) {
		log_warning("pid %u is scheduled by tiered and cannot be put back: %s; %s",
			    strays->tgid, strerror(-ret),
			    want ? "trying again" : "leaving it there");
	}
	strays->error = want ? ret : 0;
	if (!want)
		strays->tgid = 0;
	return want;
}

/* The process at hand, as far as that goes; 1: it is so still. */
static int put_back(struct sched_strays *strays, const struct sched_strays_env *env,
		    unsigned int *work)
{
	int ret = 0;

	/* The rules may say so by now. */
	if (env->is_managed(env->arg, strays->tgid)) {
		sched_leaving_end(&strays->leaving);
		return take_result(strays, 0);
	}
	if (!strays->leaving.threads)
		ret = sched_leaving_begin(&strays->leaving, env->proc_root, strays->tgid);
	if (ret == 0)
		ret = sched_leaving_go_on(&strays->leaving, work);
	return ret > 0 ? 1 : take_result(strays, ret);
}

void sched_strays_look(struct sched_strays *strays, const struct sched_strays_env *env,
		       uint64_t lost, unsigned int work)
{
	begin_walk(strays, env, lost);
	while (work) {
		if (!strays->tgid) {
			strays->tgid = next_process(strays, env);
			work -= work < SCHED_STRAYS_PROCESS ? work : SCHED_STRAYS_PROCESS;
		}
		if (!strays->tgid || put_back(strays, env, &work))
			return;
	}
}

void sched_strays_end(struct sched_strays *strays)
{
	sched_leaving_end(&strays->leaving);
	end_walk(strays);
	*strays = (struct sched_strays){ .tgid = 0 };
}
