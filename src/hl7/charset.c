/* SPDX-License-Identifier: MIT */
/*
 * Names are compared without case, blanks and punctuation, since senders write
 * "8859/1", "ISO8859_1" and "ISO-8859-1" for the same thing.
 */
#include "hl7/charset.h"

#include "base/ascii.h"
#include "base/utf8.h"

enum { MOST_NAME = 24 };

struct name {
	const char *text;
	enum hl7_charset set;
};

/* clang-format off */
static const struct name names[] = {
	{ "", HL7_CHARSET_ASCII },          { "ASCII", HL7_CHARSET_ASCII },
	{ "USASCII", HL7_CHARSET_ASCII },   { "ISOIR6", HL7_CHARSET_ASCII },
	{ "UNICODEUTF8", HL7_CHARSET_UTF8 },{ "UTF8", HL7_CHARSET_UTF8 },
	{ "88591", HL7_CHARSET_8859_1 },    { "LATIN1", HL7_CHARSET_8859_1 },
	{ "88592", HL7_CHARSET_8859_2 },    { "88593", HL7_CHARSET_8859_3 },
	{ "88594", HL7_CHARSET_8859_4 },    { "88595", HL7_CHARSET_8859_5 },
	{ "88596", HL7_CHARSET_8859_6 },    { "88597", HL7_CHARSET_8859_7 },
	{ "88598", HL7_CHARSET_8859_8 },    { "88599", HL7_CHARSET_8859_9 },
	{ "885915", HL7_CHARSET_8859_15 },  { "LATIN9", HL7_CHARSET_8859_15 },
	{ "ISOIR14", HL7_CHARSET_UNSAFE },  { "ISOIR87", HL7_CHARSET_UNSAFE },
	{ "ISOIR159", HL7_CHARSET_UNSAFE }, { "GB180302000", HL7_CHARSET_UNSAFE },
	{ "KSX1001", HL7_CHARSET_UNSAFE },  { "CNS116431992", HL7_CHARSET_UNSAFE },
	{ "BIG5", HL7_CHARSET_UNSAFE },     { "UNICODE", HL7_CHARSET_UNSAFE },
	{ "GB18030", HL7_CHARSET_UNSAFE },  { "GBK", HL7_CHARSET_UNSAFE },
	{ "ISOIR13", HL7_CHARSET_UNSAFE },
	{ "SHIFTJIS", HL7_CHARSET_UNSAFE }, { "SJIS", HL7_CHARSET_UNSAFE },
	{ "UTF7", HL7_CHARSET_UNSAFE },     { "GB2312", HL7_CHARSET_UNSAFE },
	{ "CP932", HL7_CHARSET_UNSAFE },    { "MS932", HL7_CHARSET_UNSAFE },
	{ "WINDOWS31J", HL7_CHARSET_UNSAFE },{ "WINDOWS932", HL7_CHARSET_UNSAFE },
	{ "CP936", HL7_CHARSET_UNSAFE },    { "MS936", HL7_CHARSET_UNSAFE },
	{ "CP950", HL7_CHARSET_UNSAFE },    { "MS950", HL7_CHARSET_UNSAFE },
	{ "BIG5HKSCS", HL7_CHARSET_UNSAFE },{ "HZGB2312", HL7_CHARSET_UNSAFE },
	{ "JOHAB", HL7_CHARSET_UNSAFE },    { "UTF16LE", HL7_CHARSET_UNSAFE },
	{ "UTF16BE", HL7_CHARSET_UNSAFE },
	{ "UNICODEUTF16", HL7_CHARSET_UNSAFE }, { "UNICODEUTF32", HL7_CHARSET_UNSAFE },
	{ "UTF16", HL7_CHARSET_UNSAFE },    { "UTF32", HL7_CHARSET_UNSAFE },
};
/* clang-format on */

/* Letters and digits of the name alone; false when there are more than any name has. */
static bool
squeeze(struct span s, char *to)
{
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++) {
		if (!ascii_is_letter(s.ptr[i]) && !ascii_is_digit(s.ptr[i]))
			continue;
		if (n == MOST_NAME)
			return false;
		to[n++] = ascii_upper(s.ptr[i]);
	}
	to[n] = '\0';
	return true;
}

static enum hl7_charset
find_set(struct span repetition)
{
	char name[MOST_NAME + 1];

	if (!squeeze(repetition, name))
		return HL7_CHARSET_UNKNOWN;
	if (strncmp(name, "ISO2022", 7) == 0) /* JP, KR, CN, and DICOM's "ISO 2022 IR 87" */
		return HL7_CHARSET_UNSAFE;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i].text) == 0 ||
		    (strncmp(name, "ISO", 3) == 0 && strcmp(name + 3, names[i].text) == 0 &&
			name[3]))
			return names[i].set;
	}
	return HL7_CHARSET_UNKNOWN;
}

enum hl7_charset
hl7_charset_read(struct span msh18, char repetition)
{
	struct span rest = { 0 };
	enum hl7_charset set, later;

	if (!msh18.len) /* as mostly */
		return HL7_CHARSET_ASCII;
	set = find_set(repetition ? span_cut(msh18, repetition, &rest) : msh18);
	while (rest.ptr) {
		later = find_set(span_cut(rest, repetition, &rest));
		/* these come last: the greater one is the less safe one */
		if (later >= HL7_CHARSET_UNKNOWN && later > set)
			set = later;
	}
	return set;
}

bool
hl7_is_ascii(struct span s)
{
	uint64_t high = 0, word;
	size_t i = 0;

	for (; i + sizeof(word) <= s.len; i += sizeof(word)) {
		memcpy(&word, s.ptr + i, sizeof(word));
		high |= word;
	}
	for (; i < s.len; i++)
		high |= (uint64_t)((unsigned char)s.ptr[i] & 0x80);
	return !(high & 0x8080808080808080u);
}

/* ---- writing ---------------------------------------------------------------------------- */

/* Latin-9 differs from Latin-1 at eight places. */
static int
latin9(uint32_t c)
{
	static const struct {
		uint32_t character;
		int byte;
	} places[] = { { 0x20ac, 0xa4 }, { 0x160, 0xa6 }, { 0x161, 0xa8 }, { 0x17d, 0xb4 },
		{ 0x17e, 0xb8 }, { 0x152, 0xbc }, { 0x153, 0xbd }, { 0x178, 0xbe } };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (c == places[i].character)
			return places[i].byte;
		if (c == (uint32_t)places[i].byte)
			return -1;
	}
	return c < 0x100 ? (int)c : -1;
}

/* The byte for a character, -1 when the set has none that we know. */
static int
byte_for(enum hl7_charset set, uint32_t c)
{
	if (c < 0x80)
		return (int)c;
	if (set == HL7_CHARSET_8859_1)
		return c >= 0xa0 && c < 0x100 ? (int)c : -1;
	return set == HL7_CHARSET_8859_15 && c >= 0xa0 ? latin9(c) : -1;
}

static bool
is_byte(enum hl7_charset set, uint32_t c, char byte)
{
	int want = byte_for(set, c);
	char made = (char)want;

	return want >= 0 && span_eq_nocase(span_of(&made, 1), span_of(&byte, 1));
}

bool
hl7_charset_is(enum hl7_charset set, struct span utf8, struct span text)
{
	size_t at = 0, len;
	uint32_t c;

	if (set != HL7_CHARSET_8859_1 && set != HL7_CHARSET_8859_15)
		return span_eq_nocase(utf8, text);
	for (; utf8.len; utf8 = span_tail(utf8, len), at++) {
		len = utf8_read(utf8, &c);
		if (!len || at == text.len || !is_byte(set, c, text.ptr[at]))
			return false;
	}
	return at == text.len;
}

static bool
encode(enum hl7_charset set, struct span utf8, struct buffer *out)
{
	struct span rest = utf8;
	uint32_t c;

	while (rest.len) {
		size_t len = utf8_read(rest, &c);
		int byte = 0;

		if (!len || (set != HL7_CHARSET_UTF8 && (byte = byte_for(set, c)) < 0))
			return false;
		if (set != HL7_CHARSET_UTF8)
			buffer_append_char(out, (char)byte);
		rest = span_tail(rest, len);
	}
	if (set == HL7_CHARSET_UTF8)
		buffer_append(out, utf8);
	return !out->failed;
}

bool
hl7_charset_encode(enum hl7_charset set, struct span utf8, struct buffer *out)
{
	size_t before = out->end - out->start;
	bool ok = encode(set, utf8, out);

	if (!ok)
		out->end = out->start + before;
	return ok;
}
