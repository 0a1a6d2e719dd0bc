// SPDX-License-Identifier: GPL-2.0-only
/*
 * fake_daemon.c - the fake daemon as a program: for terminals, and to try verbs by hand.
 *
 * usage: fake_daemon SOCKET FOLDER [SUFFIX]
 *
 * With STORM in the environment, lines of a trace never end.
 */
#include "../unit/fake_control.h"

int main(int argc, char **argv)
{
	struct fake_control fake = { 0 };

	if (argc < 3) {
		fputs("usage: fake_daemon SOCKET FOLDER [SUFFIX]\n", stderr);
		return 2;
	}
	snprintf(fake.path, sizeof(fake.path), "%s", argv[1]);
	fake.folder = argv[2];
	fake.suffix = argv[3];
	fake.storm = getenv("STORM") != NULL;
	if (fake_listen(&fake) < 0) {
		fprintf(stderr, "fake_daemon: cannot listen on %s\n", argv[1]);
		return 1;
	}
	fake_run(&fake);
	return 0;
}
