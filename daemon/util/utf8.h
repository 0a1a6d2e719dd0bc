/* SPDX-License-Identifier: GPL-2.0-only */
/* utf8.h - bytes that come from elsewhere (command names, requests) as text (RFC 3629). */
#ifndef TIERED_UTF8_H
#define TIERED_UTF8_H

#include <stddef.h>

/* Where the first byte is that is no UTF-8; @length when all is well. NUL counts as a character. */
size_t utf8_check(const char *text, size_t length);

/* Writes '?' over every byte that is no UTF-8: the length stays. */
void utf8_mend(char *text, size_t length);

#endif
