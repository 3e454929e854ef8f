/* SPDX-License-Identifier: MIT */
/*
 * daemon/status.h - what an operator asks first
 */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

#include "base/buffer.h"
#include "daemon/hl7noted.h"

/* For machines (JSON), and for people. */
void status_write(const struct hl7noted *d, struct buffer *out);
void status_write_text(const struct hl7noted *d, struct buffer *out);

#endif
