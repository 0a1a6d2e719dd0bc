// SPDX-License-Identifier: GPL-2.0-only
/* What the kernel says of its devices: which of it is about memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/uevent.h"

static void test_text(void **state)
{
	static const struct {
		const char *text;
		int memory;
	} cases[] = {
		{ "offline@/devices/system/memory/memory32", 1 },
		{ "add@/devices/system/node/node1", 1 },
		{ "add@/devices/virtual/memory_tiering/memory_tier4", 1 },
		{ "offline@/devices/system/memory", 0 },
		{ "online@/devices/system/cpu/cpu1", 0 },
		{ "add@/devices/virtual/x/devices/system/memory/memory1", 0 },
		{ "libudev", 0 },
		{ "@", 0 },
		{ "", 0 },
	};
	size_t i, n;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(uevent_is_memory(cases[i].text, strlen(cases[i].text)),
				 cases[i].memory);
	/* Cut anywhere, it is never read beyond its end. */
	for (n = 0; n < strlen("offline@/devices/system/memory/"); n++)
		assert_int_equal(uevent_is_memory(cases[0].text, n), 0);
	assert_int_equal(uevent_is_memory(cases[0].text, n), 1);
}

/* Only the kernel is believed: another process has a port of its own. */
static void test_socket(void **state)
{
	int fd = uevent_open();

	(void)state;
	assert_true(fd >= 0);
	uevent_drain(fd);
	assert_int_equal(uevent_drain(fd), 0);
	close(fd);
	assert_int_equal(uevent_drain(fd), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_text),
		cmocka_unit_test(test_socket),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
