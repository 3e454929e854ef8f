/* SPDX-License-Identifier: MIT */
/*
 * daemon/status.h - the control socket, and what an operator asks first
 *
 * A client connects, sends one line with a request ("status", "status text"), and
 * gets one answer; only the daemon's user, its group and root may connect.
 */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include "base/buffer.h"
#include "daemon/hl7noted.h"

struct status;

/* NULL, and the log says why, when the socket cannot be made. */
struct status *status_create(struct hl7noted *d, const char *path);
void status_destroy(struct status *s);
/* For machines (JSON), and for people. */
void status_write(const struct hl7noted *d, struct buffer *out);
void status_write_text(const struct hl7noted *d, struct buffer *out);

#endif
