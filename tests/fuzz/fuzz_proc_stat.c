// SPDX-License-Identifier: GPL-2.0-only
/* Any bytes as /proc/PID/stat, and as a mask of nodes out of /proc/PID/status. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "observe/proc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct proc_stat stat = { .rss_pages = 77 };
	/* As in proc_read_stat(): a zero behind the text that is not part of it. */
	char *text = malloc(size + 1);
	uint64_t mask = 77;

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	if (proc_parse_stat(text, size, &stat) < 0)
		assert(stat.rss_pages == 77);
	else
		assert(memchr(stat.comm, '\0', sizeof(stat.comm)));
	if (proc_parse_mask(text, &mask) < 0)
		assert(mask == 77);
	free(text);
	return 0;
}
