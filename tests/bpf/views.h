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

#endif
