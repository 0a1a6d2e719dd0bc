// SPDX-License-Identifier: GPL-2.0-only
#include "log.h"

#include <stdio.h>
#include <stdlib.h>

static enum log_level max_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	max_level = level;
}

void log_writev(enum log_level level, const char *format, va_list args)
{
	char line[1024];

	if (level > max_level)
		return;
	vsnprintf(line, sizeof(line), format, args);
	/* One write per line, so that lines of two threads never mix. */
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>%s\n", level, line);
	else
		fprintf(stderr, "tiered: %s\n", line);
}

void log_write(enum log_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_writev(level, format, args);
	va_end(args);
}
