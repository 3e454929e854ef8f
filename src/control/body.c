/* SPDX-License-Identifier: MIT */
#include "control/body.h"

#include <stdint.h>

static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void
body_base64(struct buffer *out, struct span s)
{
	char *to = buffer_reserve(out, (s.len + 2) / 3 * 4);
	size_t n = 0;

	if (!to)
		return;
	for (size_t i = 0; i < s.len; i += 3) {
		uint32_t three = (uint32_t)(unsigned char)s.ptr[i] << 16;

		three |= i + 1 < s.len ? (uint32_t)(unsigned char)s.ptr[i + 1] << 8 : 0;
		three |= i + 2 < s.len ? (uint32_t)(unsigned char)s.ptr[i + 2] : 0;
		to[n++] = letters[three >> 18];
		to[n++] = letters[three >> 12 & 63];
		to[n++] = i + 1 < s.len ? letters[three >> 6 & 63] : '=';
		to[n++] = i + 2 < s.len ? letters[three & 63] : '=';
	}
	buffer_filled(out, n);
}

static int
value_of(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

bool
body_from_base64(struct span s, struct buffer *out)
{
	size_t padding = 0;
	uint32_t bits = 0;

	if (s.len % 4)
		return false;
	while (padding < 2 && s.len > padding && s.ptr[s.len - 1 - padding] == '=')
		padding++;
	s.len -= padding;
	for (size_t i = 0; i < s.len; i++) {
		int value = value_of(s.ptr[i]);

		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4) /* 4 letters are 3 bytes, whole from the second letter on */
			buffer_append_char(out, (char)(bits >> (6 - 2 * (i % 4))));
	}
	return !out->failed;
}

/* ---- messages behind a request ---- */

void
body_write(struct buffer *out, struct span message)
{
	buffer_printf(out, "%zu\n", message.len);
	buffer_append(out, message);
}

enum body_result
body_read(struct span in, size_t limit, struct span *ret_message, size_t *ret_used)
{
	size_t i = 0, len = 0;

	for (; i < in.len && in.ptr[i] != '\n'; i++) {
		if (in.ptr[i] < '0' || in.ptr[i] > '9' || i == 20)
			return BODY_BROKEN;
		if (len > limit)
			return BODY_LARGE;
		len = len * 10 + (size_t)(in.ptr[i] - '0');
	}
	if (i == 0 && i < in.len)
		return BODY_BROKEN;
	if (len > limit)
		return BODY_LARGE;
	if (i == in.len || in.len - i - 1 < len)
		return BODY_MORE;
	*ret_message = span_head(span_tail(in, i + 1), len);
	*ret_used = i + 1 + len;
	return len ? BODY_MESSAGE : BODY_END;
}
