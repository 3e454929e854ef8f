/* SPDX-License-Identifier: MIT */
/*
 * cli/input.c - opening, closing, and the pieces of unframed input
 */
#include "cli/input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/input_window.h"
#include "cli/say.h"

int
input_descriptor(const char *path)
{
	struct stat st;
	int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

	if (fd >= 0 && fstat(fd, &st) == 0 && S_ISDIR(st.st_mode)) {
		if (fd != STDIN_FILENO)
			close(fd);
		errno = EISDIR;
		return -1;
	}
	return fd;
}

int
input_open(struct input *in, const char *path, size_t limit, struct output *behind)
{
	const bool is_stdin = strcmp(path, "-") == 0;

	*in = (struct input){ .name = is_stdin ? "standard input" : path,
		.limit = limit,
		.behind = behind,
		.size = INPUT_BLOCK };
	in->fd = input_descriptor(path);
	if (in->fd < 0)
		return say_unreadable(in->name, errno);
	in->data = malloc(in->size);
	if (!in->data) {
		say_error("out of memory");
		input_close(in);
		return EX_OSERR;
	}
	hl7_message_init(&in->message);
	mllp_decoder_init(&in->decoder, SIZE_MAX);
	return EX_OK;
}

void
input_close(struct input *in)
{
	if (in->fd > STDIN_FILENO)
		close(in->fd);
	if (in->data)
		hl7_message_finish(&in->message);
	free(in->data);
	in->data = NULL;
}

/* ---- unframed input --------------------------------------------------------------- */

/* Can a line begin at `at`, blanks and a byte order mark aside? */
static bool
may_follow(struct span w, size_t at)
{
	return at == 0 || memchr("\r\n \t\xbf", w.ptr[at - 1], 5);
}

/*
 * May the piece at the front have its end in the window?  Looking is not free,
 * so a message that arrives byte by byte is looked at only when an ID came that
 * begins a piece, when the window is full, and at the end.
 */
static bool
worth_a_look(const struct input *in)
{
	const struct span w = input_window(in);

	if (in->eof || (in->start == 0 && in->end == in->size))
		return true;
	for (size_t i = in->searched; i + 3 <= w.len; i++) {
		/* all five have an S in second or third place */
		if (w.ptr[i + 1] != 'S' && w.ptr[i + 2] != 'S')
			continue;
		if (may_follow(w, i) && input_piece_id(span_tail(w, i)))
			return true;
	}
	return false;
}

/* What is at the front, if that is sure: 0 with a piece in *ret, or 1. */
static int
look(struct input *in, struct input_piece *ret)
{
	const struct span w = input_window(in);
	enum hl7_piece piece;
	size_t used, slack;

	/* no memory for its index, or beyond what an index can hold */
	if (hl7_message_read(&in->message, w, &piece, &used) != 0)
		return input_skim_from_here(in, INPUT_TOO_LONG, ret);
	if (piece == HL7_PIECE_FOREIGN && used >= INPUT_BLOCK)
		return input_skim_from_here(in, INPUT_FOREIGN, ret);
	/* its last bytes may yet turn out to begin the next piece */
	slack = in->eof || w.len - used >= INPUT_SURE ? 0 : INPUT_SURE;
	if (piece != HL7_PIECE_FOREIGN && used > in->limit + slack)
		return input_skim_from_here(in, INPUT_TOO_LONG, ret);
	if (slack == 0)
		return input_give(in, input_kind_of(piece), used, ret);
	in->searched = used < w.len || used < 3 ? used : used - 2;
	return 1;
}

static int
next_plain(struct input *in, struct input_piece *ret)
{
	for (;;) {
		const struct span w = input_window(in);
		int got = 1;

		if (w.len == 0 && in->eof)
			return input_give(in, INPUT_END, 0, ret);
		if (w.len > 0 && worth_a_look(in))
			got = look(in, ret);
		else
			in->searched = w.len < 3 ? 0 : w.len - 2;
		if (got <= 0)
			return got;
		got = input_fill(in);
		if (got == -ENOMEM)
			return input_skim_from_here(in, INPUT_TOO_LONG, ret);
		if (got < 0)
			return got;
	}
}

/* The caller is done with the last piece. */
static void
take_back(struct input *in)
{
	in->start += in->given;
	in->offset += in->given;
	in->given = 0;
	if (in->start == in->end)
		in->start = in->end = 0;
}

/* MLLP is told by its first byte; line ends in front of it do no harm. */
static int
begin(struct input *in)
{
	size_t at = 0;

	in->begun = true;
	while (!in->eof && at == in->end && at < INPUT_BLOCK) {
		const int error = input_fill(in);

		if (error)
			return error;
		while (at < in->end && at < INPUT_BLOCK && memchr(" \t\r\n", in->data[at], 4))
			at++;
	}
	in->framed = at < in->end && at < INPUT_BLOCK && in->data[at] == MLLP_START;
	return 0;
}

int
input_next(struct input *in, struct input_piece *ret)
{
	const int error = in->begun ? 0 : begin(in);

	if (error)
		return error;
	take_back(in);
	if (in->framed)
		return input_next_framed(in, ret);
	return in->skimming ? input_skim(in, false, ret) : next_plain(in, ret);
}

struct span
input_message_text(const struct input *in)
{
	const struct hl7_message *m = &in->message;
	const size_t start = m->segments[0].start;

	if (in->framed)
		return m->bytes;
	return span_of(m->bytes.ptr + start, m->segments[m->count - 1].next - start);
}
