/* SPDX-License-Identifier: MIT */
/*
 * cli/explain.c - hl7note explain: what was decided for each result, and why
 *
 * Prints findings, in words or as JSON; decides nothing itself.  Of the message
 * it shows the control ID, and of a result the value, in its mapping's terms:
 * the output can go into a ticket.
 */
#include "cli/command.h"

#include <getopt.h>
#include <sysexits.h>
#include <unistd.h>

#include "annotate/annotate.h"
#include "cli/arguments.h"
#include "cli/findings.h"
#include "cli/mappings.h"
#include "cli/say.h"
#include "cli/walk.h"

struct job {
	struct mappings mappings;
	struct walk walk;
	struct output out;
	bool json;
};

static int
explain_piece(void *ctx, struct input *in, const struct input_piece *p, unsigned long number)
{
	struct job *j = ctx;
	struct annotation got;
	struct findings f;

	if (p->kind != INPUT_MESSAGE)
		return EX_OK;
	annotate(j->mappings.annotator, &in->message, &got);
	f = (struct findings){
		.file = in->name, .number = number, .message = &in->message, .annotation = &got
	};
	if (j->json)
		findings_json(&j->out, &f);
	else
		findings_text(&j->out, &f);
	if (got.skip != SKIP_NO_MEMORY)
		return EX_OK;
	say_error("%s: message %lu: out of memory, not explained", in->name, number);
	return EX_OSERR;
}

enum { JSON = FLAG_LONG, MAX_MESSAGE };

static int
take_option(void *ctx, const struct command *self, int letter)
{
	struct job *j = ctx;

	switch (letter) {
	case 'm':
		return mappings_add(&j->mappings, optarg);
	case 'q':
		say_quietly();
		return EX_OK;
	case JSON:
		j->json = true;
		return EX_OK;
	default: /* MAX_MESSAGE */
		return arguments_max_message(self, optarg, &j->walk.limit);
	}
}

static int
run(const struct command *self, int argc, char **argv)
{
	struct job j = { .json = false };
	int status;

	j.walk = (struct walk){ .limit = INPUT_LIMIT,
		.out = &j.out,
		.left_out = "not explained",
		.ctx = &j,
		.piece = explain_piece };
	output_init(&j.out, STDOUT_FILENO, "standard output");
	status = options_each(self, argc, argv, take_option, &j);
	if (status != EX_OK)
		return status;
	status = mappings_annotator(&j.mappings);
	if (status == EX_OK)
		status = walk_files(&j.walk, argv + optind);
	mappings_finish(&j.mappings);
	return output_finish(&j.out) == EX_OK ? status : EX_IOERR;
}

static const struct flag flags[] = {
	{ "mapping", 'm', "FILE", "a mapping file; may be given several times" },
	{ "json", JSON, NULL, "one JSON object for each message, one a line" },
	{ "max-message", MAX_MESSAGE, "SIZE", "leave longer messages alone (default 16M)" },
	{ "quiet", 'q', NULL, "no notes, such as that a mapping is a draft" },
};

const struct command command_explain = {
	.name = "explain",
	.synopsis = "[OPTION...] [FILE...]",
	.summary = "say for each result what was decided, and why",
	.about = "Says which results of the messages in the files, or in standard input, are\n"
		 "annotated, by which rules and from which inputs, or why they are left alone.\n"
		 "Of a message only the control ID and the values of such results are shown.\n",
	.flags = flags,
	.flag_count = sizeof(flags) / sizeof(flags[0]),
	.run = run,
};
