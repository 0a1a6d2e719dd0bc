// SPDX-License-Identifier: GPL-2.0-only
/* views.c - the daemon's ledger into the maps, and the maps read whole; declared in pins.h. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>

#include "bpf/internal.h"
#include "bpf/pins.h"
#include "util/cleanup.h"

/* Entries asked for at once: some ten KiB. */
#define BATCH 128U

int bpf_publish_daemon(struct bpf *bpf, const struct stats_daemon *daemon)
{
	uint32_t zero = 0;

	if (!bpf)
		return -EOPNOTSUPP;
	return bpf_map_update_elem(bpf_map__fd(bpf->skeleton->maps.daemon), &zero, daemon, BPF_ANY);
}

int bpf_publish_target(struct bpf *bpf, const struct target_key *key,
		       const struct stats_target *target)
{
	if (!bpf)
		return -EOPNOTSUPP;
	return bpf_map_update_elem(bpf_map__fd(bpf->skeleton->maps.targets), key, target, BPF_ANY);
}

int bpf_retire_target(struct bpf *bpf, const struct target_key *key)
{
	int r;

	if (!bpf)
		return -EOPNOTSUPP;
	r = bpf_map_delete_elem(bpf_map__fd(bpf->skeleton->maps.targets), key);
	return r == -ENOENT ? 0 : r;
}

/* Whom the entries are for; one of the functions, as the map has it. */
struct reader {
	int (*call)(const struct reader *reader, const void *key, const void *value);
	int (*process)(void *arg, const struct target_key *key,
		       const struct stats_process *process);
	int (*cgroup)(void *arg, uint64_t id, const struct stats_cgroup *cgroup);
	int (*pair)(void *arg, const struct stats_node_pair_key *key,
		    const struct stats_node_pair *pair);
	void *arg;
};

struct batch {
	char *keys;
	char *values;
	uint32_t room;
};

static void batch_free(struct batch *batch)
{
	free(batch->keys);
	free(batch->values);
}

static int batch_grow(struct batch *batch, const struct bpf_map *map, uint32_t room)
{
	char *keys, *values;

	if (room > bpf_map__max_entries(map))
		room = bpf_map__max_entries(map);
	if (room == batch->room)
		return -ENOSPC;
	keys = calloc(room, bpf_map__key_size(map));
	values = calloc(room, bpf_map__value_size(map));
	if (!keys || !values) {
		free(keys);
		free(values);
		return -ENOMEM;
	}
	batch_free(batch);
	*batch = (struct batch){ .keys = keys, .values = values, .room = room };
	return 0;
}

static int batch_tell(const struct batch *batch, const struct bpf_map *map, uint32_t n,
		      const struct reader *reader)
{
	int r = 0;

	for (uint32_t i = 0; i < n && !r; i++)
		r = reader->call(reader, batch->keys + (size_t)i * bpf_map__key_size(map),
				 batch->values + (size_t)i * bpf_map__value_size(map));
	return r;
}

/*
 * By batches, which go on after the bucket that they stopped at: walking from
 * key to key begins again whenever the key at hand goes away.
 */
static int entries_each(const struct bpf_map *map, const struct reader *reader)
{
	__attribute__((cleanup(batch_free))) struct batch batch = { 0 };
	uint32_t place = 0, n;
	bool begun = false, end = false;
	int r = batch_grow(&batch, map, BATCH);

	while (r == 0 && !end) {
		n = batch.room;
		r = bpf_map_lookup_batch(bpf_map__fd(map), begun ? &place : NULL, &place,
					 batch.keys, batch.values, &n, NULL);
		if (r == -ENOSPC) {
			/* More in one bucket than there is room for: again, with more. */
			r = batch_grow(&batch, map, batch.room * 2);
			continue;
		}
		end = r == -ENOENT;
		if (r < 0 && !end)
			break;
		begun = true;
		r = batch_tell(&batch, map, n, reader);
	}
	return r;
}

static int call_process(const struct reader *reader, const void *key, const void *value)
{
	return reader->process(reader->arg, key, value);
}

static int call_cgroup(const struct reader *reader, const void *key, const void *value)
{
	return reader->cgroup(reader->arg, *(const uint64_t *)key, value);
}

static int call_pair(const struct reader *reader, const void *key, const void *value)
{
	return reader->pair(reader->arg, key, value);
}

int bpf_each_process(const struct bpf *bpf,
		     int (*each)(void *arg, const struct target_key *key,
				 const struct stats_process *process),
		     void *arg)
{
	const struct reader reader = { .call = call_process, .process = each, .arg = arg };

	if (!hook_on(bpf, HOOK_OWNERS) && !hook_on(bpf, HOOK_TARGETS))
		return -EOPNOTSUPP;
	return entries_each(bpf->skeleton->maps.processes, &reader);
}

int bpf_each_cgroup(const struct bpf *bpf,
		    int (*each)(void *arg, uint64_t id, const struct stats_cgroup *cgroup),
		    void *arg)
{
	const struct reader reader = { .call = call_cgroup, .cgroup = each, .arg = arg };

	if (!hook_on(bpf, HOOK_OWNERS))
		return -EOPNOTSUPP;
	return entries_each(bpf->skeleton->maps.cgroups, &reader);
}

int bpf_each_node_pair(const struct bpf *bpf,
		       int (*each)(void *arg, const struct stats_node_pair_key *key,
				   const struct stats_node_pair *pair),
		       void *arg)
{
	const struct reader reader = { .call = call_pair, .pair = each, .arg = arg };

	if (!hook_on(bpf, HOOK_OWNERS))
		return -EOPNOTSUPP;
	return entries_each(bpf->skeleton->maps.node_pairs, &reader);
}
