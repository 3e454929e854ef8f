/* SPDX-License-Identifier: MIT */
/*
 * An example becomes a report of one patient, every OBX in an order of its own,
 * all collected at one fixed noon unless the example says otherwise.
 */
#include "annotate/examples.h"

#include "annotate/annotate.h"
#include "base/buffer.h"
#include "mapping/example.h"

/* This is when everything happens. */
#define NOON SPAN("20260615120000")

enum { YEAR = 2026, MONTH = 6, HOUR = 60 * 60, DAY = 24 * HOUR };

struct run {
	struct annotator *annotator;
	struct faults *faults;
	struct hl7_message message;
	struct buffer sent, annotated, words;
};

/* ---- the message ---- */

/* So many characters of a moment, that many seconds behind noon. */
static void
write_moment(struct buffer *out, int64_t seconds, size_t len)
{
	char text[HL7_TIME_TEXT];
	struct hl7_time noon;

	if (!hl7_time_parse(NOON, &noon))
		return;
	hl7_time_write(noon.first + seconds, text);
	buffer_append(out, span_of(text, len));
}

static void
write_time(struct buffer *out, int hours)
{
	write_moment(out, hours * (int64_t)HOUR, HL7_TIME_TEXT - 1);
}

/* The birthday of somebody who completes that age on the day of the collection. */
static void
write_birth(struct buffer *out, struct hl7_age age)
{
	int months = YEAR * 12 + MONTH - 1;

	if (age.unit == HL7_AGE_DAYS) {
		write_moment(out, age.count * -(int64_t)DAY, 8);
		return;
	}
	months -= (int)age.count * (age.unit == HL7_AGE_YEARS ? 12 : 1);
	buffer_printf(out, "%04d%02d15", months / 12, months % 12 + 1);
}

static void
write_patient(struct buffer *out, const struct example *x)
{
	struct hl7_age age;

	buffer_append(out, SPAN("MSH|^~\\&|EXAMPLE|EXAMPLE|||"));
	write_time(out, 0);
	buffer_append(out, SPAN("||ORU^R01|1|P|2.5.1||||||UNICODE UTF-8\r"
				"PID|1||1||EXAMPLE||"));
	if (hl7_age_parse(x->age, &age))
		write_birth(out, age);
	buffer_append_char(out, '|');
	buffer_append(out, x->sex);
	buffer_append_char(out, '\r');
	if (!x->diagnosis.len)
		return;
	buffer_append(out, SPAN("DG1|1||"));
	buffer_append(out, x->diagnosis);
	buffer_append(out, SPAN("\r"));
}

static bool
is_number(struct span value)
{
	struct decimal unused;

	return decimal_parse(value, '.', &unused);
}

static void
write_fields(struct buffer *out, const struct span *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		buffer_append_char(out, '|');
		buffer_append(out, fields[i]);
	}
}

static void
write_coded(struct buffer *out, struct span code, struct span system)
{
	buffer_append(out, code);
	if (system.len)
		buffer_append(out, SPAN("^^"));
	buffer_append(out, system);
}

static void
write_obx(struct buffer *out, const struct example *x, unsigned n)
{
	const struct example_obx *obx = &x->obx[n];
	struct span type = obx->type;

	if (!type.len)
		type = is_number(obx->value) ? SPAN("NM") : SPAN("ST");
	buffer_printf(out, "OBR|%u|||", n + 1);
	write_coded(out, x->order, x->order_system);
	buffer_append(out, SPAN("|||"));
	write_time(out, obx->at_hours);
	buffer_printf(out, "||||||||||||||||||F\rOBX|%u", n + 1);
	buffer_append_char(out, '|');
	buffer_append(out, type);
	buffer_append_char(out, '|');
	write_coded(out, obx->code, obx->system);
	buffer_append_char(out, '|');
	write_fields(out, (const struct span[]){ obx->value, obx->unit, obx->range, obx->flag }, 4);
	buffer_append(out, SPAN("|||"));
	buffer_append(out, obx->status);
	buffer_append(out, SPAN("|||"));
	write_time(out, obx->at_hours);
	buffer_append_char(out, '|');
	buffer_append(out, obx->laboratory);
	buffer_append_char(out, '\r');
	if (obx->specimen.len)
		buffer_printf(
		    out, "SPM|%u|||%.*s\r", n + 1, (int)obx->specimen.len, obx->specimen.ptr);
}

static void
write_message(struct buffer *out, const struct example *x)
{
	buffer_clear(out);
	write_patient(out, x);
	for (unsigned n = 0; n < x->obx_count; n++)
		write_obx(out, x, n);
}

/* ---- what came of it ---- */

static const struct finding *
find(const struct annotation *a, unsigned obx)
{
	for (size_t i = 0; i < a->finding_count; i++) {
		if (a->findings[i].obx == obx)
			return &a->findings[i];
	}
	return NULL;
}

static struct span
fired_rules(struct buffer *words, const struct finding *f)
{
	buffer_clear(words);
	for (unsigned i = 0; f && i < f->fired_count; i++) {
		if (f->fired[i].how == FIRED_SHADOW)
			continue;
		if (buffer_span(words).len)
			buffer_append_char(words, ' ');
		buffer_append(words, f->fired[i].rule->id);
	}
	return buffer_span(words);
}

static struct span
flag_in_the_end(const struct example *x, const struct example_expect *e, const struct finding *f)
{
	if (f && (f->flag_outcome == FLAG_SET || f->flag_outcome == FLAG_REPLACED))
		return f->flag;
	return x->obx[e->obx - 1].flag;
}

static const char *
or_nothing(struct span s)
{
	return s.len ? "" : "nothing";
}

/* `what` came of a result, or (`of`) of a part of it; `skip`, if not empty, says why. */
static void
expect(struct run *run, const struct example *x, const struct example_expect *e, const char *of,
    const char *what, struct span got, struct span skip, struct span want)
{
	if (!span_eq(got, want))
		faults_add(run->faults, e->at, "correct the rules or the expectation",
		    "example \"%.*s\": %sOBX %u %s %.*s%s%s%.*s%s, not %.*s%s", (int)x->name.len,
		    x->name.ptr, of, e->obx, what, (int)got.len, got.ptr, or_nothing(got),
		    skip.len ? " (skip=" : "", (int)skip.len, skip.ptr, skip.len ? ")" : "",
		    (int)want.len, want.ptr, or_nothing(want));
}

static void
compare(struct run *run, const struct example *x, const struct example_expect *e,
    const struct annotation *a)
{
	const struct finding *f = find(a, e->obx);
	struct span fired = fired_rules(&run->words, f), skip = { 0 };

	if (run->words.failed) {
		faults_add_no_memory(run->faults);
		return;
	}
	if (f && f->skip != SKIP_NONE)
		skip = span_str(skip_word(f->skip));
	else if (a->skip != SKIP_NONE && a->skip != SKIP_NO_OBSERVATION)
		skip = span_str(skip_word(a->skip));
	expect(run, x, e, "", "fires", fired, skip, e->rules);
	expect(run, x, e, "OBX-8 of ", "ends up as", flag_in_the_end(x, e, f), skip, e->flag);
	if (e->skip.len)
		expect(run, x, e, "", "is skipped for", skip, (struct span){ 0 }, e->skip);
}

static bool
index_message(struct run *run, struct span bytes)
{
	enum hl7_piece piece;
	size_t used;

	return !hl7_message_read(&run->message, bytes, &piece, &used) && used == bytes.len;
}

/* Annotating what we annotated must change nothing. */
static void
check_again(struct run *run, const struct example *x, const struct annotation *first)
{
	struct annotation again;

	buffer_clear(&run->annotated);
	for (size_t i = 0; i < first->iov_count; i++)
		buffer_append(
		    &run->annotated, span_of(first->iov[i].iov_base, first->iov[i].iov_len));
	if (run->annotated.failed || !index_message(run, buffer_span(&run->annotated))) {
		faults_add_no_memory(run->faults);
		return;
	}
	annotate(run->annotator, &run->message, &again);
	if (again.skip == SKIP_NO_MEMORY)
		faults_add_no_memory(run->faults);
	else if (again.edits->count)
		faults_add(run->faults, x->at, "let no rule depend on what another rule adds",
		    "example \"%.*s\": annotating the annotated report changes it",
		    (int)x->name.len, x->name.ptr);
}

static void
run_example(struct run *run, const struct example *x)
{
	struct annotation a;

	write_message(&run->sent, x);
	if (run->sent.failed || !index_message(run, buffer_span(&run->sent))) {
		faults_add_no_memory(run->faults);
		return;
	}
	annotate(run->annotator, &run->message, &a);
	if (a.skip == SKIP_NO_MEMORY) {
		faults_add_no_memory(run->faults);
		return;
	}
	for (unsigned i = 0; i < x->expect_count; i++)
		compare(run, x, &x->expect[i], &a);
	check_again(run, x, &a);
}

/* The mapping without what a site switches: examples are about rules, and must hold at a site that
 * lists its senders and laboratories, or does without the default intervals. */
static struct mapping
without_site(const struct mapping *m)
{
	struct mapping bare = *m;

	bare.default_intervals = true;
	bare.sender_count = bare.laboratory_count = 0;
	bare.only_senders = false;
	return bare;
}

bool
examples_run(const struct mapping *m, struct faults *faults)
{
	struct mapping bare = without_site(m);
	const struct mapping *list = &bare;
	struct run run = { .faults = faults };
	size_t before = faults->total;

	run.annotator = annotator_create(&list, 1);
	if (!run.annotator) {
		faults_add_no_memory(faults);
		return false;
	}
	hl7_message_init(&run.message);
	buffer_init(&run.sent, 0);
	buffer_init(&run.annotated, 0);
	buffer_init(&run.words, 0);
	for (unsigned i = 0; i < m->example_count; i++)
		run_example(&run, &m->examples[i]);
	buffer_finish(&run.sent);
	buffer_finish(&run.annotated);
	buffer_finish(&run.words);
	hl7_message_finish(&run.message);
	annotator_destroy(run.annotator);
	return faults->total == before;
}
