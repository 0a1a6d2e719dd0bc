/* SPDX-License-Identifier: GPL-2.0-only */
/* views.h - what the tests of pins and tables share: a BPF file system of their own, and text. */
#ifndef TIERED_TESTS_BPF_VIEWS_H
#define TIERED_TESTS_BPF_VIEWS_H

#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "bpf/pins.h"
#include "common.h"

#define BPFFS "/tmp/tiered-test-bpffs"
#define PINS BPFFS "/tiered"

static const char *const reason_names[] = { SEEN_REASON_LIST(TIERED_LIST_NAME) };

/* In a mount namespace of the test's own, so it goes with the test; as nobody's mode says. */
static inline void bpffs_mount(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		fail_msg("a mount namespace: %s", strerror(errno));
	mkdir(BPFFS, 0700);
	if (mount("bpf", BPFFS, "bpf", 0, NULL) < 0)
		fail_msg("a BPF file system: %s", strerror(errno));
}

static inline void bpffs_unmount(void)
{
	umount(BPFFS);
	rmdir(BPFFS);
}

static inline void pin(struct bpf *bpf)
{
	char why[256] = "";

	if (bpf_pin(bpf, PINS, why, sizeof(why)) < 0 || *why)
		fail_msg("bpf_pin: %s", why);
}

/* The whole file, which is to be freed. */
static inline char *text_read(const char *path)
{
	const size_t room = 1 << 20;
	char *text = calloc(1, room);
	FILE *file = fopen(path, "re");

	assert_non_null(text);
	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	text[fread(text, 1, room - 1, file)] = '\0';
	assert_false(ferror(file));
	fclose(file);
	return text;
}

/* The line of which the first word is @word, with its newline cut off; NULL when there is none. */
static inline char *text_line(char *text, const char *word)
{
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
		const char *begin = line + strspn(line, " ");
		const size_t length = strlen(word);

		if (!strncmp(begin, word, length) && begin[length] == ' ')
			return line;
	}
	return NULL;
}

/* What bpftool prints of a pinned map, JSON or not; NULL without bpftool. */
static inline char *bpftool_dump(const char *options, const char *map)
{
	static const char *const paths[] = { "/usr/sbin/bpftool", "/sbin/bpftool" };
	char command[256], *text;
	const char *tool = NULL;
	FILE *pipe;

	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		tool = access(paths[i], X_OK) == 0 ? paths[i] : tool;
	if (!tool)
		return NULL;
	snprintf(command, sizeof(command), "%s %s map dump pinned " PINS "/maps/%s 2>&1", tool,
		 options, map);
	pipe = popen(command, "re");
	text = calloc(1, 65536);
	assert_non_null(pipe);
	assert_non_null(text);
	text[fread(text, 1, 65535, pipe)] = '\0';
	if (pclose(pipe))
		fail_msg("%s: %s", command, text);
	return text;
}

/* Some entry of the dump has @value in @field. */
static inline void check_dump(const char *map, const char *field, const char *value)
{
	char *text = bpftool_dump("", map), wanted[128];

	snprintf(wanted, sizeof(wanted), "%s%s", field, value);
	if (!text || !strstr(text, wanted))
		fail_msg("no %s in the dump of %s: %s", wanted, map, text);
	free(text);
}

#endif
