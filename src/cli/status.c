/* SPDX-License-Identifier: MIT */
/*
 * cli/status.c - hl7note status: ask the running daemon
 *
 * What comes back is printed as it is: the daemon knows both how people and how
 * machines read it.
 */
#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/output.h"

enum { PATIENCE_SECONDS = 5 };

/* One line, whatever was asked for. */
static bool
is_error(struct span piece)
{
	return span_eq(span_head(piece, 8), SPAN("{\"error\"")) && ask_is_refused(piece);
}

static int
print_answer(struct ask *a, struct output *o)
{
	struct span piece;
	size_t total = 0;
	int got;

	while ((got = ask_bytes(a, &piece)) > 0) {
		if (!total && is_error(piece))
			return EX_UNAVAILABLE;
		total += piece.len;
		output_write(o, piece);
	}
	return got < 0 || !total ? ask_unavailable(a, got < 0 ? got : -ECONNRESET) : EX_OK;
}

static int
ask(const char *path, const struct control_request *r)
{
	static struct output o;
	struct ask a;
	int written, status = ask_begin(&a, path, r, PATIENCE_SECONDS);

	output_init(&o, STDOUT_FILENO, "standard output");
	if (status == EX_OK)
		status = print_answer(&a, &o);
	ask_end(&a);
	written = output_finish(&o);
	return written != EX_OK ? written : status;
}

static int
run(const struct command *self, int argc, char **argv)
{
	struct control_request r = { .verb = CONTROL_STATUS, .text = true };
	const char *path = ask_usual_socket;
	struct options o;
	int letter;

	options_init(&o, self, argc, argv);
	while ((letter = options_next(&o)) != OPTIONS_END) {
		if (letter == OPTIONS_STOP)
			return o.status;
		if (letter == 'j')
			r.text = false;
		else
			path = optarg;
	}
	if (optind < argc)
		return options_misused(
		    self, "status takes no operands, so not \"%s\"", argv[optind]);
	return ask(path, &r);
}

static const struct flag flags[] = {
	{ "control", 'c', "SOCKET", "the daemon's control socket (/run/hl7noted/control)" },
	{ "json", 'j', NULL, "one JSON document for machines" },
};

const struct command command_status = {
	.name = "status",
	.synopsis = "[--control SOCKET] [--json]",
	.summary = "ask the running daemon how it is",
	.about = "Prints feeds, connections, counts, the last message and the last error, what\n"
		 "waits in the queue, and the mappings in force with version, checksum and\n"
		 "approval.",
	.flags = flags,
	.flag_count = sizeof(flags) / sizeof(flags[0]),
	.run = run,
};
