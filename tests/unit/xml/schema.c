/* SPDX-License-Identifier: MIT */
/*
 * RELAX NG: what is valid, what is said when it is not, and that it stays quick.
 */
#include <criterion/criterion.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "parsed.h"
#include "xml/schemas.h"

#define RNG "http://relaxng.org/ns/structure/1.0"
#define XSD "http://www.w3.org/2001/XMLSchema-datatypes"

static const char small[] =
    "<element name='m' ns='" NS "' xmlns='" RNG "' datatypeLibrary='" XSD "'>"
    "<attribute name='id'><data type='token'><param "
    "name='pattern'>[a-z]+</param></data></attribute>"
    "<optional><attribute "
    "name='on'><choice><value>yes</value><value>no</value></choice></attribute></optional>"
    "<element name='a'><text/></element>"
    "<zeroOrMore><element name='b'><attribute name='c'/></element></zeroOrMore>"
    "<optional><element name='c'><interleave>"
    "<oneOrMore><element name='d'><empty/></element></oneOrMore>"
    "<element name='e'><empty/></element></interleave></element></optional>"
    "</element>";

static const char any_order[] =
    "<element name='m' ns='" NS "' xmlns='" RNG "' datatypeLibrary='" XSD "'><interleave>"
    "<element name='a'><empty/></element><element name='b'><data type='integer'/></element>"
    "</interleave></element>";

#define HEAD "<m xmlns='" NS "' "

struct verdict_row {
	const char *document, *said;
};

/* clang-format off */
static const struct verdict_row rows_of_small[] = {
	{ HEAD "id='x'><a/></m>", "" },
	{ HEAD "id=' x '><a> text </a>\n <b c=''/> <!-- --> <b c='&#9;'/></m>", "" },
	{ HEAD "id='x' on=' yes'><a/></m>", "" },
	{ HEAD "id='x'>\n<b c='1'/></m>",
	  "2:1: <b> does not belong here\n" },
	{ HEAD "id='x'>\n<a/><b c='1'/>\n<a/></m>",
	  "3:1: <a> does not belong here\n" },
	{ HEAD "id='x'><a/>\n<z/></m>",
	  "2:1: <z> does not belong here\n" },
	{ HEAD "id='x' no='y'><a/></m>",
	  "1:30: attribute \"no\" of <m> is not allowed, or not with this value\n" },
	{ HEAD "id='x'><a/>\n<b/></m>",
	  "2:1: the attributes of <b> are not all there, or not all right\n" },
	{ HEAD "id='9'><a/></m>",
	  "1:1: the attributes of <m> are not all there, or not all right\n" },
	{ HEAD "id='x'><a/> stray</m>",
	  "1:1: <m> takes no text\n" },
	{ HEAD "id='x'><a/>\n<c><d/></c></m>", /* libxml2 says it twice */
	  "2:1: <c> is not complete\n" },
	{ HEAD "id='x'/>",
	  "1:1: <m> is not complete\n" },
};

static const struct verdict_row rows_of_any_order[] = {
	{ HEAD "><b>7</b><a/></m>", "" },
	{ HEAD ">\n<a/></m>",
	  "1:1: <m> is not complete\n" },
	{ HEAD ">\n<a/><a/>\n<b>7</b></m>",
	  "2:5: not as the schema wants it\n" },
	{ HEAD "><a/>\n<b>seven</b></m>",
	  "2:1: the content of <b> is not complete, or not right\n" },
};
/* clang-format on */

static void
expect_verdicts(const struct verdict_row *rows, size_t count, const char *schema)
{
	for (size_t i = 0; i < count; i++) {
		struct parsed p = parse_with(span_str(rows[i].document), NS, span_str(schema));

		cr_expect_eq(p.root != NULL, rows[i].said[0] == '\0', "%s", rows[i].document);
		cr_expect_str_eq(said(&p), rows[i].said, "%s\n%s", rows[i].document, said(&p));
		parsed_finish(&p);
	}
}

Test(xml_schema, says_why_a_tree_is_not_valid)
{
	expect_verdicts(rows_of_small, sizeof(rows_of_small) / sizeof(rows_of_small[0]), small);
	expect_verdicts(
	    rows_of_any_order, sizeof(rows_of_any_order) / sizeof(rows_of_any_order[0]), any_order);
}

Test(xml_schema, refuses_a_broken_schema_with_its_line)
{
	static const struct {
		const char *schema;
		unsigned line;
		const char *what; /* or how it begins, for the rest is in libxml2's words */
	} broken[] = {
		{ "", 1, "schema: " },
		{ "nothing", 1, "schema: " },
		{ "\n<element", 2, "schema: " },
		{ "<element xmlns='" RNG "'/>", 1, "schema: " },
		{ "<grammar xmlns='" RNG "'>\n<start>\n<ref name='x'/></start></grammar>", 3,
		    "schema: " },
		{ "<include xmlns='" RNG "' href='/etc/passwd'/>", 1,
		    "schema: <include> is not taken" },
		{ "<externalRef xmlns='" RNG "' href='/etc/passwd'/>", 1,
		    "schema: <externalRef> is not taken" },
		{ "<grammar xmlns='" RNG "'>\n<include href='/etc/passwd'/></grammar>", 2,
		    "schema: <include> is not taken" },
		{ "<element name='a' xmlns='" RNG "'>\n<optional>\n<text/>\n"
		  "<externalRef href='/etc/passwd'/></optional></element>",
		    4, "schema: <externalRef> is not taken" },
	};

	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct faults faults;

		faults_init(&faults, "schema");
		cr_expect_null(xml_schema_create(span_str(broken[i].schema), &faults));
		cr_assert_gt(faults.count, 0, "%s", broken[i].schema);
		cr_expect_eq(faults.list[0].at.line, broken[i].line, "%s", broken[i].schema);
		cr_expect(faults.count == 1 || broken[i].what[8] != '<', "it was opened");
		cr_expect_eq(strncmp(faults.list[0].what, broken[i].what, strlen(broken[i].what)),
		    0, "%s: %s", broken[i].schema, faults.list[0].what);
		faults_finish(&faults);
	}
	xml_schema_destroy(NULL);
}

/* libxml2 likes to print; a filter's stderr belongs to its log. */
Test(xml_schema, leaves_stderr_alone)
{
	FILE *caught = tmpfile();
	int saved = dup(2);
	static const char *const noisy[] = { HEAD "id='x'", HEAD "><z/>\n<b/></m>", "<" };
	struct faults faults;
	long size;

	cr_assert(caught && saved >= 0);
	faults_init(&faults, "schema");
	fflush(stderr);
	dup2(fileno(caught), 2);
	for (size_t i = 0; i < sizeof(noisy) / sizeof(noisy[0]); i++) {
		struct parsed p = parse_with(span_str(noisy[i]), NS, span_str(small));

		parsed_finish(&p);
	}
	xml_schema_destroy(xml_schema_create(SPAN("<element"), &faults));
	xml_schema_destroy(xml_schema_create(SPAN("<element xmlns='" RNG "'/>"), &faults));
	fflush(stderr);
	dup2(saved, 2);
	close(saved);
	fseek(caught, 0, SEEK_END);
	size = ftell(caught);
	fclose(caught);
	faults_finish(&faults);
	cr_expect_eq(size, 0, "%ld bytes", size);
}

/* ---- the schema of mappings -------------------------------------------------- */

#define MAPPING_NS "urn:hl7note:mapping:1"

static struct buffer
long_mapping(unsigned observations, unsigned codes)
{
	struct buffer b;

	buffer_init(&b, 0);
	buffer_append(&b,
	    SPAN("<mapping xmlns='" MAPPING_NS "' id='long' version='1' status='draft'>\n"
		 "<about><title>Long</title></about><system id='LN'/>\n"
		 "<quantity id='mass' unit='mg/L'><unit name='mg/L' factor='1'/></quantity>\n"));
	for (unsigned i = 0; i < observations; i++) {
		buffer_printf(&b,
		    "  <observation id='o%u' label='Number %u' unit='mg/L'>\n"
		    "    <codes quantity='mass' system='LN'>\n",
		    i, i);
		for (unsigned j = 0; j < codes; j++)
			buffer_printf(&b, "      <code>%u-%u</code>\n", i, j);
		buffer_append(&b, SPAN("    </codes>\n    <interval from='message'/>\n"
				       "  </observation>\n"));
	}
	buffer_append(&b, SPAN("</mapping>\n"));
	return b;
}

static void
expect_long_mapping(unsigned observations, unsigned codes)
{
	struct buffer bytes = long_mapping(observations, codes);
	clock_t began = clock();
	struct parsed p = parse_with(buffer_span(&bytes), MAPPING_NS, mapping_relaxng);
	double took = (double)(clock() - began) / CLOCKS_PER_SEC;

	cr_expect(p.root, "%s", said(&p));
	/* Around 0.12 s; what is not linear takes minutes, whatever watches the test. */
	cr_expect_lt(took, 8.0);
	parsed_finish(&p);
	buffer_finish(&bytes);
}

Test(xml_schema, takes_long_mappings_in_linear_time)
{
	expect_long_mapping(10000, 10);
	expect_long_mapping(1, 100000);
}

/* ---- several at once --------------------------------------------------------- */

static void *
validate_often(void *schema)
{
	static const struct span document = SPAN(HEAD "id='x'><a/>\n<b/></m>");
	uintptr_t good = 0;

	for (int i = 0; i < 200; i++) {
		struct arena arena;
		struct faults faults;
		struct xml_document *doc;

		arena_init(&arena, 0);
		faults_init(&faults, "thread");
		doc = xml_document_create(document, SPAN(NS), &arena, &faults);
		good += doc && !xml_document_validate(doc, schema, &faults) && faults.total == 1;
		xml_document_destroy(doc);
		faults_finish(&faults);
		arena_finish(&arena);
	}
	return (void *)good;
}

Test(xml_schema, serves_threads)
{
	struct faults faults;
	struct xml_schema *schema;
	pthread_t threads[4];

	faults_init(&faults, "schema");
	schema = xml_schema_create(span_str(small), &faults);
	cr_assert(schema);
	for (int i = 0; i < 4; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, validate_often, schema), 0);
	for (int i = 0; i < 4; i++) {
		void *good;

		pthread_join(threads[i], &good);
		cr_expect_eq((uintptr_t)good, 200);
	}
	xml_schema_destroy(schema);
	faults_finish(&faults);
}
