/* SPDX-License-Identifier: MIT */
/*
 * cli/send_work.c - which message is next, and what came of each
 */
#include "cli/send.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

/* ---- what is next ------------------------------------------------------------------------- */

bool
send_work_left(const struct send_run *r)
{
	uint64_t left = r->total - r->issued + r->again_count;

	if (r->options->one_shot)
		left -= left < r->unused ? left : r->unused;
	return !r->stopping && left > 0;
}

/* How many may have left by now, so that the n-th leaves at (n - 1) / rate. */
static uint64_t
allowed(const struct send_run *r, uint64_t now)
{
	const unsigned __int128 gone = (unsigned __int128)(now - r->tally.begin) * r->options->rate;

	return (uint64_t)(gone / 1000000000) + 1;
}

/* When the first moment is that so many others may have left. */
static uint64_t
due_behind(const struct send_run *r, uint64_t others)
{
	const uint64_t rate = r->options->rate;

	return r->tally.begin +
	       (uint64_t)(((unsigned __int128)others * 1000000000 + rate - 1) / rate);
}

uint64_t
send_work_due(const struct send_run *r, uint64_t now)
{
	return due_behind(r, allowed(r, now));
}

/* The first in order; the last of the heap takes its place, and sinks. */
static struct send_job
take_again(struct send_run *r)
{
	const struct send_job first = r->again[0], last = r->again[--r->again_count];
	size_t at = 0, next = 1;

	while (next < r->again_count) {
		if (next + 1 < r->again_count && r->again[next + 1].serial < r->again[next].serial)
			next++;
		if (last.serial < r->again[next].serial)
			break;
		r->again[at] = r->again[next];
		at = next;
		next = 2 * at + 1;
	}
	r->again[at] = last;
	return first;
}

bool
send_work_next(struct send_run *r, uint64_t now, struct send_job *ret)
{
	if (r->stopping || (!r->again_count && r->issued == r->total))
		return false;
	if (r->options->rate && r->released >= allowed(r, now))
		return false;
	r->tally.resent += r->again_count > 0;
	if (r->again_count > 0)
		*ret = take_again(r);
	else
		*ret = (struct send_job){ .serial = r->issued++,
			.due = r->options->rate ? due_behind(r, r->released) : 0 };
	r->released++;
	return true;
}

/* ---- control IDs -------------------------------------------------------------------------- */

/* The run's ten characters, then ten digits. */
static void
write_fresh_id(const struct send_run *r, uint64_t serial, char *buf)
{
	memcpy(buf, r->id, SEND_ID / 2);
	for (unsigned i = SEND_ID; i > SEND_ID / 2; i--, serial /= 10)
		buf[i - 1] = (char)('0' + serial % 10);
	buf[SEND_ID] = '\0';
}

static const struct send_shot *
shot_of(const struct send_run *r, uint64_t serial)
{
	return &r->load->shots[serial % r->load->count];
}

static struct span
frame_of(const struct send_run *r, const struct send_shot *shot)
{
	return span_of(buffer_span(&r->load->bytes).ptr + shot->at, shot->len);
}

struct span
send_work_id(const struct send_run *r, uint64_t serial, char *buf)
{
	const struct send_shot *shot = shot_of(r, serial);

	if (!shot->has_id)
		return SPAN("");
	if (!r->options->fresh_ids)
		return span_head(span_tail(frame_of(r, shot), shot->id_at), shot->id_len);
	write_fresh_id(r, serial, buf);
	return span_of(buf, SEND_ID);
}

void
send_work_frame(const struct send_run *r, uint64_t serial, struct buffer *out)
{
	const struct send_shot *shot = shot_of(r, serial);
	const struct span frame = frame_of(r, shot);
	char id[SEND_ID + 1];

	if (!r->options->fresh_ids || !shot->has_id) {
		buffer_append(out, frame);
		return;
	}
	buffer_append(out, span_head(frame, shot->id_at));
	buffer_append(out, send_work_id(r, serial, id));
	buffer_append(out, span_tail(frame, shot->id_at + shot->id_len));
}

/* ---- what came of it ---------------------------------------------------------------------- */

static void
stop_unless_going(struct send_run *r)
{
	if (!r->options->keep_going)
		send_stop(r, EX_OK);
}

static void
count_failure(struct send_run *r)
{
	r->tally.failed++;
	stop_unless_going(r);
}

static bool
is_positive(enum send_code code)
{
	return code == SEND_AA || code == SEND_CA;
}

void
send_answered(struct send_run *r, enum send_code code)
{
	r->tally.answered[code]++;
	if (!is_positive(code))
		count_failure(r);
}

void
send_unasked(struct send_run *r, enum send_code code)
{
	r->tally.unasked++;
	if (!is_positive(code))
		count_failure(r);
}

static bool
put_again(struct send_run *r, struct send_job job, enum send_fate fate)
{
	size_t at = r->again_count;

	if (r->again_count == r->again_size) {
		const size_t size = r->again_size ? r->again_size * 2 : 64;
		struct send_job *again = reallocarray(r->again, size, sizeof(*again));

		if (!again)
			return false;
		r->again = again;
		r->again_size = size;
	}
	job.attempt++;
	job.fate = fate;
	r->again_count++;
	for (; at > 0 && job.serial < r->again[(at - 1) / 2].serial; at = (at - 1) / 2)
		r->again[at] = r->again[(at - 1) / 2];
	r->again[at] = job;
	return true;
}

static void
count_fate(struct send_run *r, enum send_fate fate)
{
	uint64_t *const counts[] = {
		[SEND_WRONG_ID] = &r->tally.wrong_id,
		[SEND_UNREADABLE] = &r->tally.unreadable,
		[SEND_TIMED_OUT] = &r->tally.timed_out,
		[SEND_LOST] = &r->tally.lost,
	};

	++*counts[fate];
	r->tally.failed++;
}

void
send_failed(struct send_run *r, struct send_job job, enum send_fate fate)
{
	const bool unanswered = fate == SEND_TIMED_OUT || fate == SEND_LOST;

	if (unanswered && !r->stopping && job.attempt < r->options->resend &&
	    put_again(r, job, fate))
		return;
	count_fate(r, fate);
	stop_unless_going(r);
}

void
send_turned_away(struct send_run *r, uint64_t count)
{
	r->tally.not_awaited -= count;
	r->tally.lost += count;
	r->tally.failed += count;
	if (count > 0)
		stop_unless_going(r);
}

void
send_fail_again(struct send_run *r)
{
	while (r->again_count > 0)
		count_fate(r, r->again[--r->again_count].fate);
}
