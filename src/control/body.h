/* SPDX-License-Identifier: MIT */
/*
 * control/body.h - the bytes of messages on the control socket
 *
 * An exported message carries its bytes in base64, since JSON holds text only.  To be
 * imported, messages follow the request line, each as its length in decimal, a newline
 * and its bytes; a length of 0 says that was all.
 */
#ifndef CONTROL_BODY_H
#define CONTROL_BODY_H

#include <stdbool.h>

#include "base/buffer.h"

void body_base64(struct buffer *out, struct span bytes);
/* False when it is no base64; `out` may then hold a part of it. */
bool body_from_base64(struct span text, struct buffer *out);

enum body_result {
	BODY_MORE, /* no whole message yet */
	BODY_MESSAGE,
	BODY_END,
	BODY_LARGE,  /* a length above the limit */
	BODY_BROKEN, /* no length */
};

void body_write(struct buffer *out, struct span message); /* empty: the end */
/* The message at the front of `in`; *ret_used bytes are done with then. */
enum body_result body_read(
    struct span in, size_t limit, struct span *ret_message, size_t *ret_used);

#endif
