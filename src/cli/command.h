/* SPDX-License-Identifier: MIT */
/*
 * cli/command.h - what a command of hl7note is
 *
 * Each command lives in a file of its own and is known to main.c by this one
 * constant.  Its options are a table, from which parsing, --help and the
 * suggestion for a misspelt option all come.  Exit statuses are those of
 * sysexits.h; 1 says that the command ran well and found a difference.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <stddef.h>

enum { EX_DIFFERENT = 1 };

/* An option.  Letters above 255 stand for options that have a long name only. */
struct flag {
	const char *name;
	int letter;
	const char *argument; /* "FILE"; NULL: takes none */
	const char *help;
};

enum { FLAG_LONG = 256 };

struct command {
	const char *name;
	const char *synopsis; /* behind "hl7note NAME " */
	const char *summary;  /* one line for the list of commands */
	const char *about;    /* lines for its own --help */
	const struct flag *flags;
	size_t flag_count;
	/* an exit status, or OPTIONS_STOP */
	int (*run)(const struct command *self, int argc, char **argv);
};

extern const struct command command_annotate, command_explain, command_verify, command_check,
    command_show, command_send, command_sink, command_status, command_queue;

/* ---- options ------------------------------------------------------------------ */

/* --help or --version was answered: there is no more to do, and all went well. */
enum { OPTIONS_STOP = -1 };

/* All options, each handed to `take` (its argument is in optarg), which answers EX_OK or how to
 * end.  EX_OK when operands follow (from optind), or what the command ends with: OPTIONS_STOP, what
 * `take` answered, EX_USAGE after a mistake that was told. */
typedef int options_take(void *ctx, const struct command *c, int letter);
int options_each(const struct command *c, int argc, char **argv, options_take *take, void *ctx);
/* The mistake is in how the command was called: say it, with where to read more; EX_USAGE. */
int options_misused(const struct command *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void options_version(void);

#endif
