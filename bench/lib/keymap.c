// SPDX-License-Identifier: GPL-2.0-only
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "keymap.h"
#include "tiered/types.h"
#include "util/cleanup.h"

/* A robj of Redis 5 to 7 keeps the pointer to the value behind 8 bytes of type, lru and refcount. */
#define ROBJ_POINTER_OFFSET 8

int keymap_send(struct resp *resp, const char *verb, const uint32_t *keys, uint32_t n,
		const char *tail)
{
	char text[KEYMAP_PIPELINE * 64];
	size_t length = 0;

	for (uint32_t i = 0; i < n; i++)
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s k:%u%s\r\n",
					   verb, keys[i], tail);
	return resp_send(resp, text, length);
}

int keymap_populate(struct resp *resp, uint32_t keys, unsigned int value_bytes)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "DEBUG POPULATE %u k %u\r\n", keys, value_bytes);
	struct reply reply;
	int r = resp_send(resp, text, (size_t)length);

	if (!r)
		r = resp_read(resp, &reply);
	return r ? r : reply.kind == '-' ? -EPERM : 0;
}

/* "Value at:0x7f... refcount:1 ...": the address of the object; 0 or -errno. */
static int object_address(const struct reply *reply, uint64_t *ret_address)
{
	static const char head[] = "Value at:";
	uint64_t address;

	if (reply->kind == '-')
		return -ENOENT;
	if (reply->kind != '+' || reply->length <= (ssize_t)sizeof(head) ||
	    memcmp(reply->data, head, sizeof(head) - 1))
		return -EPROTO;
	address = strtoull(reply->data + sizeof(head) - 1, NULL, 16);
	if (!address)
		return -EPROTO;
	*ret_address = address;
	return 0;
}

static int address_read(struct resp *resp, int mem_fd, void **ret_address)
{
	uint64_t object, pointer;
	struct reply reply;
	ssize_t got;
	int r = resp_read(resp, &reply);

	if (!r)
		r = object_address(&reply, &object);
	if (r)
		return r;
	got = pread(mem_fd, &pointer, sizeof(pointer), (off_t)(object + ROBJ_POINTER_OFFSET));
	if (got != sizeof(pointer))
		return got < 0 ? -errno : -EIO;
	*ret_address = (void *)(uintptr_t)(pointer & ~(TIERED_PAGE_SIZE - 1));
	return 0;
}

int keymap_read(struct resp *resp, int pid, uint32_t keys, void **ret_addresses)
{
	auto_close int fd = -1;
	char path[32];
	int r = 0;

	snprintf(path, sizeof(path), "/proc/%d/mem", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	for (uint32_t first = 0; first < keys && !r; first += KEYMAP_PIPELINE) {
		uint32_t batch[KEYMAP_PIPELINE], n = 0;

		for (; n < KEYMAP_PIPELINE && first + n < keys; n++)
			batch[n] = first + n;
		r = keymap_send(resp, "DEBUG OBJECT", batch, n, "");
		for (uint32_t i = 0; i < n && !r; i++)
			r = address_read(resp, fd, &ret_addresses[batch[i]]);
	}
	return r;
}
