/* SPDX-License-Identifier: MIT */
/*
 * cli/input.h - a file or a pipe, one piece at a time
 *
 * Input is one message, several, batches of them, or MLLP frames around any of
 * these (told by a 0x0B in front).  Every byte is in exactly one piece and the
 * pieces come in order, so writing the bytes of all pieces copies the input.
 *
 * Memory is bounded: a message is held whole only up to `limit`; a longer one,
 * and bytes that are no HL7, come in parts.  Where the reads happened to be cut
 * makes no difference to what is found.  Without frames a message ends where the
 * next one begins, so the last one is known only when the input ends; what counts
 * for the limit is from its MSH to there, not the blank lines in front of it.
 */
#ifndef CLI_INPUT_H
#define CLI_INPUT_H

#include <stdbool.h>
#include <stdint.h>

#include "hl7/message.h"
#include "mllp/decoder.h"

struct output;

enum input_kind {
	INPUT_END,
	INPUT_MESSAGE,  /* a message, indexed in input->message */
	INPUT_ENVELOPE, /* header or trailer of a batch or file */
	INPUT_FRAMING,  /* MLLP's bytes, and blanks between frames */
	INPUT_FOREIGN,  /* no HL7 */
	INPUT_CUT_OFF,  /* a frame without its end */
	INPUT_TOO_LONG, /* a message, or a frame, beyond the limit, or what memory is left */
};

struct input_piece {
	enum input_kind kind;
	struct span bytes; /* until the next call */
	uint64_t offset;   /* of bytes in the input */
	bool first;        /* false: more of what the last call gave */
	bool no_memory;    /* for what is called too long, whose length is within the limit */
};

enum { INPUT_BLOCK = 256 << 10, INPUT_LIMIT = 16 << 20, INPUT_LIMIT_MOST = 1 << 30 };

/* What a frame in the window still has to give, in this order. */
enum input_part { PART_JUNK, PART_START, PART_BODY, PART_END, PARTS };

struct input {
	const char *name; /* for messages */
	int fd;
	size_t limit;
	struct output *behind; /* flushed before waiting for more; may be NULL */
	struct hl7_message message;

	char *data; /* the window: start to end hold bytes not yet done with */
	size_t start, end, size;
	size_t given;    /* bytes of the window the last piece had */
	uint64_t offset; /* of `start` in the input */
	bool eof;
	bool begun, framed;
	bool in_parts; /* the last piece is to be gone on with */

	/* without frames: the piece at `start` */
	enum hl7_piece piece; /* NONE: not known yet */
	bool too_long, no_memory;
	size_t front;    /* its mark and blank lines */
	size_t sure;     /* bytes that belong to it, whatever follows */
	bool in_line;    /* there it is in a line, not behind the end of one */
	char terminator; /* of its lines: CR, LF, or 0 for both */

	/* with frames */
	size_t parts[PARTS];
	struct mllp_decoder decoder;
};

/* What can be read: "-" is standard input, and a directory is no file.  -1 and errno. */
int input_descriptor(const char *path);
/* The same, piece by piece.  EX_OK, or what was said on standard error: EX_NOINPUT, EX_OSERR. */
int input_open(struct input *in, const char *path, size_t limit, struct output *behind);
void input_close(struct input *in);
/* 0, or a negative errno code of a read. */
int input_next(struct input *in, struct input_piece *ret);
/* The message that was given last; without frames, not what stands between it and others: blank
 * lines, a byte order mark. */
struct span input_message_text(const struct input *in);

#endif
