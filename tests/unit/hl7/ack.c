/* SPDX-License-Identifier: MIT */
#include "hl7/ack.h"

#include <criterion/criterion.h>

struct ack_case {
	struct span request;
	struct hl7_ack ack;
	const char *want;
};

#define NOW .time = "20260102030405", .id = "N1"
#define PLACE .where = { .at = { .segment = "OBX", .sequence = 3, .field = 5 } }

/* clang-format off */
static const struct ack_case cases[] = {
	/* swapped, copied, new; the structure is named from 2.4 on */
	{ SPAN("MSH|^~\\&|LAB|HOSP|EHR^1.2^ISO|CLINIC|20250101||ORU^R01^ORU_R01|Q1|P|2.5.1\rPID|1\r"),
	  { .code = HL7_ACK_ACCEPT, NOW },
	  "MSH|^~\\&|EHR^1.2^ISO|CLINIC|LAB|HOSP|20260102030405||ACK^R01^ACK|N1|P|2.5.1\r"
	  "MSA|AA|Q1\r" },
	{ SPAN("MSH|^~\\&|LAB||||||ORU^R01|Q1|T|2.3\r"),
	  { .code = HL7_ACK_ERROR, NOW, .text = "no" },
	  "MSH|^~\\&|||LAB||20260102030405||ACK|N1|T|2.3\rMSA|AE|Q1|no\r" },
	/* commit codes */
	{ SPAN("MSH|^~\\&|||||||ORU^R01|Q1|P|2.4|||AL|NE\r"),
	  { .code = HL7_ACK_ACCEPT, .commit = true, NOW },
	  "MSH|^~\\&|||||20260102030405||ACK^R01^ACK|N1|P|2.4\rMSA|CA|Q1\r" },
	{ SPAN("MSH|^~\\&|||||||ORU^R01|Q1|P|2.4|||AL|NE\r"),
	  { .code = HL7_ACK_ERROR, .commit = true, NOW },
	  "MSH|^~\\&|||||20260102030405||ACK^R01^ACK|N1|P|2.4\rMSA|CE|Q1\r" },
	{ SPAN("MSH|^~\\&|||||||ORU^R01|Q1|P|2.4|||AL|NE\r"),
	  { .code = HL7_ACK_REJECT, .commit = true, NOW },
	  "MSH|^~\\&|||||20260102030405||ACK^R01^ACK|N1|P|2.4\rMSA|CR|Q1\r" },
	/* ERR up to 2.4, from 2.5 and from 2.7 on */
	{ SPAN("MSH|^~\\&|||||||ORU^R01|Q1|P|2.3.1\r"),
	  { .code = HL7_ACK_REJECT, NOW, .error = 102, .text = "a & b", PLACE },
	  "MSH|^~\\&|||||20260102030405||ACK|N1|P|2.3.1\rMSA|AR|Q1|a \\T\\ b\r"
	  "ERR|OBX^3^5^102&Data type error&HL70357\r" },
	{ SPAN("MSH|^~\\&|||||||ORU^R01|Q1|P|2.4\r"),
	  { .code = HL7_ACK_REJECT, NOW, .error = 207, .text = "down" },
	  "MSH|^~\\&|||||20260102030405||ACK^R01^ACK|N1|P|2.4\rMSA|AR|Q1|down\r"
	  "ERR|^^^207&Application internal error&HL70357\r" },
	{ SPAN("MSH|^~\\&|||||||ORU^R01|Q1|P|2.5\r"),
	  { .code = HL7_ACK_REJECT, NOW, .error = 207, .text = "down" },
	  "MSH|^~\\&|||||20260102030405||ACK^R01^ACK|N1|P|2.5\rMSA|AR|Q1|down\r"
	  "ERR|||207^Application internal error^HL70357|E||||down\r" },
	{ SPAN("MSH|^~\\&|||||||ORU^R01|Q1|P|2.7.1\r"),
	  { .code = HL7_ACK_ERROR, NOW, .error = 101, .text = "none", .where = { .at = {
	    .segment = "PID", .sequence = 1, .field = 3, .component = 4 } } },
	  "MSH|^~\\&|||||20260102030405||ACK^R01^ACK|N1|P|2.7.1\rMSA|AE|Q1\r"
	  "ERR||PID^1^3^^4|101^Required field missing^HL70357|E||||none\r" },
	/* what frames are made with divides nothing: it would end the answer too early */
	{ SPAN("MSH\x1c^~\\&\x1cLAB\x1c\x1c\x1c\x1c\x1c\x1cORU^R01\x1cQ1\x1cP\x1c" "2.5\r"),
	  { .code = HL7_ACK_ACCEPT, NOW },
	  "MSH|^~\\&|||||20260102030405||ACK|N1|P|2.5.1\rMSA|AA|\r" },
	{ SPAN("MSH|\x1c~\\&|LAB||||||ORU\x1cR01|Q1|P|2.5\r"),
	  { .code = HL7_ACK_REJECT, NOW, .error = 207 },
	  "MSH||||LAB||20260102030405||ACK|N1|P|2.5\rMSA|AR|Q1\rERR|||207|E\r" },
	/* delimiters of its own, fewer of them, ambiguous ones */
	{ SPAN("MSH!$%*@!LAB!!EHR!!!!ORU$R01!Q|1!P!2.5\r"),
	  { .code = HL7_ACK_ERROR, NOW, .error = 101, .text = "a!b|c" },
	  "MSH!$%*@!EHR!!LAB!!20260102030405!!ACK$R01$ACK!N1!P!2.5\rMSA!AE!Q|1!a*F*b|c\r"
	  "ERR!!!101$Required field missing$HL70357!E!!!!a*F*b|c\r" },
	{ SPAN("MSH|^|LAB||||||ORU^R01|Q1|P|2.3\r"),
	  { .code = HL7_ACK_ERROR, NOW, .error = 101, .text = "a|b" },
	  "MSH|^|||LAB||20260102030405||ACK|N1|P|2.3\rMSA|AE|Q1|a b\rERR|^^^101\r" },
	{ SPAN("MSH|^~^&|LAB||||||ORU^R01|Q1|P|2.5\r"),
	  { .code = HL7_ACK_ERROR, NOW, .error = 101, .text = "a^b" },
	  "MSH|^~^&|||LAB||20260102030405||ACK|N1|P|2.5\rMSA|AE|Q1|a b\rERR|||101|E||||a b\r" },
	/* a message that ends early, one without an MSH, no message */
	{ SPAN("MSH|^~\\&|LAB"),
	  { .code = HL7_ACK_ERROR, NOW, .error = 101 },
	  "MSH|^~\\&|||LAB||20260102030405||ACK|N1||\rMSA|AE|\r"
	  "ERR|^^^101&Required field missing&HL70357\r" },
	{ SPAN("PID|1\r"),
	  { .code = HL7_ACK_REJECT, NOW, .error = 100 },
	  "MSH|^~\\&|||||20260102030405||ACK|N1|P|2.5.1\rMSA|AR|\r"
	  "ERR|||100^Segment sequence error^HL70357|E\r" },
	{ SPAN(""),
	  { .code = HL7_ACK_REJECT, NOW },
	  "MSH|^~\\&|||||20260102030405||ACK|N1|P|2.5.1\rMSA|AR|\r" },
	/* the character set is named when it matters */
	{ SPAN("MSH|^~\\&|LABO\xd8||||||ORU^R01|Q1|P|2.3||||||8859/1\r"),
	  { .code = HL7_ACK_ACCEPT, NOW },
	  "MSH|^~\\&|||LABO\xd8||20260102030405||ACK|N1|P|2.3||||||8859/1\rMSA|AA|Q1\r" },
	/* neither a line end nor the mark of a frame's end is copied */
	{ SPAN("MSH|^~\\&|LAB||||||ORU^R01|Q1\x1c|P|2.3\r"),
	  { .code = HL7_ACK_ACCEPT, NOW },
	  "MSH|^~\\&|||LAB||20260102030405||ACK|N1|P|2.3\rMSA|AA|Q1\r" },
	{ SPAN("MSH|^~\\&|LAB||||||ORU^R01|Q1\rmore|P|2.3\r"),
	  { .code = HL7_ACK_ACCEPT, NOW },
	  "MSH|^~\\&|||LAB||20260102030405||ACK|N1|P|2.3\rMSA|AA|Q1\r" },
};
/* clang-format on */

static void
read_request(struct hl7_message *m, struct span bytes)
{
	enum hl7_piece piece;
	size_t used;

	hl7_message_init(m);
	cr_assert_eq(hl7_message_read(m, bytes, &piece, &used), 0);
}

Test(hl7_ack, answers_from_the_msh_alone)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct hl7_message m;
		struct buffer out;

		read_request(&m, cases[i].request);
		buffer_init(&out, 0);
		hl7_ack_write(&m, &cases[i].ack, &out);
		cr_expect(span_eq(buffer_span(&out), span_str(cases[i].want)),
		    "case %zu\n got  %.*s\n want %s", i, (int)buffer_span(&out).len,
		    buffer_span(&out).ptr, cases[i].want);
		buffer_finish(&out);
		hl7_message_finish(&m);
	}
}

Test(hl7_ack, appends_and_tells_when_there_is_no_room)
{
	const struct hl7_ack ack = { .code = HL7_ACK_ACCEPT, NOW };
	struct hl7_message m;
	struct buffer out;

	read_request(&m, cases[0].request);
	buffer_init(&out, 0);
	buffer_append(&out, SPAN("before"));
	hl7_ack_write(&m, &ack, &out);
	cr_expect_not(out.failed);
	cr_expect(span_eq(span_head(buffer_span(&out), 10), SPAN("beforeMSH|")));
	buffer_finish(&out);
	buffer_init(&out, 40);
	hl7_ack_write(&m, &ack, &out);
	cr_expect(out.failed);
	buffer_finish(&out);
	hl7_message_finish(&m);
}

/* clang-format off */
static const struct {
	struct span request;
	bool enhanced;
} modes[] = {
	{ SPAN("MSH|^~\\&|||||||ORU^R01|1|P|2.4\r"), false },
	{ SPAN("MSH|^~\\&|||||||ORU^R01|1|P|2.4|||\r"), false },
	{ SPAN("MSH|^~\\&|||||||ORU^R01|1|P|2.4|||\"\"|AL\r"), false },
	{ SPAN("MSH|^~\\&|||||||ORU^R01|1|P|2.4|||| AL\r"), false },
	{ SPAN("MSH|^~\\&|||||||ORU^R01|1|P|2.4|||AL|NE\r"), true },
	{ SPAN("MSH|^~\\&|||||||ORU^R01|1|P|2.4|||NE|\r"), true },
	{ SPAN("PID|1"), false },
};
/* clang-format on */

Test(hl7_ack, enhanced_mode_is_a_valued_msh_15)
{
	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		struct hl7_message m;

		read_request(&m, modes[i].request);
		cr_expect_eq(hl7_ack_is_enhanced(&m), modes[i].enhanced, "case %zu", i);
		hl7_message_finish(&m);
	}
}
