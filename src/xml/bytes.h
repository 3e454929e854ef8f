/* SPDX-License-Identifier: MIT */
/*
 * xml/bytes.h - is this a file of UTF-8 at all?
 *
 * Asked before the parser sees the first byte, because what a parser says about
 * a file in the wrong encoding helps nobody.
 */
#ifndef XML_BYTES_H
#define XML_BYTES_H

#include "base/faults.h"
#include "base/span.h"

/*
 * True when `bytes` are UTF-8 (US-ASCII is) and say nothing else about themselves;
 * *ret_body is then what follows a byte order mark.  Otherwise one fault.
 */
bool xml_bytes_check(struct span bytes, struct span *ret_body, struct faults *faults);

/* What XML calls white space. */
static inline bool
xml_is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without the blanks around it, line ends included. */
struct span xml_trim(struct span s);

/* The bytes from `from` on begin with `literal`. */
bool xml_bytes_at(struct span bytes, size_t from, struct span literal);
/* Offset of the first `literal` at or behind `from`; bytes.len when there is none. */
size_t xml_bytes_find(struct span bytes, size_t from, struct span literal);

#endif
