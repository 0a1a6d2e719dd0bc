// SPDX-License-Identifier: GPL-2.0-only
/* Any text as /proc/PID/maps: what is believed of a line is a mapping, page aligned, not empty. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "observe/vmas.h"
#include "tiered/types.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void line_check(const char *line)
{
	struct vma_record record = { .start = 1 };

	if (vma_parse_line(line, &record) < 0) {
		assert(record.start == 1);
		return;
	}
	assert(record.start < record.end);
	assert(record.start % TIERED_PAGE_SIZE == 0 && record.end % TIERED_PAGE_SIZE == 0);
	assert(vma_verdict_reason(vma_judge(&record)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), *line, *rest;

	assert(text);
	memcpy(text, data, size);
	text[size] = '\0';
	for (line = strtok_r(text, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest))
		line_check(line);
	free(text);
	return 0;
}
