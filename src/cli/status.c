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
#include <stdio.h>
#include <sysexits.h>

#include "cli/ask.h"

enum { PATIENCE_SECONDS = 5 };

/* One line, whatever was asked for. */
static bool
is_error(struct span piece)
{
	return span_eq(span_head(piece, 8), SPAN("{\"error\"")) && ask_is_refused(piece);
}

static int
print_answer(struct ask *a)
{
	struct span piece;
	size_t total = 0;
	int got;

	while ((got = ask_bytes(a, &piece)) > 0) {
		if (!total && is_error(piece))
			return EX_UNAVAILABLE;
		total += piece.len;
		if (fwrite(piece.ptr, 1, piece.len, stdout) != piece.len)
			return EX_IOERR;
	}
	if (got < 0 || !total)
		return ask_unavailable(a, got < 0 ? got : -ECONNRESET);
	return fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}

static int
ask(const char *path, const struct control_request *r)
{
	struct ask a;
	int status = ask_begin(&a, path, r, PATIENCE_SECONDS);

	if (status == EX_OK)
		status = print_answer(&a);
	ask_end(&a);
	return status;
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
