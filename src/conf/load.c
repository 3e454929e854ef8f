/* SPDX-License-Identifier: MIT */
/*
 * conf/load.c - from bytes to a configuration, in three steps
 *
 *	walk       every element and attribute by itself, into the structure
 *	meaning    settings held against each other
 *	schema     the published grammar, when the first two have found nothing
 */
#include "conf/load.h"

#include <stdlib.h>

#include "conf/meaning.h"
#include "conf/schema.h"
#include "conf/walk.h"
#include "xml/bytes.h"
#include "xml/xml.h"

struct conf *
conf_empty(void)
{
	struct conf *conf = malloc(sizeof(*conf));

	if (!conf)
		return NULL;
	*conf = conf_defaults;
	arena_init(&conf->arena, 0);
	return conf;
}

struct conf *
conf_finish(struct conf *conf, bool no_memory, size_t before, struct faults *faults)
{
	if (!conf || no_memory)
		faults_add_no_memory(faults);
	if (faults->total == before)
		return conf;
	conf_destroy(conf);
	return NULL;
}

void
conf_destroy(struct conf *conf)
{
	struct arena arena;

	if (!conf)
		return;
	arena = conf->arena;
	arena_finish(&arena);
	free(conf);
}

static struct span
folder_of(const char *file)
{
	const char *slash = strrchr(file, '/');

	return span_of(file, slash ? (size_t)(slash + 1 - file) : 0);
}

/* The grammar has the last word, though the steps before it should have found all it can find. */
static void
validate(const struct xml_document *doc, struct faults *faults)
{
	struct xml_schema *schema = xml_schema_create(conf_relaxng, faults);

	if (schema)
		xml_document_validate(doc, schema, faults);
	xml_schema_destroy(schema);
}

static void
load_steps(struct conf_reader *r, const struct xml_document *doc, struct conf *conf)
{
	const struct xml_element *root = xml_document_root(doc);
	const size_t before = r->faults->total;

	conf_walk(r, root, conf);
	if (r->no_memory)
		return;
	conf_meaning(conf, root, r->faults->total == before, r->faults);
	if (r->faults->total == before)
		validate(doc, r->faults);
}

static void
load_file(struct conf_reader *r, struct span bytes, struct conf *conf)
{
	struct arena scratch;
	struct xml_document *doc;

	arena_init(&scratch, 0);
	doc = xml_document_create(bytes, SPAN(CONF_NAMESPACE), &scratch, r->faults);
	if (doc)
		load_steps(r, doc, conf);
	xml_document_destroy(doc);
	arena_finish(&scratch);
}

struct conf *
conf_create(struct span bytes, const char *file, struct faults *faults)
{
	const size_t before = faults->total;
	struct conf *conf = conf_empty();
	struct conf_reader r = { .faults = faults, .folder = folder_of(file) };

	if (conf) {
		r.arena = &conf->arena;
		conf->file = conf_text(&r, span_str(file));
		load_file(&r, bytes, conf);
	}
	return conf_finish(conf, r.no_memory, before, faults);
}

/* ---- which kind of file is it? ---- */

/* Where the root begins: behind comments, processing instructions and the declaration. */
static size_t
find_root(struct span bytes)
{
	size_t at = 0;

	while ((at = xml_bytes_find(bytes, at, SPAN("<"))) < bytes.len) {
		if (xml_bytes_at(bytes, at, SPAN("<!--")))
			at = xml_bytes_find(bytes, at, SPAN("-->"));
		else if (xml_bytes_at(bytes, at, SPAN("<?")))
			at = xml_bytes_find(bytes, at, SPAN("?>"));
		else
			break;
	}
	return at;
}

bool
conf_is_configuration(struct span bytes)
{
	const struct span name = SPAN("<hl7noted");
	const size_t at = find_root(bytes), end = xml_bytes_find(bytes, at, SPAN(">"));
	const struct span tag = span_tail(span_head(bytes, end), at);

	if (xml_bytes_find(tag, 0, SPAN(CONF_NAMESPACE)) < tag.len)
		return true;
	return xml_bytes_at(tag, 0, name) &&
	       (tag.len == name.len || xml_is_blank(tag.ptr[name.len]) || tag.ptr[name.len] == '/');
}
