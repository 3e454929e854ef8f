/* SPDX-License-Identifier: MIT */
/*
 * xml/nodes.h - our tree as nodes of libxml2, for its validator
 *
 * The nodes live in one arena, without libxml2's allocator: they borrow our names
 * and texts, are read once, and are dropped together.  Each knows the element or
 * attribute it stands for by its _private.
 */
#ifndef XML_NODES_H
#define XML_NODES_H

#include <libxml/tree.h>

#include "base/arena.h"
#include "xml/xml.h"

struct nodes {
	struct arena arena;
	xmlDoc doc;
	xmlNs ns;
};

/* `ns` ends in NUL.  False when there is no memory; nodes_finish() is due either way. */
bool nodes_init(struct nodes *n, const struct xml_element *root, const char *ns);
void nodes_finish(struct nodes *n);
/* The element that `node`, or the attribute or text it is, belongs to; NULL for none. */
const struct xml_element *nodes_element(const xmlNode *node);

#endif
