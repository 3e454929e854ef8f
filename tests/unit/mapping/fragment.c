/* SPDX-License-Identifier: MIT */
#include "fragment.h"

#include <criterion/criterion.h>

/* clang-format off */
static const struct {
	enum fragment_place place; /* where a fragment goes instead of, or behind, the text */
	const char *text;
} file[] = {
	{ IN_FILE, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" },
	{ IN_ROOT, "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\">\n" },
	{ IN_ABOUT, "<about><title>A test</title>\n" },
	{ IN_FILE, "</about>\n" },
	{ IN_SETTINGS, "\n" },
	{ IN_SYSTEMS, "<system id=\"LN\"><alias>LOINC</alias></system>\n" },
	{ IN_FILE, "<specimen id=\"serum\" label=\"Serum\"><code>SER</code></specimen>\n" },
	{ IN_SPECIMENS, "<specimen id=\"urine\" label=\"Urine\"><code>UR</code></specimen>\n" },
	{ IN_FILE, "<quantity id=\"mass\" unit=\"mg/L\"><unit name=\"mg/L\" factor=\"1\"/></quantity>\n" },
	{ IN_QUANTITIES, "<quantity id=\"rate\" unit=\"mL/min\"><unit name=\"mL/min\" factor=\"1\"/></quantity>\n" },
	{ IN_FILE, "<observation id=\"b2m\" label=\"B2M\" unit=\"mg/L\" specimen=\"serum\">"
		"<codes quantity=\"mass\" system=\"LN\"><code>1952-1</code><code>56786-7</code></codes>"
		"<plausible min=\"0.1\" max=\"200\"/><interval from=\"message\"/>"
		"<interval low=\"0.7\" high=\"1.8\" default=\"yes\"/></observation>\n" },
	{ IN_FILE, "<observation id=\"alb\" label=\"Albumin\" unit=\"mg/L\">"
		"<codes quantity=\"mass\" system=\"LN\"><code>1751-7</code></codes>"
		"<interval from=\"message\"/></observation>\n" },
	{ IN_FILE, "<observation id=\"egfr\" label=\"eGFR\" unit=\"mL/min\">"
		"<codes quantity=\"rate\" system=\"LN\"><code>98979-8</code></codes></observation>\n" },
	{ IN_OBSERVATIONS, "<observation id=\"text\" label=\"Text\">"
		"<codes system=\"LN\"><code>43818-4</code></codes></observation>\n" },
	{ IN_CONDITIONS, "<condition id=\"ckd\"><value of=\"egfr\" below=\"60\"/></condition>\n" },
	{ IN_BLOCKS, "\n" },
	{ IN_EXAMPLES, "\n" },
	{ IN_FILE, "</mapping>\n" },
};
/* clang-format on */

/* What a fragment stands between, where that is more than a place. */
static const char *
opening(enum fragment_place place)
{
	switch (place) {
	case IN_RULES:
		return "<rules for=\"b2m\">\n";
	case IN_FIRST:
		return "<rules for=\"b2m\"><group id=\"g\" pick=\"first\">\n";
	case IN_ALL:
		return "<rules for=\"b2m\"><group id=\"g\" pick=\"all\">\n";
	default:
		return "";
	}
}

static const char *
closing(enum fragment_place place)
{
	switch (place) {
	case IN_RULES:
		return "</rules>\n";
	case IN_FIRST:
	case IN_ALL:
		return "</group></rules>\n";
	default:
		return "";
	}
}

static void
put(struct buffer *out, const char *text)
{
	buffer_append(out, span_str(text));
}

static unsigned
line_count(const struct buffer *b)
{
	struct span s = buffer_span(b);
	unsigned n = 0;

	for (size_t i = 0; i < s.len; i++)
		n += s.ptr[i] == '\n';
	return n;
}

/* Answers the lines before the fragment. */
static unsigned
build(enum fragment_place place, const char *fragment, struct buffer *out)
{
	bool rules = place == IN_RULES || place == IN_FIRST || place == IN_ALL;
	unsigned before = 0;

	if (place == IN_FILE) {
		put(out, fragment);
		return 0;
	}
	for (size_t i = 0; i < sizeof(file) / sizeof(file[0]); i++) {
		bool here = file[i].place == (rules ? IN_BLOCKS : place);

		if (!here || place != IN_ROOT)
			put(out, file[i].text);
		if (!here)
			continue;
		put(out, opening(place));
		before = line_count(out);
		put(out, fragment);
		put(out, "\n");
		put(out, closing(place));
	}
	return before;
}

struct mapping *
fragment_load(enum fragment_place place, const char *fragment, struct buffer *ret_faults)
{
	struct buffer text;
	struct faults faults;
	struct mapping *m;
	unsigned before;

	buffer_init(&text, 0);
	before = build(place, fragment, &text);
	faults_init(&faults, "test");
	m = mapping_create(buffer_span(&text), &faults);
	buffer_finish(&text); /* a mapping does not live on the bytes it was read from */
	faults_sort(&faults);
	for (size_t i = 0; i < faults.count; i++) {
		const struct fault *f = &faults.list[i];

		buffer_printf(ret_faults, "%d:%u: %s%s%s\n", (int)f->at.line - (int)before,
		    f->at.column, f->what, f->mend[0] ? "; " : "", f->mend);
	}
	cr_assert_eq(m == NULL, faults.total > 0);
	faults_finish(&faults);
	return m;
}

struct mapping *
fragment_good(enum fragment_place place, const char *fragment)
{
	struct buffer faults;
	struct mapping *m;

	buffer_init(&faults, 0);
	m = fragment_load(place, fragment, &faults);
	cr_assert(m, "%.*s", (int)buffer_span(&faults).len, buffer_span(&faults).ptr);
	buffer_finish(&faults);
	return m;
}

void
fragment_check(const struct fragment_case *cases, size_t count)
{
	for (const struct fragment_case *c = cases; c < cases + count; c++) {
		struct buffer got;
		struct mapping *m;

		buffer_init(&got, 0);
		m = fragment_load(c->place, c->fragment, &got);
		cr_expect(span_eq(buffer_span(&got), span_str(c->want)),
		    "%s\ngot:\n%.*s\nwant:\n%s", c->fragment, (int)buffer_span(&got).len,
		    buffer_span(&got).ptr, c->want);
		mapping_destroy(m);
		buffer_finish(&got);
	}
}
