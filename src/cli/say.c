/* SPDX-License-Identifier: MIT */
/*
 * cli/say.c - one line, one write
 *
 * Standard error is unbuffered: a line is put together first, so that lines of
 * several processes in one pipeline do not mix.
 */
#include "cli/say.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

static const char *speaker;
static bool quiet;

void
say_as(const char *command)
{
	speaker = command;
}

void
say_quietly(void)
{
	quiet = true;
}

static void
say(const char *format, va_list ap)
{
	char line[2048];
	int n = snprintf(
	    line, sizeof(line), "hl7note%s%s: ", speaker ? " " : "", speaker ? speaker : "");
	int more = vsnprintf(line + n, sizeof(line) - (size_t)n - 1, format, ap);

	n += more < 0 ? 0 : more;
	if ((size_t)n > sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n] = '\n';
	fwrite(line, 1, (size_t)n + 1, stderr);
}

void
say_error(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	say(format, ap);
	va_end(ap);
}

int
say_unreadable(const char *name, int error)
{
	if (error == ENOMEM) {
		say_error("cannot read %s: out of memory", name);
		return EX_OSERR;
	}
	say_error("cannot read %s: %s; name a file that can be read", name, strerror(error));
	return EX_NOINPUT;
}

void
say_note(const char *format, ...)
{
	va_list ap;

	if (quiet)
		return;
	va_start(ap, format);
	say(format, ap);
	va_end(ap);
}

const char *
say_nearest(const char *dashes, const char *nearest, char *buf, unsigned size)
{
	buf[0] = '\0';
	if (nearest)
		snprintf(buf, size, "; did you mean %s%s?", dashes, nearest);
	return buf;
}
