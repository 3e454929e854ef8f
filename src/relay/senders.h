/* SPDX-License-Identifier: MIT */
/*
 * relay/senders.h - whose messages a feed takes
 *
 * A rule names what MSH-3 and MSH-4 must begin with, and perhaps whose certificate
 * the connection must have been opened with.  The latter is settled once for each
 * connection, by whoever knows certificates: it keeps the set of rules that are open
 * to it, one bit each.
 */
#ifndef RELAY_SENDERS_H
#define RELAY_SENDERS_H

#include <stdbool.h>
#include <stdint.h>

#include "hl7/message.h"

struct relay_sender {
	struct span application, facility; /* first components of MSH-3 and MSH-4; absent: any */
};

enum { RELAY_SENDERS_MOST = 64 };

struct relay_senders {
	const struct relay_sender *list;
	unsigned count; /* 0: all messages are taken */
};

/*
 * Does a rule that is open to the connection fit this piece of a frame?  None fits a message in
 * which a receiver that ends lines elsewhere than we do could find another one.  An envelope is
 * anybody's, as long as nobody could find a message in it; bytes that are no message have no
 * sender, and are taken without rules only.
 */
bool relay_senders_take_piece(const struct relay_senders *senders, uint64_t open,
    const struct hl7_message *m, enum hl7_piece piece);
/* The same of a whole frame, of which there must be a message and every piece be taken.  `work` is
 * left at any of them.  0, or a negative errno when it cannot be read for want of memory. */
int relay_senders_take_frame(const struct relay_senders *senders, uint64_t open,
    struct hl7_message *work, struct span body, bool *ret_taken);

#endif
