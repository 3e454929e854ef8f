/* SPDX-License-Identifier: MIT */
/*
 * Every answer is copied into one string, so that a test compares all of it.
 */
#include "parsed.h"

static void
take_down(struct parsed *p)
{
	faults_sort(&p->faults);
	for (size_t i = 0; i < p->faults.count; i++) {
		const struct fault *f = &p->faults.list[i];

		buffer_printf(&p->said, "%u:%u: %s%s%s\n", f->at.line, f->at.column, f->what,
		    *f->mend ? "; " : "", f->mend);
	}
	buffer_append_char(&p->said, '\0');
}

static void
hold_against(struct parsed *p, struct span relaxng)
{
	struct xml_schema *schema = xml_schema_create(relaxng, &p->faults);

	if (schema && !xml_document_validate(p->doc, schema, &p->faults))
		p->root = NULL;
	xml_schema_destroy(schema);
}

struct parsed
parse_with(struct span bytes, const char *ns, struct span relaxng)
{
	struct parsed p = { 0 };

	arena_init(&p.arena, 0);
	faults_init(&p.faults, "test");
	buffer_init(&p.said, 0);
	p.doc = xml_document_create(bytes, span_str(ns), &p.arena, &p.faults);
	if (p.doc)
		p.root = xml_document_root(p.doc);
	if (p.doc && relaxng.ptr)
		hold_against(&p, relaxng);
	take_down(&p);
	return p;
}

struct parsed
parse(struct span bytes)
{
	return parse_with(bytes, NS, span_of(NULL, 0));
}

void
parsed_finish(struct parsed *p)
{
	xml_document_destroy(p->doc);
	buffer_finish(&p->said);
	faults_finish(&p->faults);
	arena_finish(&p->arena);
}

const char *
said(struct parsed *p)
{
	return buffer_span(&p->said).ptr;
}

struct buffer
repeated(struct span head, struct span piece, size_t count, struct span tail)
{
	struct buffer b;

	buffer_init(&b, 0);
	buffer_reserve(&b, head.len + count * piece.len + tail.len);
	buffer_append(&b, head);
	while (count-- > 0)
		buffer_append(&b, piece);
	buffer_append(&b, tail);
	return b;
}
