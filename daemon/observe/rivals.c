// SPDX-License-Identifier: GPL-2.0-only
#include "observe/rivals.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "observe/vmstat.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/log.h"

/* 1,000 cgroups on two nodes are some 400 KB; to read more would cost too much each window. */
#define GENERATIONS_BYTES_MAX ((size_t)512 << 10)
/* As many kdamonds as anybody would start. */
#define KDAMONDS_MAX 64

/* The youngest generation of one cgroup on one node. */
struct generation {
	uint64_t key;
	uint64_t youngest;
};

struct generations {
	struct generation *list; /* ascending keys */
	size_t n;
	size_t room;
};

struct rivals {
	const char *proc_root;
	const char *sys_root;
	struct generations seen;
	int mglru;     /* was on */
	int told_long; /* that its file is too long */
	int own_kdamonds;
	struct rivals_sample last;
};

int rivals_new(const char *proc_root, const char *sys_root, struct rivals **ret)
{
	struct rivals *rivals = calloc(1, sizeof(*rivals));

	if (!rivals)
		return -ENOMEM;
	rivals->proc_root = proc_root;
	rivals->sys_root = sys_root;
	*ret = rivals;
	return 0;
}

void rivals_own_kdamonds(struct rivals *rivals)
{
	rivals->own_kdamonds = 1;
}

void rivals_free(struct rivals *rivals)
{
	if (!rivals)
		return;
	free(rivals->seen.list);
	free(rivals);
}

static void count(struct rivals *rivals)
{
	struct rivals_sample *last = &rivals->last;
	struct vmstat vmstat;

	if (vmstat_read(rivals->proc_root, &vmstat) < 0)
		return;
	last->scanned_anon = vmstat.value[VMSTAT_PGSCAN_ANON];
	last->scanned_file = vmstat.value[VMSTAT_PGSCAN_FILE];
	last->refilled = vmstat.value[VMSTAT_PGREFILL];
	last->hinted = vmstat.value[VMSTAT_NUMA_PTE_UPDATES];
}

/* The generation with this key, made with @youngest if it is not there; NULL: no memory. */
static struct generation *add_generation(struct generations *all, uint64_t key, uint64_t youngest)
{
	if (all->n && all->list[all->n - 1].key == key)
		return &all->list[all->n - 1];
	if (all->n == all->room) {
		size_t room = all->room ? 2 * all->room : 64;
		struct generation *list = realloc(all->list, room * sizeof(*list));

		if (!list)
			return NULL;
		all->list = list;
		all->room = room;
	}
	all->list[all->n] = (struct generation){ .key = key, .youngest = youngest };
	return &all->list[all->n++];
}

/* Lines "memcg ID PATH", " node ID", and for each generation "  NUMBER AGE PAGES PAGES". */
static int parse_generations(char *text, struct generations *ret)
{
	uint64_t memcg = 0, node = 0, number;
	char *line, *rest;

	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		struct generation *generation;

		if (sscanf(line, "memcg %" SCNu64, &memcg) == 1 ||
		    sscanf(line, " node %" SCNu64, &node) == 1 ||
		    sscanf(line, " %" SCNu64 " %*u", &number) != 1)
			continue;
		generation = add_generation(ret, memcg << 16 | node, number);
		if (!generation)
			return -ENOMEM;
		if (number > generation->youngest)
			generation->youngest = number;
	}
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct generation *first = a, *second = b;

	return first->key < second->key ? -1 : first->key > second->key;
}

/* How many have a younger one than before. Cgroups that come or go are none of them. */
static uint64_t count_younger(const struct generations *before, const struct generations *now)
{
	uint64_t younger = 0;
	size_t i, j = 0;

	for (i = 0; i < now->n; i++) {
		while (j < before->n && before->list[j].key < now->list[i].key)
			j++;
		if (j < before->n && before->list[j].key == now->list[i].key)
			younger += now->list[i].youngest > before->list[j].youngest;
	}
	return younger;
}

/* 0 or -errno: then MGLRU may have aged, and nobody can tell. */
static int look_at_generations(struct rivals *rivals)
{
	struct generations now = { .n = 0 };
	auto_free char *text = NULL;
	char path[PATH_MAX];
	size_t size;
	int ret;

	snprintf(path, sizeof(path), "%s/kernel/debug/lru_gen", rivals->sys_root);
	ret = file_read_whole(path, GENERATIONS_BYTES_MAX, &text, &size);
	if (ret == -EFBIG && !rivals->told_long) {
		rivals->told_long = 1;
		log_warning("%s is longer than %zu KiB: whether MGLRU ages is told by reclaim of "
			    "anything from now on, so more windows count as disturbed",
			    path, GENERATIONS_BYTES_MAX >> 10);
	}
	if (ret < 0)
		return ret;
	/* There is room for one byte more than was asked for. */
	text[size] = '\0';
	ret = parse_generations(text, &now);
	if (ret < 0) {
		free(now.list);
		return ret;
	}
	if (now.n)
		qsort(now.list, now.n, sizeof(now.list[0]), compare);
	/* Nothing to compare with: it may have aged. */
	rivals->last.aged += rivals->seen.n ? count_younger(&rivals->seen, &now) : 1;
	free(rivals->seen.list);
	rivals->seen = now;
	return 0;
}

/* Once more after it was switched off: until then it may have aged. */
static void look_at_mglru(struct rivals *rivals)
{
	uint64_t features;
	int on = file_read_u64(&features, "%s/kernel/mm/lru_gen/enabled", rivals->sys_root) == 0 &&
		 features != 0;

	rivals->last.blind = (on || rivals->mglru) && look_at_generations(rivals) < 0;
	rivals->mglru = on;
}

/* "on", "Y" or "1" in a file of a yes or no. */
static int is_on(const char *root, const char *path)
{
	char text[16];

	return file_read_text(text, sizeof(text), "%s/%s", root, path) > 0 &&
	       (strcmp(text, "on") == 0 || strcmp(text, "Y") == 0 || strcmp(text, "1") == 0);
}

static void look_at_damon(struct rivals *rivals)
{
	static const char *const modules[] = {
		"module/damon_stat/parameters/enabled",
		"module/damon_reclaim/parameters/enabled",
		"module/damon_lru_sort/parameters/enabled",
	};
	char path[96];
	uint64_t i, n = 0;
	uint32_t kdamonds = 0;

	if (!rivals->own_kdamonds)
		file_read_u64(&n, "%s/kernel/mm/damon/admin/kdamonds/nr_kdamonds",
			      rivals->sys_root);
	for (i = 0; i < n && i < KDAMONDS_MAX; i++) {
		snprintf(path, sizeof(path), "kernel/mm/damon/admin/kdamonds/%" PRIu64 "/state", i);
		kdamonds += (uint32_t)is_on(rivals->sys_root, path);
	}
	for (i = 0; i < sizeof(modules) / sizeof(modules[0]); i++)
		kdamonds += (uint32_t)is_on(rivals->sys_root, modules[i]);
	rivals->last.kdamonds = kdamonds;
}

void rivals_look(struct rivals *rivals, struct rivals_sample *ret)
{
	count(rivals);
	look_at_mglru(rivals);
	look_at_damon(rivals);
	*ret = rivals->last;
}

void rivals_glance(struct rivals *rivals, struct rivals_sample *ret)
{
	count(rivals);
	*ret = rivals->last;
}
