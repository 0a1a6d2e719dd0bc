// SPDX-License-Identifier: GPL-2.0-only
/* check_daemon.c - the conf, the daemon, and what it would do here. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "check_read.h"
#include "check_rows.h"
#include "config/config.h"
#include "observe/topology.h"
#include "tiered/control.h"
#include "tiered/tracker.h"
#include "util/cleanup.h"

void check_conf(const struct check_env *env, struct check *ret)
{
	if (env->conf_error > 0) {
		check_set(ret, CHECK_FAIL, "%d fault%s; the first: %s", env->conf_error,
			  env->conf_error > 1 ? "s" : "", env->conf_fault);
		check_fix(ret, "tiered --check-config %s tells them all", env->conf_path);
	} else if (env->conf_error == -EACCES) {
		check_may_not(ret, env->conf_error, env->conf_path, "CAP_DAC_READ_SEARCH");
	} else if (env->conf_error < 0) {
		check_set(ret, CHECK_FAIL, "%s: %s", env->conf_path, strerror(-env->conf_error));
		check_fix(ret, "name a readable conf file");
	} else if (access(env->conf_path, F_OK) == 0) {
		check_set(ret, CHECK_OK, "%s is good", env->conf_path);
	} else {
		check_set(ret, CHECK_OK, "no %s: the defaults hold", env->conf_path);
	}
}

/* 0 when somebody listens, or -errno. */
static int connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0)
		return -errno;
	if (snprintf(address.sun_path, sizeof(address.sun_path), "%s", path) >=
	    (int)sizeof(address.sun_path))
		return -ENAMETOOLONG;
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	/* Its queue is full: it is there. */
	return errno == EAGAIN ? 0 : -errno;
}

void check_daemon(const struct check_env *env, struct check *ret)
{
	int err = connect_to(env->socket_path);

	if (err == 0) {
		check_set(ret, CHECK_OK, "running");
	} else if (err == -EACCES || err == -EPERM) {
		check_set(
			ret, CHECK_UNKNOWN,
			"%s may not be connected to: needs root or the group " TIERED_CONTROL_GROUP,
			env->socket_path);
	} else {
		check_set(ret, CHECK_OK, "not running");
	}
}

/* What keeps the daemon from starting at all, or NULL; @buffer is room for it. */
static const char *start_fault(const struct check_env *env, char *buffer, size_t size)
{
	if (env->conf_error > 0)
		return "the conf has faults";
	if (env->conf_error < 0 && env->conf_error != -EACCES)
		return "the conf cannot be read";
	if (env->topology)
		return NULL;
	snprintf(buffer, size, "memory topology: %s", env->topology_why);
	return buffer;
}

const char *check_summary(const struct check_env *env, char *buffer, size_t size)
{
	struct check tracker = { 0 };
	char text[640];
	const char *fault = start_fault(env, text, sizeof(text));
	unsigned int tiers;

	if (fault) {
		snprintf(buffer, size, "tiered would not start: %s", fault);
		return buffer;
	}
	tiers = topology_tiers(env->topology);
	if (tiers < 2) {
		snprintf(buffer, size,
			 "tiered would stay idle: only one memory tier here, nothing to tier");
		return buffer;
	}
	if (env->tracker) {
		snprintf(buffer, size, "tiered would %s %u tiers with tracker %s",
			 env->config->observe ? "observe" : "manage", tiers, env->tracker->name);
		return buffer;
	}
	check_tracker(env, &tracker);
	if (tracker.verdict == CHECK_UNKNOWN)
		snprintf(buffer, size, "whether tiered would manage the %u tiers is not known: %s",
			 tiers, tracker.finding);
	else
		snprintf(buffer, size, "tiered would stay idle: %s", env->tracker_why);
	return buffer;
}
