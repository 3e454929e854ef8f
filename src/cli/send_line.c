/* SPDX-License-Identifier: MIT */
/*
 * cli/send_line.c - connecting, writing, reading, losing
 */
#include "cli/send_line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/diag.h"
#include "cli/input.h"
#include "cli/say.h"

enum {
	WRITE_MOST = 256 << 10, /* bytes gathered for one write */
	PAUSE_FIRST = 20,       /* ms between attempts to connect, doubled up to */
	PAUSE_MOST = 1000,
};

static void line_open(struct send_line *l);

static bool
is_clogged(const struct send_line *l)
{
	return net_stream_unsent(&l->stream) > 0 || buffer_span(&l->pieces).len > 0;
}

/* Is something of what it was given still here, or lost?  Then that will be told. */
static bool
is_unwritten(const struct send_line *l)
{
	return is_clogged(l) || (!l->shut && net_stream_is_failed(&l->stream));
}

/* ---- closing ------------------------------------------------------------------------------ */

static void
line_close(struct send_line *l)
{
	if (l->state != LINE_CLOSED && l->given == 0)
		l->run->unused--;
	l->state = LINE_CLOSED;
	net_stream_close(&l->stream);
	frames_finish(&l->frames);
	buffer_finish(&l->pieces);
	buffer_init(&l->pieces, 0);
	buffer_finish(&l->owed);
	buffer_init(&l->owed, 0);
}

/* What was in flight has this fate: `first` the oldest, SEND_LOST the others; so has a message that
 * asks for no answer and was not written whole.  One that did not let us in read nothing. */
static void
lose_flights(struct send_line *l, enum send_fate first)
{
	enum send_fate fate = first;

	if (net_stream_is_turned_away(&l->stream)) {
		send_turned_away(l->run, l->unawaited);
	} else if (l->last_unawaited && is_unwritten(l)) {
		l->run->tally.not_awaited--;
		send_failed(l->run, l->last, l->count > 0 ? SEND_LOST : first);
	}
	for (; l->count > 0; l->count--) {
		const struct send_flight f = *send_line_flight(l, 0);

		l->head = l->head + 1 < l->run->options->in_flight ? l->head + 1 : 0;
		if (f.done)
			continue;
		l->run->in_flight--;
		send_failed(l->run, f.job, fate);
		fate = SEND_LOST;
	}
}

/* Close, and connect again if there is more to do; after a pause if it was of no use. */
static void
line_end(struct send_line *l, enum send_fate fate)
{
	const bool useless = l->answers == 0 && !l->shut;

	lose_flights(l, fate);
	line_close(l);
	l->not_before = send_now();
	if (useless) {
		l->not_before += l->pause * SEND_MILLISECOND;
		l->pause = l->pause * 2 < PAUSE_MOST ? l->pause * 2 : PAUSE_MOST;
	} else {
		l->pause = PAUSE_FIRST;
		if (send_work_left(l->run))
			line_open(l);
	}
	send_check_end(l->run);
}

/* ---- connecting --------------------------------------------------------------------------- */

static void
say_unreachable(const struct send_run *r, int error)
{
	say_error("cannot connect to %s port %s: %s%s", r->options->peer.host,
	    r->options->peer.port, r->denied ? "TLS: " : "",
	    r->denied ? r->denied : strerror(error));
}

/* Every address was tried. */
static void
give_up(struct send_line *l, int error)
{
	struct send_run *r = l->run;
	const uint64_t now = send_now();

	r->tally.connect_errors++;
	l->not_before = now + l->pause * SEND_MILLISECOND;
	l->pause = l->pause * 2 < PAUSE_MOST ? l->pause * 2 : PAUSE_MOST;
	if (!r->stopping && (!r->options->keep_going || now - r->alive > r->options->timeout)) {
		say_unreachable(r, error);
		send_stop(r, EX_UNAVAILABLE);
	}
	send_check_end(r);
}

static void line_try(struct send_line *l);

/* Round the list, once. */
static void
try_next_address(struct send_line *l, int error)
{
	struct send_run *r = l->run;

	line_close(l);
	l->trying = l->trying->ai_next ? l->trying->ai_next : r->addresses;
	if (l->trying == l->first)
		give_up(l, error);
	else
		line_try(l);
}

static void
line_try(struct send_line *l)
{
	struct send_run *r = l->run;
	int error;

	frames_init(&l->frames, INPUT_LIMIT);
	l->state = LINE_CONNECTING;
	r->unused++;
	l->since = send_now();
	l->answers = l->given = l->unawaited = l->shut = 0;
	l->bytes = l->looked = l->taken = 0;
	l->more = l->right = l->last_unawaited = false;
	error = net_stream_connect(
	    &l->stream, l->trying->ai_addr, l->trying->ai_addrlen, (struct net_keepalive){ 0 });
	if (error) {
		r->denied = NULL;
		try_next_address(l, -error);
	}
}

static void
line_open(struct send_line *l)
{
	l->first = l->trying = l->run->address;
	line_try(l);
}

/* ---- writing ------------------------------------------------------------------------------ */

static bool
has_room(const struct send_line *l)
{
	const struct send_options *o = l->run->options;

	if (l->state != LINE_OPEN || l->shut || net_stream_is_failed(&l->stream) ||
	    l->count == o->in_flight)
		return false;
	return !o->one_shot || l->given == 0;
}

/* How many bytes it is. */
static size_t
launch(struct send_line *l, struct send_job job, uint64_t now)
{
	struct send_run *r = l->run;
	const struct send_shot *shot = &r->load->shots[job.serial % r->load->count];
	const size_t before = buffer_span(&r->wire).len;
	size_t len;

	send_work_frame(r, job.serial, &r->wire);
	len = buffer_span(&r->wire).len - before;
	r->tally.bytes += len;
	l->bytes += len;
	r->tally.sent += job.attempt == 0;
	if (l->given++ == 0)
		r->unused--;
	l->more = l->more || shot->more;
	if (shot->awaited) {
		*send_line_flight(
		    l, l->count++) = (struct send_flight){ job, now, now, l->bytes, false };
		r->in_flight++;
	} else {
		if (shot->later)
			send_line_owe(l, job.serial);
		l->unawaited++;
		r->tally.not_awaited++;
		r->unawaited = true;
	}
	l->last = job;
	l->last_unawaited = !shot->awaited;
	return len;
}

static void
write_wire(struct send_line *l)
{
	const struct span all = buffer_span(&l->run->wire);
	const struct iovec iov = { (void *)(uintptr_t)all.ptr, all.len };

	if (l->run->wire.failed)
		send_out_of_memory(l->run);
	else if (l->run->options->split) {
		buffer_append(&l->pieces, all);
		ev_idle_start(l->run->loop, &l->run->idle);
		if (l->pieces.failed)
			send_out_of_memory(l->run);
	} else if (all.len > 0) {
		net_stream_send(&l->stream, &iov, 1);
	}
	buffer_clear(&l->run->wire);
}

/* Closing at once could take messages away from a peer that has not read them. */
static void
line_shut(struct send_line *l, uint64_t now)
{
	if (l->shut)
		return;
	net_stream_finish(&l->stream);
	l->shut = now;
}

/* Has it had its one message, and is no answer to it awaited? */
static bool
is_spent(const struct send_line *l)
{
	return l->run->options->one_shot && l->state == LINE_OPEN && l->given > 0 && l->count == 0;
}

/* Give it messages, `most` at a time, as long as there are any and it has room. */
static void
fill(struct send_line *l, size_t most)
{
	const uint64_t now = send_now();
	struct send_job job;
	size_t given = 0;

	if (is_clogged(l))
		return;
	l->moved = now;
	while (most-- > 0 && has_room(l) && !is_clogged(l) && given < WRITE_MOST &&
	       send_work_next(l->run, now, &job)) {
		given += launch(l, job, now);
		/* that it was written is all that will ever be known of it */
		if (l->last_unawaited)
			write_wire(l);
	}
	write_wire(l);
	if (is_spent(l) && !is_unwritten(l))
		line_shut(l, now);
	/* messages that are not awaited take no room: go on when others had their turn */
	if (has_room(l) && !l->run->options->rate && send_work_left(l->run))
		ev_idle_start(l->run->loop, &l->run->idle);
}

static void
go_on(struct send_line *l)
{
	fill(l, l->run->options->rate ? 1 : SIZE_MAX);
	send_check_end(l->run);
}

static void
on_connected(void *ctx)
{
	struct send_line *l = ctx;

	l->state = LINE_OPEN;
	l->run->address = l->trying;
	l->run->alive = send_now();
	l->run->tally.connections++;
	go_on(l);
}

static void
on_written(void *ctx)
{
	struct send_line *l = ctx;

	/* it may have been stopped while the peer took nothing */
	if (buffer_span(&l->pieces).len > 0)
		ev_idle_start(l->run->loop, &l->run->idle);
	go_on(l);
}

static void
write_piece(struct send_line *l)
{
	struct send_run *r = l->run;
	uint64_t len = (uint64_t)r->options->split;
	struct span piece;
	struct iovec iov;

	if (r->options->split == SEND_SPLIT_RANDOM)
		len = dice_between(&r->dice, 1, UINT64_C(1) << dice_between(&r->dice, 0, 12));
	piece = span_head(buffer_span(&l->pieces), (size_t)len);
	iov = (struct iovec){ (void *)(uintptr_t)piece.ptr, piece.len };
	net_stream_send(&l->stream, &iov, 1);
	buffer_consume(&l->pieces, piece.len);
}

/* ---- reading ------------------------------------------------------------------------------ */

static void
on_bytes(void *ctx, struct span bytes)
{
	struct send_line *l = ctx;
	const uint64_t now = send_now();
	enum mllp_result got;
	struct span body;
	struct diag wrong;
	bool going = frames_feed(&l->frames, bytes);

	while (going && (got = frames_next(&l->frames, &body, &wrong)) != MLLP_MORE) {
		if (got == MLLP_BROKEN) {
			if (l->count == 0)
				send_unasked(l->run, SEND_OTHER);
			line_end(l, SEND_UNREADABLE);
			return;
		}
		going = send_line_answer(l, body, now);
	}
	if (!going || !frames_rest(&l->frames)) {
		if (l->frames.kept.failed)
			send_out_of_memory(l->run);
		line_end(l, SEND_LOST);
		return;
	}
	go_on(l);
}

/* With TLS 1.3 it may be told after the connection seemed to be good. */
static void
note_denial(struct send_line *l)
{
	const enum net_tls_reason reason = net_stream_denied(&l->stream);
	const char *text = net_stream_denied_text(&l->stream);

	l->run->denied = reason ? net_tls_sentence(reason) : NULL;
	if (reason && (l->state == LINE_OPEN || text))
		say_note("TLS: %s%s%s", net_tls_word(reason), text ? ": " : "", text ? text : "");
}

static void
on_ended(void *ctx, int error)
{
	struct send_line *l = ctx;

	note_denial(l);
	if (l->state == LINE_CONNECTING)
		try_next_address(l, error ? error : ECONNRESET);
	else
		line_end(l, SEND_LOST);
}

/* ---- all lines ---------------------------------------------------------------------------- */

struct send_line *
send_lines_create(struct send_run *r, size_t count)
{
	static const struct net_stream_ops ops = {
		.bytes = on_bytes,
		.connected = on_connected,
		.ended = on_ended,
		.written = on_written,
	};

	r->lines = calloc(count, sizeof(*r->lines));
	for (size_t i = 0; r->lines && i < count; i++) {
		struct send_line *l = &r->lines[i];

		l->run = r;
		l->pause = PAUSE_FIRST;
		l->flights = calloc((size_t)r->options->in_flight, sizeof(*l->flights));
		buffer_init(&l->pieces, 0);
		buffer_init(&l->owed, 0);
		net_stream_init(&l->stream, &r->net, &ops, l);
		net_stream_secure(&l->stream, r->tls);
		r->line_count++;
		if (!l->flights)
			return NULL;
	}
	return r->lines;
}

void
send_lines_destroy(struct send_run *r)
{
	for (size_t i = 0; i < r->line_count; i++) {
		line_close(&r->lines[i]);
		net_stream_secure(&r->lines[i].stream, NULL);
		free(r->lines[i].flights);
	}
	free(r->lines);
}

/* A peer that reads slowly reads: of a large message the kernel may hold much.  It cannot answer
 * what it has not read. */
static void
note_reading(struct send_line *l, uint64_t now)
{
	uint64_t left = 0, taken;

	if (is_clogged(l) || (l->count > 0 && l->bytes > l->taken))
		left = net_stream_untaken(&l->stream) + buffer_span(&l->pieces).len;
	taken = left < l->bytes ? l->bytes - left : 0;
	if (taken > l->taken) {
		l->moved = now;
		for (size_t i = 0; i < l->count && l->looked > l->taken; i++)
			if (send_line_flight(l, i)->end > l->taken)
				send_line_flight(l, i)->since = now;
	}
	l->looked = l->bytes;
	l->taken = taken;
}

static bool
is_overdue(struct send_line *l, uint64_t now)
{
	const uint64_t timeout = l->run->options->timeout;

	if (l->state == LINE_CONNECTING)
		return now - l->since > timeout;
	if (l->count > 0)
		return now - send_line_flight(l, 0)->since > timeout;
	if (l->shut)
		return now - l->shut > (uint64_t)SEND_LINGER_MS * SEND_MILLISECOND;
	return is_clogged(l) && now - l->moved > timeout;
}

static void
end_overdue(struct send_line *l)
{
	if (l->state == LINE_CONNECTING) {
		l->run->denied = l->stream.connecting || !net_stream_is_shaking(&l->stream)
				     ? NULL
				     : net_tls_sentence(NET_TLS_HANDSHAKE_TIMEOUT);
		try_next_address(l, ETIMEDOUT);
		return;
	}
	if (l->count == 0 && !l->shut) {
		say_error("the peer does not read what is sent");
		send_stop(l->run, EX_UNAVAILABLE);
	}
	line_end(l, SEND_TIMED_OUT);
}

void
send_lines_sweep(struct send_run *r, uint64_t now)
{
	for (size_t i = 0; i < r->line_count; i++) {
		struct send_line *l = &r->lines[i];

		note_reading(l, now);
		if (l->state == LINE_CLOSED) {
			if (send_work_left(r) && now >= l->not_before)
				line_open(l);
		} else if (now > l->since && is_overdue(l, now)) {
			end_overdue(l);
		}
	}
}

void
send_lines_abandon(struct send_run *r)
{
	for (size_t i = 0; i < r->line_count; i++)
		if (r->lines[i].state == LINE_OPEN)
			lose_flights(&r->lines[i], SEND_LOST);
}

void
send_lines_pace(struct send_run *r)
{
	size_t idle = 0; /* lines in a row that took nothing */

	while (idle < r->line_count) {
		struct send_line *l = &r->lines[r->turn];
		const uint64_t before = r->released;

		r->turn = r->turn + 1 < r->line_count ? r->turn + 1 : 0;
		fill(l, 1);
		idle = r->released == before ? idle + 1 : 0;
	}
}

bool
send_lines_idle(struct send_run *r)
{
	bool more = false;

	for (size_t i = 0; i < r->line_count; i++) {
		struct send_line *l = &r->lines[i];

		if (l->state != LINE_OPEN || net_stream_unsent(&l->stream) > 0)
			continue;
		if (buffer_span(&l->pieces).len > 0)
			write_piece(l);
		if (buffer_span(&l->pieces).len == 0 && !r->options->rate)
			fill(l, SIZE_MAX);
		more = more || buffer_span(&l->pieces).len > 0 ||
		       (has_room(l) && !is_clogged(l) && !r->options->rate && send_work_left(r));
	}
	return more;
}

bool
send_lines_written(const struct send_run *r)
{
	for (size_t i = 0; i < r->line_count; i++)
		if (r->lines[i].state == LINE_OPEN && is_unwritten(&r->lines[i]))
			return false;
	return true;
}

bool
send_lines_shut(struct send_run *r)
{
	const uint64_t now = send_now();
	bool any = false;

	for (size_t i = 0; i < r->line_count; i++) {
		struct send_line *l = &r->lines[i];

		if (l->state != LINE_OPEN)
			continue;
		any = true;
		if (!is_unwritten(l))
			line_shut(l, now);
	}
	return any;
}
