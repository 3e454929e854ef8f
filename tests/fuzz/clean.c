/* SPDX-License-Identifier: MIT */
/*
 * log/clean.h: whatever a peer wrote stays on its line, is UTF-8, and has no character
 * that a terminal obeys or that turns the direction of writing.
 */
#include "log/clean.h"

#include "fuzz/target.h"

/* The character at the front, or 0 when there is none that is one. */
static uint32_t
character(const unsigned char *s, size_t left, size_t *ret_len)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const size_t len = s[0] < 0x80 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c = len == 1 ? s[0] : s[0] & (0x7fu >> len);

	*ret_len = len;
	if (len > left || (s[0] >= 0x80 && s[0] < 0xc0) || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	return c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff) ? 0 : c;
}

static void
must_be_clean(const char *text, size_t len, size_t most, bool escaped)
{
	size_t count = 0, used;

	for (size_t i = 0; i < len; i += used, count++) {
		const uint32_t c = character((const unsigned char *)text + i, len - i, &used);

		MUST(c >= 0x20 && c != 0x7f && !(c >= 0x80 && c < 0xa0));
		MUST(c != 0x2028 && c != 0x2029 && !(c >= 0x202a && c <= 0x202e));
		MUST(!(c >= 0x2066 && c <= 0x2069) && c != 0x200e && c != 0x200f);
		MUST(!escaped || c != '"');
		if (escaped && c == '\\') {
			MUST(i + 1 < len && (text[i + 1] == '\\' || text[i + 1] == '"'));
			used = 2;
		}
	}
	MUST(count <= most);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct span in = span_of((const char *)data, size);
	const size_t most = size ? data[0] : 7;
	char *to = malloc(most * LOG_CLEAN_WIDEST + 1);

	MUST(to);
	for (unsigned escape = 0; escape < 2; escape++)
		must_be_clean(to, (size_t)(log_clean(to, in, most, escape) - to), most, escape);
	(void)log_needs_quotes(in);
	free(to);
	return 0;
}
