/* SPDX-License-Identifier: MIT */
/*
 * xml/bytes.c - size, byte order marks, the declared encoding, and UTF-8 itself
 *
 * Only the declaration's `encoding` is read here; whether the declaration is
 * well-formed is the parser's business.
 */
#include "xml/bytes.h"

#include <stdint.h>

#include "base/utf8.h"
#include "xml/place.h"
#include "xml/xml.h"

static const char save_as[] = "save the file as UTF-8";

struct span
xml_trim(struct span s)
{
	while (s.len > 0 && xml_is_blank(s.ptr[0]))
		s = span_tail(s, 1);
	while (s.len > 0 && xml_is_blank(s.ptr[s.len - 1]))
		s.len--;
	return s;
}

bool
xml_bytes_at(struct span bytes, size_t from, struct span literal)
{
	return span_eq(span_head(span_tail(bytes, from), literal.len), literal);
}

size_t
xml_bytes_find(struct span bytes, size_t from, struct span literal)
{
	while (from < bytes.len) {
		const char *hit = memchr(bytes.ptr + from, literal.ptr[0], bytes.len - from);

		if (hit == NULL)
			break;
		from = (size_t)(hit - bytes.ptr);
		if (xml_bytes_at(bytes, from, literal))
			return from;
		from++;
	}
	return bytes.len;
}

/* ---- UTF-8 ------------------------------------------------------------------- */

/* The next eight bytes are all ASCII, and none of them is NUL. */
static bool
plain_word(const unsigned char *p)
{
	uint64_t word;

	memcpy(&word, p, sizeof(word));
	return ((word | (word - UINT64_C(0x0101010101010101))) & UINT64_C(0x8080808080808080)) == 0;
}

/* Offset of the first byte that is NUL or no UTF-8; bytes.len when all is well. */
static size_t
first_bad(struct span bytes)
{
	const unsigned char *p = (const unsigned char *)bytes.ptr;
	size_t at = 0;

	while (at < bytes.len) {
		size_t length;

		if (bytes.len - at >= 8 && plain_word(p + at)) {
			at += 8;
			continue;
		}
		length = p[at] == 0 ? 0 : utf8_length(span_tail(bytes, at));
		if (length == 0)
			return at;
		at += length;
	}
	return at;
}

/* ---- the declaration --------------------------------------------------------- */

/* The quoted value of `encoding` in <?xml ... ?>; ptr NULL when there is none. */
static struct span
declared_encoding(struct span body)
{
	struct span declaration, value;
	size_t at;

	if (!xml_bytes_at(body, 0, SPAN("<?xml")) || body.len == 5 || !xml_is_blank(body.ptr[5]))
		return span_of(NULL, 0);
	declaration = span_head(body, xml_bytes_find(body, 0, SPAN("?>")));
	at = xml_bytes_find(declaration, 0, SPAN("encoding"));
	if (at == declaration.len)
		return span_of(NULL, 0);
	value = span_tail(declaration, at + 8);
	while (value.len > 0 && (xml_is_blank(*value.ptr) || *value.ptr == '='))
		value = span_tail(value, 1);
	if (value.len == 0 || (*value.ptr != '"' && *value.ptr != '\''))
		return span_of(NULL, 0);
	at = xml_bytes_find(value, 1, span_of(value.ptr, 1));
	return span_of(value.ptr + 1, at - 1);
}

static bool
encoding_is_ours(struct span encoding)
{
	return encoding.ptr == NULL || span_eq_nocase(encoding, SPAN("UTF-8")) ||
	       span_eq_nocase(encoding, SPAN("US-ASCII")) ||
	       span_eq_nocase(encoding, SPAN("ASCII"));
}

/* ---- all of it --------------------------------------------------------------- */

static bool
looks_like_utf16(struct span bytes)
{
	return xml_bytes_at(bytes, 0, SPAN("\xff\xfe")) ||
	       xml_bytes_at(bytes, 0, SPAN("\xfe\xff")) || xml_bytes_at(bytes, 0, SPAN("<\0")) ||
	       xml_bytes_at(bytes, 0, SPAN("\0<"));
}

static bool
check_kind(struct span bytes, struct faults *faults)
{
	const struct fault_place top = { 1, 1 };

	if (bytes.len == 0)
		faults_add(faults, top, "is it the right one?", "the file is empty");
	else if (bytes.len > XML_MOST_BYTES)
		faults_add(faults, top, "split it into several files",
		    "the file is larger than %d MiB", XML_MOST_BYTES >> 20);
	else if (looks_like_utf16(bytes))
		faults_add(faults, top, save_as, "the file is UTF-16 or UTF-32, not UTF-8");
	else
		return true;
	return false;
}

static bool
check_encoding(struct span bytes, struct span body, struct faults *faults)
{
	struct place_walk walk = place_walk_of(bytes);
	struct span encoding = declared_encoding(body);

	if (encoding_is_ours(encoding))
		return true;
	faults_add(faults, place_at(&walk, (size_t)(encoding.ptr - bytes.ptr)),
	    "save the file as UTF-8, and say so or nothing in its first line",
	    "the encoding is \"%.*s\", not UTF-8", (int)(encoding.len < 40 ? encoding.len : 40),
	    encoding.ptr);
	return false;
}

bool
xml_bytes_check(struct span bytes, struct span *ret_body, struct faults *faults)
{
	struct place_walk walk = place_walk_of(bytes);
	struct span body;
	size_t bad;

	if (!check_kind(bytes, faults))
		return false;
	body = span_tail(bytes, xml_bytes_at(bytes, 0, SPAN("\xef\xbb\xbf")) ? 3 : 0);
	if (!check_encoding(bytes, body, faults))
		return false;
	bad = first_bad(bytes);
	if (bad < bytes.len) {
		unsigned char byte = (unsigned char)bytes.ptr[bad];

		if (byte == 0)
			faults_add(faults, place_at(&walk, bad), save_as, "a NUL byte");
		else
			faults_add(faults, place_at(&walk, bad), save_as,
			    "byte 0x%02X is not UTF-8; the file may be Latin-1", byte);
		return false;
	}
	if (body.len == 0)
		faults_add(faults, place_at(&walk, 0), "is it the right one?", "the file is empty");
	*ret_body = body;
	return body.len > 0;
}
