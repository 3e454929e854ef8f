/* SPDX-License-Identifier: MIT */
/*
 * Every condition of hl7note-mapping(5), asked of small reports: it is true, false, or unknown.
 * One rule has it as its condition, another one its opposite.
 */
#include <criterion/criterion.h>
#include <stdio.h>

#include "../mapping/fragment.h"
#include "report.h"

/* clang-format off */
static const char mapping[] =
    "<mapping xmlns=\"urn:hl7note:mapping:1\" id=\"t\" version=\"1.0\" status=\"draft\" "
    "default-intervals=\"on\">\n"
    "<about><title>A test</title></about>\n"
    "<system id=\"LN\"/><system id=\"I10\"><alias>ICD</alias></system>\n"
    "<specimen id=\"serum\" label=\"Serum\"><code>SER</code></specimen>\n"
    "<specimen id=\"urine\" label=\"Urine\"><code>UR</code></specimen>\n"
    "<specimen id=\"Urine\" label=\"Of a day\"><code>24U</code></specimen>\n"
    "<quantity id=\"mass\" unit=\"mg/L\"><unit name=\"mg/L\" factor=\"1\"/>"
    "<unit name=\"nmol/L\" factor=\"0.01\" near=\"1%%\"/></quantity>\n"
    "<observation id=\"b2m\" label=\"B2M\" unit=\"mg/L\">"
    "<codes quantity=\"mass\" system=\"LN\"><code>1952-1</code><code>56786-7</code>"
    "<code>b</code><code>B</code></codes>"
    "<interval from=\"message\" unreadable=\"next\"/><interval low=\"1\" high=\"3\" sex=\"F\"/>"
    "<interval low=\"0.5\" high=\"4\" default=\"yes\"/></observation>\n"
    "<observation id=\"alb\" label=\"Albumin\" unit=\"mg/L\">"
    "<codes quantity=\"mass\" system=\"LN\"><code>1751-7</code></codes>"
    "<interval from=\"message\"/></observation>\n"
    "<observation id=\"word\" label=\"A word\">"
    "<codes system=\"LN\"><code>43818-4</code></codes></observation>\n"
    "<condition id=\"large\"><value above=\"2\"/></condition>\n"
    "<rules for=\"%s\">"
    "<group id=\"first\" pick=\"first\" gaps=\"allowed\">"
    "<rule id=\"A\"><when>%s</when></rule></group>"
    "<group id=\"g\" pick=\"all\">"
    "<rule id=\"Y\"><when>%s</when></rule>"
    "<rule id=\"N\"><when><not>%s</not></when></rule>"
    "</group></rules>\n</mapping>\n";

#define OF(code, value, unit, range, flag, status, behind) \
	"OBX|1|NM|" code "^x^LN||" value "|" unit "|" range "|" flag "|||" status behind "\n"
#define VALUE(value) OF("1952-1", value, "mg/L", "", "", "F", "")
#define MOLAR(value, range) OF("1952-1", value, "nmol/L", range, "", "F", "")
#define RANGE(value, range) OF("1952-1", value, "mg/L", range, "", "F", "")
#define FLAG(flag) OF("1952-1", "2", "mg/L", "", flag, "F", "")
#define LINE(flag) "OBX|2|TX|1952-1^x^LN||Called.|||" flag "|||F\n"
#define STATUS(status) OF("1952-1", "2", "mg/L", "", "", status, "")
#define BY(behind) OF("1952-1", "2", "mg/L", "", "", "F", "||||" behind)
#define ALBUMIN(value, flag) OF("1751-7", value, "mg/L", "1-3", flag, "F", "")
#define WORD(text) "OBX|1|ST|43818-4^x^LN||" text "||||||F\n"
#define MAN "PID|1||2||X||1960|M\nOBR|1\n"
#define BORN(stamp) "PID|1||2||X||" stamp "|F\nOBR|1|||||||||||||||\n"
#define SOURCE(code) "OBR|1||||||||||||||" code "\n"
/* A condition and its opposite, each with something else. */
#define EITHER(one, other) "<any><all>" one "<present of=\"alb\"/></all><all>" other "<sex is=\"F\"/></all></any>"
#define HALVES(a, b) EITHER("<value " a "=\"2\"/>", "<value " b "=\"2\"/>")
#define AGES EITHER("<age under=\"18y\"/>", "<age at-least=\"18y\"/>")

static const struct {
	const char *of, *condition, *report;
	char answer; /* y, n, or ? */
} cases[] = {
	{ "b2m", "<value above=\"2\"/>", VALUE("2.01"), 'y' },
	{ "b2m", "<value above=\"2\"/>", VALUE("2"), 'n' },
	{ "b2m", "<value above=\"2\"/>", VALUE(">2"), 'y' },
	{ "b2m", "<value above=\"2\"/>", VALUE(">=2"), '?' },
	{ "b2m", "<value above=\"2\"/>", VALUE("<=2"), 'n' },
	{ "b2m", "<value above=\"2\"/>", VALUE("<2.01"), '?' },
	{ "b2m", "<value at-least=\"2\"/>", VALUE("2"), 'y' },
	{ "b2m", "<value at-least=\"2\"/>", VALUE("1.99"), 'n' },
	{ "b2m", "<value at-least=\"2\"/>", VALUE(">=2"), 'y' },
	{ "b2m", "<value at-least=\"2\"/>", VALUE("<2"), 'n' },
	{ "b2m", "<value at-least=\"2\"/>", VALUE("<=2"), '?' },
	{ "b2m", "<value below=\"2\"/>", VALUE("1.99"), 'y' },
	{ "b2m", "<value below=\"2\"/>", VALUE("2"), 'n' },
	{ "b2m", "<value below=\"2\"/>", VALUE("<2"), 'y' },
	{ "b2m", "<value below=\"2\"/>", VALUE("<=2"), '?' },
	{ "b2m", "<value below=\"2\"/>", VALUE(">=2"), 'n' },
	{ "b2m", "<value at-most=\"2\"/>", VALUE("2"), 'y' },
	{ "b2m", "<value at-most=\"2\"/>", VALUE("2.01"), 'n' },
	{ "b2m", "<value at-most=\"2\"/>", VALUE("<=2"), 'y' },
	{ "b2m", "<value at-most=\"2\"/>", VALUE(">2"), 'n' },
	{ "b2m", "<value at-most=\"2\"/>", VALUE(">=2"), '?' },
	{ "b2m", "<value above=\"1\" at-most=\"2\"/>", VALUE("2"), 'y' },
	{ "b2m", "<value above=\"1\" at-most=\"2\"/>", VALUE("1"), 'n' },
	{ "b2m", "<value of=\"alb\" above=\"2\"/>", VALUE("1") ALBUMIN("3", ""), 'y' },
	{ "b2m", "<value of=\"alb\" above=\"2\"/>", VALUE("3") ALBUMIN("1", ""), 'n' },
	{ "b2m", "<value of=\"alb\" above=\"2\"/>", VALUE("3") ALBUMIN("<3", ""), '?' },
	{ "b2m", "<value of=\"alb\" above=\"2\"/>", VALUE("3"), 'n' },
	{ "b2m", HALVES("below", "at-least"), VALUE("1"), 'n' },
	{ "b2m", HALVES("below", "at-least"), VALUE("1") ALBUMIN("2", ""), 'y' },
	{ "b2m", HALVES("below", "at-least"), VALUE("2"), 'y' },
	{ "b2m", HALVES("below", "at-least"), MAN VALUE("2") ALBUMIN("2", ""), 'n' },
	{ "b2m", HALVES("below", "at-least"), VALUE("<=2"), '?' },
	{ "b2m", HALVES("above", "at-most"), VALUE("2"), 'y' },
	{ "b2m", HALVES("above", "at-most"), VALUE("2.1"), 'n' },
	{ "b2m", HALVES("above", "at-most"), VALUE(">=2") ALBUMIN("2", ""), '?' },
	{ "b2m", "<all><value at-most=\"2\"/><value at-least=\"2\"/></all>", VALUE("2"), 'y' },
	{ "b2m", "<all><value at-most=\"2\"/><value at-least=\"2\"/></all>", VALUE("2.1"), 'n' },
	{ "b2m", "<value of=\"alb\" at-least=\"2\" below=\"4\"/>", VALUE("9") ALBUMIN("1", "") ALBUMIN("2", ""), 'y' },
	{ "b2m", "<value of=\"alb\" at-least=\"2\" below=\"4\"/>", VALUE("3") ALBUMIN("1", "") ALBUMIN("4", ""), 'n' },
	{ "b2m", "<value of=\"alb\" above=\"2\" at-most=\"4\"/>", VALUE("9") ALBUMIN("2", "") ALBUMIN("4", ""), 'y' },
	{ "b2m", "<value of=\"alb\" above=\"2\" at-most=\"4\"/>", VALUE("3") ALBUMIN("2", "") ALBUMIN("4.1", ""), 'n' },
	{ "b2m", "<value of=\"alb\" at-least=\"2\" below=\"4\"/>", VALUE("3") ALBUMIN("<3", ""), '?' },
	{ "b2m", "<value of=\"alb\" at-least=\"2\" below=\"4\"/>", VALUE("3") ALBUMIN("<3", "") ALBUMIN("3", ""), 'y' },
	{ "b2m", "<value of=\"alb\" at-least=\"2\" below=\"4\"/>", VALUE("3") ALBUMIN("<2", "") ALBUMIN(">=4", ""), 'n' },
	{ "b2m", "<value of=\"alb\" at-least=\"2\" below=\"4\"/>", VALUE("3"), 'n' },
	{ "b2m", "<not><value of=\"alb\" at-least=\"2\" below=\"4\"/></not>", VALUE("3") ALBUMIN("1", "") ALBUMIN("4", ""), 'y' },
	/* of two companions one may be below and the other not */
	{ "b2m", "<all><value of=\"alb\" below=\"2\"/><value of=\"alb\" at-least=\"2\"/></all>", VALUE("2") ALBUMIN("1", "") ALBUMIN("3", ""), 'y' },

	{ "b2m", "<below-interval/>", RANGE("0.9", "1-2"), 'y' },
	{ "b2m", "<below-interval/>", RANGE("1", "1-2"), 'n' },
	{ "b2m", "<below-interval/>", RANGE("1", ">1"), 'y' },
	{ "b2m", "<above-interval/>", RANGE("2", "1-2"), 'n' },
	{ "b2m", "<above-interval/>", RANGE("2.1", "1-2"), 'y' },
	{ "b2m", "<above-interval/>", RANGE("2", "<2"), 'y' },
	{ "b2m", "<in-interval/>", RANGE("2", "1-2"), 'y' },
	{ "b2m", "<in-interval/>", RANGE("2.1", "1-2"), 'n' },
	{ "b2m", "<in-interval/>", RANGE("<1.5", "1-2"), '?' },
	{ "b2m", "<in-interval/>", RANGE("<1", "1-2"), 'n' },
	{ "b2m", "<in-interval/>", RANGE("2", "2-1"), '?' }, /* there is none */
	{ "b2m", "<above-interval from=\"message\"/>", RANGE("5", "1-2"), 'y' },
	{ "b2m", "<above-interval from=\"message\"/>", RANGE("5", ""), 'n' },
	{ "b2m", "<above-interval from=\"site\"/>", RANGE("5", ""), 'y' },
	{ "b2m", "<above-interval from=\"site\"/>", RANGE("5", "1-2"), 'n' },
	{ "b2m", "<above-interval from=\"default\"/>", RANGE("5", ""), 'n' },
	{ "b2m", "<above-interval from=\"default\"/>", MAN RANGE("5", ""), 'y' },
	{ "b2m", "<above-interval from=\"default\"/>", MAN RANGE("3.5", ""), 'n' },
	{ "b2m", "<above-interval of=\"alb\"/>", VALUE("5") ALBUMIN("3", ""), 'n' },
	{ "b2m", "<above-interval of=\"alb\"/>", VALUE("5") ALBUMIN("3.1", ""), 'y' },
	{ "b2m", "<above-interval of=\"alb\" unless-flagged=\"N\"/>", VALUE("5") ALBUMIN("3.1", "H"), 'y' },
	{ "b2m", "<above-interval of=\"alb\" unless-flagged=\"N\"/>", VALUE("5") ALBUMIN("3.1", "n"), 'n' },

	{ "b2m", "<flagged as=\"H HH\"/>", FLAG("HH"), 'y' },
	{ "b2m", "<flagged as=\"H HH\"/>", FLAG("A~H"), 'y' },
	{ "b2m", "<flagged as=\"H HH\"/>", FLAG("x^High^99^H"), 'y' },
	{ "b2m", "<flagged as=\"H HH\"/>", FLAG("N"), 'n' },
	{ "b2m", "<flagged as=\"H HH\"/>", FLAG(""), 'n' },
	{ "b2m", "<flagged as=\"H HH\"/>", FLAG("N~+++"), '?' },
	{ "b2m", "<flagged as=\"H HH\"/>", FLAG("") LINE("HH"), 'y' },
	{ "b2m", "<flagged as=\"H HH\"/>", FLAG("~") LINE("HH"), 'y' },
	{ "b2m", "<flagged as=\"H HH\"/>", FLAG("\"\"") LINE("HH"), 'y' },
	{ "b2m", "<flagged as=\"H HH\"/>", FLAG("N") LINE("HH"), 'n' },
	{ "b2m", "<flagged of=\"alb\" as=\"H\"/>", VALUE("2") ALBUMIN("2", "H"), 'y' },
	{ "b2m", "<flagged of=\"alb\" as=\"H\"/>", FLAG("H") ALBUMIN("2", ""), 'n' },
	{ "b2m", "<flagged of=\"alb\" as=\"H\"/>", FLAG("H") ALBUMIN("2", "+++"), '?' },
	{ "b2m", "<present of=\"alb\"/>", VALUE("2") ALBUMIN("2", ""), 'y' },
	{ "b2m", "<present of=\"alb\"/>", VALUE("2") ALBUMIN("QNS", ""), 'n' },
	{ "b2m", "<present of=\"alb\"/>", VALUE("2"), 'n' },
	{ "b2m", "<present of=\"b2m alb\"/>", VALUE("2"), 'n' }, /* nobody is his own companion */
	{ "b2m", "<present of=\"b2m alb\"/>", VALUE("2") ALBUMIN("2", ""), 'y' },

	{ "b2m", "<code is=\"56786-7\"/>", VALUE("2"), 'n' },
	{ "b2m", "<code is=\"b\"/>", OF("b", "2", "mg/L", "", "", "F", ""), 'y' },
	{ "b2m", "<code is=\"b\"/>", OF("B", "2", "mg/L", "", "", "F", ""), 'n' },
	{ "b2m", "<code is=\"56786-7\"/>", OF("56786-7", "2", "mg/L", "", "", "F", ""), 'y' },
	{ "b2m", "<status is=\"corrected\"/>", STATUS("F"), 'n' },
	{ "b2m", "<status is=\"corrected\"/>", STATUS("C"), 'y' },
	{ "b2m", "<status is=\"final\"/>", STATUS("C"), 'n' },
	{ "b2m", "<censored/>", VALUE("<2"), 'y' },
	{ "b2m", "<censored/>", VALUE("2"), 'n' },
	{ "word", "<text any-of=\"positive|trace\"/>", WORD("Positive"), 'y' },
	{ "word", "<text any-of=\"positive|trace\"/>", WORD(" trace "), 'y' },
	{ "word", "<text any-of=\"positive|trace\"/>", WORD("10^positive^L"), 'y' },
	{ "word", "<text any-of=\"positive|trace\"/>", WORD("10^x^positive"), 'n' },
	{ "word", "<text any-of=\"positive|trace\"/>", WORD("\"\"~trace~"), 'y' },
	{ "word", "<text any-of=\"positive|trace\"/>", WORD("positive~trace"), 'n' },
	{ "word", "<text any-of=\"positive|trace\"/>", WORD("not positive"), 'n' },

	/* 200 nmol/L is 2 mg/L; of the limits those of the mapping count, in any unit but its own */
	{ "b2m", "<near-limit/>", MOLAR("202", ""), 'y' },
	{ "b2m", "<near-limit/>", MOLAR("198", ""), 'y' },
	{ "b2m", "<near-limit/>", MOLAR("202.1", ""), 'n' },
	{ "b2m", "<near-limit/>", MOLAR("197.9", ""), 'n' },
	{ "b2m", "<near-limit/>", MOLAR("101", ""), 'y' },
	{ "b2m", "<near-limit/>", MOLAR("297", ""), 'y' },
	{ "b2m", "<near-limit/>", MOLAR("101", "100-300"), 'n' },
	{ "b2m", "<near-limit/>", MOLAR("<200", ""), 'n' },
	{ "b2m", "<near-limit/>", VALUE("2"), 'n' },

	{ "b2m", "<specimen is=\"serum\"/>", SOURCE("SER") VALUE("2"), 'y' },
	{ "b2m", "<specimen is=\"serum\"/>", SOURCE("UR") VALUE("2"), 'n' },
	{ "b2m", "<specimen is=\"urine\"/>", SOURCE("UR") VALUE("2"), 'y' },
	{ "b2m", "<specimen is=\"urine\"/>", SOURCE("24U") VALUE("2"), 'n' },
	{ "b2m", "<specimen is=\"Urine\"/>", SOURCE("24u") VALUE("2"), 'y' },
	{ "b2m", "<specimen is=\"urine\"/>", VALUE("2") "SPM|1|||UR\n", 'y' },
	{ "b2m", "<specimen is=\"urine\"/>", VALUE("2") "SPM|1|||SER\n", 'n' },
	{ "b2m", "<specimen is=\"urine\"/>", VALUE("2") "SPM|1|||x^x^L^^^^^^^UR\n", 'y' },
	{ "b2m", "<specimen is=\"urine\"/>", VALUE("2") "SPM|1|||x^x^L^^^^^^^9^ur^L\n", 'y' },
	{ "b2m", "<specimen is=\"urine\"/>", SOURCE("x&x&L&&&&&&&UR") VALUE("2"), 'y' },
	{ "b2m", "<specimen is=\"serum\"/>", VALUE("2") "SPM|1|||UR\n", 'n' },
	{ "b2m", "<specimen is=\"serum\"/>", VALUE("2") "SPM|1|||UR\nSPM|2|||SER\n", 'y' },
	{ "b2m", "<specimen is=\"urine\"/>", VALUE("2"), '?' },
	{ "b2m", "<specimen is=\"urine\"/>", SOURCE("CSF") VALUE("2"), '?' },
	/* what stands behind the next PID is another's */
	{ "b2m", "<specimen is=\"urine\"/>", VALUE("2") "PID|2||9\nSPM|1|||UR\n", '?' },
	{ "b2m", "<laboratory any-of=\"OURS|North\"/>", BY("OURS"), 'y' },
	{ "b2m", "<laboratory any-of=\"OURS|North\"/>", BY("7^north"), 'y' },
	{ "b2m", "<laboratory any-of=\"OURS|North\"/>", BY("||||||||North"), 'y' },
	{ "b2m", "<laboratory any-of=\"OURS|North\"/>", BY("||||||||x^^OURS"), 'y' },
	{ "b2m", "<laboratory any-of=\"OURS|North\"/>", BY("THEIRS"), 'n' },
	{ "b2m", "<laboratory any-of=\"OURS|North\"/>", BY(""), 'n' },

	{ "b2m", "<order system=\"LN\" code=\"12-3\"/>", "OBR|1|||12-3^x^LN\n" VALUE("2"), 'y' },
	{ "b2m", "<order system=\"LN\" code=\"12-3\"/>", "OBR|1|||a^b^L^12-3^x^LN\n" VALUE("2"), 'y' },
	{ "b2m", "<order system=\"LN\" code=\"12-3\"/>", "OBR|1|||a^b^L^c^d^99X^^^^12-3^x^LN\n" VALUE("2"), 'y' },
	{ "b2m", "<order system=\"LN\" code=\"12-3\"/>", "OBR|1|||a^b^L^c^d^99X^12-3^^LN^12-3^x^L\n" VALUE("2"), 'n' },
	{ "b2m", "<order system=\"LN\" code=\"12-3\"/>", "OBR|1|||12-3^x^L\n" VALUE("2"), 'n' },
	{ "b2m", "<order system=\"LN\" code=\"12-3\"/>", "OBR|1|||12-34^x^LN\n" VALUE("2"), 'n' },
	{ "b2m", "<order code=\"12-3\" match=\"prefix\"/>", "OBR|1|||12-34^x^L\n" VALUE("2"), 'y' },
	{ "b2m", "<order code=\"12-3\"/>", "OBR|1|||12-3\nOBR|2\n" VALUE("2"), 'n' },
	{ "b2m", "<diagnosis system=\"I10\" code=\"C90\" match=\"prefix\"/>", "DG1|1||C90.01^x^ICD\nOBR|1\n" VALUE("2"), 'y' },
	{ "b2m", "<diagnosis system=\"I10\" code=\"C90\"/>", "DG1|1||C90.01^x^ICD\nOBR|1\n" VALUE("2"), 'n' },
	{ "b2m", "<diagnosis system=\"I10\" code=\"C90.01\"/>", "DG1|1||C9001^x^I10\nOBR|1\n" VALUE("2"), 'y' },
	{ "b2m", "<diagnosis system=\"I10\" code=\"C90.01\"/>", "DG1|1||1^x^L^^^^^^^C9001^x^I10\nOBR|1\n" VALUE("2"), 'y' },
	{ "b2m", "<diagnosis system=\"I10\" code=\"C90\"/>", "DG1|1||C90^x^I9\nDG1|2||Z1^x^I10\nOBR|1\n" VALUE("2"), 'n' },
	{ "b2m", "<diagnosis code=\"C90\"/>", "DG1|1||C90\n" BORN("1960") VALUE("2"), 'n' }, /* of the one before */

	{ "b2m", "<age at-least=\"18y\"/>", BORN("20080301") VALUE("2"), 'y' },
	{ "b2m", "<age at-least=\"18y\"/>", BORN("20080302") VALUE("2"), 'n' },
	{ "b2m", "<age at-least=\"18y\"/>", BORN("2008") VALUE("2"), '?' },
	{ "b2m", "<age at-least=\"18y\"/>", BORN("") VALUE("2"), '?' },
	{ "b2m", "<age under=\"18y\"/>", BORN("20080302") VALUE("2"), 'y' },
	{ "b2m", "<age under=\"18y\"/>", BORN("20080301") VALUE("2"), 'n' },
	{ "b2m", AGES, BORN("20080301") VALUE("2"), 'y' },
	{ "b2m", AGES, BORN("20080302") VALUE("2"), 'n' },
	{ "b2m", AGES, BORN("20080302") VALUE("2") ALBUMIN("2", ""), 'y' },
	{ "b2m", AGES, BORN("2008") VALUE("2"), '?' },
	{ "b2m", "<sex is=\"M O\"/>", MAN VALUE("2"), 'y' },
	{ "b2m", "<sex is=\"M O\"/>", VALUE("2"), 'n' },
	{ "b2m", "<sex is=\"M O\"/>", "PID|1||2||X||1960|\nOBR|1\n" VALUE("2"), '?' },
	{ "b2m", "<sender application=\"LAB\"/>", VALUE("2"), 'y' },
	{ "b2m", "<sender application=\"lab\" facility=\"North\"/>", VALUE("2"), 'y' },
	{ "b2m", "<sender application=\"LAB\" facility=\"SOUTH\"/>", VALUE("2"), 'n' },
	{ "b2m", "<sender facility=\"LAB\"/>", VALUE("2"), 'n' },

	{ "b2m", "<is condition=\"large\"/>", VALUE("2.1"), 'y' },
	{ "b2m", "<is condition=\"large\"/>", VALUE("<2.1"), '?' },
	{ "b2m", "<fired rule=\"A\"/>", VALUE("2.1"), 'y' },
	{ "b2m", "<fired rule=\"A\"/>", VALUE("2"), 'n' },
	{ "b2m", "<fired rule=\"A\"/>", VALUE("<2.1"), 'n' },
	{ "b2m", "<undecided group=\"first\"/>", VALUE("<2.1"), 'y' },
	{ "b2m", "<undecided group=\"first\"/>", VALUE("2.1"), 'n' },
	{ "b2m", "<undecided group=\"first\"/>", VALUE("2"), 'n' },
	{ "b2m", "<unsure><value above=\"2\"/></unsure>", VALUE("<2.1"), 'y' },
	{ "b2m", "<unsure><value above=\"2\"/></unsure>", VALUE("2.1"), 'n' },
	{ "b2m", "<unsure><value above=\"2\"/></unsure>", VALUE("2"), 'n' },

	/* false before unknown before true, and the other way round */
#define THREE "<value above=\"2\"/><sex is=\"M\"/><code is=\"1952-1\"/>"
	{ "b2m", "<all>" THREE "</all>", MAN VALUE("3"), 'y' },
	{ "b2m", "<all>" THREE "</all>", MAN VALUE("<3"), '?' },
	{ "b2m", "<all>" THREE "</all>", VALUE("<3"), 'n' },
	{ "b2m", "<any>" THREE "</any>", VALUE("<3"), 'y' },
	{ "b2m", "<any>" THREE "</any>", OF("56786-7", "<3", "mg/L", "", "", "F", ""), '?' },
	{ "b2m", "<any>" THREE "</any>", OF("56786-7", "2", "mg/L", "", "", "F", ""), 'n' },
	{ "b2m", "<not>" THREE "</not>", MAN VALUE("3"), 'n' },
	{ "b2m", "<not>" THREE "</not>", MAN VALUE("<3"), '?' },
	{ "b2m", "<not>" THREE "</not>", VALUE("<3"), 'y' },
};
/* clang-format on */

/* In the first group stands a rule that values decide, where there are any. */
static struct mapping *
mapping_of(const char *of, const char *condition)
{
	const bool word = strcmp(of, "word") == 0;
	char text[4096];

	snprintf(text, sizeof(text), mapping, of,
	    word ? "<code is=\"43818-4\"/>" : "<value above=\"2\"/>", condition, condition);
	return fragment_good(IN_FILE, text);
}

static bool
has_fired(const struct finding *f, const char *rule)
{
	for (unsigned i = 0; i < f->fired_count; i++) {
		if (span_eq(f->fired[i].rule->id, span_str(rule)))
			return true;
	}
	return false;
}

Test(annotate_conditions, are_true_or_false_or_unknown)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mapping *const mappings[] = { mapping_of(cases[i].of, cases[i].condition) };
		const struct finding *f;
		struct report r;
		bool yes, no;

		report_begin(&r, mappings, 1);
		report_annotate(&r, cases[i].report);
		f = report_finding(&r);
		yes = has_fired(f, "Y");
		no = has_fired(f, "N");
		cr_expect(yes == (cases[i].answer == 'y') && no == (cases[i].answer == 'n'),
		    "%s of %s: true %d, false %d", cases[i].condition, cases[i].report, yes, no);
		report_end(&r);
	}
}

/* What the rules ask of must not decide what is told of a result. */
Test(annotate_conditions, leave_the_interval_told)
{
	static const char *const conditions[] = {
		"<all><below-interval/><diagnosis system=\"I10\" code=\"C90\"/></all>",
		"<all><below-interval/><present of=\"alb\"/></all>",
		"<all><below-interval/><flagged of=\"alb\" as=\"H\"/></all>",
		"<sex is=\"F\"/>",
	};

	for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		struct mapping *const mappings[] = { mapping_of("b2m", conditions[i]) };
		const struct finding *f;
		struct report r;

		report_begin(&r, mappings, 1);
		report_annotate(&r, RANGE("0.9", "1-2"));
		f = report_finding(&r);
		cr_expect(f->limits && f->limits_from == INTERVAL_MESSAGE,
		    "%s: no interval is told", conditions[i]);
		report_end(&r);
	}
}
