/* SPDX-License-Identifier: MIT */
/*
 * daemon/answers.h - /metrics, /healthz and /readyz
 */
#ifndef DAEMON_ANSWERS_H
#define DAEMON_ANSWERS_H

#include "base/buffer.h"

/* For net_http; `ctx` is the struct hl7noted. */
int answers_give(void *ctx, struct span path, struct buffer *body, const char **type);

#endif
