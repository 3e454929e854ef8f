/* SPDX-License-Identifier: MIT */
/*
 * cli/send_load.c - messages from files into memory, framed
 *
 * The bytes of a message are sent as they stand.  Only what is between messages in a
 * file without frames (blank lines, a byte order mark) stays behind.
 */
#include "cli/send.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/input.h"
#include "cli/say.h"
#include "cli/walk.h"
#include "mllp/encoder.h"

struct loading {
	struct send_load *load;
	const struct send_options *options;
	struct walk walk;
	struct output out; /* nothing is written to it; a walk wants one */
	unsigned long without_id;
};

/* ---- one message -------------------------------------------------------------------------- */

/* Does a field such as MSH-15 ask for an answer in every case? */
static bool
asks(struct span field)
{
	return span_eq_nocase(field, SPAN("AL"));
}

/* Enhanced mode: MSH-15 is about the answer on this connection, and where it is empty MSH-16. */
static void
read_asks(const struct hl7_message *m, struct send_shot *shot)
{
	const struct span accept = span_trim(hl7_header(m, 15));
	const struct span application = span_trim(hl7_header(m, 16));
	const struct span first = accept.len ? accept : application;

	shot->awaited = first.len == 0 || asks(first);
	/* an answer to somebody else's message */
	for (size_t i = 1; i < m->count; i++)
		if (m->segments[i].id == HL7_ID('M', 'S', 'A'))
			shot->awaited = false;
	shot->more = !shot->awaited || (accept.len > 0 && application.len > 0);
	shot->later = accept.len > 0 && application.len > 0 &&
		      !span_eq_nocase(application, SPAN("NE"));
}

static void
append_with_cr(struct buffer *out, const struct hl7_message *m)
{
	for (size_t i = 0; i < m->count; i++) {
		buffer_append(out, hl7_segment_text(m, &m->segments[i]));
		buffer_append_char(out, '\r');
	}
}

static void
append_frame(struct loading *g, const struct input *in)
{
	struct buffer *out = &g->load->bytes;

	buffer_append(out, MLLP_HEAD);
	if (g->options->cr)
		append_with_cr(out, &in->message);
	else
		buffer_append(out, input_message_text(in));
	buffer_append(out, MLLP_TAIL);
}

static bool
add_shot(struct send_load *l, const struct send_shot *shot)
{
	if (l->count == l->size) {
		const size_t size = l->size ? l->size * 2 : 64;
		struct send_shot *shots = reallocarray(l->shots, size, sizeof(*shots));

		if (!shots)
			return false;
		l->shots = shots;
		l->size = size;
	}
	l->shots[l->count++] = *shot;
	return true;
}

/* Its end must not stand inside of it. */
static bool
is_one_frame(const struct send_load *l, const struct send_shot *shot)
{
	const struct span frame = span_tail(buffer_span(&l->bytes), shot->at);

	return frame.len < 3 || mllp_can_frame(span_of(frame.ptr + 1, frame.len - 3));
}

static int
load_message(struct loading *g, const struct input *in, unsigned long number)
{
	const struct hl7_message *m = &in->message;
	const struct span id = hl7_header(m, 10);
	struct send_shot shot = { .at = buffer_span(&g->load->bytes).len, .has_id = id.ptr };
	size_t before = m->segments[0].start;

	if (in->framed && !g->options->cr)
		before = 0;
	append_frame(g, in);
	shot.len = buffer_span(&g->load->bytes).len - shot.at;
	if (!is_one_frame(g->load, &shot)) {
		say_error(
		    "%s: message %lu holds the bytes that end a frame, not sent", in->name, number);
		return EX_DATAERR;
	}
	if (id.ptr) {
		shot.id_at = (size_t)(id.ptr - m->bytes.ptr) - before + 1;
		shot.id_len = id.len;
	}
	g->without_id += !id.ptr;
	read_asks(m, &shot);
	if (!g->load->bytes.failed && add_shot(g->load, &shot))
		return EX_OK;
	say_error("out of memory");
	return EX_OSERR;
}

static int
load_piece(void *ctx, struct input *in, const struct input_piece *p, unsigned long number)
{
	struct loading *g = ctx;

	if (p->kind != INPUT_MESSAGE || g->load->bytes.failed)
		return EX_OK;
	return load_message(g, in, number);
}

/* ---- all ---------------------------------------------------------------------------------- */

int
send_load_files(struct send_load *l, const struct send_options *o, char **paths)
{
	static struct loading g;
	int status;

	g = (struct loading){ .load = l, .options = o };
	g.walk = (struct walk){ .limit = o->limit,
		.out = &g.out,
		.left_out = "not sent",
		.ctx = &g,
		.piece = load_piece };
	output_init(&g.out, STDOUT_FILENO, "standard output");
	buffer_init(&l->bytes, 0);
	status = walk_files(&g.walk, paths);
	if (o->fresh_ids && g.without_id > 0)
		say_note("%lu message%s no MSH-10 to replace", g.without_id,
		    g.without_id == 1 ? " has" : "s have");
	return l->bytes.failed ? EX_OSERR : status;
}

void
send_load_finish(struct send_load *l)
{
	buffer_finish(&l->bytes);
	free(l->shots);
}
