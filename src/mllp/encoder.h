/* SPDX-License-Identifier: MIT */
/*
 * mllp/encoder.h - the bytes around a message
 *
 * Frames are strict: 0x0B, the message, 0x1C 0x0D.  The caller puts them around
 * its iovec; a message that holds 0x0B or the pair 0x1C 0x0D cannot be framed.
 */
#ifndef MLLP_ENCODER_H
#define MLLP_ENCODER_H

#include "base/span.h"

#define MLLP_HEAD SPAN("\x0b")
#define MLLP_TAIL SPAN("\x1c\r")

bool mllp_can_frame(struct span message);

#endif
