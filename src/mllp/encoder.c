/* SPDX-License-Identifier: MIT */
/*
 * What a strict receiver would take for the end of the message, or the beginning
 * of the next, must not stand inside.
 */
#include "mllp/encoder.h"

#include "mllp/decoder.h"

bool
mllp_can_frame(struct span message)
{
	struct span rest = message;

	if (message.len && memchr(message.ptr, MLLP_START, message.len))
		return false;
	while (rest.len) {
		span_cut(rest, MLLP_END, &rest);
		if (rest.len && rest.ptr[0] == MLLP_CR)
			return false;
	}
	return true;
}
