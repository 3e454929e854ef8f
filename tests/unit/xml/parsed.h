/* SPDX-License-Identifier: MIT */
/*
 * One parsed document with all that belongs to it, and what was said about it.
 */
#ifndef TESTS_XML_PARSED_H
#define TESTS_XML_PARSED_H

#include "base/buffer.h"
#include "xml/xml.h"

#define NS "urn:test:1"
#define ROOT "<m xmlns=\"" NS "\">"

struct parsed {
	struct arena arena;
	struct faults faults;
	struct buffer said; /* "line:column: what; mend", one a line */
	struct xml_document *doc;
	const struct xml_element *root; /* NULL when refused */
};

struct parsed parse(struct span bytes);
/* Hold it against a schema, too, when it could be parsed. */
struct parsed parse_with(struct span bytes, const char *ns, struct span relaxng);
void parsed_finish(struct parsed *p);
/* What was said, as a string. */
const char *said(struct parsed *p);

/* `count` times `piece` between a head and a tail. */
struct buffer repeated(struct span head, struct span piece, size_t count, struct span tail);

#endif
