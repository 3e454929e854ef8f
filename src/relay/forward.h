/* SPDX-License-Identifier: MIT */
/*
 * relay/forward.h - frames of the sender, on their way downstream
 *
 * A frame that is whole goes on annotated as soon as it can, in the order it came.  One
 * of a sender whose messages are not taken is answered here, once those before it are.
 */
#ifndef RELAY_FORWARD_H
#define RELAY_FORWARD_H

#include "relay/session.h"

/* Is the frame that is ready to be refused?  Ends the session where there is no memory to see. */
void relay_look_at_sender(struct relay_session *s, struct span body);
/* Send what can be sent; answers how many bytes of `in` are done with.  Asks for a connection
 * where there is none, and ends the session for a broken frame. */
size_t relay_forward(struct relay_session *s, struct span in, uint64_t now_us);
/* The same with what is kept; then end the session if it is done. */
void relay_forward_kept(struct relay_session *s, uint64_t now_us);

#endif
