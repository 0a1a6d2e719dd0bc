// SPDX-License-Identifier: GPL-2.0-only
/* Messages between two threads: none lost, in order, and the event fd tells the truth. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "util/mailbox.h"

#define MANY 100000
#define SENDERS 3
/* Long enough for any machine: a message that does not come in this time is lost. */
#define LOST_MS 20000

struct note {
	struct message message;
	unsigned int number;
};

/* cmocka's asserts jump, so threads do not use them: no memory ends the test. */
static void post(struct mailbox *mailbox, unsigned int kind, unsigned int number)
{
	struct note *note = calloc(1, sizeof(*note));

	if (!note)
		abort();
	note->message.kind = kind;
	note->number = number;
	mailbox_send(mailbox, &note->message);
}

static int readable(const struct mailbox *mailbox, int timeout_ms)
{
	struct pollfd mail = { .fd = mailbox->event_fd, .events = POLLIN };

	return poll(&mail, 1, timeout_ms) == 1 && (mail.revents & POLLIN);
}

static void expect(struct mailbox *mailbox, unsigned int kind, unsigned int number)
{
	struct note *note = (struct note *)mailbox_receive(mailbox);

	assert_non_null(note);
	assert_int_equal(note->message.kind, kind);
	assert_int_equal(note->number, number);
	free(note);
}

static int open_box(void **state)
{
	static struct mailbox mailbox;

	*state = &mailbox;
	return mailbox_open(&mailbox);
}

static int close_box(void **state)
{
	mailbox_close(*state);
	return 0;
}

static void test_order(void **state)
{
	unsigned int i;

	assert_null(mailbox_receive(*state));
	for (i = 0; i < 10; i++)
		post(*state, i % 3, i);
	for (i = 0; i < 10; i++)
		expect(*state, i % 3, i);
	assert_null(mailbox_receive(*state));
	/* And again, after it was empty. */
	post(*state, 1, 77);
	expect(*state, 1, 77);
	assert_null(mailbox_receive(*state));
}

static void test_readable_while_there_are_messages(void **state)
{
	unsigned int round, i;

	for (round = 1; round < 5; round++) {
		assert_false(readable(*state, 0));
		for (i = 0; i < round; i++) {
			post(*state, 1, i);
			assert_true(readable(*state, 0));
		}
		for (i = 0; i < round; i++) {
			assert_true(readable(*state, 0));
			expect(*state, 1, i);
		}
		assert_false(readable(*state, 0));
		/* A look into the empty box changes nothing. */
		assert_null(mailbox_receive(*state));
		assert_false(readable(*state, 0));
	}
}

/* No limit, no block, no loss. */
static void test_many_without_a_reader(void **state)
{
	unsigned int i;

	for (i = 0; i < MANY; i++)
		post(*state, 2, i);
	for (i = 0; i < MANY; i++)
		expect(*state, 2, i);
	assert_false(readable(*state, 0));
}

struct sender {
	pthread_t thread;
	struct mailbox *mailbox;
	unsigned int kind;
};

static void *send_many(void *arg)
{
	struct sender *sender = arg;
	unsigned int i;

	for (i = 0; i < MANY; i++)
		post(sender->mailbox, sender->kind, i);
	return NULL;
}

/* The reader sleeps on the event fd whenever the box is empty: a wake-up that is lost is a hang. */
static void test_threads(void **state)
{
	struct sender senders[SENDERS];
	unsigned int i, left = SENDERS * MANY, next[SENDERS] = { 0 };
	struct note *note;

	for (i = 0; i < SENDERS; i++) {
		senders[i] = (struct sender){ .mailbox = *state, .kind = i };
		assert_int_equal(pthread_create(&senders[i].thread, NULL, send_many, &senders[i]),
				 0);
	}
	while (left && readable(*state, LOST_MS)) {
		while ((note = (struct note *)mailbox_receive(*state))) {
			assert_true(note->message.kind < SENDERS);
			assert_int_equal(note->number, next[note->message.kind]++);
			free(note);
			left--;
		}
	}
	for (i = 0; i < SENDERS; i++)
		pthread_join(senders[i].thread, NULL);
	assert_int_equal(left, 0);
	assert_null(mailbox_receive(*state));
	assert_false(readable(*state, 0));
}

/* Two boxes, one message at a time to and fro: each waits for the other. */
struct pair {
	struct mailbox there, back;
};

static void *echo(void *arg)
{
	struct pair *pair = arg;
	unsigned int i;

	for (i = 0; i < 1000 && readable(&pair->there, LOST_MS); i++) {
		struct message *message = mailbox_receive(&pair->there);

		if (!message)
			return NULL;
		mailbox_send(&pair->back, message);
	}
	return NULL;
}

static void test_to_and_fro(void **state)
{
	pthread_t thread;
	struct pair pair;
	unsigned int i;

	(void)state;
	assert_int_equal(mailbox_open(&pair.there), 0);
	assert_int_equal(mailbox_open(&pair.back), 0);
	assert_int_equal(pthread_create(&thread, NULL, echo, &pair), 0);
	for (i = 0; i < 1000; i++) {
		post(&pair.there, 3, i);
		assert_true(readable(&pair.back, LOST_MS));
		expect(&pair.back, 3, i);
	}
	pthread_join(thread, NULL);
	mailbox_close(&pair.there);
	mailbox_close(&pair.back);
}

/* LeakSanitizer has the last word on this one. */
static void test_close_frees_the_unread(void **state)
{
	struct mailbox mailbox;
	unsigned int i;

	(void)state;
	assert_int_equal(mailbox_open(&mailbox), 0);
	for (i = 0; i < 1000; i++)
		post(&mailbox, 4, i);
	expect(&mailbox, 4, 0);
	mailbox_close(&mailbox);
	assert_null(mailbox.first);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_order, open_box, close_box),
		cmocka_unit_test_setup_teardown(test_readable_while_there_are_messages, open_box,
						close_box),
		cmocka_unit_test_setup_teardown(test_many_without_a_reader, open_box, close_box),
		cmocka_unit_test_setup_teardown(test_threads, open_box, close_box),
		cmocka_unit_test(test_to_and_fro),
		cmocka_unit_test(test_close_frees_the_unread),
	};

	return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
