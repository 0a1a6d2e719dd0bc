/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mailbox.h - messages between two threads that share nothing else.
 *
 * A message is a heap block that begins with struct message. Sending hands it
 * over and cannot fail; receiving makes the receiver its owner. Order is kept.
 * How many are on their way is bounded by what the senders have to say, so
 * senders must not repeat themselves.
 */
#ifndef TIERED_MAILBOX_H
#define TIERED_MAILBOX_H

#include <pthread.h>

struct message {
	struct message *next; /* the mailbox's while it is on its way */
	unsigned int kind;
};

/* One direction. @event_fd polls readable while there are messages. */
struct mailbox {
	pthread_mutex_t lock;
	struct message *first;
	struct message **last;
	int event_fd;
};

/* 0 or -errno. */
int mailbox_open(struct mailbox *mailbox);

/* Frees what was never received with free(). Nobody may use it any more. */
void mailbox_close(struct mailbox *mailbox);

void mailbox_send(struct mailbox *mailbox, struct message *message);

/* The next message, or NULL when there is none now. */
struct message *mailbox_receive(struct mailbox *mailbox);

#endif
