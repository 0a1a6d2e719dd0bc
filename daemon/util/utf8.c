// SPDX-License-Identifier: GPL-2.0-only
#include "util/utf8.h"

#include <stdint.h>

/* How sequences begin, and what their second byte may be: no overlong forms, no surrogates. */
static const struct {
	uint8_t first, last;
	uint8_t length;
	uint8_t second_min, second_max;
} sequences[] = {
	{ 0x00, 0x7f, 1, 0, 0 },       { 0xc2, 0xdf, 2, 0x80, 0xbf }, { 0xe0, 0xe0, 3, 0xa0, 0xbf },
	{ 0xe1, 0xec, 3, 0x80, 0xbf }, { 0xed, 0xed, 3, 0x80, 0x9f }, { 0xee, 0xef, 3, 0x80, 0xbf },
	{ 0xf0, 0xf0, 4, 0x90, 0xbf }, { 0xf1, 0xf3, 4, 0x80, 0xbf }, { 0xf4, 0xf4, 4, 0x80, 0x8f },
};

/* Bytes of the sequence that begins at @at; 0 when none does. */
static size_t sequence_length(const uint8_t *at, size_t left)
{
	size_t i, n;

	for (i = 0; i < sizeof(sequences) / sizeof(sequences[0]); i++)
		if (at[0] >= sequences[i].first && at[0] <= sequences[i].last)
			break;
	if (i == sizeof(sequences) / sizeof(sequences[0]) || sequences[i].length > left)
		return 0;
	if (sequences[i].length > 1 &&
	    (at[1] < sequences[i].second_min || at[1] > sequences[i].second_max))
		return 0;
	for (n = 2; n < sequences[i].length; n++)
		if ((at[n] & 0xc0) != 0x80)
			return 0;
	return sequences[i].length;
}

size_t utf8_check(const char *text, size_t length)
{
	size_t at = 0, n;

	while (at < length) {
		n = sequence_length((const uint8_t *)text + at, length - at);
		if (!n)
			break;
		at += n;
	}
	return at;
}

void utf8_mend(char *text, size_t length)
{
	size_t at;

	for (at = utf8_check(text, length); at < length; at += utf8_check(text + at, length - at))
		text[at] = '?';
}
