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

/*
 * How many known words begin with an abbreviated one?  They are named in `text`, each behind two
 * dashes, as far as there is room.
 */
size_t nearest_begun(
    struct span word, const char *const *known, size_t count, char *text, size_t size);

#endif
