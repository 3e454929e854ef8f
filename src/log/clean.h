/* SPDX-License-Identifier: MIT */
/*
 * log/clean.h - a text that cannot leave its line
 *
 * What a peer sends may hold anything.  What comes out is printable UTF-8: no
 * control characters (of ASCII or Unicode), no line separators, nothing that turns
 * the direction of writing; each such character, and each byte that is not UTF-8,
 * becomes one '?'.
 */
#ifndef LOG_CLEAN_H
#define LOG_CLEAN_H

#include "base/span.h"

/* How many bytes one character of the result can take. */
enum { LOG_CLEAN_WIDEST = 4 };

/*
 * At most `most` characters of `text`; with `escape`, quotes and backslashes get a
 * backslash, which does not count.  `to` has room for `most` times the widest.
 * Returns the end of what was written.
 */
char *log_clean(char *to, struct span text, size_t most, bool escape);
/* Does it need quotes in logfmt: is there anything but plain letters, digits and marks? */
bool log_needs_quotes(struct span text);

#endif
