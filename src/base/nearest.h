/* SPDX-License-Identifier: MIT */
/*
 * base/nearest.h - what somebody who mistyped a word may have meant
 */
#ifndef BASE_NEAREST_H
#define BASE_NEAREST_H

#include <stddef.h>

#include "base/span.h"

/*
 * The known word nearest to a misspelt one, or NULL when none is near
 * (edit distance at most 2, and less than half the word).
 */
const char *nearest_word(struct span word, const char *const *known, size_t count);

#endif
