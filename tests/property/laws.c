/* SPDX-License-Identifier: MIT */
/*
 * Each law is a function over a stream, its name is its sentence.  Streams are
 * copied into memory of exactly their length, so that a sanitizer sees a read
 * beyond it.
 */
#include "property/laws.h"

#include <stdio.h>
#include <stdlib.h>

#include "annotate/annotate.h"
#include "annotate/verify.h"
#include "base/buffer.h"
#include "base/diag.h"
#include "mllp/decoder.h"
#include "mllp/encoder.h"
#include "property/alike.h"
#include "property/naive.h"
#include "support/files.h"

enum {
	FIELDS = 40,         /* compared in each segment */
	SLOW_SEGMENTS = 200, /* field by field up to so many segments */
};

const struct laws_set laws_sets[LAWS_SETS] = {
	{ "b2m", { "mappings/b2m.xml" } },
	{ "site", { "tests/property/site.xml" } },
	{ "b2m and site", { "mappings/b2m.xml", "tests/property/site.xml" } },
	{ "site and hop", { "tests/property/site.xml", "tests/property/hop.xml" } },
};

struct laws {
	struct mapping *mappings[2];
	size_t mapping_count;
	struct annotator *annotator;
	struct alike *alike;
	struct hl7_message message, other;
	struct buffer edited, again, scratch;
	struct laws_counts counts;
	size_t cuts;
	const char *set;
	const char *name; /* of the stream in hand */
};

static struct annotator *
annotator_of(const struct laws *l, bool backwards)
{
	const struct mapping *list[2];

	for (size_t i = 0; i < l->mapping_count; i++)
		list[backwards ? l->mapping_count - 1 - i : i] = l->mappings[i];
	return annotator_create(list, l->mapping_count);
}

static bool
load_all(struct laws *l, const struct laws_set *set)
{
	for (size_t i = 0; i < 2 && set->mappings[i]; i++) {
		l->mappings[i] = mapping_load(set->mappings[i]);
		if (!l->mappings[i])
			return false;
		l->mapping_count++;
	}
	l->annotator = annotator_of(l, false);
	l->alike = alike_create(l->mappings, l->mapping_count);
	return l->annotator && l->alike;
}

struct laws *
laws_create(const struct laws_set *set, size_t cuts)
{
	struct laws *l = calloc(1, sizeof(*l));

	if (!l)
		return NULL;
	l->cuts = cuts;
	l->set = set->name;
	hl7_message_init(&l->message);
	hl7_message_init(&l->other);
	buffer_init(&l->edited, 0);
	buffer_init(&l->again, 0);
	buffer_init(&l->scratch, 0);
	if (load_all(l, set))
		return l;
	fprintf(stderr, "%s: not to be used\n", set->name);
	laws_destroy(l);
	return NULL;
}

void
laws_destroy(struct laws *l)
{
	if (!l)
		return;
	annotator_destroy(l->annotator);
	alike_destroy(l->alike);
	for (size_t i = 0; i < 2; i++)
		mapping_destroy(l->mappings[i]);
	hl7_message_finish(&l->message);
	hl7_message_finish(&l->other);
	buffer_finish(&l->edited);
	buffer_finish(&l->again);
	buffer_finish(&l->scratch);
	free(l);
}

const struct laws_counts *
laws_count(const struct laws *l)
{
	return &l->counts;
}

/* ---- saying what is wrong ------------------------------------------------------ */

static void
print_bytes(struct span s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.ptr[i];

		if (c == '\r' || c == '\n')
			fprintf(stderr, c == '\r' ? "\\r\n" : "\\n\n");
		else if (c == '\\' || c < ' ' || c > '~')
			fprintf(stderr, "\\x%02x", c);
		else
			fputc(c, stderr);
	}
	fputc('\n', stderr);
}

static bool
broken(const struct laws *l, const char *law, struct span about)
{
	enum { MOST = 4000 };

	fprintf(stderr, "%s, with %s: broken: %s\n", l->name, l->set, law);
	print_bytes(span_head(about, MOST));
	if (about.len > MOST)
		fprintf(stderr, "... %zu bytes in all\n", about.len);
	return false;
}

/* ---- the index -------------------------------------------------------------------- */

static bool
same_span(struct span a, struct span b)
{
	return a.ptr == b.ptr && a.len == b.len;
}

static bool
fields_agree(const struct hl7_message *m, const struct hl7_segment *s)
{
	struct span all[FIELDS];
	unsigned present = hl7_fields(m, s, all, FIELDS);

	for (unsigned n = 1; n <= FIELDS; n++) {
		struct span wanted = naive_field(m->bytes, s, m->delims.field, n);

		if (!same_span(hl7_field(m, s, n), wanted) || !same_span(all[n - 1], wanted))
			return false;
		if ((wanted.ptr != NULL) != (n <= present))
			return false;
	}
	return true;
}

/* Those of MSH, which are found when the message is read. */
static bool
header_agrees(const struct hl7_message *m)
{
	for (unsigned n = 2; m->count && n <= HL7_HEADER; n++) {
		struct span wanted = naive_field(m->bytes, m->segments, m->delims.field, n);

		if (!same_span(hl7_header(m, n), wanted))
			return false;
	}
	return true;
}

static bool
segments_agree(const struct hl7_message *m, const struct naive_piece *p)
{
	if (m->count != p->count || !header_agrees(m))
		return false;
	for (size_t i = 0; i < p->count; i++) {
		const struct hl7_segment *a = &m->segments[i], *b = &p->segments[i];

		if (a->id != b->id || a->start != b->start || a->end != b->end ||
		    a->next != b->next)
			return false;
		if (i < SLOW_SEGMENTS && !fields_agree(m, a))
			return false;
	}
	return true;
}

static bool
index_agrees_with_a_naive_splitter(struct laws *l, struct span in)
{
	while (in.len > 0) {
		struct naive_piece naive;
		enum hl7_piece kind;
		size_t used;
		bool same;

		if (hl7_message_read(&l->message, in, &kind, &used) != 0)
			return broken(l, "a piece could not be read", in);
		naive_read(in, &naive);
		same = kind == naive.kind && used == naive.len && used > 0 &&
		       same_span(l->message.bytes, span_head(in, used)) &&
		       segments_agree(&l->message, &naive);
		naive_free(&naive);
		if (!same)
			return broken(l, "the index agrees with a naive splitter", in);
		in = span_tail(in, used);
	}
	return true;
}

/* A piece that is complete stays what it is, whatever follows; one that fills the bytes may go on.
 */
static bool
piece_is_stable(struct laws *l, struct span in, size_t cut, enum hl7_piece kind, size_t used)
{
	enum hl7_piece early;
	size_t early_used;

	if (hl7_message_read(&l->other, span_head(in, cut), &early, &early_used) != 0)
		return false;
	return early_used == cut ||
	       (early == kind && early_used == used && l->other.count == l->message.count);
}

static bool
pieces_do_not_depend_on_where_the_read_was_cut(struct laws *l, struct span in)
{
	while (in.len > 0) {
		enum hl7_piece kind;
		size_t used, step = in.len / l->cuts + 1;

		if (hl7_message_read(&l->message, in, &kind, &used) != 0)
			return broken(l, "a piece could not be read", in);
		for (size_t cut = 1; cut < in.len; cut += step)
			if (!piece_is_stable(l, in, cut, kind, used))
				return broken(l, "pieces do not depend on where the read was cut",
				    span_head(in, cut));
		in = span_tail(in, used);
	}
	return true;
}

/* ---- annotating --------------------------------------------------------------------- */

static void
gather(const struct annotation *a, struct buffer *out)
{
	buffer_clear(out);
	for (size_t i = 0; i < a->iov_count; i++)
		if (a->iov[i].iov_len)
			buffer_append(out, span_of(a->iov[i].iov_base, a->iov[i].iov_len));
}

static size_t
edit_count(const struct annotation *a)
{
	return a->edits ? a->edits->count : 0;
}

static bool
is_undone(struct laws *l, const struct annotation *a, struct span edited, struct span original)
{
	buffer_clear(&l->scratch);
	return naive_undo(a->edits, edited, &l->scratch) &&
	       span_eq(buffer_span(&l->scratch), original);
}

static bool
edits_can_be_undone(struct laws *l, const struct annotation *a, struct span original)
{
	struct span edited;

	gather(a, &l->edited);
	edited = buffer_span(&l->edited);
	if (edit_count(a) == 0)
		return span_eq(edited, original) ||
		       broken(l, "without an edit nothing changes", original);
	if (!is_undone(l, a, edited, original) ||
	    !hl7_edits_prove(a->edits, original, a->iov, a->iov_count))
		return broken(l, "undoing the edits gives the original", original);
	if (hl7_edits_length(a->edits, original) != edited.len)
		return broken(l, "the edited length is as announced", original);
	if (mllp_can_frame(original) && !mllp_can_frame(edited))
		return broken(l, "what fits a frame still does", original);
	return true;
}

/* `l->edited` holds the message annotated once. */
static bool
annotating_twice_changes_nothing(struct laws *l, struct span original)
{
	struct span edited = buffer_span(&l->edited);
	struct annotation again;
	enum hl7_piece kind;
	size_t used;

	if (hl7_message_read(&l->other, edited, &kind, &used) != 0 || used != edited.len ||
	    kind != HL7_PIECE_MESSAGE)
		return broken(l, "an annotated message is one message", edited);
	annotate(l->annotator, &l->other, &again);
	gather(&again, &l->again);
	if (edit_count(&again) != 0 || !span_eq(buffer_span(&l->again), edited)) {
		broken(l, "annotating twice changes nothing: the original", original);
		return broken(l, "... and annotated twice", buffer_span(&l->again));
	}
	return true;
}

static bool
annotating_again_gives_the_same(struct laws *l, struct span original)
{
	struct annotation again;

	annotate(l->annotator, &l->message, &again);
	gather(&again, &l->again);
	return span_eq(buffer_span(&l->again), buffer_span(&l->edited)) ||
	       broken(l, "the same message gives the same bytes", original);
}

/* Do two mappings write behind one OBX? */
static bool
mappings_meet(const struct annotation *a)
{
	for (size_t i = 1; i < a->finding_count; i++) {
		const struct finding *f = &a->findings[i];

		if (f->notes && f[-1].notes && f->segment == f[-1].segment)
			return true;
	}
	return false;
}

/* What the annotator remembers of the messages before makes no difference.  Nor does the order of
 * its mappings, but where one's notes stand behind another's. */
static bool
a_new_annotator_gives_the_same(struct laws *l, struct span original, bool backwards)
{
	struct annotation again;
	struct annotator *fresh = annotator_of(l, backwards);
	bool same;

	if (!fresh)
		return broken(l, "memory is enough for one more annotator", original);
	annotate(fresh, &l->message, &again);
	gather(&again, &l->again);
	same = span_eq(buffer_span(&l->again), buffer_span(&l->edited));
	annotator_destroy(fresh);
	return same || broken(l, "a message becomes the same whatever came before it", original);
}

static bool
verify_agrees(struct laws *l, struct span original, bool changed)
{
	struct verify_counts counts = { 0 };
	struct diag diag = { 0 };

	if (!verify(original, buffer_span(&l->edited), &counts, &diag)) {
		fprintf(
		    stderr, "verify: %s at byte %zu\n", diag.what ? diag.what : "?", diag.offset);
		return broken(l, "verify takes what annotate made", original);
	}
	if (counts.messages != 1 || (counts.changed == 1) != changed)
		return broken(l, "verify counts what was changed", original);
	return true;
}

static bool
is_alike_said_otherwise(struct laws *l, struct span original)
{
	const char *law = alike_broken(l->alike, &l->message);

	return !law || broken(l, law, original);
}

static bool
message_keeps_its_promises(struct laws *l, struct span original)
{
	struct annotation a;
	bool changed, meet;

	annotate(l->annotator, &l->message, &a);
	meet = mappings_meet(&a);
	l->counts.messages++;
	l->counts.findings += a.finding_count;
	if (a.skip == SKIP_PROOF_FAILED || a.skip == SKIP_NO_MEMORY)
		return broken(l, "no proof fails and memory is enough", original);
	changed = edit_count(&a) > 0;
	l->counts.changed += changed;
	return edits_can_be_undone(l, &a, original) && verify_agrees(l, original, changed) &&
	       annotating_again_gives_the_same(l, original) &&
	       a_new_annotator_gives_the_same(l, original, !meet) &&
	       annotating_twice_changes_nothing(l, original) &&
	       is_alike_said_otherwise(l, original);
}

/* Whatever is no message passes as it is, if somebody asks for it to be annotated. */
static bool
others_pass(struct laws *l, struct span original)
{
	struct annotation a;

	annotate(l->annotator, &l->message, &a);
	gather(&a, &l->edited);
	return (edit_count(&a) == 0 && span_eq(buffer_span(&l->edited), original)) ||
	       broken(l, "what is no message passes as it is", original);
}

static bool
annotating_keeps_its_promises(struct laws *l, struct span in)
{
	while (in.len > 0) {
		enum hl7_piece kind;
		size_t used;

		if (hl7_message_read(&l->message, in, &kind, &used) != 0)
			return broken(l, "a piece could not be read", in);
		if (kind == HL7_PIECE_MESSAGE ? !message_keeps_its_promises(l, span_head(in, used))
					      : !others_pass(l, span_head(in, used)))
			return false;
		in = span_tail(in, used);
	}
	return true;
}

/* ---- frames ------------------------------------------------------------------------- */

/* Feed `wire` in pieces of `step` bytes; do the two frames in it come out as `body`? */
static bool
frames_come_out(struct span wire, size_t step, struct span body)
{
	struct mllp_decoder d;
	size_t begin = 0, end = 0, frames = 0;

	mllp_decoder_init(&d, wire.len + 1);
	while (begin < wire.len) {
		struct span found;
		struct diag diag;
		size_t used;

		switch (
		    mllp_decode(&d, span_of(wire.ptr + begin, end - begin), &found, &used, &diag)) {
		case MLLP_MORE:
			if (end == wire.len)
				return false;
			end = end + step < wire.len ? end + step : wire.len;
			break;
		case MLLP_FRAME:
			if (!span_eq(found, body))
				return false;
			frames++;
			begin += used;
			break;
		default:
			return false;
		}
	}
	return frames == 2;
}

static bool
frames_do_not_depend_on_where_the_read_was_cut(struct laws *l, struct span body)
{
	static const size_t steps[] = { 1, 2, 7, 64, 1000, (size_t)1 << 40 };
	struct span wire;

	if (!mllp_can_frame(body))
		return true;
	buffer_clear(&l->scratch);
	for (int i = 0; i < 2; i++) {
		buffer_append(&l->scratch, MLLP_HEAD);
		buffer_append(&l->scratch, body);
		buffer_append(&l->scratch, MLLP_TAIL);
	}
	wire = buffer_span(&l->scratch);
	for (size_t i = wire.len > 100000; i < sizeof(steps) / sizeof(*steps); i++)
		if (!frames_come_out(wire, steps[i], body))
			return broken(l, "frames do not depend on where the read was cut", body);
	return true;
}

bool
laws_hold(struct laws *l, const char *name, struct span stream)
{
	char *exact = calloc(stream.len ? stream.len : 1, 1);
	struct span in = span_of(exact, stream.len);
	bool hold;

	if (!exact)
		return false;
	if (stream.len)
		memcpy(exact, stream.ptr, stream.len);
	l->name = name;
	l->counts.streams++;
	hold = index_agrees_with_a_naive_splitter(l, in) &&
	       pieces_do_not_depend_on_where_the_read_was_cut(l, in) &&
	       annotating_keeps_its_promises(l, in) &&
	       frames_do_not_depend_on_where_the_read_was_cut(l, in);
	free(exact);
	return hold;
}
