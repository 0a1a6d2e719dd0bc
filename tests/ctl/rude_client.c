// SPDX-License-Identifier: GPL-2.0-only
/*
 * rude_client - what no client of the control socket should do.
 *
 *	rude_client silent N SOCKET	connects N times and says nothing, until SIGTERM
 *	rude_client flood BYTES SOCKET	sends so many bytes without a newline
 *	rude_client deaf N SOCKET	asks as much as it may on N connections and reads nothing,
 *					until SIGTERM
 *	rude_client vanish N SOCKET	N times: asks, and is gone before the answer, or within it
 *
 * Prints one line when it is at it, and for flood how it ended.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define REQUEST "{\"version\":1,\"verb\":\"status\"}\n"
/* More requests than the answers to which could wait anywhere. */
#define REQUESTS 4096

static void __attribute__((noreturn)) die(const char *what)
{
	fprintf(stderr, "rude_client: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int dial(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		die("socket");
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		die(path);
	return fd;
}

static void __attribute__((noreturn)) stay(const char *what, long n)
{
	printf("%ld %s\n", n, what);
	fflush(stdout);
	for (;;)
		pause();
}

/* As many requests as the socket takes: nobody reads the answers, so soon none is read either. */
static void ask_on(int fd)
{
	int i;

	for (i = 0; i < REQUESTS; i++)
		if (send(fd, REQUEST, strlen(REQUEST), MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
			break;
}

static void flood(long bytes, const char *path)
{
	static char block[64 << 10];
	long sent = 0;
	int fd = dial(path);

	memset(block, 'x', sizeof(block));
	while (sent < bytes) {
		ssize_t n = send(fd, block, sizeof(block), MSG_NOSIGNAL);

		if (n < 0)
			break;
		sent += n;
	}
	printf("%ld bytes taken, %s\n", sent, sent < bytes ? "then hung up" : "all of them");
}

static void vanish(long n, const char *path)
{
	char byte;
	long i;

	for (i = 0; i < n; i++) {
		int fd = dial(path);

		ask_on(fd);
		if (i % 2 && recv(fd, &byte, 1, 0) < 0)
			die("no answer began");
		close(fd);
	}
	printf("%ld vanished\n", n);
}

int main(int argc, char **argv)
{
	long n = argc == 4 ? strtol(argv[2], NULL, 10) : 0, i;

	if (n <= 0) {
		fputs("usage: rude_client silent|flood|deaf|vanish N SOCKET\n", stderr);
		return 2;
	}
	if (strcmp(argv[1], "flood") == 0) {
		flood(n, argv[3]);
	} else if (strcmp(argv[1], "vanish") == 0) {
		vanish(n, argv[3]);
	} else {
		for (i = 0; i < n; i++) {
			int fd = dial(argv[3]);

			if (strcmp(argv[1], "deaf") == 0)
				ask_on(fd);
		}
		stay(argv[1], n);
	}
	return 0;
}
