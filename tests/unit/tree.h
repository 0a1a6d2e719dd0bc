/* SPDX-License-Identifier: GPL-2.0-only */
/* tree.h - small trees of files in a temporary folder, in place of /proc and /sys. */
#ifndef TEST_TREE_H
#define TEST_TREE_H

#include <ftw.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct tree {
	char root[64];
};

static inline void tree_make(struct tree *tree)
{
	/* Memory rather than a disk, where there is some. */
	snprintf(tree->root, sizeof(tree->root), "%s/tiered-test-XXXXXX",
		 access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
	if (!mkdtemp(tree->root))
		abort();
}

static inline int tree_remove_one(const char *path, const struct stat *status, int flag,
				  struct FTW *at)
{
	(void)status;
	(void)flag;
	(void)at;
	return remove(path);
}

/* Removes @path below the root, "" for all of it. */
static inline void tree_remove(const struct tree *tree, const char *path)
{
	char full[PATH_MAX];

	snprintf(full, sizeof(full), "%s/%s", tree->root, path);
	nftw(full, tree_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static inline void tree_path(const struct tree *tree, const char *path, char *ret_full)
{
	char *at;

	snprintf(ret_full, PATH_MAX, "%s/%s", tree->root, path);
	for (at = ret_full + strlen(tree->root) + 1; (at = strchr(at, '/')); at++) {
		*at = '\0';
		mkdir(ret_full, 0755);
		*at = '/';
	}
}

/* Writes a file, and the folders above it. */
static inline void tree_bytes(const struct tree *tree, const char *path, const void *bytes,
			      size_t n)
{
	char full[PATH_MAX];
	FILE *file;

	tree_path(tree, path, full);
	file = fopen(full, "w");
	if (!file || fwrite(bytes, 1, n, file) != n || fclose(file))
		abort();
}

static inline void __attribute__((format(printf, 3, 4)))
tree_text(const struct tree *tree, const char *path, const char *format, ...)
{
	char text[16384];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	tree_bytes(tree, path, text, (size_t)n);
}

static inline void tree_link(const struct tree *tree, const char *path, const char *to)
{
	char full[PATH_MAX];

	tree_path(tree, path, full);
	unlink(full);
	if (symlink(to, full))
		abort();
}

#endif
