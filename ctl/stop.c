// SPDX-License-Identifier: GPL-2.0-only
#include "stop.h"

#include <errno.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

int stop_open(struct stop *stop)
{
	sigset_t signals;
	int err;

	sigemptyset(&signals);
	sigaddset(&signals, SIGINT);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGHUP);
	if (sigprocmask(SIG_BLOCK, &signals, &stop->before) < 0)
		return -errno;
	stop->fd = signalfd(-1, &signals, SFD_CLOEXEC | SFD_NONBLOCK);
	if (stop->fd >= 0)
		return 0;
	err = -errno;
	sigprocmask(SIG_SETMASK, &stop->before, NULL);
	return err;
}

bool stop_came(const struct stop *stop)
{
	struct pollfd fd = { .fd = stop->fd, .events = POLLIN };

	return poll(&fd, 1, 0) > 0;
}

void stop_close(struct stop *stop)
{
	struct signalfd_siginfo info;

	while (read(stop->fd, &info, sizeof(info)) > 0)
		;
	close(stop->fd);
	sigprocmask(SIG_SETMASK, &stop->before, NULL);
}
