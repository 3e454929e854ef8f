/* SPDX-License-Identifier: MIT */
/*
 * cli/input.c - opening, closing, and telling whether there are frames
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
		.size = INPUT_BLOCK,
		.piece = HL7_PIECE_NONE };
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
		at += input_blanks(span_tail(input_window(in), at));
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
	return in->framed ? input_next_framed(in, ret) : input_next_plain(in, ret);
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
