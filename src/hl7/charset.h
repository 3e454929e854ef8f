/* SPDX-License-Identifier: MIT */
/*
 * hl7/charset.h - what MSH-18 says about the bytes
 *
 * The first repetition is the set of the whole message; a later one is switched to
 * within it, by escapes that our index does not follow.  Safe are the sets whose
 * bytes below 0x80 are always ASCII.  In the others a trail byte can look like a
 * delimiter, so messages that name one anywhere pass without annotation.  One that we
 * do not know may be of these, wherever it is named.
 */
#ifndef HL7_CHARSET_H
#define HL7_CHARSET_H

#include "base/buffer.h"

enum hl7_charset {
	HL7_CHARSET_ASCII, /* also when MSH-18 is empty */
	HL7_CHARSET_UTF8,
	HL7_CHARSET_8859_1, /* 8859/1 ... 8859/9 follow each other */
	HL7_CHARSET_8859_2,
	HL7_CHARSET_8859_3,
	HL7_CHARSET_8859_4,
	HL7_CHARSET_8859_5,
	HL7_CHARSET_8859_6,
	HL7_CHARSET_8859_7,
	HL7_CHARSET_8859_8,
	HL7_CHARSET_8859_9,
	HL7_CHARSET_8859_15,
	HL7_CHARSET_UNKNOWN, /* a name we do not know: safe only where all bytes are ASCII */
	HL7_CHARSET_UNSAFE,  /* BIG-5, GB 18030, ISO IR, UTF-16, ... */
};

/* From the whole field MSH-18.  Spellings such as "ISO8859_1" and "UTF-8" are known. */
enum hl7_charset hl7_charset_read(struct span msh18, char repetition);
/* Append UTF-8 text in that set; false, with nothing appended, when it has no such character.
 * ASCII always works; 8859/1 and 8859/15 know Latin letters, the others ASCII only. */
bool hl7_charset_encode(enum hl7_charset set, struct span utf8, struct buffer *out);
/* Is the text, in that set, the same?  Letters of ASCII are compared without case. */
bool hl7_charset_is(enum hl7_charset set, struct span utf8, struct span text);
bool hl7_is_ascii(struct span s);

#endif
