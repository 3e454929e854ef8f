/* SPDX-License-Identifier: MIT */
/*
 * cli/verify.c - hl7note verify: does nothing differ but declared edits?
 *
 * Both inputs are read side by side, message against message, so that even big
 * ones need little memory.  What is no message must be the same byte for byte.
 */
#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "annotate/verify.h"
#include "cli/input.h"
#include "cli/mappings.h"
#include "cli/output.h"
#include "cli/say.h"

/* One of the two inputs and its piece at hand. */
struct side {
	struct input in;
	struct input_piece piece;
	size_t done; /* bytes of a piece that is no message, compared already */
};

struct job {
	struct side original, annotated;
	struct mappings mappings; /* none: what notes say is not looked at */
	struct output out;
	struct verify_counts counts;
	unsigned long message; /* the original's, from 1 */
	bool quiet;
};

static struct span
left(const struct side *s)
{
	return span_tail(s->piece.bytes, s->done);
}

static int
without_memory(const struct side *s)
{
	say_error(
	    "%s: out of memory for what begins at byte %" PRIu64, s->in.name, s->piece.offset);
	return EX_OSERR;
}

/* Have something to compare, or be at the end. */
static int
side_next(struct side *s)
{
	while (s->piece.kind == INPUT_MESSAGE || left(s).len == 0) {
		const int error = input_next(&s->in, &s->piece);

		s->done = 0;
		if (error) {
			say_error("cannot read %s: %s", s->in.name, strerror(-error));
			return error == -ENOMEM ? EX_OSERR : EX_IOERR;
		}
		if (s->piece.no_memory)
			return without_memory(s);
		if (s->piece.kind == INPUT_MESSAGE || s->piece.kind == INPUT_END)
			break;
	}
	return EX_OK;
}

static int
differ(struct job *j, size_t offset, const char *place, const char *what)
{
	output_printf(&j->out, "%s: ", j->annotated.in.name);
	if (j->message > 0)
		output_printf(&j->out, "message %lu, ", j->message);
	output_printf(&j->out, "%s%sbyte %" PRIu64 ": %s\n", place, *place ? ", " : "",
	    j->annotated.piece.offset + offset, what);
	return EX_DIFFERENT;
}

/* With -m the notes and flags must be those of the mapping, too. */
static bool
is_made(struct job *j, struct verify_counts *counts, struct diag *reterr)
{
	struct annotation made;

	if (!j->mappings.annotator)
		return true;
	annotate(j->mappings.annotator, &j->original.in.message, &made);
	counts->no_memory = made.skip == SKIP_NO_MEMORY;
	return !counts->no_memory && verify_made(&j->annotated.in.message, &made, reterr);
}

static int
compare_messages(struct job *j)
{
	struct verify_counts counts = { 0 };
	struct diag wrong = { 0 };
	char place[64];

	if (!verify(j->original.piece.bytes, j->annotated.piece.bytes, &counts, &wrong) ||
	    !is_made(j, &counts, &wrong))
		return counts.no_memory ? without_memory(&j->annotated)
					: differ(j, wrong.offset,
					      diag_place(&wrong, place, sizeof(place)), wrong.what);
	j->counts.messages += counts.messages;
	j->counts.changed += counts.changed;
	j->counts.notes += counts.notes;
	j->counts.flags += counts.flags;
	return EX_OK;
}

/* As many bytes as both have. */
static int
compare_bytes(struct job *j)
{
	const struct span a = left(&j->original), b = left(&j->annotated);
	const size_t len = a.len < b.len ? a.len : b.len;
	size_t same = 0;

	if (memcmp(a.ptr, b.ptr, len) != 0) {
		while (a.ptr[same] == b.ptr[same])
			same++;
		return differ(j, j->annotated.done + same, "", "differs from the original");
	}
	j->original.done += len;
	j->annotated.done += len;
	return EX_OK;
}

static int
compare_pieces(struct job *j)
{
	const enum input_kind a = j->original.piece.kind, b = j->annotated.piece.kind;

	if (a == INPUT_MESSAGE || (a == INPUT_TOO_LONG && j->original.piece.first))
		j->message++;
	if (b == INPUT_END)
		return differ(j, 0, "", "ends before the original does");
	if (a == INPUT_END)
		return differ(j, j->annotated.done, "", "goes on where the original ends");
	if (a == INPUT_MESSAGE && b == INPUT_MESSAGE)
		return compare_messages(j);
	if (a == INPUT_MESSAGE || b == INPUT_MESSAGE)
		return differ(j, j->annotated.done, "",
		    a == INPUT_MESSAGE ? "is not the message the original has here"
				       : "is a message, and the original has none here");
	return compare_bytes(j);
}

static int
compare(struct job *j)
{
	for (;;) {
		int status = side_next(&j->original);

		if (status == EX_OK)
			status = side_next(&j->annotated);
		if (status != EX_OK)
			return status;
		if (j->original.piece.kind == INPUT_END && j->annotated.piece.kind == INPUT_END)
			return EX_OK;
		status = compare_pieces(j);
		if (status != EX_OK)
			return status;
	}
}

static void
summarise(struct job *j)
{
	const struct verify_counts *c = &j->counts;

	output_printf(&j->out,
	    "%zu message%s, %zu changed by declared edits alone: %zu note segment%s, %zu flag%s\n",
	    c->messages, c->messages == 1 ? "" : "s", c->changed, c->notes,
	    c->notes == 1 ? "" : "s", c->flags, c->flags == 1 ? "" : "s");
}

static int
compare_files(struct job *j, char **paths)
{
	int status = input_open(&j->original.in, paths[0], INPUT_LIMIT_MOST, NULL);

	if (status != EX_OK)
		return status;
	status = input_open(&j->annotated.in, paths[1], INPUT_LIMIT_MOST, NULL);
	if (status == EX_OK) {
		status = compare(j);
		input_close(&j->annotated.in);
	}
	input_close(&j->original.in);
	return status;
}

static int
take_option(void *ctx, const struct command *self, int letter)
{
	struct job *j = ctx;

	(void)self;
	if (letter == 'm')
		return mappings_add(&j->mappings, optarg);
	j->quiet = true;
	say_quietly();
	return EX_OK;
}

static int
run(const struct command *self, int argc, char **argv)
{
	struct job j = { .quiet = false };
	int status = options_each(self, argc, argv, take_option, &j);

	if (status != EX_OK)
		return status;
	if (argc - optind > 2)
		return options_misused(
		    self, "%s: two files are all it takes, ORIGINAL ANNOTATED", argv[optind + 2]);
	if (argc - optind < 2)
		return options_misused(self, "two files, please: ORIGINAL ANNOTATED");
	if (strcmp(argv[optind], "-") == 0 && strcmp(argv[optind + 1], "-") == 0)
		return options_misused(self, "only one of the two can be standard input");
	output_init(&j.out, STDOUT_FILENO, "standard output");
	if (j.mappings.path_count)
		status = mappings_annotator(&j.mappings);
	if (status == EX_OK)
		status = compare_files(&j, argv + optind);
	mappings_finish(&j.mappings);
	if (status == EX_OK && !j.quiet)
		summarise(&j);
	return output_finish(&j.out) == EX_OK ? status : EX_IOERR;
}

static const struct flag flags[] = {
	{ "mapping", 'm', "FILE", "notes and flags must be those of this mapping file" },
	{ "quiet", 'q', NULL, "no summary when all is well" },
};

const struct command command_verify = {
	.name = "verify",
	.synopsis = "[OPTION...] ORIGINAL ANNOTATED",
	.summary = "prove that nothing but declared edits was changed",
	.about = "Compares an annotated file with its original.  Notes added behind results,\n"
		 "and flags put where there were none, are declared by the note that ends them;\n"
		 "any other difference is told, and the exit status is 1.  What the notes say is\n"
		 "compared only with -m, which may be given several times.\n",
	.flags = flags,
	.flag_count = sizeof(flags) / sizeof(flags[0]),
	.run = run,
};
