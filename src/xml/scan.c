/* SPDX-License-Identifier: MIT */
/*
 * xml/scan.c - from tag to tag, counting
 *
 * Lengths are those of the file's own bytes: &amp; counts as five.  That is never
 * less than what the parser makes of it, so the parser needs no caps of its own.
 * Blanks between tags count only for themselves, or a long list of short elements
 * would be too much text for its parent.
 */
#include "xml/scan.h"

#include "xml/bytes.h"
#include "xml/place.h"
#include "xml/xml.h"

struct scan {
	struct span bytes, body;
	size_t at; /* in body */
	unsigned depth, elements;
	size_t text[XML_MOST_DEPTH + 1]; /* so far, directly in the element of that depth */
	size_t run;                      /* where the text since the last tag began */
	struct faults *faults;
};

enum scan_result {
	SCAN_ON,
	SCAN_LEAVE,  /* the end, or nothing that makes sense: the parser's business */
	SCAN_REFUSE, /* a fault was added */
};

static struct fault_place
scan_place(const struct scan *s, size_t at)
{
	struct place_walk walk = place_walk_of(s->bytes);

	return place_at(&walk, (size_t)(s->body.ptr - s->bytes.ptr) + at);
}

/* ---- text -------------------------------------------------------------------- */

static enum scan_result
too_much_text(const struct scan *s)
{
	faults_add(s->faults, scan_place(s, s->run), "shorten it",
	    "more than %d KiB of text in one element", XML_MOST_TEXT >> 10);
	return SCAN_REFUSE;
}

/* Text up to the next `<`, of which at most one byte too many is looked at. */
static enum scan_result
scan_text(struct scan *s)
{
	struct span window = span_head(span_tail(s->body, s->at), XML_MOST_TEXT + 1);
	const char *tag = memchr(window.ptr, '<', window.len);
	size_t len = tag ? (size_t)(tag - window.ptr) : window.len;
	struct span text = span_head(window, len);

	s->run = s->at;
	s->at += len;
	if (len > XML_MOST_TEXT)
		return too_much_text(s);
	if (xml_trim(text).len > 0)
		s->text[s->depth] += len;
	if (s->text[s->depth] > XML_MOST_TEXT)
		return too_much_text(s);
	return s->at == s->body.len ? SCAN_LEAVE : SCAN_ON;
}

static enum scan_result
scan_cdata(struct scan *s)
{
	size_t from = s->at + 9;
	size_t end = xml_bytes_find(s->body, from, SPAN("]]>"));

	if (end == s->body.len)
		return SCAN_LEAVE;
	s->run = s->at;
	s->at = end + 3;
	s->text[s->depth] += end - from;
	return s->text[s->depth] > XML_MOST_TEXT ? too_much_text(s) : SCAN_ON;
}

/* ---- tags -------------------------------------------------------------------- */

static enum scan_result
scan_past(struct scan *s, size_t from, struct span end)
{
	size_t at = xml_bytes_find(s->body, s->at + from, end);

	if (at == s->body.len)
		return SCAN_LEAVE;
	s->at = at + end.len;
	return SCAN_ON;
}

static enum scan_result
scan_end_tag(struct scan *s)
{
	if (s->depth == 0)
		return SCAN_LEAVE;
	s->depth--;
	return scan_past(s, 2, SPAN(">"));
}

/* Moves *at behind the value that begins there with its quote. */
static enum scan_result
scan_value(const struct scan *s, size_t *at, unsigned number)
{
	struct span window = span_head(span_tail(s->body, *at + 1), XML_MOST_TEXT + 1);
	const char *end = memchr(window.ptr, s->body.ptr[*at], window.len);

	if (number > XML_MOST_ATTRIBUTES) {
		faults_add(s->faults, scan_place(s, *at), "remove some",
		    "more than %d attributes in one element", XML_MOST_ATTRIBUTES);
		return SCAN_REFUSE;
	}
	if (end == NULL && window.len > XML_MOST_TEXT) {
		faults_add(s->faults, scan_place(s, *at), "is its closing quote missing?",
		    "an attribute of more than %d KiB", XML_MOST_TEXT >> 10);
		return SCAN_REFUSE;
	}
	if (end == NULL)
		return SCAN_LEAVE;
	*at += (size_t)(end - window.ptr) + 2;
	return SCAN_ON;
}

static enum scan_result
scan_open(struct scan *s, size_t end)
{
	bool empty = s->body.ptr[end - 1] == '/';

	if (s->depth == XML_MOST_DEPTH) {
		faults_add(s->faults, scan_place(s, s->at), "are some of them not closed?",
		    "elements are nested deeper than %d", XML_MOST_DEPTH);
		return SCAN_REFUSE;
	}
	if (s->elements++ == XML_MOST_ELEMENTS) {
		faults_add(s->faults, scan_place(s, s->at), "split it into several files",
		    "more than %d elements", XML_MOST_ELEMENTS);
		return SCAN_REFUSE;
	}
	if (!empty)
		s->text[++s->depth] = 0;
	s->at = end + 1;
	return SCAN_ON;
}

static enum scan_result
scan_start_tag(struct scan *s)
{
	size_t at = s->at + 1;
	unsigned attributes = 0;

	while (at < s->body.len) {
		char c = s->body.ptr[at];
		enum scan_result result = SCAN_ON;

		if (c == '>')
			return scan_open(s, at);
		if (c == '<')
			return SCAN_LEAVE;
		if (c == '"' || c == '\'')
			result = scan_value(s, &at, ++attributes);
		else
			at++;
		if (result != SCAN_ON)
			return result;
	}
	return SCAN_LEAVE;
}

static enum scan_result
scan_doctype(const struct scan *s)
{
	faults_add(s->faults, scan_place(s, s->at), "remove the DOCTYPE, and write entities out",
	    "a document type definition is not accepted");
	return SCAN_REFUSE;
}

static enum scan_result
scan_markup(struct scan *s)
{
	if (xml_bytes_at(s->body, s->at, SPAN("</")))
		return scan_end_tag(s);
	if (xml_bytes_at(s->body, s->at, SPAN("<?")))
		return scan_past(s, 2, SPAN("?>"));
	if (xml_bytes_at(s->body, s->at, SPAN("<!--")))
		return scan_past(s, 4, SPAN("-->"));
	if (xml_bytes_at(s->body, s->at, SPAN("<![CDATA[")))
		return scan_cdata(s);
	if (xml_bytes_at(s->body, s->at, SPAN("<!DOCTYPE")))
		return scan_doctype(s);
	if (xml_bytes_at(s->body, s->at, SPAN("<!")))
		return SCAN_LEAVE;
	return scan_start_tag(s);
}

bool
xml_scan(struct span bytes, struct span body, struct faults *faults)
{
	struct scan s = { .bytes = bytes, .body = body, .faults = faults };
	enum scan_result result = SCAN_ON;

	while (result == SCAN_ON && s.at < s.body.len) {
		result = scan_text(&s);
		if (result == SCAN_ON)
			result = scan_markup(&s);
	}
	return result != SCAN_REFUSE;
}
