/* SPDX-License-Identifier: MIT */
#include "relay/senders.h"

#include <criterion/criterion.h>

#define TEXT(literal)                        \
	{                                    \
		literal, sizeof(literal) - 1 \
	}

static const struct relay_sender rules[] = {
	{ .application = TEXT("LAB"), .facility = TEXT("MAIN") },
	{ .application = TEXT("LAB 2") },
	{ .facility = TEXT("EAST") },
	{ .application = { NULL, 0 } },
};

static const struct relay_senders three = { rules, 3 }, four = { rules, 4 }, none = { NULL, 0 };

static bool
takes(const struct relay_senders *senders, uint64_t open, struct span frame)
{
	struct hl7_message work;
	bool taken;

	hl7_message_init(&work);
	cr_assert_eq(relay_senders_take_frame(senders, open, &work, frame, &taken), 0);
	hl7_message_finish(&work);
	return taken;
}

Test(relay_senders, are_known_by_the_first_components_of_their_fields)
{
	static const struct {
		const char *frame;
		uint64_t open;
		bool taken;
	} rows[] = {
		{ "MSH|^~\\&|LAB|MAIN|", 7, true },
		{ "MSH|^~\\&|LAB^1.2.3^ISO|MAIN^x|E|\rPID|1\r", 7, true },
		{ "MSH#:;.,#LAB:x#MAIN#\r", 7, true },
		{ "\xef\xbb\xbf\r\n MSH|^~\\&|LAB|MAIN|\r", 7, true },
		{ "MSH|^~\\&|LAB 2", 7, true },
		{ "MSH|^~\\&||EAST|", 7, true },
		{ "MSH|^~\\&|LAB|EAST|", 7, true },
		{ "MSH|^~\\&|LAB|WEST|", 7, false },
		{ "MSH|^~\\&|lab|MAIN|", 7, false },
		{ "MSH|^~\\&|LAB |MAIN|", 7, false },
		{ "MSH|^~\\&|LAB~LAB|MAIN|", 7, false },
		{ "MSH|^~\\&|x^LAB|MAIN|", 7, false },
		{ "MSH|^~\\&|LAB&x|MAIN|", 7, false },
		{ "MSH|^~\\&|LABX|MAIN|", 7, false },
		{ "MSH|^~\\&|LA|MAIN|", 7, false },
		{ "MSH|^~\\&|LAB", 7, false },
		{ "MSH|^~\\&||", 7, false },
		{ "MSH|^~\\&", 7, false },
		{ "MSH", 7, false },
		/* rules that ask for another certificate are not open */
		{ "MSH|^~\\&|LAB|MAIN|", 0, false },
		{ "MSH|^~\\&|LAB|MAIN|", 6, false },
		{ "MSH|^~\\&|LAB|EAST|", 5, true },
		/* who is not first is not the sender */
		{ "PID|1\rMSH|^~\\&|LAB|MAIN|\r", 7, false },
		{ "junk\rMSH|^~\\&|LAB|MAIN|\r", 7, false },
		/* each message of a frame */
		{ "MSH|^~\\&|LAB|MAIN|\rMSH|^~\\&|LAB 2|\r", 7, true },
		{ "MSH|^~\\&|LAB|MAIN|\rMSH|^~\\&|x|\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\r MSH|^~\\&|x|\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rMSH#^~\\&#x#\r", 7, false },
		{ "BHS|^~\\&|x|x|\rMSH|^~\\&|LAB|MAIN|\rBTS|1\r", 7, true },
		{ "BHS|^~\\&|LAB|MAIN|\rMSH|^~\\&|x|x|\rBTS|1\r", 7, false },
		{ "BHS|^~\\&|LAB|\rMSH|^~\\&|LAB|MAIN|\rBTS|1\rjunk\r", 7, false },
		/* what other readers may take for a message of its own */
		{ "BHS|^~\\&|x\fMSH|^~\\&|x|\rMSH|^~\\&|LAB|MAIN|\rBTS|1\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rBTS|1|\xe2\x80\xa8msh|^~\\&|x|\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rFTS|1|MSH|MSH\r", 7, true },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\nMSH|^~\\&|x|\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\nNTE|1\r\fMSH|^~\\&|x|\n", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\v  MSH#^~\\&#x#\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rmsh|^~\\&|x|\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\xc2\x85MSH|^~\\&|x|\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\xe2\x80\xa8 Msh|^~\\&|x|\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\xe2\x80\xa9MSH|^~\\&|x|\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1|\xe2\x80\xa6MSH|msh|\xa8MSH|\r", 7, true },
		/* some trim more than blanks */
		{ "MSH|^~\\&|LAB|MAIN|\r\xc2\xa0MSH|^~\\&|x|\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\r \xa0 MSH|^~\\&|x|\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\n\xe3\x80\x80\xe2\x80\x8b\xef\xbb\xbfMSH|x\r", 7,
		    false },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\n\xe1\x9a\x80MSH|x\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\n\xe2\x80\x80MSH|x\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\n\xe2\x80\xafMSH|x\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\n\xe2\x81\x9fMSH|x\r", 7, false },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\n\xe2\x80\x8cMSH|x\r", 7, true },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\n\xc3\xa0MSH 5\n\xce\xb1MSH 5\r", 7, true },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\nMSHA is high\r", 7, true },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\nMax | 5\r", 7, true },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1|MSH|MMSH MSH\nMS", 7, true },
		{ "MSH|^~\\&|LAB|MAIN|\rNTE|1\nMSH", 7, true },
		/* nobody's */
		{ "BHS|^~\\&|LAB|MAIN|\rBTS|0\r", 7, false },
		{ "\x06", 7, false },
		{ "", 7, false },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		cr_expect_eq(takes(&three, rows[i].open, span_str(rows[i].frame)), rows[i].taken,
		    "row %zu: %s", i, rows[i].frame);
}

Test(relay_senders, are_all_there_is_where_there_are_no_rules)
{
	cr_expect(takes(&none, 0, SPAN("MSH|^~\\&|x|y|")));
	cr_expect(takes(&none, 0, SPAN("\x06")));
	cr_expect(takes(&none, 0, SPAN("")));
}

Test(relay_senders, may_be_anyone_with_the_right_certificate)
{
	cr_expect(takes(&four, 8, SPAN("MSH|^~\\&|x|y|")));
	cr_expect_not(takes(&four, 8, SPAN("\x06")));
	cr_expect_not(takes(&four, 7, SPAN("MSH|^~\\&|x|y|")));
}
