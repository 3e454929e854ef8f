/* SPDX-License-Identifier: MIT */
/*
 * Inputs of messages go all the way that a frame goes: index, annotation, the answer we
 * would give.
 */
#include "worst/cases.h"

#include <stdlib.h>

#include "annotate/examples.h"
#include "conf/conf.h"
#include "hl7/ack.h"
#include "hl7/escape.h"
#include "relay/flights.h"
#include "relay/senders.h"
#include "relay/session.h"
#include "support/files.h"
#include "support/unseen.h"

#define HEADER "MSH|^~\\&|LAB|MAIN|EHR|MAIN|20260101||ORU^R01|1|P|2.5.1\rPID|1||1\rOBR|1|||P\r"

/* ---- what reads ------------------------------------------------------------------ */

static struct mapping *b2m, *potassium;

bool
worst_init(struct worst *w)
{
	const struct mapping *list[2];

	*w = (struct worst){ 0 };
	hl7_message_init(&w->message);
	buffer_init(&w->out, 0);
	list[0] = b2m = mapping_load("mappings/b2m.xml");
	list[1] = potassium = mapping_load("mappings/potassium.xml");
	w->annotator = b2m && potassium ? annotator_create(list, 2) : NULL;
	return w->annotator != NULL;
}

void
worst_finish(struct worst *w)
{
	annotator_destroy(w->annotator);
	mapping_destroy(b2m);
	mapping_destroy(potassium);
	hl7_message_finish(&w->message);
	buffer_finish(&w->out);
}

static void
run_message(struct worst *w, struct span in)
{
	static const struct hl7_ack ack = {
		.code = HL7_ACK_REJECT, .time = "", .id = "1", .error = 207, .text = "no"
	};
	enum hl7_piece piece;
	struct annotation a;
	size_t used;

	for (; in.len; in = span_tail(in, used)) {
		if (hl7_message_read(&w->message, in, &piece, &used) != 0)
			abort();
		if (piece != HL7_PIECE_MESSAGE)
			continue;
		annotate(w->annotator, &w->message, &a);
		buffer_clear(&w->out);
		hl7_ack_write(&w->message, &ack, &w->out);
	}
}

static void
run_answer(struct worst *w, struct span in)
{
	struct relay_answer a;

	relay_read_answer(&w->message, in, &a);
}

static void
run_senders(struct worst *w, struct span in)
{
	static const struct relay_sender lab = { .application = { "LAB", 3 } };
	static const struct relay_senders rules = { &lab, 1 };
	bool taken;

	(void)relay_senders_take_frame(&rules, 1, &w->message, in, &taken);
}

static void
run_escapes(struct worst *w, struct span in)
{
	const struct hl7_delims usual = { '|', '^', '~', '\\', '&', 0 };

	buffer_clear(&w->out);
	hl7_unescape(&usual, in, HL7_UNESCAPE_LAYOUT, &w->out);
}

static void
run_conf(struct worst *w, struct span in)
{
	struct faults faults;

	(void)w;
	faults_init(&faults, "");
	conf_destroy(conf_create(in, "x", &faults));
	faults_finish(&faults);
}

static void
run_mapping(struct worst *w, struct span in)
{
	struct faults faults;
	struct mapping *m;

	(void)w;
	faults_init(&faults, "");
	m = mapping_create(in, &faults);
	if (m)
		examples_run(m, &faults);
	mapping_destroy(m);
	faults_finish(&faults);
}

/* ---- a session, whose receiver answers at once ----------------------------------- */

struct link {
	struct relay_settings set;
	struct relay_work work;
	struct relay_habit habit;
	struct relay_session s;
};

static void
no_connect(void *ctx)
{
	(void)ctx;
}

static void
no_close(void *ctx, enum relay_why why, const struct diag *diag)
{
	(void)ctx, (void)why, (void)diag;
}

static void
no_send_down(void *ctx, const struct iovec *iov, size_t count)
{
	(void)ctx, (void)iov, (void)count;
}

static void
no_send_up(void *ctx, struct span bytes)
{
	(void)ctx, (void)bytes;
}

static void
no_answered(void *ctx, const struct relay_flight *f, struct span code)
{
	(void)ctx, (void)f, (void)code;
}

static void
no_failed(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	(void)ctx, (void)f, (void)why;
}

static void
no_rejected(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	(void)ctx, (void)f, (void)why;
}

static void
no_refused(void *ctx, const struct relay_flight *f)
{
	(void)ctx, (void)f;
}

static void
no_stray(void *ctx, struct span code, struct span id)
{
	(void)ctx, (void)code, (void)id;
}

static uint64_t
no_number(void *ctx)
{
	(void)ctx;
	return 1;
}

static const struct relay_ops ops = {
	.connect = no_connect,
	.disconnect = no_connect,
	.close = no_close,
	.send_down = no_send_down,
	.send_up = no_send_up,
	.annotated = unseen_annotation,
	.answered = no_answered,
	.failed = no_failed,
	.unsent = no_failed,
	.rejected = no_rejected,
	.refused = no_refused,
	.stray = no_stray,
	.passed = no_stray,
	.number = no_number,
	.stamp = unseen_stamp,
};

static void
link_begin(struct link *l, struct annotator *annotator)
{
	*l = (struct link){ .set = { .max_frame = 1 << 30,
				.in_flight = CONF_IN_FLIGHT_MOST,
				.annotator = annotator,
				.habit = &l->habit,
				.work = &l->work } };
	relay_work_init(&l->work);
	relay_session_init(&l->s, &l->set, &ops, l, 1000000);
	/* connected, for the sake of a message that is answered */
	relay_from_sender(&l->s, SPAN("\x0b" HEADER "\x1c\r"), 1000000);
	relay_connected(&l->s, 1000000);
}

static void
link_end(struct link *l)
{
	relay_end(&l->s, RELAY_DRAINED);
	relay_session_finish(&l->s);
	relay_work_finish(&l->work);
}

static void
answer_all(struct link *l)
{
	/* a second answer to what has its answer is for no other, also where that has no name */
	while (l->s.flights) {
		relay_from_down(&l->s, SPAN("\x0bMSH|^~\\&|\rMSA|AA|1\r\x1c\r"), 1000000);
		relay_from_down(&l->s, SPAN("\x0bMSH|^~\\&|\rMSA|AA|2\r\x1c\r"), 1000000);
	}
}

static void
feed(struct worst *w, struct span in, size_t piece)
{
	static struct link l;

	link_begin(&l, w->annotator);
	for (; in.len; in = span_tail(in, piece)) {
		relay_from_sender(&l.s, span_head(in, piece), 1000000);
		answer_all(&l);
	}
	link_end(&l);
}

static void
run_bytewise(struct worst *w, struct span in)
{
	feed(w, in, 1);
}

static void
run_session(struct worst *w, struct span in)
{
	feed(w, in, 1400);
}

/* All from the receiver, with as much in flight as may be. */
static void
run_strays(struct worst *w, struct span in)
{
	static struct link l;

	link_begin(&l, w->annotator);
	for (unsigned i = 1; i < CONF_IN_FLIGHT_MOST; i++)
		relay_from_sender(&l.s, SPAN("\x0b" HEADER "\x1c\r"), 1000000);
	for (; in.len; in = span_tail(in, 1400))
		relay_from_down(&l.s, span_head(in, 1400), 1000000);
	link_end(&l);
}

/* ---- what is read ---------------------------------------------------------------- */

static void
around(struct buffer *in, const char *before, const char *each, unsigned n, const char *behind)
{
	buffer_append(in, span_str(before));
	while (n--)
		buffer_append(in, span_str(each));
	buffer_append(in, span_str(behind));
}

#define B2M "1952-1^B2M^LN"
#define RESULT "OBX|1|NM|" B2M "||2.5|mg/L|0.8-2.2||||F\r"

static void
make_moments(struct buffer *in, unsigned n)
{
	buffer_append(in, SPAN(HEADER));
	for (unsigned i = 0; i < n; i++)
		buffer_printf(in, "OBX|%u|NM|%s||2.5|mg/L|||||F|||20260101%06u\r", i,
		    i % 2 ? B2M : "2160-0^Creatinine^LN", i);
}

static void
make_persons(struct buffer *in, unsigned n)
{
	buffer_append(in, SPAN("MSH|^~\\&|||||||ORU^R01|1|P|2.5\r"));
	for (unsigned i = 0; i < n; i++)
		buffer_printf(in, "PID|1||%u\rOBR|1|||P\r" RESULT, i);
}

/* Behind a patient whose name stands far off. */
static void
make_patients(struct buffer *in, unsigned n)
{
	around(in, "MSH|^~\\&|||||||ORU^R01|1|P|2.5\rPID|1|", "1~", n, "|1||||19600214\r");
	around(in, "OBR|1|||P\r" RESULT, "PID|1||1||||19600214\r", n, "OBR|2|||P\r" RESULT);
}

/* Patients by turns. */
static void
make_turns(struct buffer *in, unsigned n)
{
	buffer_append(in, SPAN("MSH|^~\\&|||||||ORU^R01|1|P|2.5\r"));
	for (unsigned i = 0; i < n; i++)
		buffer_printf(in, "PID|1||%u||||19600214\rOBR|1|||P\r" RESULT, i % (n / 2));
}

/* The ends of their names are those of others. */
static void
make_namesakes(struct buffer *in, unsigned n)
{
	buffer_append(in, SPAN("MSH|^~\\&|||||||ORU^R01|1|P|2.5\r"));
	for (unsigned i = 0; i < n; i++)
		buffer_printf(
		    in, "PID|1||1||ANNABELLE%06uANNABELLE||19600214\rOBR|1|||P\r" RESULT, i);
}

/* In an order that has no field, but a line that goes on with it far behind. */
static void
make_mixture(struct buffer *in, unsigned n)
{
	around(in, "MSH|^~\\&|||||||ORU^R01|1|P|2.5\rPID|1||1\rOBR\r", "\r\r\r\r\r", n, "x\r");
	around(in, "", RESULT "OBX|2|NM|2823-3^K^LN||4.5|mmol/L|3.5-5||||F\r", n, "");
}

/* In an order whose status, which each mapping reads, is long. */
static void
make_status(struct buffer *in, unsigned n)
{
	static const char eight[] = "12345678";

	around(in, "MSH|^~\\&|||||||ORU^R01|1|P|2.5\rPID|1||1\rOBR|1|||P|||||||||||||||||||||",
	    eight, 64 * n, "\r");
	around(in, "", RESULT "OBX|2|NM|2823-3^K^LN||4.5|mmol/L|3.5-5||||F\r", n, "");
}

/* Of two moments that meet in one place of a table, while reading a specimen takes all steps. */
static void
make_meeting(struct buffer *in, unsigned n)
{
	around(in,
	    "MSH|^~\\&|||||||ORU^R01|1|P|2.5\rPID|1||1\rOBR|1|||P|||20260312101500\rSPM|1\rSPM|2||",
	    "12345678", 8 * n, "\r");
	around(in, "", RESULT, n, "OBX|1|NM|" B2M "||2.5|mg/L|||||F|||19500302075514\r");
}

static void
begin_mapping(struct buffer *in)
{
	buffer_append(
	    in, SPAN("<mapping xmlns='urn:hl7note:mapping:1' id='x' version='1' status='draft'>"
		     "<about><title>t</title></about><system id='LN'/>"
		     "<quantity id='q' unit='mg/L'><unit name='mg/L' factor='1'/></quantity>"
		     "<observation id='o' label='o' unit='mg/L'><codes quantity='q' system='LN'>"));
}

static void
make_codes(struct buffer *in, unsigned n)
{
	begin_mapping(in);
	for (unsigned i = 0; i < n; i++)
		buffer_printf(in, "<code>%u-1</code>", 100000 + i);
	buffer_append(in, SPAN("</codes></observation></mapping>"));
}

static void
make_notes(struct buffer *in, unsigned n)
{
	begin_mapping(in);
	buffer_append(in, SPAN("<code>1-1</code></codes></observation>"
			       "<rules for='o'><group id='g' pick='all'>"));
	for (unsigned i = 0; i < n; i++)
		buffer_printf(in,
		    "<rule id='R%u'><when><value above='1'/></when><note>%u.</note></rule>", i, i);
	buffer_append(in, SPAN("</group></rules><example name='e'><obx code='1-1' value='2' "
			       "unit='mg/L'/><expect obx='1' rules='R0'/></example></mapping>"));
}

void
worst_make(const struct worst_case *c, struct buffer *in, unsigned n)
{
	if (c->make)
		c->make(in, n);
	else
		around(in, c->before, c->each, n, c->behind);
}

#define MAPPING "<mapping xmlns='urn:hl7note:mapping:1' id='x' version='1' status='draft'>"
#define CONFIGURATION "<hl7noted xmlns='urn:hl7note:config:1'>"

/* clang-format off */
const struct worst_case worst_cases[] = {
	{ "results of one moment", run_message, 60000,
		HEADER, RESULT, "", NULL },
	{ "results of as many moments", run_message, 60000, .make = make_moments },
	{ "results of moments that meet", run_message, 128000, .make = make_meeting },
	{ "results of two mappings", run_message, 30000, .make = make_mixture },
	{ "results of two in an odd order", run_message, 16000, .make = make_status },
	{ "orders with a result each", run_message, 50000,
		HEADER, "OBR|1|||P\rSPM|1|||UR\r" RESULT, "", NULL },
	{ "patients with an order each", run_message, 50000, .make = make_persons },
	{ "patients who come twice", run_message, 50000, .make = make_turns },
	{ "patients with names that look alike", run_message, 50000, .make = make_namesakes },
	{ "a patient again and again", run_message, 100000, .make = make_patients },
	{ "companions of one result", run_message, 60000,
		HEADER, "OBX|1|NM|2160-0^Creatinine^LN||1.4|mg/dL|||||F\r", RESULT, NULL },
	{ "notes of ours", run_message, 100000,
		HEADER RESULT, "NTE|1|L|Auto-comment b2m 1.0.0: S03 S22; flag H\r", "", NULL },
	{ "empty segments", run_message, 200000,
		HEADER, "ZZZ|\r", "", NULL },
	{ "lines that continue one", run_message, 400000,
		HEADER RESULT, "x\r", "", NULL },
	{ "blank lines", run_message, 800000,
		HEADER, "\r", RESULT, NULL },
	{ "fields of a result", run_message, 800000,
		HEADER "OBX|1|NM|" B2M "||2.5|mg/L", "|", "\r", NULL },
	{ "fields of the header", run_message, 800000,
		"MSH|^~\\&", "|", "\r" RESULT, NULL },
	{ "repetitions of a value", run_message, 200000,
		HEADER "OBX|1|NM|" B2M "||2.5", "~2.5", "|mg/L|||||F\r", NULL },
	{ "repetitions of a flag", run_message, 400000,
		HEADER "OBX|1|NM|" B2M "||2.5|mg/L||H", "~H", "|||F\r", NULL },
	{ "components of a code", run_message, 400000,
		HEADER "OBX|1|NM|1952-1", "^&", "||2.5|mg/L|||||F\r", NULL },
	{ "digits of a value", run_message, 800000,
		HEADER "OBX|1|NM|" B2M "||2.", "9", "|mg/L|||||F\r", NULL },
	{ "parts of a structured value", run_message, 400000,
		HEADER "OBX|1|SN|" B2M "||<^0.5", "^-", "|mg/L|||||F\r", NULL },
	{ "parts of a range", run_message, 400000,
		HEADER "OBX|1|NM|" B2M "||2.5|mg/L|0", "-0", "||||F\r", NULL },
	{ "parts of a unit", run_message, 200000,
		HEADER "OBX|1|NM|" B2M "||2.5|mg", "{x}/L", "|||||F\r", NULL },
	{ "escapes in a unit", run_message, 100000,
		HEADER "OBX|1|NM|" B2M "||2.5|", "\\T\\\\X6D\\", "|||||F\r", NULL },
	{ "escapes", run_escapes, 200000,
		"", "\\T\\\\", "", NULL },
	{ "an escape without end", run_escapes, 800000,
		"\\X", "4", "", NULL },
	{ "escape characters", run_escapes, 800000,
		"", "\\", "", NULL },
	{ "character sets", run_message, 100000,
		"MSH|^~\\&|||||||ORU^R01|1|P|2.5|||||", "~UNICODE UTF-8\xff", "\r" RESULT, NULL },
	{ "messages of a batch", run_message, 50000,
		"BHS|^~\\&\r", "MSH|^~\\&|LAB\r", "BTS|1\r", NULL },
	{ "envelopes", run_message, 50000,
		"", "BHS|^~\\&\rBTS|1\r", "", NULL },
	{ "lines of nothing", run_message, 100000,
		"", "MS MSH\r", "", NULL },
	{ "senders in a batch", run_senders, 50000,
		"BHS|^~\\&\r", "MSH|^~\\&|LAB\r", "BTS|1\r", NULL },
	{ "segments before an MSA", run_answer, 100000,
		"MSH|^~\\&|\r", "MSB|AA|1\r", "MSA|AA|1\r", NULL },
	{ "frames of one byte", run_session, 50000,
		"", "\x0bx\x1c\r", "", NULL },
	{ "messages of one segment", run_session, 20000,
		"", "\x0bMSH|^~\\&||||||||1|\r\x1c\r", "", NULL },
	{ "frames, byte by byte", run_bytewise, 20000,
		"", "\x0bMSH|^~\\&||||||||1|\r\x1c\r", "", NULL },
	{ "a frame, byte by byte", run_bytewise, 20000,
		"\x0b" HEADER, "OBX|1|TX|1||\x1c x\r", "\x1c\r", NULL },
	{ "junk between frames", run_session, 800000,
		"", "\x1c\r", "", NULL },
	{ "answers to nothing", run_strays, 20000,
		"", "\x0bMSH|^~\\&|\rMSA|AA|2\r\x1c\r", "", NULL },
	{ "networks of a listener", run_conf, 500,
		CONFIGURATION "<feed name='f'><listen port='1'>", "<allow address='10.0.0.0/8'/>",
		"</listen><forward host='h' port='2'/></feed></hl7noted>", NULL },
	{ "faults of a configuration", run_conf, 100000,
		CONFIGURATION, "<fed/>", "</hl7noted>", NULL },
	{ "faults of its attributes", run_conf, 100000,
		CONFIGURATION, "<log leve='x' level='x'/>", "</hl7noted>", NULL },
	{ "codes of a mapping", run_mapping, 20000, .make = make_codes },
	{ "notes of a mapping", run_mapping, 20000, .make = make_notes },
	{ "faults of a mapping", run_mapping, 100000,
		MAPPING, "<a/>", "</mapping>", NULL },
};
/* clang-format on */

const unsigned worst_count = sizeof(worst_cases) / sizeof(worst_cases[0]);
