// SPDX-License-Identifier: GPL-2.0-only
#include "observe/caps.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <stdio.h>
#include <string.h>

#include "util/file.h"

/* Some 60 lines (7.2); lists of allowed nodes and groups are the long ones. */
#define STATUS_BYTES_MAX 16384

static const struct caps_need needed[] = {
	{ CAP_SYS_ADMIN, CAP_SYS_ADMIN, CAPS_VITAL, "CAP_SYS_ADMIN", "frame numbers are hidden" },
	{ CAP_SYS_PTRACE, CAP_SYS_PTRACE, CAPS_VITAL, "CAP_SYS_PTRACE",
	  "other processes' pages are neither seen nor moved" },
	{ CAP_DAC_OVERRIDE, CAP_DAC_OVERRIDE, CAPS_PART, "CAP_DAC_OVERRIDE",
	  "what is others' cannot be written: the metrics file in their folders, and the idle "
	  "bitmap for all but root" },
	{ CAP_DAC_READ_SEARCH, CAP_DAC_READ_SEARCH, CAPS_MINOR, "CAP_DAC_READ_SEARCH",
	  "cgroups have numbers, no names" },
	{ CAP_SYS_NICE, CAP_SYS_NICE, CAPS_PART, "CAP_SYS_NICE",
	  "pages mapped by several processes cannot move" },
	{ CAP_BPF, CAP_SYS_ADMIN, CAPS_PART, "CAP_BPF", "no BPF programs" },
	{ CAP_PERFMON, CAP_SYS_ADMIN, CAPS_PART, "CAP_PERFMON", "no BPF programs that trace" },
	{ CAP_CHOWN, CAP_CHOWN, CAPS_MINOR, "CAP_CHOWN",
	  "the control socket is root's, not the group's" },
};

#define N_NEEDED (sizeof(needed) / sizeof(needed[0]))

const struct caps_need *caps_needed(size_t *ret_n)
{
	*ret_n = N_NEEDED;
	return needed;
}

int caps_suffice(uint64_t caps, const struct caps_need *need)
{
	return (caps >> need->cap & 1) || (caps >> need->or_cap & 1);
}

int caps_read(const char *proc_root, uint64_t *ret_caps)
{
	char text[STATUS_BYTES_MAX];
	const char *line;
	int ret = file_read_text(text, sizeof(text), "%s/self/status", proc_root);

	if (ret < 0)
		return ret;
	line = strstr(text, "\nCapEff:");
	if (!line || sscanf(line, "\nCapEff: %" SCNx64, ret_caps) != 1)
		return -EBADMSG;
	return 0;
}

const struct caps_need *caps_missing(uint64_t caps)
{
	size_t i;

	for (i = 0; i < N_NEEDED; i++)
		if (needed[i].weight == CAPS_VITAL && !caps_suffice(caps, &needed[i]))
			return &needed[i];
	return NULL;
}
