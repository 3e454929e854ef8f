/* SPDX-License-Identifier: MIT */
/*
 * cli/queue_import.c - messages on their way into a queue
 *
 * What was exported is told by the brace in front of it, blanks aside.
 */
#include "cli/queue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/input_window.h"
#include "cli/say.h"
#include "cli/walk.h"
#include "conf/conf.h"
#include "control/body.h"
#include "control/json.h"

static int
tell_no_memory(void)
{
	say_error("out of memory: a message is left out");
	return EX_OSERR;
}

static int
send_message(struct ask *a, struct span body)
{
	struct buffer out;
	bool made;

	buffer_init(&out, 0);
	body_write(&out, body);
	made = !out.failed;
	if (made)
		ask_send(a, buffer_span(&out));
	buffer_finish(&out);
	return made ? EX_OK : tell_no_memory();
}

/* ---- exported lines ---- */

/* EX_DATAERR, not told, when it is none. */
static int
send_line(struct ask *a, struct span line)
{
	struct json_value v;
	struct buffer body;
	int status = EX_DATAERR;

	if (!json_is_object(line) || !json_find(line, "body", &v) || v.kind != JSON_TEXT)
		return EX_DATAERR;
	buffer_init(&body, 0);
	if (body_from_base64(v.text, &body) && body.end > 0)
		status = send_message(a, buffer_span(&body));
	else if (body.failed)
		status = tell_no_memory();
	buffer_finish(&body);
	return status;
}

/* One that is damaged keeps none of the others back. */
static int
send_lines(struct ask *a, FILE *f, const char *path, const char *hint)
{
	unsigned long number = 0, bad = 0, first_bad = 0;
	int error, status = EX_OK;
	char *line = NULL;
	size_t size = 0;
	ssize_t len;

	while ((len = getline(&line, &size, f)) > 0) {
		struct span text = span_of(line, (size_t)len);
		int got;

		number++;
		got = input_blanks(text) < text.len ? send_line(a, text) : EX_OK;
		if (got == EX_DATAERR && bad++ == 0)
			first_bad = number;
		if (got == EX_OSERR)
			status = got;
	}
	error = errno;
	free(line);
	if (bad == 1)
		say_error("%s:%lu: no exported message%s", path, first_bad, hint);
	else if (bad)
		say_error("%s:%lu: no exported message, as %lu lines in all%s", path, first_bad,
		    bad, hint);
	/* without memory for a line it ends, too, and that is no error of the file */
	if (!feof(f)) {
		say_error("%s: %s", path, strerror(error));
		return error == ENOMEM ? EX_OSERR : EX_IOERR;
	}
	return bad && status == EX_OK ? EX_DATAERR : status;
}

/* ---- messages as others write them ---- */

static int
take_piece(void *ctx, struct input *in, const struct input_piece *piece, unsigned long number)
{
	(void)number;
	return piece->kind == INPUT_MESSAGE ? send_message(ctx, input_message_text(in)) : EX_OK;
}

static int
send_messages(struct ask *a, char *path)
{
	static struct output nowhere;
	char *paths[] = { path, NULL };
	struct walk w = { .limit = CONF_MAX_STORED,
		.out = &nowhere,
		.left_out = "left out",
		.ctx = a,
		.piece = take_piece };

	output_init(&nowhere, -1, "nothing");
	return walk_files(&w, paths);
}

/* ---- files ---- */

/* A pipe cannot be read anew once it is known what it holds. */
static bool
is_regular(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

/* Exported ones, or none?  They are read from the beginning afterwards. */
static bool
holds_lines(FILE *f)
{
	int byte = getc(f);

	while (byte != EOF && input_is_blank((char)byte))
		byte = getc(f);
	rewind(f);
	return byte == '{' || byte == EOF;
}

static int
send_file(struct ask *a, char *path)
{
	const bool standard = strcmp(path, "-") == 0;
	const char *name = standard ? "standard input" : path;
	const int fd = input_descriptor(path);
	FILE *f = fd < 0 ? NULL : standard ? stdin : fdopen(fd, "r");
	bool lines_only;
	int status;

	if (!f) {
		status = say_unreadable(name, errno);
		if (fd > STDIN_FILENO)
			close(fd);
		return status;
	}
	lines_only = standard || !is_regular(fd);
	if (lines_only || holds_lines(f))
		status = send_lines(a, f, name, lines_only ? "; HL7 is read from files" : "");
	else
		status = send_messages(a, path);
	if (!standard)
		fclose(f);
	return status;
}

int
queue_send_files(struct ask *a, char **paths)
{
	static char standard[] = "-";
	char *none[] = { standard, NULL };
	int status, first = EX_OK;

	for (char **p = *paths ? paths : none; *p; p++) {
		status = send_file(a, *p);
		first = first == EX_OK ? status : first;
	}
	/* those that were sent are queued, whatever became of others, and are to be counted */
	status = send_message(a, SPAN(""));
	return first == EX_OK ? status : first;
}
