/* SPDX-License-Identifier: MIT */
#include "relay/summary.h"

#include <criterion/criterion.h>

static struct relay_summary
summary_of(const char *message)
{
	struct relay_summary s;
	struct hl7_message m;
	enum hl7_piece piece;
	size_t used;

	memset(&s, 'x', sizeof(s));
	relay_summary_init(&s);
	hl7_message_init(&m);
	cr_assert_eq(hl7_message_read(&m, span_str(message), &piece, &used), 0);
	relay_summary_message(&s, &m);
	hl7_message_finish(&m);
	return s;
}

/* Nobody knows what stands where type and version should be, so it may be a name. */
Test(relay_summary, tells_type_and_version_of_a_header_that_looks_like_one)
{
	static const struct {
		const char *message, *type, *version;
	} cases[] = {
		{ "MSH|^~\\&|a|b|c|d|||ORU^R01^ORU_R01|1|P|2.5.1\rPID|1\r", "ORU^R01", "2.5.1" },
		{ "MSH|^~\\&|a|b|c|d|||ORU|1|P|2.3\r", "ORU", "2.3" },
		{ "MSH|^~\\&|a|b|c|d|||Z1A^A01|1|P|\r", "Z1A^A01", "" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.5^DEU\r", "ORU^R01", "2.5" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^|1|P|2.5\r", "ORU", "2.5" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^^ORU_R01|1|P|2.5\r", "ORU", "2.5" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^R0|1|P|2.5\r", "", "" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^R01X|1|P|2.5\r", "", "" },
		{ "MSH|^~\\&|a|b|c|d|||ORU&R01|1|P|2.5\r", "", "" },
		{ "MSH-O~\\&-a-b-c-d---ORUOR01-1-P-2.5\r", "", "" },
		{ "MSH-U~\\&-a-b-c-d---ORUUR01-1-P-2.5\r", "", "" },
		{ "MSH-V~\\&-a-b-c-d---ORUVR01-1-P-2.5\r", "ORU^R01", "2.5" },
		{ "MSH||a|b|c|d|||ORU|1|P|2.5\r", "ORU", "2.5" },
		{ "MSH||a|b|c|d|||ORU^R01|1|P|2.5\r", "", "" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^R01|1|P|^2.5\r", "ORU^R01", "" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2\r", "ORU^R01", "2" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.345678901\r", "ORU^R01", "2.345678901" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.3456789012\r", "", "" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^R01|DOE^ANN|P|19600101\r", "", "" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^R01|DOE^ANN|P|20010203\r", "", "" },
		{ "MSH|^~\\&|a|b|c|d|||DOES^ANN|1|P|2.5\r", "", "" },
		{ "MSH|^~\\&|a|b|c|d|||DOE^ANNA|1|P|2.5\r", "", "" },
		{ "MSH|^~\\&|a|b|c|d|||1DO^ANN|1|P|2.5\r", "", "" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.5x\r", "", "" },
		{ "MSH|^~\\&|a|b|c|d|||ORU^R01|1|P|19600101.19600101\r", "", "" },
		{ "MSH|^~\\&|a|b|c|d\r", "", "" },
		{ "PID|1\r", "", "" },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct relay_summary s = summary_of(cases[i].message);

		cr_expect_str_eq(s.type, cases[i].type, "%s", cases[i].message);
		cr_expect_str_eq(s.version, cases[i].version, "%s", cases[i].message);
		cr_expect_eq(s.type_len, strlen(s.type));
		cr_expect_eq(s.version_len, strlen(s.version));
	}
}

Test(relay_summary, tells_of_the_first_message_of_a_frame)
{
	static const struct span messages[] = {
		SPAN("MSH|^~\\&|a|b|c|d|||ORU^R01|1|P|2.5.1\rPID|1\r"),
		SPAN("MSH|^~\\&|a|b|c|d|||ADT^A01|2|P|2.3\rPID|1\rPV1|1\r"),
	};
	struct relay_summary s = { 0 };
	struct hl7_message m;

	hl7_message_init(&m);
	for (unsigned i = 0; i < 2; i++) {
		enum hl7_piece piece;
		size_t used;

		cr_assert_eq(hl7_message_read(&m, messages[i], &piece, &used), 0);
		relay_summary_message(&s, &m);
	}
	hl7_message_finish(&m);
	cr_expect_str_eq(s.type, "ORU^R01");
	cr_expect_str_eq(s.version, "2.5.1");
	cr_expect_eq(s.messages, 2);
	cr_expect_eq(s.segments, 5);
}

#define RULE(name)                               \
	{                                        \
		.id = { name, sizeof(name) - 1 } \
	}

static const struct rule a = RULE("A"), bc = RULE("BC"), d = RULE("D");

/* The same findings again, as of the next message of a batch. */
static struct relay_summary
twice(const struct finding *findings, size_t count)
{
	const struct annotation annotation = { .findings = findings, .finding_count = count };
	struct relay_summary s = { 0 };

	relay_summary_annotation(&s, &annotation);
	relay_summary_annotation(&s, &annotation);
	return s;
}

Test(relay_summary, has_each_word_once_and_counts_all)
{
	const struct fired first[] = { { .rule = &a, .how = FIRED_ADDED },
		{ .rule = &bc, .how = FIRED_ADDED } };
	const struct fired second[] = { { .rule = &bc, .how = FIRED_PRESENT },
		{ .rule = &d, .how = FIRED_ADDED } };
	const struct finding findings[] = {
		{ .fired = first, .fired_count = 2, .notes = 3, .flag_outcome = FLAG_SET },
		{ .fired = second, .fired_count = 2, .notes = 2, .flag_outcome = FLAG_REPLACED },
		{ .skip = SKIP_UNIT_UNKNOWN, .flag_outcome = FLAG_PRESENT },
		{ .skip = SKIP_STATUS, .flag_outcome = FLAG_NONE },
	};
	struct relay_summary s = twice(findings, 4);
	char withheld[RELAY_WORDS];

	cr_expect_str_eq(s.rules, "A BC D");
	cr_expect_eq(s.rules_len, strlen(s.rules));
	cr_expect_eq(s.skips_len, strlen(s.skips));
	cr_expect_str_eq(s.skips, "unit_unknown status");
	cr_expect_eq(s.notes, 10);
	cr_expect_eq(s.flags, 4);
	cr_expect_not(s.implausible);
	cr_expect_str_eq(relay_summary_withheld(&s, withheld), "");
}

Test(relay_summary, says_why_a_whole_message_was_left_alone)
{
	const struct annotation annotation = { .skip = SKIP_TOO_MANY };
	struct relay_summary s = { 0 };

	relay_summary_annotation(&s, &annotation);
	cr_expect_str_eq(s.skips, skip_word(SKIP_TOO_MANY));
}

Test(relay_summary, says_why_something_was_withheld)
{
	const struct fired fired[] = { { .rule = &a, .how = FIRED_SOFTENED },
		{ .rule = &bc, .how = FIRED_SHADOW }, { .rule = &d, .how = FIRED_OMITTED } };
	const struct finding findings[] = {
		{ .fired = fired, .fired_count = 3, .flag_outcome = FLAG_DIFFERS },
		{ .skip = SKIP_IMPLAUSIBLE },
	};
	struct relay_summary s = twice(findings, 2);
	char withheld[RELAY_WORDS];

	cr_expect_str_eq(relay_summary_withheld(&s, withheld), "omitted softened differs");
	cr_expect_eq(s.flags, 0);
	cr_expect(s.implausible);
}

/* One byte is for the NUL. */
Test(relay_summary, leaves_out_words_that_do_not_fit)
{
	static char name[RELAY_WORDS];
	struct rule most = { .id = { name, RELAY_WORDS - 2 } }, more = most;
	struct fired fired[] = { { .rule = &a }, { .rule = &most }, { .rule = &bc } };
	struct finding finding = { .fired = fired, .fired_count = 3 };
	struct relay_summary s;

	memset(name, 'x', sizeof(name));
	s = twice(&finding, 1);
	cr_expect_str_eq(s.rules, "A BC");
	most.id.len = RELAY_WORDS - 4;
	s = twice(&finding, 1);
	cr_expect_eq(strlen(s.rules), RELAY_WORDS - 2, "a blank and %zu bytes", most.id.len);
	fired[0].rule = &more;
	s = twice(&finding, 1);
	cr_expect_eq(strlen(s.rules), RELAY_WORDS - 2);
}
