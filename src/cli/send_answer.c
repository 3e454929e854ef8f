/* SPDX-License-Identifier: MIT */
/*
 * cli/send_answer.c - whose answer is it, and what does it say
 *
 * An answer belongs to the message whose control ID it repeats, in whatever order
 * answers come.  One that fits nothing in flight may be the application's, of a message
 * that was accepted before.  Else it is held against the oldest message, unless it is the
 * last one once more, or the connection has messages whose answers we do not await.
 */
#include "cli/send_line.h"

#include <errno.h>

enum {
	SERIAL = sizeof(uint64_t),
	OWED_MOST = 100000, /* messages whose applications may answer: those accepted last */
};

/* ---- reading ------------------------------------------------------------------------------ */

static enum send_code
read_code(struct span code)
{
	static const struct span codes[] = {
		[SEND_AA] = { "AA", 2 },
		[SEND_AE] = { "AE", 2 },
		[SEND_AR] = { "AR", 2 },
		[SEND_CA] = { "CA", 2 },
		[SEND_CE] = { "CE", 2 },
		[SEND_CR] = { "CR", 2 },
	};

	for (int i = 0; i < SEND_OTHER; i++)
		if (span_eq(code, codes[i]))
			return (enum send_code)i;
	return SEND_OTHER;
}

/* 0; -EBADMSG when it is no acknowledgement, or -ENOMEM. */
static int
read_answer(struct hl7_message *m, struct span body, enum send_code *ret_code, struct span *ret_id)
{
	enum hl7_piece piece;
	struct span fields[2];
	size_t used;

	if (hl7_message_read(m, body, &piece, &used))
		return -ENOMEM;
	for (size_t i = 1; piece == HL7_PIECE_MESSAGE && i < m->count; i++) {
		if (m->segments[i].id != HL7_ID('M', 'S', 'A'))
			continue;
		hl7_fields(m, &m->segments[i], fields, 2);
		*ret_code = read_code(span_trim(fields[0]));
		*ret_id = span_trim(fields[1]);
		return 0;
	}
	return -EBADMSG;
}

/* ---- flights ------------------------------------------------------------------------------ */

static bool
has_id(struct send_line *l, uint64_t serial, struct span id)
{
	char buf[SEND_ID + 1];

	return span_eq(span_trim(send_work_id(l->run, serial, buf)), id);
}

static struct send_flight *
find_flight(struct send_line *l, struct span id)
{
	for (size_t i = 0; i < l->count; i++) {
		struct send_flight *f = send_line_flight(l, i);

		if (!f->done && has_id(l, f->job.serial, id))
			return f;
	}
	return NULL;
}

/* An answer that comes twice says nothing of the next message. */
static bool
is_doubled(struct send_line *l, struct span id)
{
	return l->right && has_id(l, l->answered, id);
}

void
send_line_owe(struct send_line *l, uint64_t serial)
{
	buffer_append(&l->owed, span_of((const char *)&serial, SERIAL));
	if (buffer_span(&l->owed).len > OWED_MOST * SERIAL)
		buffer_consume(&l->owed, SERIAL);
	if (l->owed.failed)
		send_out_of_memory(l->run);
}

/* Does an application answer what was accepted?  Once it may. */
static bool
is_later(struct send_line *l, enum send_code code, struct span id)
{
	const struct span all = buffer_span(&l->owed);
	uint64_t serial;
	char *first;

	for (size_t at = 0; code <= SEND_AR && at < all.len; at += SERIAL) {
		memcpy(&serial, all.ptr + at, SERIAL);
		if (!has_id(l, serial, id))
			continue;
		/* those before it move up */
		first = l->owed.data + l->owed.start;
		memmove(first + SERIAL, first, at);
		buffer_consume(&l->owed, SERIAL);
		return true;
	}
	return false;
}

static void
land(struct send_line *l, struct send_flight *f)
{
	f->done = true;
	l->run->in_flight--;
	while (l->count > 0 && send_line_flight(l, 0)->done) {
		l->head = l->head + 1 < l->run->options->in_flight ? l->head + 1 : 0;
		l->count--;
	}
}

static void
take_wrong(struct send_line *l, enum send_fate fate)
{
	/* the oldest is never done: land() saw to that */
	struct send_flight *f = send_line_flight(l, 0);
	const struct send_job job = f->job;

	land(l, f);
	send_failed(l->run, job, fate);
}

bool
send_line_answer(struct send_line *l, struct span body, uint64_t now)
{
	struct send_run *r = l->run;
	enum send_code code = SEND_OTHER;
	struct send_flight *f = NULL;
	struct span id = SPAN("");
	const int error = read_answer(&r->answer, body, &code, &id);
	const bool readable = error == 0;

	if (error == -ENOMEM) {
		send_out_of_memory(r);
		return false;
	}
	l->answers++;
	r->alive = now;
	if (readable)
		f = find_flight(l, id);
	if (f) {
		histogram_add(&r->tally.latency, now - f->sent_at);
		if (r->options->rate)
			histogram_add(&r->tally.since_due, now - f->job.due);
		l->answered = f->job.serial;
		l->right = true;
		if (code == SEND_CA && r->load->shots[l->answered % r->load->count].later) {
			send_line_owe(l, l->answered);
			r->unawaited = true;
		}
		land(l, f);
		send_answered(r, code);
	} else if (readable && is_later(l, code, id)) {
		send_answered(r, code);
	} else if (l->count == 0 || (readable && (l->more || is_doubled(l, id)))) {
		send_unasked(r, readable ? code : SEND_OTHER);
	} else {
		take_wrong(l, readable ? SEND_WRONG_ID : SEND_UNREADABLE);
	}
	return !r->options->one_shot || l->count > 0;
}
