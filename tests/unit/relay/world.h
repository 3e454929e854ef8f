/* SPDX-License-Identifier: MIT */
/*
 * relay/world.h - a session in a scripted world
 *
 * What is asked of the world is written down, one word after another, and compared with
 * what should have been asked:
 *
 *	connect  down:BODY  up:BODY  answered:CODE  failed:WHY  unsent:ID:WHY  rejected:WHY
 *	refused:ID  stray  passed:CODE  disconnect  close:WHY
 */
#ifndef UNIT_RELAY_WORLD_H
#define UNIT_RELAY_WORLD_H

#include "relay/session.h"

#include "support/told.h"
#include "support/unseen.h"

struct world {
	struct relay_settings set;
	struct relay_work work;
	struct relay_habit habit;
	struct relay_session s;
	struct buffer told;
	uint64_t number, now;
	size_t bytes_in, bytes_out; /* of the frame whose fate was told last */
	uint64_t began;             /* of the same */
};

static inline void
tell(struct world *w, const char *what, struct span more)
{
	told_add(&w->told, "%s", what);
	for (size_t i = 0; i < more.len; i++) {
		if (more.ptr[i] == '\x0b')
			buffer_append_char(&w->told, '<');
		else if (more.ptr[i] == '\x1c')
			buffer_append_char(&w->told, '>');
		else if (more.ptr[i] != '\r')
			buffer_append_char(&w->told, more.ptr[i]);
	}
}

static inline void
tell_fate(struct world *w, const struct relay_flight *f, const char *what, struct span more)
{
	w->bytes_in = f->summary.bytes_in;
	w->bytes_out = f->summary.bytes_out;
	w->began = f->began;
	tell(w, what, more);
}

static inline void
on_connect(void *ctx)
{
	tell(ctx, "connect", SPAN(""));
}

static inline void
on_disconnect(void *ctx)
{
	tell(ctx, "disconnect", SPAN(""));
}

static inline void
on_close(void *ctx, enum relay_why why, const struct diag *diag)
{
	(void)diag;
	tell(ctx, "close:", span_str(relay_word(why)));
}

static inline void
on_send_down(void *ctx, const struct iovec *iov, size_t count)
{
	struct buffer all;

	buffer_init(&all, 0);
	for (size_t i = 0; i < count; i++)
		buffer_append(&all, span_of(iov[i].iov_base, iov[i].iov_len));
	tell(ctx, "down:", buffer_span(&all));
	buffer_finish(&all);
}

static inline void
on_send_up(void *ctx, struct span bytes)
{
	tell(ctx, "up:", bytes);
}

static inline void
on_answered(void *ctx, const struct relay_flight *f, struct span code)
{
	tell_fate(ctx, f, "answered:", code);
}

static inline void
on_failed(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	tell_fate(ctx, f, "failed:", span_str(relay_word(why)));
}

static inline void
on_unsent(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	struct world *w = ctx;

	cr_expect(f->summary.bytes_in && !f->summary.bytes_out);
	told_add(&w->told, "unsent:%.*s:%s", (int)f->id_len, f->id, relay_word(why));
}

static inline void
on_rejected(void *ctx, const struct relay_flight *f, enum relay_why why)
{
	tell_fate(ctx, f, "rejected:", span_str(relay_word(why)));
}

static inline void
on_refused(void *ctx, const struct relay_flight *f)
{
	tell_fate(ctx, f, "refused:", span_of(f->id, f->id_len));
}

static inline void
on_stray(void *ctx, struct span code, struct span id)
{
	(void)code, (void)id;
	tell(ctx, "stray", SPAN(""));
}

static inline void
on_passed(void *ctx, struct span code, struct span id)
{
	(void)id;
	tell(ctx, "passed:", code);
}

static inline uint64_t
on_number(void *ctx)
{
	return ++((struct world *)ctx)->number;
}

static const struct relay_ops ops = { on_connect, on_disconnect, on_close, on_send_down, on_send_up,
	unseen_annotation, on_answered, on_failed, on_unsent, on_rejected, on_refused, on_stray,
	on_passed, on_number, unseen_stamp };

static inline void
begin(struct world *w)
{
	*w = (struct world){ .now = 1000000,
		.set = { .max_frame = 1000,
		    .in_flight = 1,
		    .frame_deadline = 30000,
		    .ack_timeout = 10000,
		    .work = &w->work,
		    .habit = &w->habit } };
	relay_work_init(&w->work);
	buffer_init(&w->told, 0);
	relay_session_init(&w->s, &w->set, &ops, w, w->now);
}

static inline void
end(struct world *w)
{
	relay_session_finish(&w->s);
	relay_work_finish(&w->work);
	buffer_finish(&w->told);
}

static inline void
expect(struct world *w, const char *want)
{
	told_expect(&w->told, want);
}

static inline void
from_sender(struct world *w, const char *bytes)
{
	relay_from_sender(&w->s, span_str(bytes), w->now);
}

static inline void
from_down(struct world *w, const char *bytes)
{
	relay_from_down(&w->s, span_str(bytes), w->now);
}

#define SHOWN(id) "<MSH|^~\\&|a|b|c|d|||ORU^R01|" id "|P|2.5>"
#define SHOWN_NE(id) "<MSH|^~\\&|a|b|c|d|||ORU^R01|" id "|P|2.5|||NE|NE>"
#define SHOWN_ACK(code, id) "<MSH|^~\\&|c|d|a|b|||ACK|9|P|2.5MSA|" code "|" id ">"

#define ENHANCED(id, accept, application) \
	"\x0bMSH|^~\\&|a|b|c|d|||ORU^R01|" id "|P|2.5|||" accept "|" application "\r\x1c\r"

static inline void
connected(struct world *w)
{
	from_sender(w, MSG("1"));
	expect(w, "connect");
	relay_connected(&w->s, w->now);
	expect(w, "down:" SHOWN("1"));
}

#endif
