/* SPDX-License-Identifier: MIT */
/*
 * Paths that are remembered: a result gets the rules that it gets where nobody went
 * before it, whatever others asked and however many there were.
 */
#include <criterion/criterion.h>

#include "../mapping/fragment.h"
#include "annotate/paths.h"
#include "report.h"

/* ---- what results get -------------------------------------------------------------------- */

static const char mapping[] =
    "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\">\n"
    "<about><title>A test</title></about>\n"
    "<results interpret-preliminary=\"yes\"/>\n"
    "<system id=\"LN\"/>\n"
    "<quantity id=\"mass\" unit=\"mg/L\"><unit name=\"mg/L\" factor=\"1\"/></quantity>\n"
    "<observation id=\"b2m\" label=\"B2M\" unit=\"mg/L\"><codes quantity=\"mass\" system=\"LN\">"
    "<code>1952-1</code></codes><interval from=\"message\"/></observation>\n"
    "<observation id=\"alb\" label=\"Albumin\" unit=\"mg/L\"><codes quantity=\"mass\" "
    "system=\"LN\"><code>1751-7</code></codes></observation>\n"
    "<rules for=\"b2m\">"
    "<gate id=\"G\" skip=\"preliminary\"><note>Preliminary.</note></gate>"
    "<group id=\"size\" pick=\"first\" gaps=\"allowed\">"
    "<rule id=\"HUGE\"><when><value at-least=\"50\"/></when><note>a</note></rule>"
    "<rule id=\"RAISED\"><when><above-interval/><value below=\"50\"/></when><note>b</note></rule>"
    "<rule id=\"LOW\"><when><below-interval/><value below=\"50\"/></when><note>c</note></rule>"
    "</group>"
    "<group id=\"who\" pick=\"all\">"
    "<rule id=\"CHILD\"><when><age under=\"18\"/></when><note>d</note></rule>"
    "<rule id=\"WOMAN\"><when><sex is=\"F\"/><in-interval/></when><note>e</note></rule>"
    "<rule id=\"AFTER\"><when><fired rule=\"RAISED\"/><value of=\"alb\" below=\"35\"/></when>"
    "<note>f</note></rule>"
    "<rule id=\"DOUBT\"><when><undecided group=\"size\"/></when><note>g</note></rule>"
    "<rule id=\"MYELOMA\"><when><diagnosis code=\"C90.0\" match=\"prefix\"/></when>"
    "<note>h</note></rule>"
    "<rule id=\"FLAGGED\"><when><flagged as=\"H\"/></when><note>i</note></rule>"
    "</group></rules></mapping>\n";

/* clang-format off */
static const char *const patients[] = { "19600101|F", "19600101|M", "20200101|F", "|" };
static const char *const values[] = { "0.5|mg/L|0.7-1.8", "1.2|mg/L|0.7-1.8", "5|mg/L|0.7-1.8",
	"60|mg/L|0.7-1.8", "5|mg/L|", "1.2|mg/L|", "<1.8|mg/L|0.7-1.8", "70|mg/L|" };
static const char *const ends[] = { "||||P\n", "||||F\n", "|H|||F\n", "||||C\n", "|LL|||F\n" };
static const char *const companions[] = { "", "OBX|2|NM|1751-7^Alb^LN||30|mg/L|||||F\n",
	"OBX|2|NM|1751-7^Alb^LN||45|mg/L|||||F\n" };
static const char *const diagnoses[] = { "", "DG1|1||C90.0^Myeloma^I10\n" };
/* clang-format on */

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

enum {
	REPORTS = COUNT(patients) * COUNT(values) * COUNT(ends) * COUNT(companions) *
		  COUNT(diagnoses),
};

/* One of each kind, by its number. */
static void
write_report(struct buffer *out, size_t n)
{
	const char *patient = patients[n % COUNT(patients)];
	const char *value = values[(n /= COUNT(patients)) % COUNT(values)];
	const char *end = ends[(n /= COUNT(values)) % COUNT(ends)];
	const char *companion = companions[(n /= COUNT(ends)) % COUNT(companions)];
	const char *diagnosis = diagnoses[n / COUNT(companions)];

	buffer_clear(out);
	buffer_printf(out,
	    "PID|1||1||DOE^ANN||%s\n%sOBR|1|1|1|24323-8^Panel^LN|||20260301080000\n"
	    "OBX|1|NM|1952-1^B2M^LN||%s%s%s",
	    patient, diagnosis, value, end, companion);
	buffer_append_char(out, '\0');
}

static void
begin(struct report *r)
{
	struct mapping *m = fragment_good(IN_FILE, mapping);

	report_begin(r, &m, 1);
	r->head = SPAN("MSH|^~\\&|LAB|NORTH|EHR|NORTH|20260301120000||ORU^R01^ORU_R01|1|P|2.5.1\n");
}

/* What becomes of report `n` where nobody went before it; the caller frees it. */
static char *
alone(struct buffer *text, size_t n)
{
	struct report r;
	char *told;

	write_report(text, n);
	begin(&r);
	told = strdup(report_annotate(&r, text->data));
	report_end(&r);
	cr_assert(told);
	return told;
}

Test(annotate_paths, lead_where_each_result_goes_alone)
{
	struct buffer text;
	struct report warm;
	char *wanted[REPORTS];

	buffer_init(&text, 0);
	for (size_t n = 0; n < REPORTS; n++)
		wanted[n] = alone(&text, n);
	begin(&warm);
	/* each report several times, behind another one each time */
	for (size_t step = 1; step < REPORTS; step = 3 * step + 4)
		for (size_t i = 0; i < REPORTS; i++) {
			const size_t n = i * step % REPORTS;

			write_report(&text, n);
			cr_expect_str_eq(
			    report_annotate(&warm, text.data), wanted[n], "report %zu", n);
		}
	report_end(&warm);
	for (size_t n = 0; n < REPORTS; n++)
		free(wanted[n]);
	buffer_finish(&text);
}

/* ---- what is remembered ------------------------------------------------------------------ */

enum { STEPS = 12 };

static const struct plan plans[2];
static const struct rule rules[STEPS];

/* The answers are the bits of a number, and so are the rules. */
static void
add_path(struct paths *p, unsigned n, const struct known *known)
{
	struct path_step steps[STEPS];
	const struct rule **fired;
	unsigned count = 0;

	for (unsigned i = 0; i < STEPS; i++)
		steps[i] = (struct path_step){ (unsigned char)i, n >> i & 1 };
	fired = paths_add(p, &plans[n % 2], known, steps, STEPS, (unsigned)__builtin_popcount(n));
	cr_assert(fired);
	for (unsigned i = 0; i < STEPS; i++)
		if (n >> i & 1)
			fired[count++] = &rules[i];
}

/* Is the end of that path known?  It has the right rules then. */
static bool
leads(const struct paths *p, unsigned n, const struct known *known)
{
	const struct path *at = paths_begin(p, &plans[n % 2], known);
	unsigned count = 0;

	for (unsigned i = 0; at && i < STEPS; i++) {
		cr_assert_eq(at->fact, i);
		at = paths_next(p, at, n >> i & 1);
	}
	if (!at)
		return false;
	cr_assert_eq(at->fact, PATH_END);
	cr_assert_eq(at->rule_count, __builtin_popcount(n));
	for (unsigned i = 0; i < STEPS; i++)
		if (n >> i & 1)
			cr_assert_eq(p->rules[at->first_rule + count++], &rules[i]);
	return true;
}

/* More beginnings, more questions and more rules than there is room for. */
Test(annotate_paths, begin_anew_where_there_is_no_room)
{
	static struct paths p;
	unsigned kept = 0;

	for (unsigned n = 0; n < 1 << STEPS; n++) {
		const struct known known = { .yes = n >> 10, .no = n >> 11 };

		cr_assert(!leads(&p, n, &known));
		add_path(&p, n, &known);
		cr_assert(leads(&p, n, &known));
	}
	for (unsigned n = 0; n < 1 << STEPS; n++) {
		const struct known known = { .yes = n >> 10, .no = n >> 11 };

		kept += leads(&p, n, &known);
	}
	cr_expect_gt(kept, 0);
	cr_expect_lt(kept, PATH_ROOM);
	for (unsigned n = 0; n < 4 * PATH_STARTS; n++) {
		const struct known known = { .yes = 100 + n };

		add_path(&p, n, &known);
		cr_assert(leads(&p, n, &known));
	}
}

Test(annotate_paths, take_no_end_with_more_rules_than_there_is_room_for)
{
	static struct paths p;
	const struct known known = { 0 };

	cr_expect_null(paths_add(&p, plans, &known, NULL, 0, PATH_RULES));
	cr_expect_null(paths_begin(&p, plans, &known));
	cr_expect(paths_add(&p, plans, &known, NULL, 0, 0));
	cr_expect_eq(paths_begin(&p, plans, &known)->fact, PATH_END);
}
