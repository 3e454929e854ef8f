/* SPDX-License-Identifier: MIT */
/*
 * xml/nodes.c - one node for each element, attribute and text
 *
 * Only the members the validator reads are filled; the rest is zero, as
 * libxml2's own constructors leave it.
 */
#include "xml/nodes.h"

#include <libxml/parserInternals.h>

#include "xml/bytes.h"

/*
 * Without the blanks around it: to xsd:token they mean nothing, but libxml2 holds
 * the value against a pattern before it takes them off.
 */
static xmlNode *
node_text(struct nodes *n, xmlNode *parent, struct span text)
{
	xmlNode *node = arena_zalloc(&n->arena, 1, sizeof(*node));
	struct span trimmed = xml_trim(text);

	if (node == NULL)
		return NULL;
	/* Our texts end in NUL; one cut short needs a NUL of its own. */
	if (trimmed.ptr + trimmed.len != text.ptr + text.len)
		trimmed = arena_copy(&n->arena, trimmed);
	if (trimmed.ptr == NULL)
		return NULL;
	node->type = XML_TEXT_NODE;
	node->name = xmlStringText;
	node->content = (xmlChar *)trimmed.ptr;
	node->parent = parent;
	node->doc = &n->doc;
	return node;
}

static xmlAttr *
node_attribute(struct nodes *n, xmlNode *parent, const struct xml_attribute *a)
{
	xmlAttr *attr = arena_zalloc(&n->arena, 1, sizeof(*attr));

	if (attr == NULL)
		return NULL;
	attr->_private = (void *)a;
	attr->type = XML_ATTRIBUTE_NODE;
	attr->name = (const xmlChar *)a->name.ptr;
	attr->parent = parent;
	attr->doc = &n->doc;
	attr->children = attr->last = node_text(n, (xmlNode *)attr, a->value);
	return attr->children ? attr : NULL;
}

static bool
node_attributes(struct nodes *n, xmlNode *node, const struct xml_element *e)
{
	xmlAttr *previous = NULL;

	for (unsigned i = 0; i < e->attribute_count; i++) {
		xmlAttr *attr = node_attribute(n, node, &e->attributes[i]);

		if (attr == NULL)
			return false;
		attr->prev = previous;
		if (previous == NULL)
			node->properties = attr;
		else
			previous->next = attr;
		previous = attr;
	}
	return true;
}

static void
node_append(xmlNode *parent, xmlNode *child)
{
	child->parent = parent;
	child->prev = parent->last;
	if (parent->last == NULL)
		parent->children = child;
	else
		parent->last->next = child;
	parent->last = child;
}

/* One element with its attributes and text, not yet its children. */
static xmlNode *
node_element(struct nodes *n, xmlNode *parent, const struct xml_element *e)
{
	xmlNode *node = arena_zalloc(&n->arena, 1, sizeof(*node)), *text;

	if (node == NULL)
		return NULL;
	node->_private = (void *)e;
	node->type = XML_ELEMENT_NODE;
	node->name = (const xmlChar *)e->name.ptr;
	node->ns = &n->ns;
	node->doc = &n->doc;
	node_append(parent, node);
	if (!node_attributes(n, node, e))
		return NULL;
	if (e->text.len > 0) {
		text = node_text(n, node, e->text);
		if (text == NULL)
			return NULL;
		node_append(node, text);
	}
	return node;
}

/* `e`, its siblings behind it, and all below; XML_MOST_DEPTH bounds the recursion. */
static bool
nodes_fill(struct nodes *n, xmlNode *parent, const struct xml_element *e)
{
	for (; e != NULL; e = e->next) {
		xmlNode *node = node_element(n, parent, e);

		if (node == NULL || !nodes_fill(n, node, e->first))
			return false;
	}
	return true;
}

bool
nodes_init(struct nodes *n, const struct xml_element *root, const char *ns)
{
	memset(n, 0, sizeof(*n));
	arena_init(&n->arena, 0);
	n->ns.type = XML_NAMESPACE_DECL;
	n->ns.href = (const xmlChar *)ns;
	n->doc.type = XML_DOCUMENT_NODE;
	n->doc.doc = &n->doc;
	return nodes_fill(n, (xmlNode *)&n->doc, root);
}

void
nodes_finish(struct nodes *n)
{
	arena_finish(&n->arena);
}

const struct xml_element *
nodes_element(const xmlNode *node)
{
	while (node != NULL && node->type != XML_ELEMENT_NODE)
		node = node->type == XML_DOCUMENT_NODE ? NULL : node->parent;
	return node ? node->_private : NULL;
}
