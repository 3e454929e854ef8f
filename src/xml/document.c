/* SPDX-License-Identifier: MIT */
/*
 * xml/document.c - from bytes to a tree, through libxml2's SAX
 *
 * When libxml2 reports a start tag it stands right behind its attributes.  No
 * `<` can stand inside a well-formed tag, so the tag's own is the last one before
 * that point, and its attributes follow in the order they are reported.  That
 * gives exact places without a position kept by libxml2 for every node.
 */
#include "xml/document.h"

#include <stdint.h>
#include <stdlib.h>

#include <libxml/parserInternals.h>

#include "xml/bytes.h"
#include "xml/complaint.h"
#include "xml/place.h"
#include "xml/scan.h"

struct build {
	xmlParserCtxtPtr parser;
	struct span bytes, body, ns;
	struct place_walk walk;
	struct arena *arena;
	struct faults *faults;
	bool failed;  /* a fault was added */
	bool stopped; /* and the parser halted: all it says from then on is noise */

	struct xml_element *root;
	struct xml_element *open[XML_MOST_DEPTH + 1]; /* the root is open[1] */
	struct xml_element *last[XML_MOST_DEPTH + 1]; /* newest child of open[] */
	unsigned depth;
	unsigned foreign; /* depth below an element that is not ours */

	size_t tag_end; /* in the file: behind the last tag */
	struct text {
		size_t len, run; /* the text since the last tag begins at run */
		/* What the scan lets pass: what counts, and blanks that may not. */
		char bytes[2 * XML_MOST_TEXT];
	} text[XML_MOST_DEPTH + 1]; /* directly in open[] */
};

/* ---- ending early ------------------------------------------------------------ */

static void
build_stop(struct build *b)
{
	b->failed = b->stopped = true;
	xmlStopParser(b->parser);
}

static void
build_no_memory(struct build *b)
{
	if (!b->stopped)
		faults_add_no_memory(b->faults);
	build_stop(b);
}

/* Where the parser stands, in the file. */
static size_t
build_offset(const struct build *b)
{
	const xmlParserInput *in = b->parser->input;
	size_t at = in ? in->consumed + (size_t)(in->cur - in->base) : b->body.len;

	if (at > b->body.len)
		at = b->body.len;
	return (size_t)(b->body.ptr - b->bytes.ptr) + at;
}

/* ---- text -------------------------------------------------------------------- */

/* Where the text behind the last tag begins, past comments and, if asked to, past blanks. */
static size_t
text_start(const struct build *b, bool past_blanks)
{
	size_t at = b->tag_end;

	for (;;) {
		while (past_blanks && at < b->bytes.len && xml_is_blank(b->bytes.ptr[at]))
			at++;
		if (xml_bytes_at(b->bytes, at, SPAN("<!--")))
			at = xml_bytes_find(b->bytes, at + 4, SPAN("-->")) + 3;
		else if (xml_bytes_at(b->bytes, at, SPAN("<?")))
			at = xml_bytes_find(b->bytes, at + 2, SPAN("?>")) + 2;
		else
			return at;
	}
}

/* A tag ends the run of text; blanks beside a child only lay the file out. */
static void
text_end_run(struct build *b, bool has_child)
{
	struct xml_element *e = b->open[b->depth];
	struct text *t = &b->text[b->depth];
	struct span run = span_of(t->bytes + t->run, t->len - t->run);

	if (has_child && xml_trim(run).len == 0)
		t->len = t->run;
	else if (run.len > 0 && e->text_line == 0)
		e->text_line = place_at(&b->walk, text_start(b, false)).line;
	if (e->text_at.line == 0 && xml_trim(run).len > 0)
		e->text_at = place_at(&b->walk, text_start(b, true));
	t->run = t->len;
}

static void
on_text(void *user, const xmlChar *text, int len)
{
	struct build *b = user;
	struct text *t = &b->text[b->depth];

	if (b->foreign > 0 || b->depth == 0)
		return;
	/* The scan has let it pass, but blanks with comments between them add up here. */
	if ((size_t)len > sizeof(t->bytes) - t->len) {
		faults_add(b->faults, b->open[b->depth]->at, "shorten it",
		    "more than %d KiB of text in one element", XML_MOST_TEXT >> 10);
		build_stop(b);
		return;
	}
	memcpy(t->bytes + t->len, text, (size_t)len);
	t->len += (size_t)len;
}

/* ---- attributes -------------------------------------------------------------- */

/* libxml2 hands over five pointers for each attribute. */
struct sax_attribute {
	const xmlChar *name, *prefix, *uri, *value, *value_end;
};

/* The name of the next attribute at or behind *at; *at is then behind its value. */
static struct span
next_raw_attribute(struct span bytes, size_t *at)
{
	size_t start, end;

	while (*at < bytes.len && xml_is_blank(bytes.ptr[*at]))
		++*at;
	start = end = *at;
	while (end < bytes.len && bytes.ptr[end] != '=' && !xml_is_blank(bytes.ptr[end]))
		end++;
	for (*at = end; *at < bytes.len; ++*at) {
		char c = bytes.ptr[*at];

		if (c == '"' || c == '\'') {
			*at = xml_bytes_find(bytes, *at + 1, span_of(bytes.ptr + *at, 1)) + 1;
			break;
		}
	}
	return span_of(bytes.ptr + start, end - start);
}

static bool
declares_namespace(struct span name)
{
	return span_eq(name, SPAN("xmlns")) || xml_bytes_at(name, 0, SPAN("xmlns:"));
}

/* Offset of the next attribute that is not a namespace declaration. */
static size_t
next_attribute(struct span bytes, size_t *at)
{
	struct span name;

	do
		name = next_raw_attribute(bytes, at);
	while (declares_namespace(name) && name.len > 0);
	return (size_t)(name.ptr - bytes.ptr);
}

/* libxml2 hands an ampersand in an attribute over as "&#38;", ready to be parsed again. */
static struct span
without_ampersands(struct span value)
{
	const struct span written = SPAN("&#38;");
	char *to = (char *)(uintptr_t)value.ptr; /* a copy of ours, which only gets shorter */
	size_t len = 0;

	for (size_t i = 0; i < value.len; len++) {
		bool is = span_eq(span_head(span_tail(value, i), written.len), written);

		to[len] = value.ptr[i];
		i += is ? written.len : 1;
	}
	to[len] = '\0';
	return span_of(value.ptr, len);
}

static bool
attribute_fill(struct build *b, struct xml_attribute *a, const struct sax_attribute *sax)
{
	a->name = arena_copy(b->arena, span_str((const char *)sax->name));
	a->value = arena_copy(
	    b->arena, span_of((const char *)sax->value, (size_t)(sax->value_end - sax->value)));
	if (a->value.len && memchr(a->value.ptr, '&', a->value.len))
		a->value = without_ampersands(a->value);
	return a->name.ptr != NULL && a->value.ptr != NULL;
}

static void
attribute_refuse(struct build *b, struct fault_place at, const struct sax_attribute *sax)
{
	b->failed = true;
	faults_add(b->faults, at, "remove it", "attribute %.40s:%.40s is of another namespace",
	    sax->prefix ? (const char *)sax->prefix : "", (const char *)sax->name);
}

/* `at` is the offset behind the element's name. */
static bool
attributes_fill(struct build *b, struct xml_element *e, size_t at, const xmlChar **list, int count)
{
	const struct sax_attribute *sax = (const void *)list;

	e->attributes = arena_zalloc(b->arena, (size_t)count, sizeof(*e->attributes));
	if (e->attributes == NULL && count > 0)
		return false;
	for (int i = 0; i < count; i++) {
		struct xml_attribute *a = &e->attributes[e->attribute_count];

		a->at = place_at(&b->walk, next_attribute(b->bytes, &at));
		if (sax[i].uri != NULL)
			attribute_refuse(b, a->at, &sax[i]);
		else if (!attribute_fill(b, a, &sax[i]))
			return false;
		else
			e->attribute_count++;
	}
	return true;
}

/* ---- elements ---------------------------------------------------------------- */

/* Offset of the last of these characters before the place where the parser stands. */
static size_t
last_before(const struct build *b, const char *chars)
{
	size_t at = build_offset(b);

	while (at > 0 && strchr(chars, b->bytes.ptr[--at]) == NULL)
		;
	return at;
}

static void
element_link(struct build *b, struct xml_element *e)
{
	e->parent = b->open[b->depth];
	if (e->parent == NULL)
		b->root = e;
	else if (b->last[b->depth] == NULL)
		e->parent->first = e;
	else
		b->last[b->depth]->next = e;
	b->last[b->depth] = e;
	b->open[++b->depth] = e;
	b->last[b->depth] = NULL;
	b->text[b->depth].len = b->text[b->depth].run = 0;
}

static void
element_refuse(struct build *b, size_t start, const xmlChar *name)
{
	struct fault_place at = place_at(&b->walk, start);

	if (b->depth > 0) {
		b->failed = true;
		faults_add(b->faults, at, "remove it", "<%.40s> is of another namespace",
		    (const char *)name);
		b->foreign = 1;
		return;
	}
	faults_add(b->faults, at, "give it the xmlns of this kind of file, or name another file",
	    "<%.40s> is not in the namespace %.*s", (const char *)name, (int)b->ns.len, b->ns.ptr);
	build_stop(b);
}

/* The parser's table of them has only so many rows: with a million, each takes longer. */
static bool
too_many_names(struct build *b)
{
	if (b->stopped || xmlDictSize(b->parser->dict) <= XML_MOST_NAMES)
		return b->stopped;
	faults_add(b->faults, place_at(&b->walk, last_before(b, "<")),
	    "write those that the manual names", "more than %d different names", XML_MOST_NAMES);
	build_stop(b);
	return true;
}

static void
on_instruction(void *user, const xmlChar *target, const xmlChar *data)
{
	(void)target, (void)data;
	(void)too_many_names(user);
}

static void
on_start(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri, int ns_count,
    const xmlChar **ns_list, int count, int defaulted, const xmlChar **list)
{
	struct build *b = user;
	struct xml_element *e;
	size_t start, name_len = strlen((const char *)name);

	(void)ns_count, (void)ns_list, (void)defaulted;
	if (too_many_names(b))
		return;
	if (b->foreign > 0) {
		b->foreign++;
		return;
	}
	if (b->depth > 0)
		text_end_run(b, true);
	start = last_before(b, "<");
	b->tag_end = xml_bytes_find(b->bytes, build_offset(b), SPAN(">")) + 1;
	if (!span_eq(span_str((const char *)uri), b->ns)) {
		element_refuse(b, start, name);
		return;
	}
	e = b->depth < XML_MOST_DEPTH ? arena_zalloc(b->arena, 1, sizeof(*e)) : NULL;
	if (e == NULL ||
	    (e->name = arena_copy(b->arena, span_of((const char *)name, name_len))).ptr == NULL) {
		build_no_memory(b);
		return;
	}
	e->at = place_at(&b->walk, start);
	if (prefix != NULL)
		name_len += strlen((const char *)prefix) + 1;
	element_link(b, e);
	if (!attributes_fill(b, e, start + 1 + name_len, list, count))
		build_no_memory(b);
}

static void
on_end(void *user, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
	struct build *b = user;
	struct xml_element *e;
	const struct text *text;

	(void)name, (void)prefix, (void)uri;
	if (b->foreign > 0) {
		b->foreign--;
		return;
	}
	if (b->depth == 0)
		return;
	e = b->open[b->depth];
	text = &b->text[b->depth];
	text_end_run(b, e->first != NULL);
	if (text->len > 0)
		e->text = arena_copy(b->arena, span_of(text->bytes, text->len));
	if (text->len > 0 && e->text.ptr == NULL)
		build_no_memory(b);
	b->tag_end = build_offset(b);
	b->depth--;
}

/* ---- faults ------------------------------------------------------------------ */

/* The scan refuses every DOCTYPE already; this is the second lock on that door. */
static void
on_doctype(void *user, const xmlChar *name, const xmlChar *public_id, const xmlChar *system_id)
{
	struct build *b = user;

	(void)name, (void)public_id, (void)system_id;
	if (!b->stopped)
		faults_add(b->faults, place_at(&b->walk, build_offset(b)), "remove it",
		    "a document type definition is not accepted");
	build_stop(b);
}

/* Behind an instruction or a section of characters, which may hold any text; or a byte on. */
static size_t
markup_end(const struct build *b, size_t at)
{
	if (xml_bytes_at(b->bytes, at, SPAN("<?")))
		return xml_bytes_find(b->bytes, at, SPAN("?>"));
	if (xml_bytes_at(b->bytes, at, SPAN("<![CDATA[")))
		return xml_bytes_find(b->bytes, at, SPAN("]]>"));
	return at + 1;
}

/* The parser notices at the end of the file that a comment has none. */
static size_t
open_comment(const struct build *b)
{
	size_t at = 0, end = 0;

	while (end < b->bytes.len) {
		at = xml_bytes_find(b->bytes, end, SPAN("<"));
		if (xml_bytes_at(b->bytes, at, SPAN("<!--")))
			end = xml_bytes_find(b->bytes, at + 4, SPAN("-->"));
		else
			end = markup_end(b, at);
	}
	return at;
}

static size_t
error_offset(const struct build *b, const xmlError *error)
{
	const char *anchor = xml_complaint_anchor(error);

	if (error->code == XML_ERR_COMMENT_NOT_FINISHED)
		return open_comment(b);
	return *anchor ? last_before(b, anchor) : build_offset(b);
}

/* The first error tells; what follows it is mostly its consequence. */
static void
on_error(void *user, xmlErrorPtr error)
{
	struct build *b = user;

	if (error->level < XML_ERR_ERROR || b->stopped)
		return;
	if (error->code == XML_ERR_NO_MEMORY) {
		build_no_memory(b);
		return;
	}
	xml_complaint_add(error, place_at(&b->walk, error_offset(b, error)), b->faults);
	build_stop(b);
}

/* ---- the whole file ---------------------------------------------------------- */

static const xmlSAXHandler handler = {
	.initialized = XML_SAX2_MAGIC,
	.internalSubset = on_doctype,
	.startElementNs = on_start,
	.endElementNs = on_end,
	.processingInstruction = on_instruction,
	.characters = on_text,
	.ignorableWhitespace = on_text,
	.serror = on_error,
};

static bool
build_run(struct build *b)
{
	b->parser = xmlCreateMemoryParserCtxt(b->body.ptr, (int)b->body.len);
	if (b->parser == NULL) {
		faults_add_no_memory(b->faults);
		return false;
	}
	*b->parser->sax = handler;
	b->parser->userData = b;
	/* The encoding has been looked at; without a decoder offsets stay those of the file. */
	xmlCtxtUseOptions(b->parser, XML_PARSE_NONET | XML_PARSE_IGNORE_ENC);
	xmlParseDocument(b->parser);
	b->failed |= !b->parser->wellFormed;
	xmlFreeParserCtxt(b->parser);
	return !b->failed && b->root != NULL;
}

static bool
build_document(struct build *b)
{
	if (!xml_bytes_check(b->bytes, &b->body, b->faults) ||
	    !xml_scan(b->bytes, b->body, b->faults))
		return false;
	b->walk = place_walk_of(b->bytes);
	return build_run(b);
}

static struct xml_document *
document_of(struct xml_element *root, struct span ns)
{
	struct xml_document *doc = calloc(1, sizeof(*doc) + ns.len + 1);

	if (doc == NULL)
		return NULL;
	doc->root = root;
	doc->ns = (char *)(doc + 1);
	memcpy(doc->ns, ns.ptr, ns.len);
	return doc;
}

struct xml_document *
xml_document_create(struct span bytes, struct span ns, struct arena *arena, struct faults *faults)
{
	/* On the heap because of the text in it. */
	struct build *b = calloc(1, sizeof(*b));
	struct xml_document *doc = NULL;
	size_t before = faults->total;
	bool built = false;

	if (b != NULL) {
		b->bytes = bytes;
		b->ns = ns;
		b->arena = arena;
		b->faults = faults;
		built = build_document(b);
		if (built)
			doc = document_of(b->root, ns);
	}
	if (b == NULL || (built && doc == NULL))
		faults_add_no_memory(faults);
	else if (!built && faults->total == before)
		faults_add(faults, (struct fault_place){ 0, 0 }, "correct the markup",
		    "not well-formed XML");
	free(b);
	return doc;
}

void
xml_document_destroy(struct xml_document *doc)
{
	free(doc);
}

const struct xml_element *
xml_document_root(const struct xml_document *doc)
{
	return doc->root;
}

/* ---- asking the tree --------------------------------------------------------- */

const struct xml_attribute *
xml_attribute(const struct xml_element *e, const char *name)
{
	for (unsigned i = 0; i < e->attribute_count; i++)
		if (span_eq(e->attributes[i].name, span_str(name)))
			return &e->attributes[i];
	return NULL;
}

bool
xml_is(const struct xml_element *e, const char *name)
{
	return span_eq(e->name, span_str(name));
}
