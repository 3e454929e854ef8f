/* SPDX-License-Identifier: MIT */
/*
 * cli/sink_visitor.c - one connection to the sink
 *
 *	bytes -> frames -> kept -> answers of this read, in one write
 *	                        -> an answer with a fault, step by step:
 *	                           wait, first part, wait, the rest, close
 *
 * While such an answer is under way, or while the peer does not read its answers,
 * the connection is not read.
 */
#include "cli/sink.h"

#include <errno.h>
#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "cli/frames.h"
#include "cli/say.h"

enum step { STEP_WAIT, STEP_FIRST_PART, STEP_REST, STEP_END };
enum progress { STEP_DONE, STEP_WAITS, STEP_CLOSED };

static const double split_pause = 0.01; /* so that the parts arrive one by one */

struct sink_visitor {
	struct sink *sink;
	struct sink_visitor *next, **link;
	struct net_stream stream;
	struct frames frames;
	struct dice dice;

	bool busy;    /* with an answer that has a fault */
	bool leaving; /* to be closed once all is written */
	bool shut;    /* our side is closed */
	struct sink_plan plan;
	enum step step;
	struct buffer answer;
	ev_timer timer;
};

static void serve(struct sink_visitor *v, struct span bytes);

static void
visitor_close(struct sink_visitor *v)
{
	ev_timer_stop(v->sink->loop, &v->timer);
	net_stream_close(&v->stream);
	net_stream_secure(&v->stream, NULL);
	v->sink->tally.junk += v->frames.decoder.junk;
	frames_finish(&v->frames);
	buffer_finish(&v->answer);
	*v->link = v->next;
	if (v->next)
		v->next->link = v->link;
	free(v);
}

static void
fail(struct sink *s, int status)
{
	if (s->status == EX_OK)
		s->status = status;
	sink_finish(s);
}

static void
out_of_memory(struct sink *s)
{
	say_error("out of memory");
	fail(s, EX_OSERR);
}

/* ---- an answer with a fault ----------------------------------------------------------------- */

static void
wait_for(struct sink_visitor *v, double seconds)
{
	ev_timer_set(&v->timer, seconds, 0);
	ev_timer_start(v->sink->loop, &v->timer);
}

static void
send_part(struct sink_visitor *v, size_t len)
{
	struct span part = span_head(buffer_span(&v->answer), len);
	const struct iovec iov = { (void *)(uintptr_t)part.ptr, part.len };

	net_stream_send(&v->stream, &iov, 1);
	buffer_consume(&v->answer, part.len);
}

static enum progress
end_step(struct sink_visitor *v)
{
	if (!v->plan.does[SINK_CLOSE_AFTER])
		return STEP_DONE;
	v->leaving = true;
	if (net_stream_unsent(&v->stream) > 0)
		return STEP_WAITS;
	visitor_close(v);
	return STEP_CLOSED;
}

/* From the step that is next to the end, or to the next pause. */
static enum progress
go_on(struct sink_visitor *v)
{
	const size_t len = buffer_span(&v->answer).len;

	switch (v->step++) {
	case STEP_WAIT:
		if (v->plan.does[SINK_DELAY]) {
			wait_for(v, (double)v->plan.delay / 1e9);
			return STEP_WAITS;
		}
		v->step++;
		/* fall through */
	case STEP_FIRST_PART:
		if (v->plan.does[SINK_CLOSE_BEFORE]) {
			visitor_close(v);
			return STEP_CLOSED;
		}
		if (v->plan.does[SINK_SPLIT] && len > 1) {
			send_part(v, 1 + v->plan.chance % (len - 1));
			wait_for(v, split_pause);
			return STEP_WAITS;
		}
		/* fall through */
	case STEP_REST:
		send_part(v, len);
		if (len > 0)
			v->sink->tally.answers[v->plan.code]++;
		/* fall through */
	case STEP_END:
		break;
	}
	return end_step(v);
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct sink_visitor *v = w->data;

	(void)loop, (void)revents;
	if (go_on(v) == STEP_DONE) {
		v->busy = false;
		serve(v, SPAN(""));
	}
}

/* ---- messages ----------------------------------------------------------------------------- */

static void
count(struct sink *s, struct span body)
{
	s->tally.last = net_now_ms();
	if (s->tally.messages++ == 0)
		s->tally.first = s->tally.last;
	s->tally.bytes += body.len;
	s->tally.foreign += s->message.count == 0;
	if (s->tally.messages == s->options->count)
		sink_finish(s);
}

/* Its answer is put with those that leave at once, or kept with the visitor that is busy with it;
 * there it counts when it is given. */
static bool
answer(struct sink_visitor *v)
{
	struct sink *s = v->sink;
	struct sink_plan *plan = &v->plan;

	if (plan->does[SINK_CLOSE_BEFORE] || plan->does[SINK_SILENT])
		return true;
	if (!sink_answer(s, plan, v->busy ? &v->answer : &s->answers))
		return false;
	if (!v->busy)
		s->tally.answers[plan->code]++;
	return true;
}

static void
take(struct sink_visitor *v, struct span body)
{
	struct sink *s = v->sink;
	const int kept = sink_keep_message(&s->keep, body);

	if (kept != EX_OK) {
		fail(s, kept);
		return;
	}
	if (!sink_request_read(s, body)) {
		out_of_memory(s);
		return;
	}
	count(s, body);
	v->busy = sink_plan_make(&s->options->faults, s->options->code, &v->dice, &v->plan);
	v->step = STEP_WAIT;
	if (!answer(v))
		out_of_memory(s);
	for (int i = 0; i < SINK_FAULTS; i++)
		s->tally.faults[i] += v->plan.does[i];
}

/* Nothing is acknowledged before it is in its file, nor counted as answered; `before` is what was.
 */
static void
send_answers(struct sink_visitor *v, const struct sink_tally *before)
{
	struct sink *s = v->sink;
	const struct span all = buffer_span(&s->answers);
	const struct iovec iov = { (void *)(uintptr_t)all.ptr, all.len };
	const int kept = sink_keep_flush(&s->keep);

	if (kept != EX_OK) {
		v->busy = false;
		s->tally = *before;
		fail(s, kept);
	} else if (all.len > 0) {
		net_stream_send(&v->stream, &iov, 1);
	}
	buffer_clear(&s->answers);
}

static bool
must_wait(const struct sink_visitor *v)
{
	return v->busy || v->sink->finishing || net_stream_unsent(&v->stream) > 0;
}

/* All that can be answered now; false when the connection was closed. */
static bool
serve_frames(struct sink_visitor *v)
{
	const struct sink_tally before = v->sink->tally;
	enum mllp_result got = MLLP_MORE;
	struct diag wrong;
	struct span body;

	while (!must_wait(v)) {
		got = frames_next(&v->frames, &body, &wrong);
		if (got != MLLP_FRAME)
			break;
		take(v, body);
	}
	send_answers(v, &before);
	if (got == MLLP_BROKEN) {
		v->sink->tally.broken++;
		say_note("closed a connection: %s", wrong.what);
		visitor_close(v);
		return false;
	}
	if (!frames_rest(&v->frames))
		out_of_memory(v->sink);
	return true;
}

static void
serve(struct sink_visitor *v, struct span bytes)
{
	for (;;) {
		enum progress got;

		if (!frames_feed(&v->frames, bytes))
			out_of_memory(v->sink);
		if (!serve_frames(v))
			return;
		net_stream_read(&v->stream, !v->busy && !net_stream_unsent(&v->stream));
		if (!v->busy)
			return;
		got = go_on(v);
		if (got != STEP_DONE)
			return;
		v->busy = false;
		bytes = SPAN("");
	}
}

/* ---- the stream ----------------------------------------------------------------------------- */

static void
on_bytes(void *ctx, struct span bytes)
{
	struct sink_visitor *v = ctx;

	if (v->sink->finishing)
		return;
	if (!v->busy)
		serve(v, bytes);
	else if (!frames_feed(&v->frames, bytes) || !frames_rest(&v->frames))
		out_of_memory(v->sink);
}

static void
on_ended(void *ctx, int error)
{
	struct sink_visitor *v = ctx;
	const enum net_tls_reason reason = net_stream_denied(&v->stream);
	const char *text = net_stream_denied_text(&v->stream);

	if (error == ENOMEM)
		say_note("closed a connection: out of memory");
	if (reason)
		say_note("closed a connection: TLS: %s%s%s", net_tls_word(reason), text ? ": " : "",
		    text ? text : "");
	if (frames_inside(&v->frames) && !v->sink->finishing)
		v->sink->tally.broken++;
	visitor_close(v);
}

static void
on_written(void *ctx)
{
	struct sink_visitor *v = ctx;

	if (v->leaving)
		visitor_close(v);
	else if (!v->busy)
		serve(v, SPAN(""));
}

void
sink_visit(struct sink *s, int fd)
{
	static const struct net_stream_ops ops = {
		.bytes = on_bytes,
		.ended = on_ended,
		.written = on_written,
	};
	struct sink_visitor *v = malloc(sizeof(*v));

	if (!v) {
		say_note("closed a connection: out of memory");
		close(fd);
		return;
	}
	*v = (struct sink_visitor){ .sink = s, .next = s->visitors, .link = &s->visitors };
	if (v->next)
		v->next->link = &v->next;
	s->visitors = v;
	v->dice = dice_of(s->options->faults.seed, s->tally.connections++);
	frames_init(&v->frames, s->options->limit);
	buffer_init(&v->answer, 0);
	ev_timer_init(&v->timer, on_timer, 0, 0);
	v->timer.data = v;
	net_stream_init(&v->stream, &s->net, &ops, v);
	net_stream_secure(&v->stream, s->tls);
	net_stream_open(&v->stream, fd, (struct net_keepalive){ 0 });
}

/* ---- the end ------------------------------------------------------------------------------ */

unsigned
sink_visitors_dismiss(struct sink *s, bool *ret_working)
{
	unsigned due = 0;

	*ret_working = false;
	for (struct sink_visitor *v = s->visitors; v; v = v->next) {
		if (v->busy || net_stream_unsent(&v->stream) > 0) {
			*ret_working = *ret_working || v->busy;
			due++;
		} else if (!v->shut) {
			v->shut = true;
			net_stream_finish(&v->stream);
		}
	}
	return due;
}

void
sink_visitors_close(struct sink *s)
{
	while (s->visitors)
		visitor_close(s->visitors);
}
