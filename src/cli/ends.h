/* SPDX-License-Identifier: MIT */
/*
 * cli/ends.h - the signals that end a loop, INT and TERM
 */
#ifndef CLI_ENDS_H
#define CLI_ENDS_H

#include <ev.h>

struct ends {
	ev_signal signals[2];
};

/* `on` finds `data` in its watcher. */
void ends_watch(struct ends *e, struct ev_loop *loop,
    void (*on)(struct ev_loop *, ev_signal *, int), void *data);
/* From here on they are not heard at all: one that comes late must not kill what is about to sum
 * up.
 */
void ends_forget(struct ends *e, struct ev_loop *loop);

#endif
