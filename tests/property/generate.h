/* SPDX-License-Identifier: MIT */
/*
 * property/generate.h - odd messages, the same ones for the same seed
 *
 * What real senders do and worse: every delimiter another one, or missing, or
 * twice; CR, LF, CRLF and mixtures; blank, indented and continued lines; segments
 * that end early; batches; escapes; NUL and other bytes of chance.  Among the
 * results are B2M and its companions with values, units, ranges, flags and
 * statuses good and bad, so that a fair share is annotated.
 */
#ifndef PROPERTY_GENERATE_H
#define PROPERTY_GENERATE_H

#include "base/buffer.h"
#include "support/random.h"

/* Appends one message, several, or a batch. */
void generate_stream(struct random *r, struct buffer *out);

#endif
