/* SPDX-License-Identifier: MIT */
/*
 * Nearly all is plain, and eight plain bytes are told and copied at once; of others
 * one look-up a byte tells what they are.
 */
#include "log/clean.h"

#include <stdint.h>

#include "base/utf8.h"

enum { PLAIN, SPACE, ESCAPED, CONTROL, WIDE };

/* clang-format off */
static const unsigned char kinds[256] = {
	[0 ... 0x1f] = CONTROL, [0x7f] = CONTROL,
	[' '] = SPACE, ['='] = SPACE, /* plain but for logfmt */
	['"'] = ESCAPED, ['\\'] = ESCAPED,
	[0x80 ... 0xff] = WIDE,
};
/* clang-format on */

/* Characters without a width, and tags: two values that look the same may differ by them. */
static bool
is_invisible(uint32_t c)
{
	return (c >= 0x200b && c <= 0x200d) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xe0000 && c <= 0xe007f);
}

/* One character outside ASCII. */
static char *
clean_wide(char *to, struct span *text)
{
	uint32_t character = 0;
	size_t len = utf8_read(*text, &character);

	if (!len || utf8_is_treacherous(character) || is_invisible(character)) {
		*to++ = '?';
	} else {
		memcpy(to, text->ptr, len);
		to += len;
	}
	*text = span_tail(*text, len ? len : 1);
	return to;
}

/* In every byte the same. */
static uint64_t
every(unsigned char c)
{
	return UINT64_C(0x0101010101010101) * c;
}

/* The highest bit of each byte tells: it is set already, or is set by adding 1 to 0x7f, or by
 * taking more from the byte than it has.  Carries from one byte to the next begin only at a byte
 * that is told itself. */
static bool
is_plain(uint64_t bytes)
{
	const uint64_t odd = bytes | (bytes + every(1)) | (bytes - every(' ')) |
			     ((bytes ^ every('"')) - every(1)) | ((bytes ^ every('\\')) - every(1));

	return !(odd & every(0x80));
}

/* Four to eight plain bytes, or none. */
static bool
copy_few(char *to, const char *from, size_t len)
{
	uint32_t first, last;

	memcpy(&first, from, sizeof(first));
	memcpy(&last, from + len - sizeof(last), sizeof(last));
	if (!is_plain(first | (uint64_t)last << 32))
		return false;
	memcpy(to, &first, sizeof(first));
	memcpy(to + len - sizeof(last), &last, sizeof(last));
	return true;
}

/* Eight plain bytes from there on, or none. */
static inline bool
copy_eight(char *to, const char *from)
{
	uint64_t bytes;

	memcpy(&bytes, from, sizeof(bytes));
	if (!is_plain(bytes))
		return false;
	memcpy(to, &bytes, sizeof(bytes));
	return true;
}

/* The front of the text, as far as it is plain by eights; answers how many bytes.  The last eight
 * may overlap those before. */
static size_t
copy_plain(char *to, struct span text, size_t most)
{
	size_t len = text.len < most ? text.len : most, n = 0;

	if (len < 8)
		return len >= 4 && copy_few(to, text.ptr, len) ? len : 0;
	for (; len - n >= 8; n += 8) {
		if (!copy_eight(to + n, text.ptr + n))
			return n;
	}
	return n < len && !copy_eight(to + len - 8, text.ptr + len - 8) ? n : len;
}

/* What is not all plain, or short. */
static __attribute__((noinline)) char *
clean_each(char *to, struct span text, size_t most, bool escape)
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

char *
log_clean(char *to, struct span text, size_t most, bool escape)
{
	const size_t plain = copy_plain(to, text, most);

	if (plain == text.len || plain == most)
		return to + plain;
	return clean_each(to + plain, span_tail(text, plain), most - plain, escape);
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
