// SPDX-License-Identifier: GPL-2.0-only
/* control.c - what is said to the programs while they run; declared in loader.h and pins.h. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

/* A table that cannot grow is slower, not the end of the daemon; a failed add is seen below. */
#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#include "bpf/internal.h"
#include "bpf/pins.h"
#include "tiered/types.h"

/* The flags of CPUs with something to drain, as the programs index them. */
#define DIRTY_MASK (sizeof(((struct tiered_bpf__bss *)0)->faults_dirty) - 1)

static volatile struct tiered_bpf__bss *shared(struct bpf *bpf)
{
	return bpf->skeleton->bss;
}

void bpf_set_worker(struct bpf *bpf, uint32_t tid)
{
	if (bpf)
		shared(bpf)->worker_tid = tid;
}

void bpf_set_victim(struct bpf *bpf, uint32_t tgid)
{
	if (bpf)
		shared(bpf)->victim_tgid = tgid;
}

void bpf_set_step(struct bpf *bpf, enum bpf_step step)
{
	if (bpf)
		shared(bpf)->worker_step = step;
}

void bpf_set_watch(struct bpf *bpf, bool on, uint32_t tgid)
{
	if (!bpf)
		return;
	shared(bpf)->watch_tgid = tgid;
	shared(bpf)->watch = on;
}

void bpf_set_tiers(struct bpf *bpf, const uint8_t tier_of[TIERED_NODES_MAX])
{
	for (size_t node = 0; bpf && node < TIERED_NODES_MAX; node++)
		shared(bpf)->tier_of[node] = tier_of[node];
}

/* One entry of the map of managed processes, known here without asking the kernel. */
struct managed_process {
	uint32_t tgid;
	UT_hash_handle hh;
};

static struct managed_process *managed_find(struct bpf *bpf, uint32_t tgid)
{
	struct managed_process *process;

	HASH_FIND(hh, bpf->managed, &tgid, sizeof(tgid), process);
	return process;
}

static int managed_add(struct bpf *bpf, uint32_t tgid)
{
	struct managed_process *process = calloc(1, sizeof(*process));

	if (!process)
		return -ENOMEM;
	process->tgid = tgid;
	HASH_ADD(hh, bpf->managed, tgid, sizeof(process->tgid), process);
	if (managed_find(bpf, tgid))
		return 0;
	free(process);
	return -ENOMEM;
}

static void managed_remove(struct bpf *bpf, struct managed_process *process)
{
	HASH_DEL(bpf->managed, process);
	free(process);
}

void control_free(struct bpf *bpf)
{
	struct managed_process *process, *next;

	HASH_ITER(hh, bpf->managed, process, next)
		managed_remove(bpf, process);
}

/* A process that has ended left its start time: its counters go with it. */
static void counters_forget(struct bpf *bpf, uint32_t tgid)
{
	struct target_key key = { .tgid = tgid };
	uint64_t ended = 0;

	if (bpf_map_lookup_elem(bpf_map__fd(bpf->skeleton->maps.managed), &tgid, &ended) < 0 ||
	    !ended)
		return;
	key.start_ns = ended;
	bpf_map_delete_elem(bpf_map__fd(bpf->skeleton->maps.processes), &key);
}

/* Makes every CPU ask the map again. */
static void verdicts_void(struct bpf *bpf)
{
	shared(bpf)->managed_generation++;
}

/* One that is managed already may be a new process by an old number: told again. */
static int process_manage(struct bpf *bpf, uint32_t tgid)
{
	const int map = bpf_map__fd(bpf->skeleton->maps.managed);
	struct managed_process *known = managed_find(bpf, tgid);
	const uint64_t alive = 0;
	int r;

	if (known) {
		counters_forget(bpf, tgid);
		return bpf_map_update_elem(map, &tgid, &alive, BPF_ANY);
	}
	r = managed_add(bpf, tgid);
	if (r < 0)
		return r;
	r = bpf_map_update_elem(map, &tgid, &alive, BPF_ANY);
	if (r < 0)
		managed_remove(bpf, managed_find(bpf, tgid));
	else
		verdicts_void(bpf);
	return r;
}

static int process_forget(struct bpf *bpf, uint32_t tgid)
{
	struct managed_process *process = managed_find(bpf, tgid);
	int r;

	if (!process)
		return 0;
	counters_forget(bpf, tgid);
	r = bpf_map_delete_elem(bpf_map__fd(bpf->skeleton->maps.managed), &tgid);
	if (r < 0 && r != -ENOENT)
		return r;
	managed_remove(bpf, process);
	verdicts_void(bpf);
	return 0;
}

int bpf_manage(struct bpf *bpf, uint32_t tgid, bool on)
{
	if (!bpf)
		return -EOPNOTSUPP;
	return on ? process_manage(bpf, tgid) : process_forget(bpf, tgid);
}

static int drain_cpus(const struct bpf *bpf, const struct bpf_program *program,
		      const volatile __u8 *dirty)
{
	int first = 0;

	for (int cpu = 0; cpu < bpf->cpus; cpu++) {
		LIBBPF_OPTS(bpf_test_run_opts, options, .flags = BPF_F_TEST_RUN_ON_CPU,
			    .cpu = (uint32_t)cpu);
		int r;

		if (!dirty[(size_t)cpu & DIRTY_MASK])
			continue;
		r = bpf_prog_test_run_opts(bpf_program__fd(program), &options);
		/* A CPU that went offline keeps what it has. */
		if (r < 0 && r != -ENXIO && !first)
			first = r;
	}
	return first;
}

int bpf_drain(struct bpf *bpf)
{
	int r = 0, s = 0;

	if (!bpf)
		return -EOPNOTSUPP;
	if (hook_on(bpf, HOOK_FAULTS))
		r = drain_cpus(bpf, bpf->skeleton->progs.faults_drain_here,
			       shared(bpf)->faults_dirty);
	if (hook_on(bpf, HOOK_SHOOTDOWNS))
		s = drain_cpus(bpf, bpf->skeleton->progs.shootdowns_drain_here,
			       shared(bpf)->shootdowns_dirty);
	return r < 0 ? r : s;
}
