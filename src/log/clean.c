/* SPDX-License-Identifier: MIT */
/*
 * One look-up a byte tells the plain ones, which nearly all are; only the others
 * are looked at again.
 */
#include "log/clean.h"

#include <stdint.h>

enum { PLAIN, SPACE, ESCAPED, CONTROL, WIDE };

/* clang-format off */
static const unsigned char kinds[256] = {
	[0 ... 0x1f] = CONTROL, [0x7f] = CONTROL,
	[' '] = SPACE, ['='] = SPACE, /* plain but for logfmt */
	['"'] = ESCAPED, ['\\'] = ESCAPED,
	[0x80 ... 0xff] = WIDE,
};
/* clang-format on */

static bool
is_continuation(unsigned char c)
{
	return (c & 0xc0) == 0x80;
}

/* Bytes of the character `text` begins with, and the character; 0 when it is none. */
static size_t
decode(struct span text, uint32_t *ret_character)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const void *)text.ptr;
	size_t len = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	uint32_t c = s[0] & (0x7fu >> len);

	if (s[0] < 0xc2 || s[0] > 0xf4 || len > text.len)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if (!is_continuation(s[i]))
			return 0;
		c = c << 6 | (s[i] & 0x3fu);
	}
	if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*ret_character = c;
	return len;
}

/* Controls of Unicode, separators of lines, marks that turn or hide what follows. */
static bool
is_treacherous(uint32_t c)
{
	return c < 0xa0 || c == 0x61c || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

/* One character outside ASCII. */
static char *
clean_wide(char *to, struct span *text)
{
	uint32_t character = 0;
	size_t len = decode(*text, &character);

	if (!len || is_treacherous(character)) {
		*to++ = '?';
	} else {
		memcpy(to, text->ptr, len);
		to += len;
	}
	*text = span_tail(*text, len ? len : 1);
	return to;
}

char *
log_clean(char *to, struct span text, size_t most, bool escape)
{
	while (text.len && most--) {
		char c = *text.ptr;
		unsigned char kind = kinds[(unsigned char)c];

		if (kind == WIDE) {
			to = clean_wide(to, &text);
			continue;
		}
		if (kind == ESCAPED && escape)
			*to++ = '\\';
		*to++ = kind == CONTROL ? '?' : c;
		text.ptr++, text.len--;
	}
	return to;
}

bool
log_needs_quotes(struct span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (kinds[(unsigned char)text.ptr[i]] != PLAIN)
			return true;
	}
	return !text.len;
}
