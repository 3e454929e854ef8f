/* SPDX-License-Identifier: MIT */
/*
 * cli/annotate.c - hl7note annotate: messages in, annotated messages out
 *
 * The output is the input with edits; whatever is no message goes through as it
 * came, so the command can stand in any pipe.
 */
#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "annotate/annotate.h"
#include "cli/arguments.h"
#include "cli/diff.h"
#include "cli/mappings.h"
#include "cli/outfile.h"
#include "cli/say.h"
#include "cli/walk.h"

struct job {
	struct mappings mappings;
	struct walk walk;
	struct output out;
	struct outfile copy;
	const char *dir, *when; /* -o, --color */
	bool diff, colour;
};

/* What -o calls the copy of an input. */
static const char *
copy_name(const char *path)
{
	return strcmp(path, "-") == 0 ? "stdin" : outfile_name(path);
}

static int
begin_copy(void *ctx, const struct input *in)
{
	struct job *a = ctx;
	const int error = outfile_open(
	    &a->copy, a->dir, in->fd == STDIN_FILENO ? "stdin" : in->name);

	if (error) {
		say_error("cannot write into %s: %s", a->dir, strerror(-error));
		return EX_CANTCREAT;
	}
	output_init(&a->out, a->copy.fd, a->copy.path);
	return EX_OK;
}

static int
end_copy(void *ctx, bool complete)
{
	struct job *a = ctx;
	const int status = output_finish(&a->out);
	int error;

	a->out.name = a->dir;
	error = outfile_close(&a->copy, complete && status == EX_OK);
	if (!error || status != EX_OK)
		return status;
	say_error("cannot write into %s: %s", a->dir, strerror(-error));
	return EX_CANTCREAT;
}

/* Faults of ours, as opposed to results we rightly leave alone. */
static int
message_status(const struct input *in, unsigned long number, enum skip skip)
{
	if (skip == SKIP_NO_MEMORY) {
		say_error("%s: message %lu: out of memory, passed unchanged", in->name, number);
		return EX_OSERR;
	}
	if (skip == SKIP_PROOF_FAILED) {
		say_error("%s: message %lu: undoing the changes did not give back the original, "
			  "passed unchanged; please report this",
		    in->name, number);
		return EX_SOFTWARE;
	}
	return EX_OK;
}

static int
annotate_piece(void *ctx, struct input *in, const struct input_piece *p, unsigned long number)
{
	struct job *a = ctx;
	struct annotation got;

	if (p->kind != INPUT_MESSAGE) {
		if (!a->diff)
			output_write(&a->out, p->bytes);
		return EX_OK;
	}
	annotate(a->mappings.annotator, &in->message, &got);
	if (a->diff)
		diff_print(&a->out, &in->message, &got, in->name, number, a->colour);
	else
		output_iovec(&a->out, got.iov, got.iov_count);
	return message_status(in, number, got.skip);
}

static int
check_names(const struct command *c, char **paths)
{
	for (size_t i = 0; paths[i]; i++)
		for (size_t j = 0; j < i; j++)
			if (strcmp(copy_name(paths[i]), copy_name(paths[j])) == 0)
				return options_misused(c,
				    "-o: %s and %s would be written to one file", paths[j],
				    paths[i]);
	return EX_OK;
}

/* The file we would put in place of an input may be that input. */
static int
check_dir(const struct job *a, const struct command *c, char **paths)
{
	if (mkdir(a->dir, 0777) != 0 && errno != EEXIST) {
		say_error("cannot make directory %s: %s", a->dir, strerror(errno));
		return EX_CANTCREAT;
	}
	for (size_t i = 0; paths[i]; i++) {
		char target[4096];
		struct stat from, to;

		snprintf(target, sizeof(target), "%s/%s", a->dir, copy_name(paths[i]));
		if (stat(paths[i], &from) == 0 && stat(target, &to) == 0 &&
		    from.st_dev == to.st_dev && from.st_ino == to.st_ino)
			return options_misused(c, "-o: %s would be replaced", paths[i]);
	}
	return check_names(c, paths);
}

enum { COLOUR = FLAG_LONG, DIFF, MAX_MESSAGE };

static int
take_option(void *ctx, const struct command *self, int letter)
{
	struct job *a = ctx;

	switch (letter) {
	case 'm':
		return mappings_add(&a->mappings, optarg);
	case 'o':
		a->dir = optarg;
		return EX_OK;
	case 'q':
		say_quietly();
		return EX_OK;
	case DIFF:
		a->diff = true;
		return EX_OK;
	case COLOUR:
		a->when = optarg;
		return EX_OK;
	default: /* MAX_MESSAGE */
		return arguments_max_message(self, optarg, &a->walk.limit);
	}
}

static int
parse(struct job *a, const struct command *self, int argc, char **argv)
{
	int status = options_each(self, argc, argv, take_option, a);

	if (status != EX_OK)
		return status;
	if (!diff_colour(a->when, &a->colour))
		return options_misused(self, "--color %s: not auto, always or never", a->when);
	if (a->diff && a->dir)
		return options_misused(self, "--diff and -o do not go together");
	return a->dir ? check_dir(a, self, argv + optind) : EX_OK;
}

static int
run(const struct command *self, int argc, char **argv)
{
	struct job a = { .when = "auto" };
	int status;

	a.walk = (struct walk){ .limit = INPUT_LIMIT,
		.out = &a.out,
		.left_out = "passed unchanged",
		.ctx = &a,
		.piece = annotate_piece };
	output_init(&a.out, STDOUT_FILENO, "standard output");
	status = parse(&a, self, argc, argv);
	if (status != EX_OK)
		return status;
	if (a.dir) {
		a.walk.begin = begin_copy;
		a.walk.end = end_copy;
	}
	status = mappings_annotator(&a.mappings);
	if (status == EX_OK)
		status = walk_files(&a.walk, argv + optind);
	mappings_finish(&a.mappings);
	if (!a.dir && output_finish(&a.out) != EX_OK)
		status = EX_IOERR;
	return status;
}

static const struct flag flags[] = {
	{ "mapping", 'm', "FILE", "a mapping file; may be given several times" },
	{ "output", 'o', "DIR", "write one file for each input into DIR" },
	{ "diff", DIFF, NULL, "show what would change instead" },
	{ "color", COLOUR, "WHEN", "colour in --diff: auto, always, never" },
	{ "max-message", MAX_MESSAGE, "SIZE", "leave longer messages alone (default 16M)" },
	{ "quiet", 'q', NULL, "no notes, such as that a mapping is a draft" },
};

const struct command command_annotate = {
	.name = "annotate",
	.synopsis = "[OPTION...] [FILE...]",
	.summary = "add comments and flags to the results in messages",
	.about = "Annotates the messages in the files, or in standard input, and writes them\n"
		 "to standard output.  Bytes that no rule changes leave as they came, and so\n"
		 "does what is no HL7 (exit status 65 then).\n",
	.flags = flags,
	.flag_count = sizeof(flags) / sizeof(flags[0]),
	.run = run,
};
