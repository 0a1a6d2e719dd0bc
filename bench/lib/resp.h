/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * resp.h - just enough of the Redis protocol to send commands in a pipeline
 * and read plain replies. https://redis.io/docs/latest/develop/reference/protocol-spec/
 */
#ifndef BENCH_RESP_H
#define BENCH_RESP_H

#include <stddef.h>
#include <sys/types.h>

/* A reply longer than this is refused. */
#define RESP_BUFFER_BYTES (256 << 10)

struct resp {
	int fd;
	size_t start, end; /* what of @buffer is not consumed yet */
	char buffer[RESP_BUFFER_BYTES];
};

/**
 * struct reply - one reply; @data is valid until the next resp_read()
 * @kind: '+' simple, '-' error, ':' number, '$' bulk
 * @length: bytes of @data, -1 for the null bulk ("no such key")
 */
struct reply {
	char kind;
	ssize_t length;
	const char *data;
};

/* Connects to a unix socket; waits at most @wait_ms for a server to be there. 0 or -errno. */
int resp_connect(struct resp *resp, const char *path, unsigned int wait_ms);

/* Sends commands, each one a line of words that end in \r\n; 0 or -errno. */
int resp_send(struct resp *resp, const char *commands, size_t n);

/* 0, -EPROTO for what this does not understand, -ECONNRESET, -errno. */
int resp_read(struct resp *resp, struct reply *ret);

/* Process that listens on the other end (SO_PEERCRED), or -errno. */
int resp_peer(const struct resp *resp);

#endif
