// SPDX-License-Identifier: GPL-2.0-only
#include "bpf/pins.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <linux/magic.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "bpf/hooks.h"
#include "bpf/internal.h"
#include "util/cleanup.h"

/* The folder of maps, below the one that is given. */
#define MAPS "maps"

static const char *const map_names[] = {
	"meta",      "totals",  "losses",     "migrations", "tlb_flushes",
	"processes", "cgroups", "node_pairs", "targets",    "daemon",
};
/* Of the scheduler, which pins them itself. */
static const char *const sched_map_names[] = { "sched", "sched_processes" };
#define N_MAPS (sizeof(map_names) / sizeof(map_names[0]))

static const struct {
	const char *name;
	enum hook_id hook;
	const char *map;
} tables[] = {
	{ "processes", HOOK_TABLE_PROCESSES, "processes" },
	{ "migrations", HOOK_TABLE_MIGRATIONS, "migrations" },
	{ "shootdowns", HOOK_TABLE_SHOOTDOWNS, "tlb_flushes" },
};
#define N_TABLES (sizeof(tables) / sizeof(tables[0]))

/* Appends to what is there, after a semicolon. */
static void __attribute__((format(printf, 3, 4)))
why_add(char *why, size_t size, const char *format, ...)
{
	size_t length = strlen(why);
	va_list args;

	if (length && length + 3 < size) {
		memcpy(why + length, "; ", 3);
		length += 2;
	}
	va_start(args, format);
	vsnprintf(why + length, size - length, format, args);
	va_end(args);
}

/* @folder/@name; parent_check() has seen to it that everything below fits. */
static const char *path_of(char path[PATH_MAX], const char *folder, const char *name)
{
	if (snprintf(path, PATH_MAX, "%s/%s", folder, name) >= PATH_MAX)
		path[0] = '\0'; /* the name of nothing */
	return path;
}

/* The first entry of a folder that is not @but; false when there is none. */
static bool folder_has_other(const char *folder, const char *but, char *ret_name, size_t size)
{
	auto_closedir DIR *dir = opendir(folder);
	const struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
		    !strcmp(entry->d_name, but))
			continue;
		snprintf(ret_name, size, "%s", entry->d_name);
		return true;
	}
	return false;
}

/* Takes away what this daemon makes, by name, and what is empty then. */
static void pins_remove(const char *dir)
{
	char maps[PATH_MAX], path[PATH_MAX];

	path_of(maps, dir, MAPS);
	for (size_t i = 0; i < N_MAPS; i++)
		unlink(path_of(path, maps, map_names[i]));
	for (size_t i = 0; i < sizeof(sched_map_names) / sizeof(sched_map_names[0]); i++)
		unlink(path_of(path, maps, sched_map_names[i]));
	for (size_t i = 0; i < N_TABLES; i++)
		unlink(path_of(path, dir, tables[i].name));
	rmdir(maps);
	rmdir(dir);
}

/* What is left in the folders is nobody's we know. */
static void foreign_tell(const char *dir, char *why, size_t why_size)
{
	char maps[PATH_MAX], name[NAME_MAX + 1];

	path_of(maps, dir, MAPS);
	if (folder_has_other(dir, MAPS, name, sizeof(name)))
		why_add(why, why_size, "%s/%s is not of this daemon's making; left where it is",
			dir, name);
	if (folder_has_other(maps, "", name, sizeof(name)))
		why_add(why, why_size, "%s/%s is not of this daemon's making; left where it is",
			maps, name);
}

/* Pins can be made in a BPF file system only: what is @dir to be in? */
static int parent_check(const char *dir, char *why, size_t why_size)
{
	char parent[PATH_MAX];
	struct statfs fs;
	char *slash;

	/* The longest name below it, and room for slashes. */
	if (snprintf(parent, sizeof(parent), "%s", dir) >= (int)sizeof(parent) - 64) {
		snprintf(why, why_size, "the name of the folder for pins is too long");
		return -ENAMETOOLONG;
	}
	slash = strrchr(parent, '/');
	if (!slash || slash == parent) {
		snprintf(why, why_size, "%s: expected an absolute path in a BPF file system", dir);
		return -EINVAL;
	}
	*slash = '\0';
	if (statfs(parent, &fs) == 0 && fs.f_type == BPF_FS_MAGIC)
		return 0;
	snprintf(why, why_size,
		 "%s is no BPF file system; expected one, as 'mount -t bpf bpf %s' makes it",
		 parent, parent);
	return -ENOENT;
}

/*
 * Where everybody may make folders, as in a BPF file system mounted without a
 * mode, somebody else's may be waiting under our name.
 */
static int folder_check(const char *folder, char *why, size_t why_size)
{
	struct stat stat;

	if (lstat(folder, &stat) < 0) {
		int error = -errno;

		if (error == -ENOENT)
			return 0;
		snprintf(why, why_size, "%s: %s", folder, strerror(-error));
		return error;
	}
	if (S_ISDIR(stat.st_mode) && stat.st_uid == geteuid())
		return 0;
	snprintf(why, why_size, "%s is in the way: expected nothing there, or a folder of uid %u",
		 folder, (unsigned int)geteuid());
	return -EEXIST;
}

static int folder_make(const char *folder, char *why, size_t why_size)
{
	int r = folder_check(folder, why, why_size);

	if (r < 0)
		return r;
	/* One that was not empty, and so is there still, may have any mode. */
	if ((mkdir(folder, 0700) == 0 || errno == EEXIST) && chmod(folder, 0700) == 0)
		return 0;
	r = -errno;
	snprintf(why, why_size, "cannot make the folder %s: %s", folder, strerror(-r));
	return r;
}

static int map_pin(const struct bpf *bpf, const char *folder, const char *name)
{
	char path[PATH_MAX];
	int fd = bpf_object__find_map_fd_by_name(bpf->skeleton->obj, name);

	return fd < 0 ? fd : bpf_obj_pin(fd, path_of(path, folder, name));
}

static int table_pin(const struct bpf *bpf, const char *dir, size_t i)
{
	union bpf_iter_link_info info = {};
	LIBBPF_OPTS(bpf_link_create_opts, options, .iter_info = &info,
		    .iter_info_len = sizeof(info));
	auto_close int link = -1;
	char path[PATH_MAX];

	info.map.map_fd =
		(uint32_t)bpf_object__find_map_fd_by_name(bpf->skeleton->obj, tables[i].map);
	link = bpf_link_create(bpf_program__fd(hook_program(bpf->skeleton, tables[i].hook)), 0,
			       BPF_TRACE_ITER, &options);
	return link < 0 ? link : bpf_obj_pin(link, path_of(path, dir, tables[i].name));
}

/* Pins what it can; how much that was, or the first error when it was nothing. */
static int pins_make(const struct bpf *bpf, const char *dir, char *why, size_t why_size)
{
	char maps[PATH_MAX];
	int pinned = 0, first = 0;

	path_of(maps, dir, MAPS);
	for (size_t i = 0; i < N_MAPS; i++) {
		int r = map_pin(bpf, maps, map_names[i]);

		pinned += r >= 0;
		if (r < 0) {
			why_add(why, why_size, "%s/%s: %s; left out", maps, map_names[i],
				strerror(-r));
			first = first ? first : r;
		}
	}
	for (size_t i = 0; i < N_TABLES; i++) {
		/* What is off has been told with the hooks. */
		int r = hook_on(bpf, tables[i].hook) ? table_pin(bpf, dir, i) : 0;

		if (r < 0)
			why_add(why, why_size, "%s/%s: %s; left out", dir, tables[i].name,
				strerror(-r));
	}
	return pinned ? pinned : first;
}

int bpf_pin(struct bpf *bpf, const char *dir, char *why, size_t why_size)
{
	char maps[PATH_MAX];
	char *copy;
	int r;

	*why = '\0';
	if (!bpf) {
		snprintf(why, why_size, "there are no BPF programs");
		return -EOPNOTSUPP;
	}
	bpf_unpin(bpf);
	r = parent_check(dir, why, why_size);
	if (r >= 0)
		r = folder_check(dir, why, why_size);
	if (r < 0)
		return r;
	pins_remove(dir);
	foreign_tell(dir, why, why_size);
	r = folder_make(dir, why, why_size);
	if (r >= 0)
		r = folder_make(path_of(maps, dir, MAPS), why, why_size);
	if (r >= 0)
		r = pins_make(bpf, dir, why, why_size);
	copy = r < 0 ? NULL : strdup(dir);
	if (!copy) {
		pins_remove(dir);
		return r < 0 ? r : -ENOMEM;
	}
	bpf->pin_dir = copy;
	return 0;
}

void bpf_remove_pins(void)
{
	char why[256] = "";

	/* Pins are made in a folder of our own only. */
	if (parent_check(BPF_PIN_DIR, why, sizeof(why)) == 0 &&
	    folder_check(BPF_PIN_DIR, why, sizeof(why)) == 0)
		pins_remove(BPF_PIN_DIR);
}

void bpf_unpin(struct bpf *bpf)
{
	if (!bpf || !bpf->pin_dir)
		return;
	pins_remove(bpf->pin_dir);
	free(bpf->pin_dir);
	bpf->pin_dir = NULL;
}
