/* SPDX-License-Identifier: MIT */
/*
 * What stands around a result: whose it is, which order it answers, what it was
 * made from and when.
 *
 * One walk over the segments follows the grammar of ORU_R01 as far as it
 * matters.  A result stands behind an OBR; OBX behind PID, ORC, SPM or DEV
 * describe something else and have no place for a comment.  What is told of the
 * order's specimen, such as its pH, is company for its results all the same.
 */
#include "annotate/work.h"

/* What an OBX here is about. */
enum topic { TOPIC_ELSE, TOPIC_ORDER, TOPIC_SPECIMEN };

struct walk {
	long patient, order; /* current ones, -1: none */
	enum topic topic;
	unsigned specimen;   /* SPM of that topic */
	bool seen_obx;       /* in this order */
	uint32_t id, before; /* of the segment, and of the one before it that is no aside */
};

static bool
begin_patient(struct annotator *a, struct walk *w, long pid)
{
	w->order = -1;
	w->topic = TOPIC_ELSE;
	w->patient = patients_find(a, w->patient, pid);
	return w->patient >= 0;
}

/* Of what stands in front of any PID. */
static bool
need_patient(struct annotator *a, struct walk *w)
{
	if (w->patient < 0)
		w->patient = patients_add(a);
	return w->patient >= 0;
}

static bool
begin_order(struct annotator *a, struct walk *w, long obr)
{
	struct order *list, *o;

	if (!need_patient(a, w))
		return false;
	list = work_grow(a, a->orders, &a->order_size, a->order_count, sizeof(*list));
	if (!list)
		return false;
	a->orders = list;
	w->order = (long)a->order_count;
	o = &list[a->order_count++];
	memset(&o->fields_known, 0,
	    offsetof(struct order, time) - offsetof(struct order, fields_known));
	o->obr = obr;
	o->spm = NO_SEGMENT;
	o->patient = (unsigned)w->patient;
	w->topic = TOPIC_ORDER;
	w->seen_obx = false;
	return true;
}

static bool
add_diagnosis(struct annotator *a, struct walk *w, long dg1)
{
	struct diagnosis *list;
	struct patient *p;

	if (!need_patient(a, w))
		return false;
	list = work_grow(a, a->diagnoses, &a->diagnosis_size, a->diagnosis_count, sizeof(*list));
	if (!list)
		return false;
	a->diagnoses = list;
	p = &a->patients[w->patient];
	list[a->diagnosis_count] = (struct diagnosis){ (unsigned)dg1, p->first_diagnosis };
	p->first_diagnosis = (unsigned)a->diagnosis_count++;
	return true;
}

static void
end_order(struct annotator *a, struct walk *w, long at)
{
	if (w->order >= 0)
		a->orders[w->order].end = at;
}

/* What rules ask of these may go on in an addendum, where nobody reads on. */
static bool
is_told_of(uint32_t id)
{
	return id == HL7_ID('M', 'S', 'H') || id == HL7_ID('P', 'I', 'D') ||
	       id == HL7_ID('D', 'G', '1') || id == HL7_ID('O', 'B', 'R') ||
	       id == HL7_ID('S', 'P', 'M');
}

/* One segment of the grammar that is no OBX; false when memory ran out. */
static bool
step(struct annotator *a, struct walk *w, long i)
{
	switch (w->id) {
	case HL7_ID('P', 'I', 'D'):
		end_order(a, w, i);
		return begin_patient(a, w, i);
	case HL7_ID('O', 'B', 'R'):
		end_order(a, w, i);
		return begin_order(a, w, i);
	case HL7_ID('O', 'R', 'C'):
		end_order(a, w, i);
		w->order = -1;
		w->topic = TOPIC_ELSE;
		break;
	case HL7_ID('D', 'G', '1'):
		return add_diagnosis(a, w, i);
	case HL7_ID('S', 'P', 'M'):
		if (w->order >= 0 && a->orders[w->order].spm == NO_SEGMENT)
			a->orders[w->order].spm = i;
		w->topic = w->order >= 0 ? TOPIC_SPECIMEN : TOPIC_ELSE;
		w->specimen = (unsigned)i;
		break;
	case HL7_ID('D', 'E', 'V'):
		/* 2.9.1: PRT [{DEV}] in front of an order's results belongs to its OBR */
		if (w->seen_obx ||
		    (w->before != HL7_ID('P', 'R', 'T') && w->before != HL7_ID('D', 'E', 'V')))
			w->topic = TOPIC_ELSE;
		break;
	case HL7_ID('A', 'D', 'D'):
		a->fragment |= is_told_of(a->m->segments[i - 1].id);
		break;
	case HL7_ID('D', 'S', 'C'):
		a->fragment = true;
		w->topic = TOPIC_ELSE;
		break;
	case HL7_ID('F', 'T', '1'):
	case HL7_ID('C', 'T', 'I'):
		w->topic = TOPIC_ELSE;
		break;
	default:
		break;
	}
	return true;
}

static unsigned
segment_of(const struct annotator *a, size_t result)
{
	return result < a->result_count ? a->results[result].segment : NO_INDEX;
}

/* The results of a segment, from *next on; answers the segment of the one behind them. */
static unsigned
place_results(struct annotator *a, const struct walk *w, size_t *next, unsigned segment)
{
	for (; segment_of(a, *next) == segment; ++*next) {
		struct result *r = &a->results[*next];

		if (w->topic == TOPIC_ELSE) {
			r->skip = SKIP_NO_SLOT;
			continue;
		}
		r->specimen = w->topic == TOPIC_SPECIMEN ? w->specimen : 0;
		r->order = (unsigned)w->order;
		r->patient = (unsigned)w->patient;
	}
	return segment_of(a, *next);
}

/* The OBX from `at` on, all of which tell of one thing; answers where they end. */
static unsigned
pass_results(struct annotator *a, struct walk *w, size_t *next, unsigned at)
{
	const struct hl7_segment *s = &a->m->segments[at], *end = a->m->segments + a->m->count;
	unsigned due = segment_of(a, *next);

	while (s < end && s->id == HL7_ID('O', 'B', 'X'))
		s++;
	at = (unsigned)(s - a->m->segments);
	while (due < at)
		due = place_results(a, w, next, due);
	w->seen_obx = true;
	w->before = HL7_ID('O', 'B', 'X');
	return at;
}

/* Local segments and addenda stand anywhere and change nothing. */
static bool
is_aside(uint32_t id)
{
	return (id & 0xff) == 'Z' || id == HL7_ID('A', 'D', 'D');
}

bool
context_build(struct annotator *a)
{
	struct walk w = { .patient = -1, .order = -1 };
	size_t next = 0;
	unsigned i = 1;

	a->patient_count = a->order_count = a->diagnosis_count = 0;
	a->fragment = a->patients_placed = false;
	while (i < a->m->count) {
		w.id = a->m->segments[i].id;
		if (w.id == HL7_ID('O', 'B', 'X')) { /* as most are; results are nothing else */
			i = pass_results(a, &w, &next, i);
			continue;
		}
		if (!step(a, &w, i++))
			return false;
		if (!is_aside(w.id))
			w.before = w.id;
	}
	end_order(a, &w, (long)a->m->count);
	return true;
}

/* Results of one report mostly carry one stamp, so the last one is remembered. */
static bool
parse_first(struct annotator *a, struct span field, struct hl7_time *ret)
{
	const struct hl7_delims *d = &a->m->delims;

	if (!field.len)
		return false;
	if (!span_eq(field, a->stamp)) {
		a->stamp = field;
		field = hl7_component(d, hl7_repetition(d, field, 1), 1);
		a->stamp_good = hl7_time_parse(span_trim(field), &a->stamp_time);
	}
	*ret = a->stamp_time;
	return a->stamp_good;
}

/* What the specimen or the order says, found out once for all its results. */
static void
read_order_time(struct annotator *a, struct order *o)
{
	o->time_known = true;
	o->has_time = (o->spm != NO_SEGMENT &&
			  parse_first(a, hl7_field(a->m, &a->m->segments[o->spm], 17), &o->time)) ||
		      parse_first(a, order_field(a, o, 7), &o->time);
}

/* What tells of another specimen than the order's first has that one's time. */
static bool
read_specimen_time(struct annotator *a, const struct result *r, struct hl7_time *ret)
{
	const struct hl7_segment *spm = &a->m->segments[r->specimen];

	return r->specimen && (long)r->specimen != a->orders[r->order].spm &&
	       work_read(a, spm->end - spm->start) && parse_first(a, hl7_field(a->m, spm, 17), ret);
}

bool
context_collected(struct annotator *a, const struct result *r, struct hl7_time *ret)
{
	struct order *o = &a->orders[r->order];

	if (parse_first(a, obx_field(a, r, 14), ret) || read_specimen_time(a, r, ret))
		return true;
	if (!o->time_known)
		read_order_time(a, o);
	*ret = o->time;
	return o->has_time;
}

static bool
read_sent(struct annotator *a)
{
	if (!a->sent_known)
		a->has_sent = parse_first(a, hl7_header(a->m, 7), &a->sent);
	a->sent_known = true;
	return a->has_sent;
}

int
context_zone(struct annotator *a)
{
	return read_sent(a) ? a->sent.zone : HL7_NO_ZONE;
}

/* At which an age counts: collected, else MSH-7. */
static bool
moment_of(struct annotator *a, const struct result *r, struct hl7_time *ret)
{
	if (r->has_time)
		*ret = r->time;
	else if (read_sent(a))
		*ret = a->sent;
	else
		return false;
	return true;
}

/* Does one life reach so far?  A birth after the collection, or 125 years before it, was
 * mistyped, or stands for none, as 19000101 does.  A day more, for zones. */
static bool
is_credible(struct hl7_time birth, struct hl7_time at)
{
	const int64_t day = 24 * 60 * 60;

	return at.last - birth.first > -day && at.first - birth.last < 125 * 366 * day;
}

enum truth
context_age_reached(struct annotator *a, const struct result *r, struct hl7_age age)
{
	const struct patient *p = &a->patients[r->patient];
	struct hl7_time at;

	if (!p->has_birth || !moment_of(a, r, &at) || !is_credible(p->birth, at))
		return TRUTH_UNKNOWN;
	return hl7_age_reached(p->birth, at, age);
}

static bool
names_specimen(
    const struct annotator *a, const struct specimen *s, struct span text, struct span system)
{
	for (unsigned i = 0; i < s->code_count; i++) {
		if (hl7_charset_is(a->charset, s->codes[i].text, text) &&
		    (!s->codes[i].system.len || !system.len ||
			span_eq_nocase(s->codes[i].system, system)))
			return true;
	}
	return false;
}

/* Which of the mapping's specimens does one triplet of a coded element name? */
static uint64_t
recognise(const struct annotator *a, const struct mapping *m, struct span text, struct span label,
    struct span system)
{
	uint64_t found = 0;

	for (unsigned i = 0; i < m->specimen_count && i < 64; i++) {
		if ((text.len && names_specimen(a, &m->specimens[i], text, system)) ||
		    (label.len && names_specimen(a, &m->specimens[i], label, (struct span){ 0 })))
			found |= (uint64_t)1 << i;
	}
	return found;
}

static uint64_t
recognise_coded(
    const struct annotator *a, const struct mapping *m, struct span coded, char separator)
{
	uint64_t found = 0;

	for (unsigned i = 0; coded.len && i < MATCH_CODES; i++) {
		unsigned at = match_codes[i];

		found |= recognise(a, m, span_trim(hl7_piece_of(coded, separator, at)),
		    span_trim(hl7_piece_of(coded, separator, at + 1)),
		    span_trim(hl7_piece_of(coded, separator, at + 2)));
	}
	return found;
}

/* HL7 table 0369: calibrators, controls, pools and what proficiency is tested with. */
static bool
is_no_patients(const struct annotator *a, struct span roles)
{
	static const char others[] = "BCEFLOQV";

	while (roles.len) {
		const struct span role = next_repetition(a, &roles),
				  code = span_trim(hl7_component(&a->m->delims, role, 1));

		if (code.len == 1 && memchr(others, code.ptr[0], sizeof(others) - 1))
			return true;
	}
	return false;
}

/* What SPM-4 of the order's specimens name. */
static uint64_t
read_specimens(struct annotator *a, struct order *o, const struct mapping *m)
{
	uint64_t found = 0;

	if (o->spm == NO_SEGMENT || !work_read(a, (size_t)(o->end - o->spm)))
		return 0;
	for (long i = o->spm; i < o->end; i++) {
		const struct hl7_segment *s = &a->m->segments[i];

		if (s->id != HL7_ID('S', 'P', 'M') || !work_read(a, s->end - s->start))
			continue;
		found |= recognise_coded(a, m, hl7_field(a->m, s, 4), a->m->delims.component);
		o->is_nobodys |= is_no_patients(a, hl7_field(a->m, s, 11));
	}
	return found;
}

/* What OBR-15 names: a coded element squeezed into the first component. */
static uint64_t
read_source(struct annotator *a, struct order *o, const struct mapping *m)
{
	const struct hl7_delims *d = &a->m->delims;
	struct span source = order_field(a, o, 15);

	if (!work_read(a, source.len))
		return 0;
	return recognise_coded(a, m, hl7_component(d, source, 1), d->subcomponent);
}

void
context_read_specimens(struct annotator *a, struct order *o, const struct mapping *m)
{
	o->specimens_of = m;
	o->is_nobodys = false;
	o->specimens = read_specimens(a, o, m);
	o->source = read_source(a, o, m);
}
