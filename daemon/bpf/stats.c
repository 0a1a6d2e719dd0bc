// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/stats.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bpf/internal.h"
#include "util/cleanup.h"

/* All values are words: one sum does for all. */
#define WORDS(type) (sizeof(type) / sizeof(__u64))

int percpu_sum(int map_fd, int cpus, uint32_t n, size_t words, __u64 *ret_sums)
{
	const size_t room = (size_t)n * words * sizeof(__u64);
	auto_free __u64 *values = NULL, *sums = NULL;

	/* It could not be found out how many there are: the kernel would write a value for each. */
	if (cpus <= 0)
		return -EINVAL;
	values = malloc((size_t)cpus * words * sizeof(__u64));
	sums = calloc(1, room);
	if (!values || !sums)
		return -ENOMEM;
	for (uint32_t key = 0; key < n; key++) {
		int r = bpf_map_lookup_elem(map_fd, &key, values);

		if (r < 0)
			return r;
		for (size_t i = 0; i < (size_t)cpus * words; i++)
			sums[key * words + i % words] += values[i];
	}
	memcpy(ret_sums, sums, room);
	return 0;
}

static int entries_sum(const struct bpf *bpf, const struct bpf_map *map, uint32_t n, size_t words,
		       __u64 *ret_sums)
{
	return percpu_sum(bpf_map__fd(map), bpf->cpus, n, words, ret_sums);
}

int bpf_totals(const struct bpf *bpf, struct stats_totals *ret)
{
	if (!bpf)
		return -EOPNOTSUPP;
	return entries_sum(bpf, bpf->skeleton->maps.totals, 1, WORDS(*ret), (__u64 *)ret);
}

int bpf_losses(const struct bpf *bpf, struct event_losses *ret_losses)
{
	if (!bpf)
		return -EOPNOTSUPP;
	return entries_sum(bpf, bpf->skeleton->maps.losses, EVENT_KINDS, WORDS(*ret_losses),
			   (__u64 *)ret_losses);
}

int bpf_migrations(const struct bpf *bpf, struct stats_migrations *ret_migrations)
{
	if (!hook_on(bpf, HOOK_MIGRATIONS))
		return -EOPNOTSUPP;
	return entries_sum(bpf, bpf->skeleton->maps.migrations, SEEN_REASONS,
			   WORDS(*ret_migrations), (__u64 *)ret_migrations);
}

int bpf_flushes(const struct bpf *bpf, struct stats_flushes *ret_flushes)
{
	if (!hook_on(bpf, HOOK_SHOOTDOWNS))
		return -EOPNOTSUPP;
	return entries_sum(bpf, bpf->skeleton->maps.tlb_flushes, STATS_FLUSH_REASONS,
			   WORDS(*ret_flushes), (__u64 *)ret_flushes);
}

int bpf_flush_seen(const struct bpf *bpf, struct flush_seen *ret)
{
	const volatile struct tiered_bpf__bss *shared;

	if (!hook_on(bpf, HOOK_SHOOTDOWNS))
		return -EOPNOTSUPP;
	shared = bpf->skeleton->bss;
	ret->full = shared->worker_full_flushes;
	ret->partial = shared->worker_partial_flushes;
	return 0;
}

int bpf_process(const struct bpf *bpf, uint32_t tgid, uint64_t start_ns, struct stats_process *ret)
{
	struct target_key key = { .start_ns = start_ns, .tgid = tgid };
	struct stats_process value;
	int r;

	if (!hook_on(bpf, HOOK_OWNERS) && !hook_on(bpf, HOOK_TARGETS))
		return -EOPNOTSUPP;
	r = bpf_map_lookup_elem(bpf_map__fd(bpf->skeleton->maps.processes), &key, &value);
	if (r < 0)
		return r;
	*ret = value;
	return 0;
}

int bpf_missed(const struct bpf *bpf, uint64_t *ret_missed)
{
	struct bpf_program *program;
	uint64_t missed = 0;

	if (!bpf)
		return -EOPNOTSUPP;
	bpf_object__for_each_program(program, bpf->skeleton->obj)
	{
		struct bpf_prog_info info = {};
		uint32_t size = sizeof(info);
		int r;

		if (bpf_program__fd(program) < 0)
			continue;
		r = bpf_obj_get_info_by_fd(bpf_program__fd(program), &info, &size);
		if (r < 0)
			return r;
		missed += info.recursion_misses;
	}
	*ret_missed = missed;
	return 0;
}
