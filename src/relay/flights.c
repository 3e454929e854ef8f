/* SPDX-License-Identifier: MIT */
/*
 * IDs are compared by length, hash and as many bytes as are kept; the hash alone
 * decides only for IDs longer than any standard allows.
 */
#include "relay/flights.h"

#include <stdlib.h>

#include "base/hash.h"
#include "relay/summary.h"

enum {
	WORD = sizeof(uint64_t),
	SPARE_ROOM = 16, /* flights; longer lists are not kept */
};

/* Eight bytes at a time, the last of which may overlap those before. */
uint64_t
relay_id_hash(struct span s)
{
	uint64_t h = s.len;
	size_t n = 0;

	for (; s.len - n > WORD; n += WORD)
		h = hash_mix(h, hash_load(s.ptr + n, WORD));
	if (s.len >= WORD)
		h = hash_mix(h, hash_load(s.ptr + s.len - WORD, WORD));
	else if (s.len)
		h = hash_mix(h, hash_load(s.ptr, s.len));
	return h & ~(uint64_t)1;
}

static bool
is_end(char c)
{
	/* one comparison settles it for nearly all */
	return (unsigned char)c <= '\r' && (c == '\r' || c == '\n' || !c);
}

/* May one of these eight bytes be an end?  The highest bit is set of each that is below 0x0e, and
 * perhaps of others behind it. */
static bool
may_have_end(uint64_t bytes)
{
	const uint64_t every = UINT64_C(0x0101010101010101);

	return ((bytes - every * 0x0e) & ~bytes & every * 0x80) != 0;
}

struct span
relay_id_text(struct span field)
{
	size_t n = 0;

	while (field.len - n >= WORD && !may_have_end(hash_load(field.ptr + n, WORD)))
		n += WORD;
	while (n < field.len && !is_end(field.ptr[n]))
		n++;
	return span_trim(span_head(field, n));
}

void
relay_flight_name(struct relay_flight *f, struct span field)
{
	const struct span control_id = relay_id_text(field);
	size_t kept = control_id.len < RELAY_ID_MOST ? control_id.len : RELAY_ID_MOST;

	f->id_hash = relay_id_hash(control_id);
	f->id_len = (uint32_t)control_id.len;
	if (kept)
		memcpy(f->id, control_id.ptr, kept);
}

/* Is this its ID, of which all is kept? */
static bool
has_id(const struct relay_flight *f, struct span id)
{
	return !f->any_answer && f->id_len == id.len && id.len <= RELAY_ID_MOST &&
	       memcmp(f->id, id.ptr, id.len) == 0;
}

static bool
is_named(const struct relay_flight *f, struct span id, uint64_t hash)
{
	size_t kept = id.len < RELAY_ID_MOST ? id.len : RELAY_ID_MOST;

	return !f->any_answer && f->id_hash == hash && f->id_len == id.len &&
	       memcmp(f->id, id.ptr, kept) == 0;
}

bool
relay_flight_is_named(const struct relay_flight *f, const struct relay_answer *a)
{
	return a->control_id.len && is_named(f, a->control_id, relay_id_hash(a->control_id));
}

bool
relay_flight_has(const struct relay_flight *f, const struct relay_answer *a)
{
	return relay_names_has(&f->names, a->control_id);
}

int
relay_flight_named(const struct relay_session *s, const struct relay_answer *a)
{
	uint64_t hash;

	if (!s->flights || !a->control_id.len)
		return -1;
	if (has_id(s->flight, a->control_id)) /* answers mostly come in order */
		return 0;
	hash = relay_id_hash(a->control_id);
	for (unsigned i = 0; i < s->flights; i++) {
		if (is_named(&s->flight[i], a->control_id, hash) ||
		    relay_flight_has(&s->flight[i], a))
			return (int)i;
	}
	return -1;
}

int
relay_flight_any(const struct relay_session *s)
{
	return s->flights && s->flight->any_answer ? 0 : -1;
}

int
relay_flight_foreign(const struct relay_session *s)
{
	for (unsigned i = 0; i < s->flights; i++) {
		if (s->flight[i].foreign)
			return (int)i;
	}
	return -1;
}

int
relay_flight_find(const struct relay_session *s, const struct relay_answer *a)
{
	int index = relay_flight_named(s, a);
	bool known = index >= 0 || relay_recent_has(s, a->control_id) ||
		     relay_answered_has(&s->answered, a->control_id);

	return known ? index : relay_flight_any(s);
}

static void
set_list(struct relay_session *s, struct relay_flight *list, unsigned room)
{
	s->flight = s->flight_list = list;
	s->flight_room = room;
}

static bool
grow(struct relay_session *s)
{
	struct relay_spares *spares = &s->set->work->spares;
	unsigned room = s->flight_room ? s->flight_room * 2 : 1;
	struct relay_flight *list;

	if (!s->flight_room && spares->count) {
		spares->count--;
		set_list(s, spares->list[spares->count], spares->room[spares->count]);
		return true;
	}
	list = realloc(s->flight_list, room * sizeof(*list));
	if (list)
		set_list(s, list, room);
	return list != NULL;
}

/* It has no flights. */
static void
give_list(struct relay_session *s)
{
	struct relay_spares *spares = &s->set->work->spares;

	if (spares->count < RELAY_SPARES && s->flight_room <= SPARE_ROOM) {
		spares->list[spares->count] = s->flight_list;
		spares->room[spares->count++] = s->flight_room;
	} else {
		free(s->flight_list);
	}
	set_list(s, NULL, 0);
}

void
relay_spares_finish(struct relay_spares *spares)
{
	while (spares->count)
		free(spares->list[--spares->count]);
}

/* Room behind the last one: what was left in front by older ones, or more. */
static bool
make_room(struct relay_session *s)
{
	if (s->flights == s->flight_room)
		return grow(s);
	if (s->flight + s->flights == s->flight_list + s->flight_room) {
		memmove(s->flight_list, s->flight, s->flights * sizeof(*s->flight));
		s->flight = s->flight_list;
	}
	return true;
}

struct relay_flight *
relay_flight_add(struct relay_session *s)
{
	struct relay_flight *f;

	if (!make_room(s))
		return NULL;
	f = &s->flight[s->flights++];
	memset(f, 0, offsetof(struct relay_flight, id));
	f->header = NULL;
	f->header_len = 0;
	relay_summary_init(&f->summary);
	return f;
}

void
relay_flight_remove(struct relay_session *s, unsigned index)
{
	free(s->flight[index].header);
	relay_names_finish(&s->flight[index].names);
	s->flights--;
	if (!s->flights) {
		give_list(s);
		return;
	}
	if (!index) { /* as mostly: the others stay where they are */
		s->flight++;
		return;
	}
	memmove(
	    &s->flight[index], &s->flight[index + 1], (s->flights - index) * sizeof(*s->flight));
}

void
relay_flights_finish(struct relay_session *s)
{
	while (s->flights)
		relay_flight_remove(s, s->flights - 1);
	free(s->recent);
	relay_names_finish(&s->late);
	s->recent = NULL;
}

void
relay_answered_add(struct relay_answered *r, const struct relay_flight *f)
{
	if (!f->any_answer)
		r->list[r->next++ % RELAY_ANSWERED] = f->id_hash;
}

bool
relay_answered_has(const struct relay_answered *r, struct span control_id)
{
	uint64_t hash = relay_id_hash(control_id);

	for (unsigned i = 0; control_id.len && i < RELAY_ANSWERED; i++) {
		if (r->list[i] == hash)
			return true;
	}
	return false;
}

bool
relay_promises_more(const struct relay_flight *f, const struct relay_answer *a)
{
	return !f->enhanced && span_eq_nocase(a->code, SPAN("CA")) &&
	       (!f->any_answer || relay_flight_has(f, a));
}

void
relay_recent_add(struct relay_session *s, uint64_t id_hash)
{
	if (!s->recent)
		s->recent = calloc(RELAY_RECENT, sizeof(*s->recent));
	if (s->recent)
		s->recent[s->recent_next++ % RELAY_RECENT] = id_hash;
}

bool
relay_recent_has(const struct relay_session *s, struct span control_id)
{
	uint64_t hash = relay_id_hash(control_id);

	for (unsigned i = 0; s->recent && control_id.len && i < RELAY_RECENT; i++) {
		if (s->recent[i] == hash)
			return true;
	}
	return relay_names_has(&s->late, control_id);
}

/* ---- what frames say of themselves ---- */

static const struct hl7_segment *
find_msa(const struct hl7_message *m)
{
	const struct hl7_segment *end = m->segments + m->count;

	for (const struct hl7_segment *s = m->segments; s != end; s++) {
		if (s->id == HL7_ID('M', 'S', 'A'))
			return s;
	}
	return NULL;
}

/* The rest of the first line that begins with MSA, behind it; absent when there is none.  `sep` is
 * what must follow, or 0. */
static struct span
find_msa_line(struct span body, char sep)
{
	for (size_t i = 0; i + 4 < body.len; i++) {
		const bool begins = !i || body.ptr[i - 1] == '\r' || body.ptr[i - 1] == '\n';
		struct span rest = span_tail(body, i + 3);
		size_t n = 0;

		if (!begins || memcmp(body.ptr + i, "MSA", 3) != 0 || (sep && rest.ptr[0] != sep))
			continue;
		while (n < rest.len && rest.ptr[n] != '\r' && rest.ptr[n] != '\n')
			n++;
		return span_head(rest, n);
	}
	return (struct span){ 0 };
}

/* Without an MSH that can be read, or behind one that ends its line otherwise than the rest, a
 * sender may still find an MSA; so it has to be the right one. */
static void
read_bare_answer(struct span body, char sep, struct relay_answer *ret)
{
	struct span msa = find_msa_line(body, sep), rest;

	if (!msa.len)
		return;
	ret->is_answer = true;
	ret->code = span_trim(span_cut(span_tail(msa, 1), msa.ptr[0], &rest));
	ret->control_id = rest.ptr ? relay_id_text(span_cut(rest, msa.ptr[0], &rest)) : SPAN("");
}

/* Some receivers send several answers in a frame, with nothing that calls it a batch. */
static bool
has_answer(struct hl7_message *work, struct span rest)
{
	enum hl7_piece piece;
	size_t used;

	for (; rest.len && hl7_message_read(work, rest, &piece, &used) == 0;
	     rest = span_tail(rest, used)) {
		if (piece == HL7_PIECE_MESSAGE && work->has_msa)
			return true;
	}
	return false;
}

/* The piece from `at` on, to before the next '|' or the end.  It is short, and soon looked through.
 */
static struct span
piece_at(struct span s, size_t at)
{
	size_t end = at;

	while (end < s.len && s.ptr[end] != '|')
		end++;
	return span_of(s.ptr + at, end - at);
}

/* Without a segment index, nearly all answers can be read: a header with the usual delimiters, and
 * MSA behind it as the last segment, both ended by CR. */
static bool
read_usual_answer(struct span body, struct relay_answer *ret)
{
	static const char head[] = "MSH|^~\\&|", next[] = "MSA|";
	const size_t before = sizeof(next) - 1;
	const char *cr;
	struct span msa;

	if (body.len < sizeof(head) || memcmp(body.ptr, head, sizeof(head) - 1) != 0 ||
	    body.ptr[body.len - 1] != '\r')
		return false;
	body.len--;
	cr = memchr(body.ptr, '\r', body.len);
	if (!cr || memchr(body.ptr, '\n', (size_t)(cr - body.ptr)))
		return false;
	msa = span_tail(body, (size_t)(cr - body.ptr) + 1);
	if (msa.len < sizeof(next) || memcmp(msa.ptr, next, before) != 0 ||
	    memchr(msa.ptr, '\r', msa.len))
		return false;
	ret->is_answer = true;
	ret->code = piece_at(msa, before);
	if (before + ret->code.len < msa.len)
		ret->control_id = relay_id_text(piece_at(msa, before + ret->code.len + 1));
	ret->code = span_trim(ret->code);
	return true;
}

/* Not so a commit block of MLLP, nor blank lines that keep a connection alive. */
static bool
has_text(struct span body)
{
	unsigned n = 0;

	for (size_t i = 0; i < body.len && n < 2; i++)
		n += (unsigned char)body.ptr[i] > ' ';
	return n == 2;
}

void
relay_read_answer(struct hl7_message *work, struct span body, struct relay_answer *ret)
{
	const struct hl7_segment *msa;
	struct span field[2]; /* MSA-1 and MSA-2 */
	enum hl7_piece piece;
	size_t used;

	*ret = (struct relay_answer){ 0 };
	if (read_usual_answer(body, ret))
		return;
	if (hl7_message_read(work, body, &piece, &used) != 0) {
		ret->unread = true;
		return;
	}
	ret->is_answer = ret->is_batch = piece == HL7_PIECE_ENVELOPE;
	ret->code = SPAN("");
	msa = find_msa(work);
	if (piece == HL7_PIECE_FOREIGN)
		read_bare_answer(body, 0, ret);
	else if (piece == HL7_PIECE_MESSAGE && !msa)
		read_bare_answer(body, work->delims.field, ret);
	ret->foreign = piece == HL7_PIECE_FOREIGN && !ret->is_answer && used == body.len &&
		       has_text(body);
	ret->refusal = span_eq(body, SPAN("\x15"));
	if (!msa)
		return;
	ret->is_answer = true;
	hl7_fields(work, msa, field, 2);
	if (field[0].ptr)
		ret->code = span_trim(field[0]);
	ret->control_id = relay_id_text(field[1]);
	if (used < body.len)
		ret->is_batch = has_answer(work, span_tail(body, used));
}

bool
relay_next_answer(struct hl7_message *work, struct span *rest, struct relay_answer *ret)
{
	enum hl7_piece piece;
	size_t used;

	while (rest->len) {
		struct span one;

		if (hl7_message_read(work, *rest, &piece, &used) != 0) {
			*ret = (struct relay_answer){ .unread = true };
			*rest = SPAN("");
			return true;
		}
		one = span_head(*rest, used);
		*rest = span_tail(*rest, used);
		if (piece != HL7_PIECE_MESSAGE)
			continue;
		relay_read_answer(work, one, ret);
		return true;
	}
	return false;
}

static enum relay_when
read_when(struct span asked)
{
	if (span_eq_nocase(asked, SPAN("NE")))
		return RELAY_NEVER;
	if (span_eq_nocase(asked, SPAN("ER")))
		return RELAY_ON_ERROR;
	if (span_eq_nocase(asked, SPAN("SU")))
		return RELAY_ON_SUCCESS;
	return RELAY_ALWAYS;
}

static bool
wants_none(struct span asked)
{
	return !asked.len || read_when(asked) == RELAY_NEVER;
}

void
relay_read_asks(const struct hl7_message *first, size_t count, struct relay_asks *ret)
{
	const struct span accept = span_trim(hl7_header(first, 15));
	const struct span application = span_trim(hl7_header(first, 16));

	*ret = (struct relay_asks){ .is_answer = relay_is_commit(first->bytes) };
	if (!count || !first->count)
		return;
	ret->header = hl7_segment_text(first, &first->segments[0]);
	ret->control_id = span_trim(hl7_header(first, 10));
	ret->enhanced = accept.len || application.len;
	ret->has_accept = accept.len > 0;
	ret->is_answer = first->has_msa;
	ret->when = read_when(ret->has_accept ? accept : application);
	ret->wants_none = ret->enhanced && !ret->is_answer && wants_none(accept) &&
			  wants_none(application);
}
