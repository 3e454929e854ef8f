/* SPDX-License-Identifier: MIT */
/*
 * xml/schema.c - RELAX NG by libxml2
 *
 * libxml2's own validator decides; verdict.c says why in our words.
 */
#include "xml/xml.h"

#include <stdlib.h>

#include <libxml/parserInternals.h>
#include <libxml/relaxng.h>

#include "xml/document.h"
#include "xml/nodes.h"
#include "xml/verdict.h"

struct xml_schema {
	xmlRelaxNGPtr relaxng;
};

static const struct fault_place nowhere = { 0, 0 };

void
xml_allocate_with(void *(*allocate)(size_t size), void *(*reallocate)(void *p, size_t size),
    char *(*duplicate)(const char *string))
{
	(void)xmlMemSetup(free, allocate, reallocate, duplicate);
}

/* ---- compiling --------------------------------------------------------------- */

static void
on_schema_error(void *user, xmlErrorPtr error)
{
	struct fault_place at = { error->line > 0 ? (unsigned)error->line : 0, 0 };
	const char *message = error->message ? error->message : "unknown";

	if (error->code == XML_ERR_NO_MEMORY)
		faults_add_no_memory(user);
	else if (error->level >= XML_ERR_ERROR)
		faults_add(user, at, "", "schema: %.*s", (int)strcspn(message, "\n"), message);
}

/* The parser's user data must be itself, or its handlers do not work. */
static void
on_schema_syntax(void *user, xmlErrorPtr error)
{
	const xmlParserCtxt *parser = user;

	on_schema_error(parser->_private, error);
}

/* The schema as a document; what libxml2 says about it goes to `faults` and nowhere else. */
static xmlDocPtr
schema_read(struct span relaxng, struct faults *faults)
{
	xmlParserCtxtPtr parser = xmlNewParserCtxt();
	xmlDocPtr doc;

	if (parser == NULL) {
		faults_add_no_memory(faults);
		return NULL;
	}
	if (relaxng.len > XML_MOST_BYTES) {
		xmlFreeParserCtxt(parser);
		return NULL;
	}
	parser->_private = faults;
	parser->sax->serror = on_schema_syntax;
	doc = xmlCtxtReadMemory(parser, relaxng.ptr, (int)relaxng.len, NULL, NULL, XML_PARSE_NONET);
	xmlFreeParserCtxt(parser);
	return doc;
}

/* The node behind `node` in the order of the document; NULL at the end. */
static const xmlNode *
next_node(const xmlNode *node)
{
	if (node->type == XML_ELEMENT_NODE && node->children != NULL)
		return node->children;
	while (node != NULL && node->next == NULL)
		node = node->type == XML_DOCUMENT_NODE ? NULL : node->parent;
	return node ? node->next : NULL;
}

/* Compiling would open the files that these name. */
static bool
schema_stands_alone(xmlDocPtr doc, struct faults *faults)
{
	const xmlNode *node = xmlDocGetRootElement(doc);

	for (; node != NULL; node = next_node(node)) {
		if (!xmlStrEqual(node->name, BAD_CAST "include") &&
		    !xmlStrEqual(node->name, BAD_CAST "externalRef"))
			continue;
		faults_add(faults, (struct fault_place){ node->line, 0 }, "",
		    "schema: <%s> is not taken", (const char *)node->name);
		return false;
	}
	return true;
}

static xmlRelaxNGPtr
schema_compile(xmlDocPtr doc, struct faults *faults)
{
	xmlRelaxNGParserCtxtPtr parser = xmlRelaxNGNewDocParserCtxt(doc);
	xmlRelaxNGPtr relaxng;

	if (parser == NULL) {
		faults_add_no_memory(faults);
		return NULL;
	}
	xmlRelaxNGSetParserStructuredErrors(parser, on_schema_error, faults);
	relaxng = xmlRelaxNGParse(parser);
	xmlRelaxNGFreeParserCtxt(parser);
	return relaxng;
}

struct xml_schema *
xml_schema_create(struct span relaxng, struct faults *faults)
{
	struct xml_schema *schema = calloc(1, sizeof(*schema));
	size_t before = faults->total;
	xmlDocPtr doc;

	if (schema == NULL) {
		faults_add_no_memory(faults);
		return NULL;
	}
	doc = schema_read(relaxng, faults);
	if (doc != NULL && schema_stands_alone(doc, faults))
		schema->relaxng = schema_compile(doc, faults);
	xmlFreeDoc(doc);
	if (schema->relaxng != NULL)
		return schema;
	if (faults->total == before)
		faults_add(faults, nowhere, "", "schema: cannot be read");
	free(schema);
	return NULL;
}

void
xml_schema_destroy(struct xml_schema *schema)
{
	if (schema == NULL)
		return;
	xmlRelaxNGFree(schema->relaxng);
	free(schema);
}

/* ---- validating -------------------------------------------------------------- */

/* libxml2's answer: 0 is valid, above is not, below is a failure of its own. */
static int
nodes_validate(struct nodes *nodes, const struct xml_schema *schema, struct verdict *verdict)
{
	xmlRelaxNGValidCtxtPtr ctxt = xmlRelaxNGNewValidCtxt(schema->relaxng);
	int answer;

	if (ctxt == NULL)
		return -1;
	xmlRelaxNGSetValidStructuredErrors(ctxt, verdict_on_error, verdict);
	answer = xmlRelaxNGValidateDoc(ctxt, &nodes->doc);
	xmlRelaxNGFreeValidCtxt(ctxt);
	return answer;
}

bool
xml_document_validate(
    const struct xml_document *doc, const struct xml_schema *schema, struct faults *faults)
{
	struct verdict verdict = {
		.faults = faults, .before = faults->count, .last = doc->root->at
	};
	struct nodes nodes;
	int answer = -1;

	if (nodes_init(&nodes, doc->root, doc->ns))
		answer = nodes_validate(&nodes, schema, &verdict);
	nodes_finish(&nodes);
	if (answer < 0)
		faults_add_no_memory(faults);
	else if (answer > 0)
		verdict_invalid(&verdict);
	return answer == 0;
}
