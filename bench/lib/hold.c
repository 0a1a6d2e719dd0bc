// SPDX-License-Identifier: GPL-2.0-only
#include "hold.h"

#include "observe/proc.h"
#include "observe/target.h"

int hold_process(pid_t pid, struct target **ret)
{
	struct target_key key = { .tgid = (uint32_t)pid };
	struct proc_stat stat;
	int err = proc_read_stat("/proc", key.tgid, &stat);

	if (err < 0)
		return err;
	key.start_ns = stat.start_ns;
	return target_open("/proc", 1, &key, NULL, ret);
}
