/* SPDX-License-Identifier: GPL-2.0-only */
/* scene.h - a child whose pages are moved, for the tests of what is counted then. */
#ifndef TIERED_TESTS_BPF_SCENE_H
#define TIERED_TESTS_BPF_SCENE_H

#include <fcntl.h>
#include <linux/mempolicy.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "bpf/pins.h"
#include "common.h"
#include "util/clock.h"

#define HUGE_SIZE (2UL << 20)
#define CGROUP "/sys/fs/cgroup/tiered-test"

struct arena {
	char *memory; /* the same address in parent and child */
	size_t pages;
	int advice;
};

static inline struct arena arena_make(size_t pages, int advice)
{
	/* Room to begin at a multiple of a huge page. */
	char *memory = mmap(NULL, pages * TIERED_PAGE_SIZE + HUGE_SIZE, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	assert_ptr_not_equal(memory, MAP_FAILED);
	memory = (char *)(((uintptr_t)memory + HUGE_SIZE - 1) & ~(HUGE_SIZE - 1));
	return (struct arena){ memory, pages, advice };
}

/* Fills the pages, on the node where it runs. */
static inline void arena_fill(void *arg)
{
	const struct arena *arena = arg;
	const size_t length = arena->pages * TIERED_PAGE_SIZE;

	madvise(arena->memory, length, arena->advice);
	memset(arena->memory, 1, length);
}

/* What the tests of one child share. */
struct scene {
	struct arena arena;
	struct child child;
	uint64_t start_ns;
	uint64_t cgroup_id;
	struct bpf *bpf;
	uint64_t records, placed, undone, ours, promoted;
	uint32_t order;
	enum seen_reason reason;
};

static inline void file_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY);

	if (fd < 0)
		fail_msg("%s: %s", path, strerror(errno));
	if (write(fd, text, strlen(text)) < 0 && errno != EAGAIN)
		fail_msg("'%s' to %s: %s", text, path, strerror(errno));
	close(fd);
}

/* A cgroup for the child alone; its id is the inode number of its folder. */
static inline uint64_t cgroup_make(pid_t pid)
{
	struct stat stat;
	char text[16];

	if (mkdir(CGROUP, 0755) < 0 && errno != EEXIST)
		fail_msg(CGROUP ": %s", strerror(errno));
	snprintf(text, sizeof(text), "%d", pid);
	file_write(CGROUP "/cgroup.procs", text);
	assert_int_equal(lstat(CGROUP, &stat), 0);
	return stat.st_ino;
}

static inline struct bpf *open_with_tiers(const struct bpf_config *config)
{
	uint8_t tiers[TIERED_NODES_MAX];
	struct bpf *bpf = open_bpf(config);

	memset(tiers, TIERED_NODE_NONE, sizeof(tiers));
	tiers[0] = 0;
	tiers[1] = 1;
	bpf_set_tiers(bpf, tiers);
	return bpf;
}

static inline bool node_exists(int node)
{
	char path[64];

	snprintf(path, sizeof(path), "/sys/devices/system/node/node%d", node);
	return access(path, F_OK) == 0;
}

/* Moves @n pages to @node; how many are there afterwards. */
static inline size_t pages_try(pid_t pid, size_t n, void **pages, int node, int flags)
{
	int *nodes = calloc(n, sizeof(*nodes)), *status = calloc(n, sizeof(*status));
	size_t there = 0;

	assert_true(nodes && status);
	for (size_t i = 0; i < n; i++)
		nodes[i] = node;
	assert_true(syscall(SYS_move_pages, pid, n, pages, nodes, status, flags) >= 0);
	for (size_t i = 0; i < n; i++)
		there += status[i] == node;
	free(nodes);
	free(status);
	return there;
}

/* Moves the arena to @node, all of it: a page may be busy for a moment. */
static inline void pages_move(const struct scene *scene, size_t stride, int node, int flags)
{
	const uint64_t deadline_ns = clock_now_ns() + 30 * NSEC_PER_SEC;
	const size_t n = scene->arena.pages * TIERED_PAGE_SIZE / stride;
	void **pages = calloc(n, sizeof(*pages));

	assert_non_null(pages);
	for (size_t i = 0; i < n; i++)
		pages[i] = scene->arena.memory + i * stride;
	while (pages_try(scene->child.pid, n, pages, node, flags) < n)
		assert_true(clock_now_ns() < deadline_ns);
	free(pages);
}

/* A child with its pages on node 0, in its own cgroup, and the programs with nothing counted. */
static inline struct scene scene_open(size_t pages, int advice)
{
	struct scene scene = { .arena = arena_make(pages, advice) };

	if (!node_exists(1))
		skip_because("one memory node: nowhere to move to");
	scene.child = child_start(arena_fill, &scene.arena);
	scene.start_ns = proc_start_ns(scene.child.pid);
	scene.cgroup_id = cgroup_make(scene.child.pid);
	child_run(&scene.child);
	pages_move(&scene, advice == MADV_HUGEPAGE ? HUGE_SIZE : TIERED_PAGE_SIZE, 0, MPOL_MF_MOVE);
	scene.bpf = open_with_tiers(NULL);
	if (bpf_enabled(scene.bpf, "migration-owners"))
		return scene;
	child_end(&scene.child);
	bpf_close(scene.bpf);
	skip_because("functions cannot be hooked here");
	return scene;
}

static inline void scene_close(struct scene *scene)
{
	child_end(&scene->child);
	bpf_close(scene->bpf);
	rmdir(CGROUP);
}

static inline struct stats_process process_of(const struct scene *scene)
{
	struct stats_process process = { 0 };

	assert_int_equal(
		bpf_process(scene->bpf, (uint32_t)scene->child.pid, scene->start_ns, &process), 0);
	return process;
}

#endif
