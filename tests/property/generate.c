/* SPDX-License-Identifier: MIT */
/*
 * Messages are written with patterns in the usual delimiters, |^~\&, which the
 * writer replaces by the message's own; a segment is a pattern, cut off at some
 * place or followed by needless separators now and then.
 */
#include "property/generate.h"

#include <string.h>

struct writer {
	struct random *r;
	struct buffer *out;
	char delims[6];          /* of this message, in the order |^~\&#; 0: none */
	const char *terminators; /* "r", "n", "b" (both) or "rnb" (any) */
};

#define PICK(r, list) ((list)[random_below(r, sizeof(list) / sizeof(*(list)))])

static const char usual[] = "|^~\\&#";

/* ---- words ------------------------------------------------------------------- */

static const char *const results[] = { "1952-1", "1952-1", "1952-1", "1952-1", "1952-1", "2160-0",
	"2160-0", "2160-0", "2160-0", "1953-9", "1951-3", "10873-8", "13485-8", "59177-6",
	"83078-6", "56786-7", "14626-6", "76484-5", "32302-2", "83076-0", "43818-4", "87708-4",
	"54355-3", "48166-3", "10467-9", "1751-7", "14682-9", "98979-8", "33914-3", "33863-2",
	"2532-0", "2161-8", "2756-5", "31151-4", "718-7", "" };
static const char *const systems[] = { "LN", "LN", "LN", "LN", "LOINC", "ln", "L", "", "99LAB" };
static const char *const units[] = { "mg/L", "mg/L", "mg/L", "mg/L", "mg/L", "mg/L", "mg/dL",
	"ug/mL", "mcg/mL", "ng/mL", "nmol/L", "umol/L", "g/dL", "g/L", "mL/min/{1.73_m2}", "mg/dL",
	"\xb5g/mL", "\xc2\xb5g/mL", "\\XB5\\g/mL", "MG/L", " mg / L ", "ug/(24.h)", "ug/g{creat}",
	"[pH]", "", "furlong", "mg/L^milligram per litre^UCUM", "x^^L^mg/L^^UCUM", "\"\"" };
static const char *const types[] = { "NM", "NM", "NM", "SN", "ST", "TX", "CE", "CWE", "ED", "" };
static const char *const numbers[] = { "0.5", "0.69", "0.7", "1.1", "1.8", "1.80", "1.81", "2.4",
	"3.4999", "3.5", "4.2", "5.4999", "5.5", "12", "45", "60", "298", "469", "0", "-1",
	"300.0001", "250000", "0000001.9", "2.00000000000000000", "99999999999999999999" };
static const char *const texts[] = { "<0.5", "<2.0", "<= 1.8", ">20", ">5", ">=5.5", "1,8", "+1.8",
	"1.8e0", "1.8.", ".5", "QNS", "See comment", "\"\"", "", ">^20", "<^0.3", "^1^-^2", "^3.5",
	"1.8~2.5", "positive", "\\.br\\", "a\\F\\b\\S\\c\\T\\d\\R\\e\\E\\", "\\Xzz\\", "\\" };
static const char *const ranges[] = { "", "", "0.7-1.8", "0.70 - 1.80", "0.7-1.8 mg/L", "<=0.3",
	"< 300", ">=60", "0.7 to 1.8", "1.8-0.7", "(0.7-1.8)", "see below", "3.5-5.0", "\"\"" };
static const char *const flags[] = { "", "", "", "", "H", "N", "L", "HH", "H~A", "\"\"", "null",
	"H^High^HL70078", "<", "B" };
static const char *const statuses[] = { "F", "F", "F", "F", "F", "C", "P", "S", "X", "", "W", "f" };
static const char *const charsets[] = { "", "", "", "ASCII", "8859/1", "UNICODE UTF-8",
	"UNICODE UTF-16", "BIG-5", "8859/1~ISO IR87" };
static const char *const kinds[] = { "ORU^R01", "ORU^R01", "ORU^R01", "ORU^R01", "ORU^R01",
	"ORU^R01", "ORU^R01", "ORU^R01", "ORU^R01", "ORU^R01^ORU_R01", "ORU", "ORU^R30", "ADT^A01",
	"OUL^R22", "" };
static const char *const births[] = { "19600229", "19600229", "19600229", "1950", "20180101",
	"19800101120000+0100", "", "20991301", "\"\"" };
static const char *const times[] = { "202601021200", "202601021200", "202601021200", "202601031200",
	"202601031201", "20260102", "202601021200+0100", "202602021200", "2026", "never" };
static const char *const specimens[] = { "SER", "PLAS", "UR", "CSF", "", "SER&Serum&HL70487" };
static const char *const roles[] = { "P", "P", "P", "", "Q", "P~V^^HL70369" };

/* ---- the writer -------------------------------------------------------------- */

static void
put_char(struct writer *w, char c)
{
	const char *at = c ? strchr(usual, c) : NULL;

	if (!at)
		buffer_append_char(w->out, c);
	else if (w->delims[at - usual])
		buffer_append_char(w->out, w->delims[at - usual]);
}

static void
put(struct writer *w, const char *pattern)
{
	for (; *pattern; pattern++)
		put_char(w, *pattern);
}

static void
put_end(struct writer *w)
{
	switch (w->terminators[random_below(w->r, (unsigned)strlen(w->terminators))]) {
	case 'r':
		buffer_append_char(w->out, '\r');
		break;
	case 'n':
		buffer_append_char(w->out, '\n');
		break;
	default:
		buffer_append(w->out, SPAN("\r\n"));
		break;
	}
}

static void
put_chance(struct writer *w, size_t most)
{
	for (size_t n = random_below(w->r, (unsigned)most); n > 0; n--)
		buffer_append_char(w->out, (char)random_next(w->r));
}

/* The end of a segment and what senders leave behind it. */
static void
put_segment_end(struct writer *w)
{
	if (random_percent(w->r, 8))
		put(w, "||||");
	if (random_percent(w->r, 3))
		put(w, "|Straße \xff\x80");
	put_end(w);
	if (random_percent(w->r, 4))
		put_end(w);
	if (random_percent(w->r, 3)) {
		put(w, PICK(w->r, ((const char *const[]){ "more of it", "  ", "\t", "a|b|c", "ab|c",
				      "nte|1", "OBXX|1", "OBX", "|", "M", "msh|^~\\&" })));
		put_end(w);
	}
	if (random_percent(w->r, 2))
		put(w, "  ");
}

/* Cut the segment that began at `from` somewhere behind its ID. */
static void
cut_short(struct writer *w, size_t from)
{
	size_t len = w->out->end - from;

	if (len > 3 && random_percent(w->r, 5))
		w->out->end = from + 3 + random_below(w->r, (unsigned)(len - 3));
}

static void
put_segment(struct writer *w, const char *pattern)
{
	size_t from = w->out->end;

	put(w, pattern);
	cut_short(w, from);
	put_segment_end(w);
}

/* ---- segments ---------------------------------------------------------------- */

static void
put_value(struct writer *w)
{
	if (random_percent(w->r, 75))
		put(w, PICK(w->r, numbers));
	else
		put(w, PICK(w->r, texts));
	if (random_percent(w->r, 1))
		for (unsigned n = random_below(w->r, 5000); n > 0; n--)
			put(w, "long ");
}

static void
put_obx(struct writer *w, unsigned set)
{
	struct random *r = w->r;
	size_t from = w->out->end;

	put(w, "OBX|");
	buffer_printf(w->out, "%u", set);
	put(w, "|");
	put(w, PICK(r, types));
	put(w, "|");
	if (random_percent(r, 10))
		put(w, "B2M^Beta 2 microglobulin^L^");
	else if (random_percent(r, 8)) {
		put(w, PICK(r, results));
		put(w, "^other name^LN^");
	}
	put(w, PICK(r, results));
	put(w, "^name^");
	put(w, PICK(r, systems));
	put(w, random_percent(r, 10) ? "|1|" : "||");
	put_value(w);
	put(w, "|");
	put(w, PICK(r, units));
	put(w, "|");
	put(w, PICK(r, ranges));
	put(w, "|");
	put(w, PICK(r, flags));
	put(w, "|||");
	put(w, PICK(r, statuses));
	if (random_percent(r, 30)) {
		put(w, "|||");
		put(w, PICK(r, times));
		put(w, PICK(r, ((const char *const[]){ "", "|LABX^Lab X", "|Z^Lab Y", "|Z" })));
	}
	cut_short(w, from);
	put_segment_end(w);
}

static void
put_behind_obx(struct writer *w)
{
	static const char *const behind[] = { "NTE|1||of the laboratory", "NTE|1|L|", "NTE",
		"ZBX|1|x", "PRT|1|UC", "ADD|1|x", "NTE|1|O|Auto-comment b2m 1.0.0: S03; flag H",
		"NTE|1|O|Auto-comment other 9: X1", "NTE|1|O|Auto-comment", "CTI|x",
		"SPM|1|||SER^Serum", "NTE|2|O|Auto-comment site 2.0.0: A1; flag HH instead of L",
		"NTE|1|O|Auto-comment hop 1: A1; flag HH instead of H~A~Auto-comment b2m 1: S03",
		"NTE|1|L|Above.~On two lines.", "NTE|1|L|Above.", "DEV|1" };

	while (random_percent(w->r, 25))
		put_segment(w, PICK(w->r, behind));
}

static void
put_order(struct writer *w)
{
	if (random_percent(w->r, 40))
		put_segment(w, "ORC|RE|1|2");
	if (random_percent(w->r, 95)) {
		put(w, "OBR|1|1|2|1952-1^B2M^LN|||");
		put(w, random_percent(w->r, 70) ? "20260102" : PICK(w->r, times));
		put(w, "||||||||");
		put(w, PICK(w->r, specimens));
		put(w, "||||||||||");
		put(w, PICK(w->r, statuses));
		put_segment_end(w);
	}
	for (unsigned set = 1, n = random_below(w->r, 6); set <= n; set++) {
		put_obx(w, set);
		put_behind_obx(w);
	}
	if (random_percent(w->r, 15)) {
		put(w, "SPM|1|||");
		put(w, PICK(w->r, specimens));
		put(w, "|||||||");
		put(w, PICK(w->r, roles));
		if (random_percent(w->r, 40)) {
			put(w, "||||||");
			put(w, PICK(w->r, times));
		}
		put_segment_end(w);
		if (random_percent(w->r, 30))
			put_obx(w, 1);
	}
}

static void
put_patient(struct writer *w)
{
	put(w, "PID|1||4");
	put(w, PICK(w->r, ((const char *const[]){ "1", "2", "3" })));
	put(w, "^^^LAB||DOE^JANE||");
	put(w, PICK(w->r, births));
	put(w, random_percent(w->r, 50) ? "|F" : "|M");
	put_segment_end(w);
	if (random_percent(w->r, 20))
		put_segment(w, "NTE|1||about the patient");
	if (random_percent(w->r, 15))
		put_segment(w, "DG1|1||C90.00^Multiple myeloma^I10");
	if (random_percent(w->r, 5))
		put_obx(w, 1);
}

static void
put_header(struct writer *w, const char *id)
{
	buffer_append(w->out, span_str(id));
	put(w, "|^~\\&#|LAB|");
	put(w, random_percent(w->r, 20)   ? "COMMA"
	       : random_percent(w->r, 10) ? "ELSEWHERE"
					  : "SITE");
	put(w, "|EHR|HOSP|20260102120000||");
	put(w, PICK(w->r, kinds));
	put(w, "|Q1|P|2.5.1||||||");
	put(w, PICK(w->r, charsets));
	put_segment_end(w);
}

/* ---- messages ---------------------------------------------------------------- */

static void
choose_delims(struct writer *w)
{
	static const char odd[] = "|^~\\&#!$%*+=@;:,?/<>{}[]()'\"`_-.";
	struct random *r = w->r;

	memcpy(w->delims, usual, sizeof(w->delims));
	if (random_percent(r, 80))
		w->delims[5] = 0; /* no truncation character before 2.7 */
	if (random_percent(r, 55))
		return;
	for (size_t i = 0; i < sizeof(w->delims); i++)
		if (w->delims[i] && random_percent(r, 60))
			w->delims[i] = odd[random_below(r, sizeof(odd) - 1)];
	if (random_percent(r, 10))
		w->delims[1 + random_below(r, 5)] = 0;
	if (random_percent(r, 4))
		w->delims[random_below(r, 6)] = (char)random_next(r);
}

static void
spoil(struct writer *w, size_t from)
{
	size_t len = w->out->end - from;

	for (unsigned n = 1 + random_below(w->r, 8); n > 0 && len > 0; n--)
		w->out->data[from + random_next(w->r) % len] = (char)random_next(w->r);
}

static void
put_message(struct writer *w)
{
	size_t from = w->out->end;

	choose_delims(w);
	put_header(w, "MSH");
	do {
		if (random_percent(w->r, 90))
			put_patient(w);
		for (unsigned n = 1 + random_below(w->r, 2); n > 0; n--)
			put_order(w);
	} while (random_percent(w->r, 25));
	if (random_percent(w->r, 3))
		put_segment(w, "DSC|more");
	if (random_percent(w->r, 15))
		w->out->end -= 1; /* no terminator at the end */
	if (random_percent(w->r, 12))
		spoil(w, from);
}

void
generate_stream(struct random *r, struct buffer *out)
{
	struct writer w = { .r = r, .out = out };
	bool batch = random_percent(r, 8);
	unsigned messages = random_percent(r, 70) ? 1 : 1 + random_below(r, 4);

	w.terminators = PICK(r, ((const char *const[]){ "r", "r", "r", "n", "b", "rnb", "rb" }));
	choose_delims(&w);
	if (random_percent(r, 3))
		buffer_append(out, SPAN("\xef\xbb\xbf"));
	if (random_percent(r, 4))
		put_end(&w);
	if (random_percent(r, 3))
		put_chance(&w, 40);
	if (batch)
		put_header(&w, random_percent(r, 50) ? "FHS" : "BHS");
	while (messages-- > 0)
		put_message(&w);
	if (batch)
		put_segment(&w, random_percent(r, 50) ? "BTS|2" : "FTS");
	if (random_percent(r, 2))
		put_chance(&w, 200);
}
