/* SPDX-License-Identifier: MIT */
/*
 * cli/show.c - hl7note show: a message as people can read it
 *
 * Needs no mapping.  Values are shown as they were sent, escapes and all; with
 * --get they are written byte for byte unless a terminal reads them.
 */
#include "cli/command.h"

#include <getopt.h>
#include <inttypes.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/diag.h"
#include "cli/arguments.h"
#include "cli/say.h"
#include "cli/text.h"
#include "cli/tree.h"
#include "cli/walk.h"
#include "hl7/path.h"

struct job {
	struct walk walk;
	struct output out;
	struct tree tree;
	struct hl7_path path;
	bool json, get, terminal;
	bool absent; /* some message had nothing at the path */
};

static void
show_text(struct job *j, const struct input *in, const struct input_piece *p, unsigned long number)
{
	output_printf(&j->out, "%s%s, message %lu, at byte %" PRIu64 "\n", number > 1 ? "\n" : "",
	    in->name, number, p->offset);
}

static void
show_json(struct job *j, const struct input *in, unsigned long number)
{
	const struct hl7_message *m = &in->message;

	output_printf(&j->out, "{\"message\":%lu,\"file\":", number);
	text_json(&j->out, span_str(in->name), TEXT_REPLACE);
	output_text(&j->out, ",\"control_id\":");
	text_json(&j->out, hl7_header(m, 10), TEXT_LATIN1);
	output_text(&j->out, ",\"segments\":");
}

static int
show_message(void *ctx, struct input *in, const struct input_piece *p, unsigned long number)
{
	struct job *j = ctx;
	int error;

	if (p->kind != INPUT_MESSAGE)
		return EX_OK;
	if (j->json) {
		show_json(j, in, number);
		error = tree_json(&j->tree, &j->out, &in->message);
		output_text(&j->out, "}\n");
	} else {
		show_text(j, in, p, number);
		error = tree_text(&j->tree, &j->out, &in->message);
	}
	if (error)
		say_error("%s: message %lu: out of memory", in->name, number);
	return error ? EX_OSERR : EX_OK;
}

static int
get_value(void *ctx, struct input *in, const struct input_piece *p, unsigned long number)
{
	struct job *j = ctx;
	struct span value;

	(void)number;
	if (p->kind != INPUT_MESSAGE)
		return EX_OK;
	value = hl7_path_get(&in->message, &j->path);
	j->absent |= !value.ptr;
	if (j->json && !value.ptr)
		output_text(&j->out, "null");
	else if (j->json)
		text_json(&j->out, value, TEXT_LATIN1);
	else if (j->terminal)
		text_show(&j->out, value);
	else
		output_write(&j->out, value);
	output_text(&j->out, "\n");
	return EX_OK;
}

static int
parse_path(struct job *j, const struct command *self, const char *text)
{
	struct diag wrong;

	if (hl7_path_parse(span_str(text), &j->path, &wrong) != 0)
		return options_misused(
		    self, "--get %s: %s, at character %zu", text, wrong.what, wrong.offset + 1);
	j->get = true;
	j->terminal = isatty(STDOUT_FILENO);
	return EX_OK;
}

enum { JSON = FLAG_LONG, MAX_MESSAGE };

static int
take_option(void *ctx, const struct command *self, int letter)
{
	struct job *j = ctx;

	switch (letter) {
	case 'g':
		return parse_path(j, self, optarg);
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

	j.walk = (struct walk){
		.limit = INPUT_LIMIT, .out = &j.out, .left_out = "not shown", .ctx = &j
	};
	output_init(&j.out, STDOUT_FILENO, "standard output");
	status = options_each(self, argc, argv, take_option, &j);
	if (status != EX_OK)
		return status;
	if (tree_init(&j.tree) != 0) {
		say_error("out of memory");
		return EX_OSERR;
	}
	j.walk.piece = j.get ? get_value : show_message;
	status = walk_files(&j.walk, argv + optind);
	tree_finish(&j.tree);
	if (output_finish(&j.out) != EX_OK)
		return EX_IOERR;
	return status == EX_OK && j.absent ? EX_DIFFERENT : status;
}

static const struct flag flags[] = {
	{ "get", 'g', "PATH", "only the value at PATH, such as OBX[2]-5.1" },
	{ "json", JSON, NULL, "one JSON object for each message, one a line" },
	{ "max-message", MAX_MESSAGE, "SIZE", "leave longer messages out (default 16M)" },
};

const struct command command_show = {
	.name = "show",
	.synopsis = "[OPTION...] [FILE...]",
	.summary = "show messages as a tree of paths and values",
	.about = "Shows each value of the messages in the files, or in standard input, with\n"
		 "its path.  With --get the exit status is 1 when a message has no such value.\n",
	.flags = flags,
	.flag_count = sizeof(flags) / sizeof(flags[0]),
	.run = run,
};
