/* SPDX-License-Identifier: MIT */
/*
 * cli/walk.c - the loop over files and pieces, and the tally
 */
#include "cli/walk.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>

#include "cli/say.h"

/* What was in one file besides messages. */
struct tally {
	unsigned long messages, envelopes, cut_off, too_long;
	uint64_t foreign, foreign_at; /* bytes in all, and where the first stands */
	uint64_t cut_off_at;
};

static void
keep_first(struct walk *w, int status)
{
	if (w->status == EX_OK)
		w->status = status;
}

static void
say_too_long(struct walk *w, const struct input *in, const struct input_piece *p)
{
	const char *what = in->framed ? "the frame" : "the message";

	if (p->no_memory) {
		say_error("%s: out of memory for %s at byte %" PRIu64 ", %s", in->name, what,
		    p->offset, w->left_out);
		keep_first(w, EX_OSERR);
		return;
	}
	say_error("%s: %s at byte %" PRIu64 " is too long to be held (--max-message %zu), %s",
	    in->name, what, p->offset, w->limit, w->left_out);
	keep_first(w, EX_DATAERR);
}

static void
count(struct walk *w, struct tally *t, const struct input *in, const struct input_piece *p)
{
	switch (p->kind) {
	case INPUT_MESSAGE:
		t->messages++;
		break;
	case INPUT_ENVELOPE:
		t->envelopes++;
		break;
	case INPUT_FOREIGN:
		if (t->foreign == 0)
			t->foreign_at = p->offset;
		t->foreign += p->bytes.len;
		break;
	case INPUT_CUT_OFF:
		if (t->cut_off++ == 0)
			t->cut_off_at = p->offset;
		break;
	case INPUT_TOO_LONG:
		if (p->first) {
			t->messages++;
			t->too_long++;
			say_too_long(w, in, p);
		}
		break;
	case INPUT_FRAMING:
	case INPUT_END:
		break;
	}
}

static void
tell(struct walk *w, const struct tally *t, const char *name)
{
	if (t->messages + t->envelopes + t->cut_off == 0)
		say_error("%s: holds no HL7 message, %s", name, w->left_out);
	else if (t->foreign > 0)
		say_error("%s: %" PRIu64 " byte%s no HL7, the first at byte %" PRIu64 ", %s", name,
		    t->foreign, t->foreign == 1 ? " is" : "s are", t->foreign_at, w->left_out);
	if (t->cut_off > 0)
		say_error("%s: %lu MLLP frame%s no end, the first at byte %" PRIu64 ", %s", name,
		    t->cut_off, t->cut_off == 1 ? " has" : "s have", t->cut_off_at, w->left_out);
	if (t->messages + t->envelopes == 0 || t->foreign > 0 || t->cut_off > 0)
		keep_first(w, EX_DATAERR);
}

/* True when the input was read to its end. */
static bool
walk_pieces(struct walk *w, struct input *in, struct tally *t)
{
	for (;;) {
		struct input_piece p;
		const int error = input_next(in, &p);

		if (error) {
			say_error("cannot read %s: %s", in->name, strerror(-error));
			keep_first(w, error == -ENOMEM ? EX_OSERR : EX_IOERR);
			return false;
		}
		if (p.kind == INPUT_END)
			return true;
		count(w, t, in, &p);
		keep_first(w, w->piece(w->ctx, in, &p, t->messages));
		if (w->out->error)
			return false;
	}
}

static void
walk_file(struct walk *w, const char *path)
{
	struct tally t = { 0 };
	struct input in;
	bool complete;
	int status = input_open(&in, path, w->limit, w->out);

	keep_first(w, status);
	if (status != EX_OK)
		return;
	status = w->begin ? w->begin(w->ctx, &in) : EX_OK;
	keep_first(w, status);
	if (status == EX_OK) {
		complete = walk_pieces(w, &in, &t);
		if (w->end)
			keep_first(w, w->end(w->ctx, complete));
		if (complete)
			tell(w, &t, in.name);
	}
	input_close(&in);
}

int
walk_files(struct walk *w, char **paths)
{
	w->status = EX_OK;
	if (!paths[0])
		walk_file(w, "-");
	for (size_t i = 0; paths[i] && !w->out->error; i++)
		walk_file(w, paths[i]);
	return w->status;
}
