/* SPDX-License-Identifier: MIT */
/*
 * Mapping files that are broken on purpose, tests/mappings/bad, and all that is
 * said about each: NAME.expected is what `hl7note check NAME.xml` prints there.
 * The first word of a name tells who must refuse it:
 *
 *	xml        the reader, before there is a tree
 *	shape      the schema alone would, as well as the loader's clearer words
 *	meaning    the loader alone; the schema finds nothing
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "mapping/mapping.h"
#include "support/files.h"
#include "xml/schemas.h"
#include "xml/xml.h"

static const char *
base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool
starts_with(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

static struct buffer
read_beside(const char *path, const char *suffix)
{
	struct buffer b, name;

	buffer_init(&b, 0);
	buffer_init(&name, 0);
	buffer_printf(&name, "%.*s%s", (int)strlen(path) - 4, path, suffix);
	buffer_append_char(&name, '\0');
	cr_expect(file_read(buffer_span(&name).ptr, &b));
	buffer_finish(&name);
	return b;
}

static void
print_faults(struct faults *faults, struct buffer *out)
{
	char *text = NULL;
	size_t size = 0;
	FILE *f = open_memstream(&text, &size);

	cr_assert(f);
	faults_sort(faults);
	faults_print(faults, f);
	fclose(f);
	buffer_init(out, 0);
	buffer_append(out, span_of(text, size));
	free(text);
}

static void
expect_listing(const char *path, struct span bytes)
{
	struct faults faults;
	struct buffer expected = read_beside(path, ".expected"), said;
	struct mapping *m;

	faults_init(&faults, base_name(path));
	m = mapping_create(bytes, &faults);
	for (size_t i = 0; i < faults.count; i++)
		cr_expect(
		    faults.list[i].mend[0], "%s: how is it mended? %s", path, faults.list[i].what);
	cr_expect_null(m, "%s is accepted", path);
	mapping_destroy(m);
	print_faults(&faults, &said);
	cr_expect(span_eq(buffer_span(&said), buffer_span(&expected)), "%s: now says\n%.*s", path,
	    (int)buffer_span(&said).len, buffer_span(&said).ptr);
	buffer_finish(&said);
	buffer_finish(&expected);
	faults_finish(&faults);
}

/* What the schema alone thinks of it. */
static void
expect_verdict(const char *path, struct span bytes)
{
	bool has_tree = !starts_with(base_name(path), "xml-");
	bool valid = starts_with(base_name(path), "meaning-");
	struct faults faults;
	struct arena arena;
	struct xml_document *doc;
	struct xml_schema *schema;

	arena_init(&arena, 0);
	faults_init(&faults, path);
	doc = xml_document_create(bytes, SPAN("urn:hl7note:mapping:1"), &arena, &faults);
	schema = xml_schema_create(mapping_relaxng, &faults);
	cr_assert(schema);
	cr_expect_eq(doc != NULL, has_tree, "%s", path);
	if (doc)
		cr_expect_eq(xml_document_validate(doc, schema, &faults), valid, "%s", path);
	cr_expect_eq(faults.total == 0, valid, "%s", path);
	xml_schema_destroy(schema);
	xml_document_destroy(doc);
	faults_finish(&faults);
	arena_finish(&arena);
}

static bool
check_file(const char *path, void *ctx)
{
	unsigned *seen = ctx;
	struct buffer bytes;

	if (strlen(path) < 4 || strcmp(path + strlen(path) - 4, ".xml"))
		return true;
	buffer_init(&bytes, 0);
	cr_expect(file_read(path, &bytes));
	expect_listing(path, buffer_span(&bytes));
	expect_verdict(path, buffer_span(&bytes));
	buffer_finish(&bytes);
	++*seen;
	return true;
}

Test(bad_mappings, are_refused_with_all_that_is_wrong)
{
	const char *top = getenv("HL7_TOP");
	char folder[4096];
	unsigned seen = 0;

	snprintf(folder, sizeof(folder), "%s/tests/mappings/bad", top ? top : ".");
	cr_assert_geq(files_below(folder, check_file, &seen), 0, "%s", folder);
	cr_expect_geq(seen, 30);
}
