// SPDX-License-Identifier: GPL-2.0-only
#include "util/mailbox.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

int mailbox_open(struct mailbox *mailbox)
{
	/* Packets: a pointer arrives whole or not at all. */
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, mailbox->ends) <
	    0)
		return -errno;
	return 0;
}

static void drain(int end)
{
	struct message *message;

	while ((message = mailbox_receive(end)))
		free(message);
}

void mailbox_close(struct mailbox *mailbox)
{
	int i;

	for (i = 0; i < 2; i++)
		drain(mailbox->ends[i]);
	for (i = 0; i < 2; i++) {
		close(mailbox->ends[i]);
		mailbox->ends[i] = -1;
	}
}

int mailbox_send(int end, struct message *message)
{
	if (send(end, &message, sizeof(message), MSG_NOSIGNAL) != (ssize_t)sizeof(message))
		return errno ? -errno : -EIO;
	return 0;
}

struct message *mailbox_receive(int end)
{
	struct message *message;

	if (recv(end, &message, sizeof(message), 0) != (ssize_t)sizeof(message))
		return NULL;
	return message;
}
