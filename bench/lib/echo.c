// SPDX-License-Identifier: GPL-2.0-only
#include "echo.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cpus.h"
#include "options.h"

static void echo(int from, int to, int cpu)
{
	char byte;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (cpu >= 0)
		cpus_pin(cpu);
	while (read(from, &byte, 1) == 1 && write(to, &byte, 1) == 1)
		;
	_exit(0);
}

struct echo echo_start(int cpu)
{
	int to[2], from[2];
	pid_t child;

	if (pipe(to) < 0 || pipe(from) < 0)
		options_fail(-errno, "no pipe");
	child = fork();
	if (child < 0)
		options_fail(-errno, "cannot fork");
	if (child == 0)
		echo(to[0], from[1], cpu);
	return (struct echo){ .to = to[1], .from = from[0] };
}

void echo_turn(const struct echo *echo)
{
	char byte = 0;

	if (write(echo->to, &byte, 1) != 1 || read(echo->from, &byte, 1) != 1)
		options_die("the process that sends bytes back has ended");
}
