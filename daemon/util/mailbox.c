// SPDX-License-Identifier: GPL-2.0-only
#include "util/mailbox.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

int mailbox_open(struct mailbox *mailbox)
{
	mailbox->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mailbox->event_fd < 0)
		return -errno;
	pthread_mutex_init(&mailbox->lock, NULL);
	mailbox->first = NULL;
	mailbox->last = &mailbox->first;
	return 0;
}

void mailbox_close(struct mailbox *mailbox)
{
	struct message *message;

	while ((message = mailbox_receive(mailbox)))
		free(message);
	close(mailbox->event_fd);
	pthread_mutex_destroy(&mailbox->lock);
}

void mailbox_send(struct mailbox *mailbox, struct message *message)
{
	message->next = NULL;
	pthread_mutex_lock(&mailbox->lock);
	if (!mailbox->first)
		/* Fails only at 2^64 - 1 unread: it is read empty with the last message. */
		(void)eventfd_write(mailbox->event_fd, 1);
	*mailbox->last = message;
	mailbox->last = &message->next;
	pthread_mutex_unlock(&mailbox->lock);
}

struct message *mailbox_receive(struct mailbox *mailbox)
{
	struct message *message;
	eventfd_t count;

	pthread_mutex_lock(&mailbox->lock);
	message = mailbox->first;
	if (message) {
		mailbox->first = message->next;
		if (!mailbox->first) {
			mailbox->last = &mailbox->first;
			(void)eventfd_read(mailbox->event_fd, &count);
		}
	}
	pthread_mutex_unlock(&mailbox->lock);
	return message;
}
