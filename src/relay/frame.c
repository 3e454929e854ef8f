/* SPDX-License-Identifier: MIT */
/*
 * The usual frame is one message, and nothing of it is copied: its own bytes and
 * those of the annotation go out between the marks.  A frame of several messages
 * is put together in the working memory, message by message.
 */
#include "relay/frame.h"

#include <stdlib.h>

#include "mllp/encoder.h"
#include "relay/summary.h"

enum { MARKS = 3 }; /* bytes around a body */

void
relay_work_init(struct relay_work *w)
{
	*w = (struct relay_work){ 0 };
	hl7_message_init(&w->message);
	buffer_init(&w->batch, 0);
	buffer_init(&w->answer, 0);
}

void
relay_work_finish(struct relay_work *w)
{
	hl7_message_finish(&w->message);
	buffer_finish(&w->batch);
	buffer_finish(&w->answer);
	free(w->iov);
	relay_rooms_finish(&w->rooms);
	relay_spares_finish(&w->spares);
}

static bool
work_room(struct relay_work *w, size_t count)
{
	struct iovec *grown;

	if (count <= w->iov_size)
		return true;
	grown = realloc(w->iov, 2 * count * sizeof(*grown));
	if (!grown)
		return false;
	w->iov = grown;
	w->iov_size = 2 * count;
	return true;
}

static struct iovec
iovec_of(struct span s)
{
	return (struct iovec){ (void *)(uintptr_t)s.ptr, s.len };
}

/* A frame with these parts, in the working memory; its length, or 0 when memory ran out. */
static size_t
frame_parts(struct relay_work *w, const struct iovec *parts, size_t count)
{
	size_t len = MARKS;

	if (!work_room(w, count + 2))
		return 0;
	w->iov[0] = iovec_of(MLLP_HEAD);
	for (size_t i = 0; i < count; i++) {
		w->iov[i + 1] = parts[i];
		len += parts[i].iov_len;
	}
	w->iov[count + 1] = iovec_of(MLLP_TAIL);
	return len;
}

/* Annotate the message in w->message; the parts to send are its own bytes or the annotation's. */
static void
annotate_message(const struct relay_maker *with, struct relay_flight *f, struct annotation *ret)
{
	const struct hl7_message *m = &with->work->message;

	annotate(with->annotator, m, ret);
	relay_summary_annotation(&f->summary, ret);
	if (with->annotate != RELAY_LIVE) /* in shadow nothing is added */
		f->summary.notes = f->summary.flags = 0;
	with->annotated(with->ctx, f, m, ret);
}

/* The message of a batch that wants an answer most speaks for all; where each is an answer itself,
 * so is the batch.  `asks` begins as those of a batch without messages. */
static void
add_asks(struct relay_asks *asks, const struct relay_asks *one, bool first)
{
	static const unsigned wish[] = {
		[RELAY_NEVER] = 0, [RELAY_ON_ERROR] = 1, [RELAY_ON_SUCCESS] = 2, [RELAY_ALWAYS] = 3
	};

	if (first || (asks->is_answer && !one->is_answer) ||
	    (asks->is_answer == one->is_answer && wish[one->when] > wish[asks->when]))
		asks->when = one->when;
	if (first)
		asks->header = one->header;
	asks->is_answer = one->is_answer && (first || asks->is_answer);
	asks->wants_none = one->wants_none && (first || asks->wants_none);
}

/* Is this one for the mappings?  Of a frame without any message they say that it is none. */
static bool
is_to_annotate(const struct relay_maker *with, const struct relay_flight *f, enum hl7_piece piece,
    const struct relay_asks *asks)
{
	return with->annotator && with->annotate != RELAY_OFF &&
	       (piece == HL7_PIECE_MESSAGE || (f->foreign && !asks->is_answer));
}

/* A piece behind another: what it becomes is put together in the batch buffer. */
static bool
append_piece(const struct relay_maker *with, struct relay_flight *f, enum hl7_piece piece,
    struct relay_asks *asks)
{
	struct relay_work *w = with->work;
	struct annotation a = { 0 };

	if (piece == HL7_PIECE_MESSAGE) {
		struct relay_asks one;

		relay_summary_message(&f->summary, &w->message);
		relay_read_asks(&w->message, 1, &one);
		add_asks(asks, &one, f->summary.messages == 1);
		if (f->summary.messages == 1) /* for logs: answers go by `names` */
			relay_flight_name(f, one.control_id);
		if (!relay_names_add(&f->names, one.control_id))
			return false;
	}
	if (is_to_annotate(with, f, piece, asks))
		annotate_message(with, f, &a);
	if (with->annotate != RELAY_LIVE || !a.iov)
		buffer_append(&w->batch, w->message.bytes);
	else
		for (size_t i = 0; i < a.iov_count; i++)
			buffer_append(&w->batch, span_of(a.iov[i].iov_base, a.iov[i].iov_len));
	return !w->batch.failed;
}

struct made {
	struct iovec whole;
	const struct iovec *parts;
	size_t count;
};

/* A frame of several messages, or of none that can be read.  Kept apart, so that the usual one is
 * short. */
static __attribute__((noinline)) bool
make_batch(const struct relay_maker *with, struct relay_flight *f, struct span body,
    struct made *ret, struct relay_asks *asks)
{
	struct relay_work *w = with->work;
	enum hl7_piece piece;
	size_t used;

	buffer_clear(&w->batch);
	for (struct span rest = body; rest.len; rest = span_tail(rest, used)) {
		if (hl7_message_read(&w->message, rest, &piece, &used) != 0 ||
		    !append_piece(with, f, piece, asks))
			return false;
	}
	relay_names_sort(&f->names);
	ret->whole = iovec_of(buffer_span(&w->batch));
	ret->parts = &ret->whole;
	ret->count = 1;
	return true;
}

/* The usual frame, one message: nothing is copied. */
static void
make_single(const struct relay_maker *with, struct relay_flight *f, struct made *ret)
{
	struct relay_work *w = with->work;
	struct annotation a = { 0 };

	relay_summary_message(&f->summary, &w->message);
	if (with->annotator && with->annotate != RELAY_OFF)
		annotate_message(with, f, &a);
	ret->whole = iovec_of(w->message.bytes);
	ret->parts = &ret->whole;
	ret->count = 1;
	if (with->annotate == RELAY_LIVE && a.iov) {
		ret->parts = a.iov;
		ret->count = a.iov_count;
	}
}

/* Make the body that goes on, and note what will answer it. */
static bool
make(const struct relay_maker *with, struct relay_flight *f, struct span body, struct made *made,
    struct relay_asks *ret_asks)
{
	struct relay_work *w = with->work;
	enum hl7_piece piece;
	size_t used;
	bool single;

	if (hl7_message_read(&w->message, body, &piece, &used) != 0)
		return false;
	single = piece == HL7_PIECE_MESSAGE && used == body.len;
	relay_read_asks(&w->message, single ? 1 : 0, ret_asks);
	f->enhanced = ret_asks->enhanced;
	relay_flight_name(f, ret_asks->control_id);
	f->any_answer = !single || !f->id_len;
	f->foreign = piece == HL7_PIECE_FOREIGN && used == body.len;
	if (!single)
		return make_batch(with, f, body, made, ret_asks);
	make_single(with, f, made);
	return true;
}

bool
relay_frame_make(const struct relay_maker *with, struct relay_flight *f, struct span body,
    struct relay_frame *ret)
{
	struct relay_work *w = with->work;
	struct made made;
	size_t len;

	if (!make(with, f, body, &made, &ret->asks))
		return false;
	len = frame_parts(w, made.parts, made.count);
	if (!len)
		return false;
	f->summary.bytes_in = body.len;
	f->summary.bytes_out = len - MARKS;
	ret->parts = w->iov;
	ret->count = made.count + 2;
	ret->len = len;
	return true;
}
