/* SPDX-License-Identifier: MIT */
/*
 * fuzz/script.h - bytes as a story for a machine
 *
 * A machine is called in an order that the input chooses: one byte names what happens
 * next, the bytes behind it say with what.  A story that ends early ends there, so that
 * every input is one.
 */
#ifndef FUZZ_SCRIPT_H
#define FUZZ_SCRIPT_H

#include <stdbool.h>

#include "base/buffer.h"
#include "base/diag.h"
#include "fuzz/target.h"
#include "mllp/decoder.h"
#include "relay/flights.h"

struct fuzz_script {
	const uint8_t *at, *end;
};

static inline bool
fuzz_more(const struct fuzz_script *s)
{
	return s->at < s->end;
}

static inline unsigned
fuzz_byte(struct fuzz_script *s)
{
	return s->at < s->end ? *s->at++ : 0;
}

/* Up to 255 bytes as they stand, their number first. */
static inline struct span
fuzz_bytes(struct fuzz_script *s)
{
	size_t most = fuzz_byte(s), len = (size_t)(s->end - s->at);
	struct span bytes = span_of((const char *)s->at, most < len ? most : len);

	s->at += bytes.len;
	return bytes;
}

/* A message of sender number `who`, with an ID and modes from short lists. */
static inline void
fuzz_message(struct buffer *out, unsigned who, unsigned id, unsigned mode)
{
	static const char *const modes[] = { "", "", "", "|||AL|NE", "|||NE|NE", "|||ER|AL",
		"|||SU|SU", "||||NE" };

	buffer_printf(out, "MSH|^~\\&|S%u|b|c|d|20260101||ORU^R01|", who % 3);
	if (id % 8)
		buffer_printf(out, "%u", id % 8);
	buffer_printf(out, "|P|2.%u%s\r", 3 + id / 8 % 5, modes[mode % 8]);
	if (id & 64)
		buffer_append(out, SPAN("OBX|1|NM|1^x||5|mg/L\r"));
}

/* An answer with a code from a list, to an ID. */
static inline void
fuzz_answer(struct buffer *out, unsigned code, unsigned id)
{
	static const char *const codes[] = { "AA", "CA", "AE", "CE", "AR", "CR", "XX", "" };

	buffer_printf(out, "MSH|^~\\&|c|d|a|b|||ACK|9|P|2.5\rMSA|%s|", codes[code % 8]);
	if (id % 8)
		buffer_printf(out, "%u", id % 8);
	buffer_append_char(out, '\r');
}

static inline void
fuzz_frame_begin(struct buffer *out)
{
	buffer_append_char(out, '\x0b');
}

static inline void
fuzz_frame_end(struct buffer *out)
{
	buffer_append(out, SPAN("\x1c\r"));
}

/* How many of them came whole in this stream, with or without commit blocks? */
static inline uint64_t
fuzz_count_frames(struct span stream, size_t most, bool commits)
{
	struct mllp_decoder d;
	struct span body;
	struct diag diag;
	uint64_t count = 0;
	size_t used;

	mllp_decoder_init(&d, most);
	for (; mllp_decode(&d, stream, &body, &used, &diag) == MLLP_FRAME;
	     stream = span_tail(stream, used))
		count += commits || !relay_is_commit(body);
	return count;
}

#endif
