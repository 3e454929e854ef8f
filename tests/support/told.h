/* SPDX-License-Identifier: MIT */
/*
 * support/told.h - what a machine did, one word after another, and what it should have done
 */
#ifndef SUPPORT_TOLD_H
#define SUPPORT_TOLD_H

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/buffer.h"

/* The messages and answers that are sent to it. */
#define MSH(id, more) "MSH|^~\\&|a|b|c|d|||ORU^R01|" id "|P|2.5" more "\r"
#define MSG(id) "\x0b" MSH(id, "") "\x1c\r"
#define ACK(code, id) "\x0bMSH|^~\\&|c|d|a|b|||ACK|9|P|2.5\rMSA|" code "|" id "\r\x1c\r"

__attribute__((format(printf, 2, 3))) static inline void
told_add(struct buffer *told, const char *format, ...)
{
	char word[200];
	va_list more;

	va_start(more, format);
	vsnprintf(word, sizeof(word), format, more);
	va_end(more);
	if (buffer_span(told).len)
		buffer_append_char(told, ' ');
	buffer_append(told, span_str(word));
}

/* All that was told since the last time. */
static inline void
told_expect(struct buffer *told, const char *want)
{
	buffer_append_char(told, '\0');
	cr_expect_str_eq(buffer_span(told).ptr, want);
	buffer_clear(told);
}

#endif
