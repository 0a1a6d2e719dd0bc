/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * log.h - one line to a person.
 *
 * A function either logs or returns an error, not both; one line per failure.
 * A message about something that is not fatal ends in what is done about it.
 */
#ifndef TIERED_LOG_H
#define TIERED_LOG_H

#include <stdarg.h>

enum log_level {
	LOG_LEVEL_ERROR = 3,
	LOG_LEVEL_WARNING = 4,
	LOG_LEVEL_INFO = 6,
	LOG_LEVEL_DEBUG = 7
};

/* Messages above @level are dropped. Default: LOG_LEVEL_INFO. */
void log_set_level(enum log_level level);

/* Writes one line to stderr; under systemd with the <N> prefix that the journal reads. */
void log_write(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_writev(enum log_level level, const char *format, va_list args)
	__attribute__((format(printf, 2, 0)));

#define log_error(...) log_write(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_LEVEL_DEBUG, __VA_ARGS__)

#endif
