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
	char last = '\0';
	int got;

	while ((got = ask_bytes(a, &piece)) > 0) {
		if (!last && is_error(piece))
			return EX_UNAVAILABLE;
		last = piece.ptr[piece.len - 1];
		output_write(o, piece);
	}
	/* a daemon that was killed may leave half an answer */
	if (last == '\n' && got == 0)
		return EX_OK;
	return ask_unavailable(a, got < 0 ? got : -ECONNRESET);
}

struct job {
	const char *path; /* of the socket */
	struct control_request request;
};

static int
ask(const struct job *j)
{
	static struct output o;
	struct ask a;
	int written, status = ask_begin(&a, j->path, &j->request, PATIENCE_SECONDS);

	output_init(&o, STDOUT_FILENO, "standard output");
	if (status == EX_OK)
		status = print_answer(&a, &o);
	ask_end(&a);
	written = output_finish(&o);
	return written != EX_OK ? written : status;
}

static int
take_option(void *ctx, const struct command *self, int letter)
{
	struct job *j = ctx;

	(void)self;
	if (letter == 'j')
		j->request.text = false;
	else
		j->path = optarg;
	return EX_OK;
}

static int
run(const struct command *self, int argc, char **argv)
{
	struct job j = { ask_usual_socket, { .verb = CONTROL_STATUS, .text = true } };
	int status = options_each(self, argc, argv, take_option, &j);

	if (status != EX_OK)
		return status;
	if (optind < argc)
		return options_misused(
		    self, "status takes no operands, so not \"%s\"", argv[optind]);
	return ask(&j);
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
		 "approval.\n",
	.flags = flags,
	.flag_count = sizeof(flags) / sizeof(flags[0]),
	.run = run,
};
