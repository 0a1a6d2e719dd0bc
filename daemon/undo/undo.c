// SPDX-License-Identifier: GPL-2.0-only
#include "undo/undo.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "undo/record.h"
#include "util/cleanup.h"
#include "util/file.h"
#include "util/kdamond.h"
#include "util/log.h"

/* The folder of records, in that of the daemon. */
#define FOLDER "undo"
/*
 * A link to /proc/PID of the daemon, which leads nowhere once that has ended: what the unit
 * looks at (AssertPathExists=). systemd takes the folder away after each start that failed,
 * so one beside a daemon that was started by hand must not even begin.
 */
#define MARK "process"
/* A daemon that ends takes the folder away; a few of them in a row are bad luck. */
#define OPEN_TRIES 16

/* @made_run_dir: it was not there before this daemon, or one before it that was killed. */
struct undo {
	const struct undo_env *env;
	int folder_fd;
	int made_run_dir;
};

/* The record of that. */
static const struct record run_dir_record = { .name = "run_dir" };

static int undo_setting(struct undo *undo, const char *path, const struct record *record);
static int undo_pins(struct undo *undo, const char *path, const struct record *record);
static int undo_kdamond(struct undo *undo, const char *path, const struct record *record);
static int undo_class(struct undo *undo, const char *path, const struct record *record);

/* All that may be changed: a record names one of these, and nothing else is ever touched. */
static const struct {
	const char *name;
	const char *path; /* of a setting, below /proc */
	int (*undo)(struct undo *undo, const char *path, const struct record *record);
} changes[] = {
	{ "numa_balancing", "sys/kernel/numa_balancing", undo_setting },
	{ "pins", NULL, undo_pins },
	{ "kdamond", NULL, undo_kdamond },
	{ "sched_class", NULL, undo_class },
};

#define N_CHANGES (sizeof(changes) / sizeof(changes[0]))

static int write_setting(const struct undo *undo, const char *path, uint64_t value)
{
	char full[PATH_MAX], text[24];
	auto_close int fd = -1;
	int length = snprintf(text, sizeof(text), "%" PRIu64 "\n", value);

	if (snprintf(full, sizeof(full), "%s/%s", undo->env->proc_root, path) >= (int)sizeof(full))
		return -ENAMETOOLONG;
	fd = open(full, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return write(fd, text, (size_t)length) < 0 ? -errno : 0;
}

/* 0 when there is nothing left to do, or -errno: then the record is still needed. */
static int undo_setting(struct undo *undo, const char *path, const struct record *record)
{
	uint64_t now;
	int ret = file_read_u64(&now, "%s/%s", undo->env->proc_root, path);

	/* Killed before it was written, or after it was put back. */
	if (ret == 0 && now == record->was)
		return 0;
	if (ret == 0 && now != record->set) {
		log_info("%s is %" PRIu64 ", not %" PRIu64 " as tiered had set it: somebody else's "
			 "by now; leaving it so",
			 path, now, record->set);
		return 0;
	}
	if (ret == 0)
		ret = write_setting(undo, path, record->was);
	if (ret < 0)
		log_error("%s cannot be set to %" PRIu64 " again: %s; do so by hand, or run "
			  "tiered --undo with the rights for it",
			  path, record->was, strerror(-ret));
	else
		log_info("%s is %" PRIu64 " again, as before", path, record->was);
	return ret;
}

static int undo_pins(struct undo *undo, const char *path, const struct record *record)
{
	(void)path;
	(void)record;
	undo->env->unpin();
	return 0;
}

static int undo_kdamond(struct undo *undo, const char *path, const struct record *record)
{
	int ret;

	(void)path;
	if (!undo->env->sys_root)
		return 0;
	ret = kdamond_remove(undo->env->sys_root, record->set);
	if (ret < 0)
		log_error("the kdamond that tiered has made cannot be taken away: %s; do so by "
			  "hand: echo off > /sys/" KDAMOND_FOLDER "/0/state, then echo 0 > "
			  "/sys/" KDAMOND_FOLDER "/nr_kdamonds",
			  strerror(-ret));
	return ret;
}

static int undo_class(struct undo *undo, const char *path, const struct record *record)
{
	int ret = undo->env->leave_class ? undo->env->leave_class() : 0;

	(void)path;
	(void)record;
	if (ret < 0)
		log_error(
			"threads have the policy SCHED_EXT that tiered has given them, and cannot "
			"be put back: %s; without a scheduler it is the same as SCHED_NORMAL",
			strerror(-ret));
	return ret < 0 ? ret : 0;
}

/* @told: strange records were told of before. */
static void undo_all(struct undo *undo, int told)
{
	struct record record;
	size_t i;

	for (i = 0; i < N_CHANGES; i++) {
		int ret = record_read(undo->folder_fd, changes[i].name, &record);

		if (ret == -ENOENT || (ret < 0 && told))
			continue;
		if (ret < 0) {
			log_warning("%s/" FOLDER "/%s: %s; expected an undo record; leaving it",
				    undo->env->run_dir, changes[i].name,
				    ret == -EBADMSG ? "another kind of file" : strerror(-ret));
			continue;
		}
		if (changes[i].undo(undo, changes[i].path, &record) == 0)
			record_remove(undo->folder_fd, changes[i].name);
	}
}

static void mark_path(const struct undo *undo, char path[PATH_MAX])
{
	snprintf(path, PATH_MAX, "%s/" MARK, undo->env->run_dir);
}

/* Under the lock: whatever is there is of a daemon that is no more. */
static void set_mark(const struct undo *undo)
{
	char path[PATH_MAX], process[64];

	mark_path(undo, path);
	unlink(path);
	snprintf(process, sizeof(process), "/proc/%d", getpid());
	if (symlink(process, path) < 0)
		log_warning("%s cannot be made: %s; the service may be started beside this daemon, "
			    "to the harm of it",
			    path, strerror(errno));
}

static void remove_mark(const struct undo *undo)
{
	char path[PATH_MAX];

	mark_path(undo, path);
	unlink(path);
}

static void folder_path(const struct undo *undo, char path[PATH_MAX])
{
	/* undo_open() has seen to it that it fits. */
	if (snprintf(path, PATH_MAX, "%s/" FOLDER, undo->env->run_dir) >= PATH_MAX)
		path[0] = '\0';
}

/* Opens the folder, making it, and locks it. 1; 0 when it was taken away meanwhile; or -errno. */
static int lock_folder(struct undo *undo, const char *path)
{
	struct stat status;
	int fd;

	undo->made_run_dir |= mkdir(undo->env->run_dir, 0755) == 0;
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0)
		return errno == ENOENT ? 0 : -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0 || fstat(fd, &status) < 0) {
		int error = errno;

		close(fd);
		return error == EWOULDBLOCK ? -EADDRINUSE : -error;
	}
	if (status.st_nlink == 0) {
		close(fd);
		return 0;
	}
	undo->folder_fd = fd;
	return 1;
}

static int open_folder(struct undo *undo, char *why, size_t why_size)
{
	char path[PATH_MAX];
	int i, ret = 0;

	folder_path(undo, path);
	for (i = 0; i < OPEN_TRIES && ret == 0; i++)
		ret = lock_folder(undo, path);
	if (ret == 0)
		ret = -EBUSY;
	if (ret == -EADDRINUSE)
		snprintf(why, why_size, "%s: another daemon is at work already",
			 undo->env->run_dir);
	else if (ret < 0)
		snprintf(why, why_size, "%s cannot be had: %s", path, strerror(-ret));
	return ret < 0 ? ret : 0;
}

int undo_open(const struct undo_env *env, struct undo **ret, char *why, size_t why_size)
{
	struct undo *undo = calloc(1, sizeof(*undo));
	struct record record;
	int error;

	*why = '\0';
	if (!undo)
		return -ENOMEM;
	undo->env = env;
	error = open_folder(undo, why, why_size);
	if (error < 0) {
		free(undo);
		return error;
	}
	record_remove_drafts(undo->folder_fd);
	if (record_read(undo->folder_fd, run_dir_record.name, &record) == 0)
		undo->made_run_dir = 1;
	else if (undo->made_run_dir)
		record_write(undo->folder_fd, &run_dir_record);
	set_mark(undo);
	undo_all(undo, 0);
	*ret = undo;
	return 0;
}

int undo_note_kdamond(struct undo *undo, uint64_t mark)
{
	const struct record record = { .name = "kdamond", .set = mark };

	return record_write(undo->folder_fd, &record);
}

uint64_t undo_noted_kdamond(const char *run_dir)
{
	char path[PATH_MAX];
	struct record record;
	auto_close int fd = -1;

	if (snprintf(path, sizeof(path), "%s/" FOLDER, run_dir) >= (int)sizeof(path))
		return 0;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	return fd >= 0 && record_read(fd, "kdamond", &record) == 0 ? record.set : 0;
}

int undo_note_pins(struct undo *undo)
{
	const struct record record = { .name = "pins" };

	return record_write(undo->folder_fd, &record);
}

int undo_note_class(struct undo *undo)
{
	const struct record record = { .name = "sched_class" };

	return record_write(undo->folder_fd, &record);
}

static size_t find_change(const char *name)
{
	size_t i;

	for (i = 0; i < N_CHANGES; i++)
		if (strcmp(changes[i].name, name) == 0)
			break;
	return i;
}

void undo_put_back(struct undo *undo, const char *setting)
{
	size_t i = find_change(setting);
	struct record record;

	if (i < N_CHANGES && record_read(undo->folder_fd, setting, &record) == 0 &&
	    changes[i].undo(undo, changes[i].path, &record) == 0)
		record_remove(undo->folder_fd, setting);
}

int undo_set(struct undo *undo, const char *setting, uint64_t value, uint64_t *ret_was)
{
	struct record record = { .set = value };
	size_t i = find_change(setting);
	int ret;

	if (i == N_CHANGES || !changes[i].path)
		return -EINVAL;
	ret = file_read_u64(&record.was, "%s/%s", undo->env->proc_root, changes[i].path);
	if (ret == -ENOENT || (ret == 0 && record.was == value))
		return 0;
	if (ret < 0)
		return ret;
	snprintf(record.name, sizeof(record.name), "%s", setting);
	ret = record_write(undo->folder_fd, &record);
	if (ret < 0)
		return ret;
	ret = write_setting(undo, changes[i].path, value);
	if (ret < 0) {
		record_remove(undo->folder_fd, record.name);
		return ret;
	}
	*ret_was = record.was;
	return 1;
}

void undo_close(struct undo *undo)
{
	char path[PATH_MAX];

	if (!undo)
		return;
	undo_all(undo, 1);
	if (undo->made_run_dir)
		record_remove(undo->folder_fd, run_dir_record.name);
	remove_mark(undo);
	/* What others put there keeps the folders. */
	folder_path(undo, path);
	rmdir(path);
	if (undo->made_run_dir)
		rmdir(undo->env->run_dir);
	close(undo->folder_fd);
	free(undo);
}
