/* SPDX-License-Identifier: MIT */
/*
 * daemon/control.h - the socket on which an operator asks
 *
 * A client connects, sends one line (control/request.h) and gets an answer of any
 * length; only root, the daemon's own user and the daemon's group are answered.
 */
#ifndef DAEMON_CONTROL_H
#define DAEMON_CONTROL_H

#include "daemon/hl7noted.h"

struct control;

/* NULL and errno when the socket cannot be made. */
struct control *control_create(struct hl7noted *d, const char *path);
/* Was the name of its socket removed, so that nobody can ask? */
bool control_is_gone(const struct control *c);
void control_destroy(struct control *c);

#endif
