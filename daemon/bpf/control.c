// SPDX-License-Identifier: GPL-2.0-only
/* control.c - what is said to the programs while they run; declared in loader.h. */
#include <bpf/bpf.h>
#include <errno.h>

#include "bpf/internal.h"
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

void bpf_set_watch(struct bpf *bpf, bool on)
{
	if (bpf)
		shared(bpf)->watch = on;
}

static int process_manage(struct bpf *bpf, uint32_t tgid)
{
	const uint64_t alive = 0;
	int r = bpf_map_update_elem(bpf_map__fd(bpf->skeleton->maps.managed), &tgid, &alive,
				    BPF_ANY);

	return r == -ENOMEM ? -E2BIG : r;
}

/* A process that has ended left its start time: its counters go with it. */
static int process_forget(struct bpf *bpf, uint32_t tgid)
{
	const int managed = bpf_map__fd(bpf->skeleton->maps.managed);
	const int processes = bpf_map__fd(bpf->skeleton->maps.processes);
	struct target_key key = { .tgid = tgid };
	uint64_t ended = 0;
	int r;

	if (bpf_map_lookup_elem(managed, &tgid, &ended) == 0 && ended) {
		key.start_ns = ended;
		bpf_map_delete_elem(processes, &key);
	}
	r = bpf_map_delete_elem(managed, &tgid);
	return r == -ENOENT ? 0 : r;
}

int bpf_manage(struct bpf *bpf, uint32_t tgid, bool on)
{
	int r;

	if (!bpf)
		return -EOPNOTSUPP;
	r = on ? process_manage(bpf, tgid) : process_forget(bpf, tgid);
	/* Makes every CPU ask the map again. */
	shared(bpf)->managed_generation++;
	return r;
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
