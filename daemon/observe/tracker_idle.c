// SPDX-License-Identifier: GPL-2.0-only
/*
 * Idle page tracking: sets the kernel's idle flag on the pages of targets, and
 * asks later which flags are gone (idle_mark.c, idle_read.c).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "idle.h"
#include "pagemap.h"
#include "tiered/event.h"
#include "tracker.h"
#include "util/cleanup.h"
#include "util/clock.h"

/* The worker's slices, see DESIGN: other work must get its turn. */
#define SLICE_NS (10 * NSEC_PER_MSEC)

static int refuse(char *reason, size_t size, const char *text)
{
	snprintf(reason, size, "%s", text);
	return -EOPNOTSUPP;
}

/* pagemap shows frame 0 for present pages to those without CAP_SYS_ADMIN. */
static int probe_pagemap(const char *proc_root, char *reason, size_t size)
{
	char path[PATH_MAX], page = 1;
	auto_close int fd = -1;
	uint64_t entry = 0;
	off_t offset = (off_t)((uintptr_t)&page / TIERED_PAGE_SIZE * sizeof(entry));

	snprintf(path, sizeof(path), "%s/self/pagemap", proc_root);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return refuse(reason, size,
			      "the kernel has no /proc/PID/pagemap (CONFIG_PROC_PAGE_MONITOR); "
			      "use a kernel built with it");
	if (pread(fd, &entry, sizeof(entry), offset) == sizeof(entry) &&
	    (entry & PAGEMAP_PRESENT) && !pagemap_pfn(entry))
		return refuse(reason, size,
			      "page frame numbers are hidden; run with CAP_SYS_ADMIN");
	return 0;
}

static int tracker_idle_probe(const struct tracker_env *env, char *reason, size_t size)
{
	struct idle_bitmap bitmap;
	int err = idle_bitmap_open(&bitmap, env->sys_root);

	if (err == -ENOENT)
		return refuse(reason, size,
			      "the kernel has no idle page tracking (CONFIG_IDLE_PAGE_TRACKING; "
			      "no Debian kernel has it); boot one built with it");
	if (err == -EACCES || err == -EPERM || err == -EROFS)
		return refuse(reason, size,
			      "/sys/kernel/mm/page_idle/bitmap may not be written; run as root, "
			      "in a unit without ProtectKernelTunables");
	if (err < 0) {
		snprintf(reason, size, "/sys/kernel/mm/page_idle/bitmap cannot be opened: %s",
			 strerror(-err));
		return -EOPNOTSUPP;
	}
	idle_bitmap_close(&bitmap);
	return probe_pagemap(env->proc_root, reason, size);
}

static void tracker_idle_stop(void *state)
{
	struct idle *idle = state;

	if (!idle)
		return;
	/* Idle flags that are left over mean nothing to the kernel, and go with the next access. */
	idle_bitmap_close(&idle->bitmap);
	folio_reader_free(idle->folios);
	free(idle->marked);
	spans_free(&idle->spans);
	free(idle->heads);
	free(idle);
}

static int tracker_idle_start(const struct tracker_env *env, void **ret_state)
{
	struct idle *idle = calloc(1, sizeof(*idle));
	int err;

	if (!idle)
		return -ENOMEM;
	idle->env = env;
	err = idle_bitmap_open(&idle->bitmap, env->sys_root);
	if (err < 0) {
		free(idle);
		return err;
	}
	err = folio_reader_new(env->proc_root, &idle->folios);
	/* Touched only as far as it is used. */
	idle->heads = calloc(IDLE_HEADS_MAX, sizeof(*idle->heads));
	if (!err && !idle->heads)
		err = -ENOMEM;
	if (err < 0) {
		tracker_idle_stop(idle);
		return err;
	}
	*ret_state = idle;
	return 0;
}

void idle_drop_marks(struct idle *idle)
{
	idle_bitmap_clear(&idle->bitmap);
	idle->spans.n = 0;
	hints_forget_ahead(&idle->hints);
	if (idle->marked)
		memset(idle->marked, 0, idle->n_targets);
}

static int tracker_idle_retarget(void *state, struct target *const *targets, size_t n)
{
	struct idle *idle = state;
	uint8_t *marked = calloc(n ? n : 1, 1);

	if (!marked)
		return -ENOMEM;
	idle_drop_marks(idle);
	free(idle->marked);
	idle->marked = marked;
	idle->targets = targets;
	idle->n_targets = n;
	return 0;
}

static void tracker_idle_marked_targets(void *state, void (*each)(void *arg, struct target *target),
					void *arg)
{
	struct idle *idle = state;
	size_t i;

	for (i = 0; i < idle->n_targets; i++)
		if (idle->marked[i])
			each(arg, idle->targets[i]);
}

static void tracker_idle_on_event(void *state, const struct event_header *event)
{
	struct idle *idle = state;

	hints_note(&idle->hints, event);
}

const struct tracker_ops tracker_idle = {
	.name = "idle",
	.summary = "the kernel's idle page flags (CONFIG_IDLE_PAGE_TRACKING)",
	.probe = tracker_idle_probe,
	.start = tracker_idle_start,
	.retarget = tracker_idle_retarget,
	.mark = idle_mark,
	.marked_targets = tracker_idle_marked_targets,
	.read = idle_read,
	.on_event = tracker_idle_on_event,
	.stop = tracker_idle_stop,
};
