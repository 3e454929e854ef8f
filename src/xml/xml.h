/* SPDX-License-Identifier: MIT */
/*
 * xml/xml.h - the one door to libxml2
 *
 * For mapping and configuration files, never for bytes from a peer.  The parser
 * opens no file and no socket, takes no DTD and no entity but the five of XML,
 * and stops at the caps below.  What comes out is a small tree that remembers
 * where each element and attribute stood, in an arena of the caller's.
 *
 * A fault about an element stands at its `<`, one about an attribute at its name.
 * Columns count bytes from 1, as compilers do.
 *
 * libxml2 prints nothing and no setting of its process is changed unasked.  Threads may
 * parse and validate at once, with one schema too; but libxml2 prepares its data
 * types at the first xml_schema_create(), which must have returned before.
 */
#ifndef XML_XML_H
#define XML_XML_H

#include "base/arena.h"
#include "base/faults.h"
#include "base/span.h"

/* Lengths are counted in the bytes of the file, so that &amp; is five. */
enum {
	XML_MOST_BYTES = 16 << 20, /* of a file */
	XML_MOST_TEXT = 64 << 10,  /* of the text directly in one element, and of one attribute */
	XML_MOST_ATTRIBUTES = 64,  /* of one element */
	XML_MOST_DEPTH = 16,
	XML_MOST_ELEMENTS = 1000000, /* of a file */
	XML_MOST_NAMES = 1000,       /* of a file: of elements, attributes, prefixes and more */
};

struct xml_attribute {
	struct span name, value;
	struct fault_place at;
};

struct xml_element {
	struct span name; /* local name; the namespace is the schema's */
	struct span text; /* all character data directly inside, as it stands; without what is
			     blank between a tag and the next where there are children */
	struct fault_place at;
	unsigned text_line;         /* line where the first character data stands */
	struct fault_place text_at; /* its first character that is no blank */
	unsigned attribute_count;
	struct xml_attribute *attributes;
	struct xml_element *parent, *first, *next;
};

/* A compiled RELAX NG schema, for any number of documents; without <include> and <externalRef>. */
struct xml_schema;

/*
 * libxml2 2.9 follows null pointers where its validator has no memory.  A process that must
 * not die so lends it functions that end the process with a word instead of answering NULL;
 * before anything else of this header.
 */
void xml_allocate_with(void *(*allocate)(size_t size), void *(*reallocate)(void *p, size_t size),
    char *(*duplicate)(const char *string));

/* NULL when the schema itself is broken (a fault of the program, printed into *faults). */
struct xml_schema *xml_schema_create(struct span relaxng, struct faults *faults);
void xml_schema_destroy(struct xml_schema *schema);

/*
 * Parse UTF-8 bytes into a tree.  NULL, with at least one fault, when they are
 * not well-formed, over a cap, hold a DTD, or hold an element that is not in the
 * namespace `ns` or an attribute that is in any.  Holding
 * the tree against `schema` is separate, so that a caller can report its own,
 * clearer faults first.
 */
struct xml_document;
struct xml_document *xml_document_create(
    struct span bytes, struct span ns, struct arena *arena, struct faults *faults);
void xml_document_destroy(struct xml_document *doc); /* the tree stays, it is the arena's */
const struct xml_element *xml_document_root(const struct xml_document *doc);
/* True when valid; otherwise one fault for each error, at its element. */
bool xml_document_validate(
    const struct xml_document *doc, const struct xml_schema *schema, struct faults *faults);

/* NULL when absent. */
const struct xml_attribute *xml_attribute(const struct xml_element *e, const char *name);
bool xml_is(const struct xml_element *e, const char *name);

#endif
