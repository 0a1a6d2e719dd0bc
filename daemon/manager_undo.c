// SPDX-License-Identifier: GPL-2.0-only
/* manager_undo.c - what is changed in the kernel, and that it is undone. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "bpf/pins.h"
#include "bpf/sched_class.h"
#include "control/socket.h"
#include "manager_internal.h"
#include "tiered/control.h"
#include "undo/undo.h"
#include "util/log.h"

static int leave_class(void)
{
	int threads = sched_class_leave_all("/proc");

	if (threads > 0)
		log_info("%d threads have the policy SCHED_NORMAL again, as before", threads);
	return threads < 0 ? threads : 0;
}

static const struct undo_env here = {
	.run_dir = UNDO_RUN_DIR,
	.proc_root = "/proc",
	.sys_root = "/sys",
	.unpin = bpf_remove_pins,
	.leave_class = leave_class,
};

int manager_open_undo(struct manager *manager)
{
	struct manager_kept *kept = manager->options->kept;
	char why[256] = "";
	int ret;

	/* Over a reload: nobody else can take the lock, and nothing was put back. */
	if (kept->undo) {
		manager->undo = kept->undo;
		kept->undo = NULL;
		return 0;
	}
	ret = undo_open(&here, &manager->undo, why, sizeof(why));
	if (ret == -EADDRINUSE) {
		log_error("%s; stop it first", why);
		return ret;
	}
	if (ret < 0)
		log_warning("no undo records: %s; going on without pinned counters, and leaving "
			    "settings of the kernel alone",
			    *why ? why : strerror(-ret));
	return 0;
}

int manager_note_pins(struct manager *manager)
{
	int ret;

	if (!manager->undo)
		return 0;
	ret = undo_note_pins(manager->undo);
	if (ret < 0)
		log_warning("counters are not pinned: no undo record can be written: %s; going on "
			    "without",
			    strerror(-ret));
	return ret == 0;
}

void manager_change_settings(struct manager *manager)
{
	uint64_t was;
	int ret;

	if (!manager->undo)
		return;
	if (!manager->config->numa_balancing_off || !manager->worker) {
		undo_put_back(manager->undo, "numa_balancing");
		return;
	}
	ret = undo_set(manager->undo, "numa_balancing", 0, &was);
	if (ret < 0)
		log_warning("numa_balancing = off: kernel.numa_balancing cannot be set: %s; going "
			    "on with it as it is",
			    strerror(-ret));
	else if (ret > 0)
		log_info("kernel.numa_balancing = 0, was %" PRIu64 "; it is put back at the end",
			 was);
}

int manager_undo(void)
{
	struct undo *undo;
	char why[256] = "";
	int ret = undo_open(&here, &undo, why, sizeof(why));

	if (ret < 0) {
		log_error("%s; nothing undone", *why ? why : strerror(-ret));
		return ret;
	}
	control_socket_remove_stale(TIERED_CONTROL_SOCKET);
	undo_close(undo);
	return 0;
}
