/* SPDX-License-Identifier: MIT */
/*
 * base/utf8.h - characters out of bytes that claim to be UTF-8
 *
 * As RFC 3629 has it: overlong forms, surrogates and what lies beyond U+10FFFF are no
 * characters.
 */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Bytes of the character at the front, and its number; 0 when there is none. */
size_t utf8_read(struct span text, uint32_t *ret_character);

/* The same without the number. */
static inline size_t
utf8_length(struct span text)
{
	uint32_t character;

	return text.len && (unsigned char)text.ptr[0] < 0x80 ? 1 : utf8_read(text, &character);
}

/* U+0080 to U+009F, too: some terminals obey them. */
static inline bool
utf8_is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0);
}

/* Controls, and what ends a line for some readers or turns the order of what follows on a screen.
 */
static inline bool
utf8_is_treacherous(uint32_t character)
{
	return utf8_is_control(character) || character == 0x61c || character == 0x200e ||
	       character == 0x200f || (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

#endif
