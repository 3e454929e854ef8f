/* SPDX-License-Identifier: MIT */
/*
 * cli/ask.h - ask the running daemon over its control socket
 *
 * One request goes out, and lines come back until the daemon ends the connection.
 */
#ifndef CLI_ASK_H
#define CLI_ASK_H

#include "base/buffer.h"
#include "control/request.h"

extern const char ask_usual_socket[]; /* /run/hl7noted/control */

struct ask {
	const char *path;
	int fd;
	size_t most;      /* bytes that a daemon's line may have */
	struct buffer in; /* lines not taken yet */
};

/* Connect and send the request; EX_OK, or EX_UNAVAILABLE with a word on standard error.  No answer
 * for so many seconds is a failure. */
int ask_begin(struct ask *a, const char *path, const struct control_request *r, unsigned patience);
/* More bytes behind the request; what goes wrong is told by ask_line(). */
void ask_send(struct ask *a, struct span bytes);
/* The next line without its end, until the next call: 1; 0 at the end; negative errno; -EMSGSIZE
 * when it is longer than any that a daemon writes. */
int ask_line(struct ask *a, struct span *ret);
/* What has come, whole lines or not: 1; 0 at the end; negative errno. */
int ask_bytes(struct ask *a, struct span *ret);
/* Is the line the daemon's refusal?  Then it was said. */
bool ask_is_refused(struct span line);
void ask_end(struct ask *a);

/* Says why there is no (more) answer; EX_UNAVAILABLE. */
int ask_unavailable(const struct ask *a, int error);

#endif
