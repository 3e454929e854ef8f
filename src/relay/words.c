/* SPDX-License-Identifier: MIT */
/*
 * Why a session ended, for logs and for the senders we reject.
 */
#include "relay/session.h"

/* clang-format off */
static const struct {
	const char *word, *sentence;
} words[RELAY_WHY_COUNT] = {
	[RELAY_SENDER_LEFT]     = { "sender_left",     "the sender closed the connection" },
	[RELAY_SENDER_CUT]      = { "sender_cut",      "the connection ended inside a frame" },
	[RELAY_SENDER_ERROR]    = { "sender_error",    "the sender's connection failed" },
	[RELAY_FRAME_BROKEN]    = { "frame_broken",    "a frame began inside a frame" },
	[RELAY_FRAME_TOO_LARGE] = { "frame_too_large", "the frame is larger than the limit" },
	[RELAY_FRAME_TIMEOUT]   = { "frame_timeout",   "the frame did not end in time" },
	[RELAY_IDLE_TIMEOUT]    = { "idle_timeout",    "nothing was sent for too long" },
	[RELAY_DOWN_REFUSED]    = { "down_refused",    "the receiver cannot be reached; send again later" },
	[RELAY_DOWN_LOST]       = { "down_lost",       "the receiver was lost before it answered; send again" },
	[RELAY_DOWN_BROKEN]     = { "down_broken",     "the receiver's answer was no frame" },
	[RELAY_DOWN_TOO_LARGE]  = { "answer_too_large", "the receiver's answer is larger than the limit" },
	[RELAY_ACK_TIMEOUT]     = { "ack_timeout",     "the receiver did not answer in time; send again" },
	[RELAY_NOT_COMMITTED]   = { "not_committed",   "the receiver could not commit the message; send again" },
	[RELAY_UNREAD]          = { "unread",          "what was sent is not being read" },
	[RELAY_DRAINED]         = { "drained",         "the relay is stopping" },
	[RELAY_NO_MEMORY]       = { "no_memory",       "no memory was left for the frame" },
	[RELAY_UNREADABLE]      = { "unreadable",      "no MSH segment could be read" },
	[RELAY_NO_ID]           = { "no_control_id",   "MSH-10 (control ID) is empty; send each message with one of its own" },
	[RELAY_NOT_ALLOWED]     = { "not_allowed",     "messages of this sender are not taken here" },
	[RELAY_STORE_FULL]      = { "store_full",      "no message can be stored now; send again later" },
	[RELAY_NO_ROOM]         = { "no_room",         "no room for so large a message, or for one before it; send again later" },
	[RELAY_STORE_FAILED]    = { "store_failed",    "the message could not be stored" },
};
/* clang-format on */

const char *
relay_word(enum relay_why why)
{
	return words[why].word;
}

const char *
relay_sentence(enum relay_why why)
{
	return words[why].sentence;
}

struct diag
relay_where(enum relay_why why)
{
	const unsigned field = why == RELAY_NO_ID ? 10 : why == RELAY_NOT_ALLOWED ? 3 : 0;

	if (!field && why != RELAY_UNREADABLE)
		return (struct diag){ 0 };
	return (struct diag){ .at = { .segment = "MSH", .sequence = 1, .field = field } };
}
