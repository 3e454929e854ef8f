/* SPDX-License-Identifier: MIT */
/*
 * mapping/describe.h - a condition in a few words, for people
 */
#ifndef MAPPING_DESCRIBE_H
#define MAPPING_DESCRIBE_H

#include "base/buffer.h"
#include "mapping/mapping.h"

/* "egfr below 60", "all of (value at least 3.5, not fired S03)" */
void expr_describe(const struct expr *e, struct buffer *out);

#endif
