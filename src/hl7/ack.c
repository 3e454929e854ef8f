/* SPDX-License-Identifier: MIT */
/*
 * What is copied from the request is bytes of a stranger, set between our own
 * segments: a line end inside a field (it can be there when lines of text follow
 * the MSH) would begin a segment, and an 0x1C before our CR would end the frame.
 * So a field is copied up to the first such byte.
 *
 * Where the request's delimiters are ambiguous its MSH-1 and MSH-2 are repeated all
 * the same, since a peer that sent them reads with them, but nothing of ours is
 * divided by them.  A separator that frames are made with is answered with the usual one.
 */
#include "hl7/ack.h"

#include "hl7/charset.h"
#include "hl7/escape.h"

/* For a request without an MSH: what every parser needs to read the answer at all. */
static const struct hl7_delims usual = { '|', '^', '~', '\\', '&', 0 };
static const struct span usual_processing = { "P", 1 }, usual_version = { "2.5.1", 5 };

struct answer {
	const struct hl7_ack *ack;
	struct hl7_delims delims;
	bool divides; /* components may be written */
	bool ascii;   /* the request's MSH is */
	struct span msh[HL7_HEADER + 1];
	unsigned version; /* 5 for "2.5.1"; 0: not known */
	struct buffer *out;
};

/* ---- the request -------------------------------------------------------------------------- */

/* What a field must not bring along. */
static bool
is_copyable(struct span header)
{
	return !memchr(header.ptr, '\r', header.len) && !memchr(header.ptr, '\n', header.len) &&
	       !memchr(header.ptr, '\x0b', header.len) && !memchr(header.ptr, '\x1c', header.len);
}

static struct span
copyable(struct span field)
{
	for (size_t i = 0; i < field.len; i++)
		if (memchr("\r\n\x0b\x1c", field.ptr[i], 4))
			return span_head(field, i);
	return field;
}

/* "2.5.1", "2.5", "2.5^DEU": the digits behind "2." */
static unsigned
read_version(struct span msh12)
{
	unsigned n = 0;

	if (msh12.len < 3 || memcmp(msh12.ptr, "2.", 2) != 0)
		return 0;
	for (size_t i = 2; i < msh12.len && i < 5; i++) {
		if (msh12.ptr[i] < '0' || msh12.ptr[i] > '9')
			break;
		n = n * 10 + (unsigned)(msh12.ptr[i] - '0');
	}
	return n;
}

/* Dividing by 0x1C would end the answer's frame where an empty field ends its segment. */
static bool
can_divide(char c)
{
	return c != '\x0b' && c != '\x1c';
}

static void
read_fields(struct answer *a, const struct hl7_message *request)
{
	const struct span header = hl7_segment_text(request, request->segments);
	const bool all = is_copyable(header);

	for (unsigned i = 2; i <= HL7_HEADER; i++) {
		a->msh[i] = hl7_header(request, i);
		if (!all)
			a->msh[i] = copyable(a->msh[i]);
	}
	a->ascii = hl7_is_ascii(header);
}

static void
read_request(struct answer *a, const struct hl7_message *request)
{
	if (request->count == 0 || !can_divide(request->delims.field)) {
		a->delims = usual;
		a->divides = a->ascii = true;
		a->msh[2] = SPAN("^~\\&");
		a->msh[11] = usual_processing;
		a->msh[12] = usual_version;
	} else {
		a->delims = request->delims;
		read_fields(a, request);
		a->divides = hl7_delims_usable(&a->delims, a->msh[2]) &&
			     can_divide(a->delims.component) && can_divide(a->delims.subcomponent);
	}
	a->version = read_version(a->msh[12]);
}

bool
hl7_ack_is_enhanced(const struct hl7_message *request)
{
	struct span asked = span_trim(hl7_header(request, 15));

	return asked.len > 0 && !hl7_is_delete(asked);
}

/* ---- pieces ------------------------------------------------------------------------------- */

static void
put(struct answer *a, struct span s)
{
	buffer_append(a->out, s);
}

static void
put_field(struct answer *a, struct span s)
{
	char *room = buffer_reserve(a->out, 1 + s.len);

	if (!room)
		return;
	*room = a->delims.field;
	if (s.len)
		memcpy(room + 1, s.ptr, s.len);
	buffer_filled(a->out, 1 + s.len);
}

static void
put_empty(struct answer *a, unsigned count)
{
	while (count-- > 0)
		buffer_append_char(a->out, a->delims.field);
}

/* Our words, with escapes; where these are not to be had, with blanks for what cannot stand. */
static void
put_text(struct answer *a, const char *text)
{
	struct span s = span_str(text);

	if (a->out->failed || (a->divides && hl7_escape(&a->delims, s, a->out)))
		return;
	for (size_t i = 0; i < s.len; i++) {
		bool fits = s.ptr[i] >= ' ' && !hl7_delims_has(&a->delims, s.ptr[i]);

		buffer_append_char(a->out, fits ? s.ptr[i] : ' ');
	}
}

static void
put_number(struct answer *a, unsigned n)
{
	buffer_printf(a->out, "%u", n);
}

/* ---- MSH and MSA -------------------------------------------------------------------------- */

/* From 2.4 on the structure is named; a request without an event gets no structure either. */
static void
put_type(struct answer *a)
{
	struct span event = hl7_component(&a->delims, a->msh[9], 2);

	put_field(a, SPAN("ACK"));
	if (a->version < 4 || !a->divides || event.len == 0)
		return;
	buffer_append_char(a->out, a->delims.component);
	put(a, event);
	buffer_append_char(a->out, a->delims.component);
	put(a, SPAN("ACK"));
}

/* The fields we copy are in the request's character set, which matters only beyond ASCII. */
static bool
needs_charset(const struct answer *a)
{
	for (unsigned i = 3; i <= 10 && !a->ascii; i++)
		if (!hl7_is_ascii(a->msh[i]))
			return a->msh[18].len > 0;
	return false;
}

static void
put_msh(struct answer *a)
{
	put(a, SPAN("MSH"));
	put_field(a, a->msh[2]);
	put_field(a, a->msh[5]);
	put_field(a, a->msh[6]);
	put_field(a, a->msh[3]);
	put_field(a, a->msh[4]);
	put_field(a, span_str(a->ack->time));
	put_empty(a, 1);
	put_type(a);
	put_field(a, span_str(a->ack->id));
	put_field(a, a->msh[11]);
	put_field(a, a->msh[12]);
	if (needs_charset(a)) {
		put_empty(a, 5);
		put_field(a, a->msh[18]);
	}
	put(a, SPAN("\r"));
}

struct span
hl7_ack_word(const struct hl7_ack *ack)
{
	static const char codes[][2][3] = {
		[HL7_ACK_ACCEPT] = { "AA", "CA" },
		[HL7_ACK_ERROR] = { "AE", "CE" },
		[HL7_ACK_REJECT] = { "AR", "CR" },
	};

	return span_str(codes[ack->code][ack->commit]);
}

/* MSA-3 was withdrawn with 2.7, where the text has its place in ERR alone. */
static void
put_msa(struct answer *a)
{
	put(a, SPAN("MSA"));
	put_field(a, hl7_ack_word(a->ack));
	put_field(a, a->msh[10]);
	if (a->ack->text && (a->version < 7 || a->ack->error == 0)) {
		put_empty(a, 1);
		put_text(a, a->ack->text);
	}
	put(a, SPAN("\r"));
}

/* ---- ERR ---------------------------------------------------------------------------------- */

/* HL70357 */
static const char *
error_name(unsigned code)
{
	static const struct {
		unsigned code;
		const char *name;
	} names[] = {
		{ 100, "Segment sequence error" },
		{ 101, "Required field missing" },
		{ 102, "Data type error" },
		{ 103, "Table value not found" },
		{ 104, "Value too long" },
		{ 200, "Unsupported message type" },
		{ 201, "Unsupported event code" },
		{ 202, "Unsupported processing ID" },
		{ 203, "Unsupported version ID" },
		{ 204, "Unknown key identifier" },
		{ 205, "Duplicate key identifier" },
		{ 206, "Application record locked" },
		{ 207, "Application internal error" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (names[i].code == code)
			return names[i].name;
	return "";
}

/* The parts of a place that are known, up to `most` numbers behind the segment's ID; what is
 * unknown in between stays empty. */
static unsigned
put_place(struct answer *a, unsigned most)
{
	const struct diag *d = &a->ack->where;
	const unsigned parts[] = { d->at.sequence, d->at.field, d->at.repetition, d->at.component,
		d->at.subcomponent };
	unsigned known = 0, written = 0;

	if (!d->at.segment[0])
		return 0;
	put(a, span_str(d->at.segment));
	for (unsigned i = 0; i < most; i++)
		known = parts[i] ? i + 1 : known;
	for (; written < known; written++) {
		buffer_append_char(a->out, a->delims.component);
		if (parts[written])
			put_number(a, parts[written]);
	}
	return written;
}

static void
put_code(struct answer *a, char divider)
{
	put_number(a, a->ack->error);
	if (!divider || !a->divides)
		return;
	buffer_append_char(a->out, divider);
	put_text(a, error_name(a->ack->error));
	buffer_append_char(a->out, divider);
	put(a, SPAN("HL70357"));
}

/* Up to 2.4: one field, segment ^ sequence ^ field ^ code & text & table. */
static void
put_err_old(struct answer *a)
{
	unsigned written;

	put_empty(a, 1);
	if (!a->divides) {
		put_number(a, a->ack->error);
		return;
	}
	for (written = put_place(a, 2); written < 3; written++)
		buffer_append_char(a->out, a->delims.component);
	put_code(a, a->delims.subcomponent);
}

/* From 2.5 on: ERR-2 place, ERR-3 code, ERR-4 severity, ERR-8 text for people. */
static void
put_err_new(struct answer *a)
{
	put_empty(a, 2);
	if (a->divides)
		put_place(a, 5);
	put_empty(a, 1);
	put_code(a, a->delims.component);
	put_field(a, SPAN("E"));
	if (a->ack->text) {
		put_empty(a, 4);
		put_text(a, a->ack->text);
	}
}

static void
put_err(struct answer *a)
{
	if (a->ack->error == 0)
		return;
	put(a, SPAN("ERR"));
	if (a->version >= 5)
		put_err_new(a);
	else
		put_err_old(a);
	put(a, SPAN("\r"));
}

void
hl7_ack_write(const struct hl7_message *request, const struct hl7_ack *ack, struct buffer *out)
{
	struct answer a = { .ack = ack, .out = out };

	read_request(&a, request);
	put_msh(&a);
	put_msa(&a);
	put_err(&a);
}
