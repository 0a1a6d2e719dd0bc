/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * mailbox.h - messages between two threads that share nothing else.
 *
 * A message is a heap block; sending it hands it over, receiving it makes the
 * receiver its owner. Order is kept, both ends can be polled.
 */
#ifndef TIERED_MAILBOX_H
#define TIERED_MAILBOX_H

struct message {
	unsigned int kind;
};

struct mailbox {
	int ends[2];
};

/* 0 or -errno. */
int mailbox_open(struct mailbox *mailbox);

/* Closes both ends and frees what was never received with free(). */
void mailbox_close(struct mailbox *mailbox);

/* Hands @message over; on -errno (-EAGAIN: the other end does not read) it stays the caller's. */
int mailbox_send(int end, struct message *message);

/* The next message, or NULL when there is none now. */
struct message *mailbox_receive(int end);

#endif
