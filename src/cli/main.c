/* SPDX-License-Identifier: MIT */
/*
 * cli/main.c - find the command and run it
 */
#include "cli/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/nearest.h"
#include "cli/memory.h"
#include "cli/say.h"

static const struct command *const commands[] = {
	&command_annotate,
	&command_explain,
	&command_verify,
	&command_check,
	&command_show,
	&command_send,
	&command_sink,
	&command_status,
	&command_queue,
};
enum { COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static int
print_help(void)
{
	puts("usage: hl7note COMMAND [OPTION...] [FILE...]\n"
	     "\n"
	     "Adds interpretation comments and abnormal flags to HL7 v2 laboratory results,\n"
	     "shows what would be added and why, and proves that nothing else changed.\n");
	for (size_t i = 0; i < COMMANDS; i++)
		printf("  %-10s %s\n", commands[i]->name, commands[i]->summary);
	puts("\n"
	     "hl7note COMMAND --help says more about one command, hl7note --version which\n"
	     "version this is.  The manual is hl7note(1).");
	return EX_OK;
}

static const struct command *
command_find(const char *name)
{
	for (size_t i = 0; i < COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static int
unknown_command(const char *name)
{
	const char *names[COMMANDS];
	char hint[128];

	for (size_t i = 0; i < COMMANDS; i++)
		names[i] = commands[i]->name;
	say_nearest("", nearest_word(span_str(name), names, COMMANDS), hint, sizeof(hint));
	say_error("unknown %s %s%s (see hl7note --help)", name[0] == '-' ? "option" : "command",
	    name, hint);
	return EX_USAGE;
}

/* hl7note help [COMMAND] is what people type before they know our options. */
static int
help(int argc, char **argv)
{
	const struct command *c = argc > 1 ? command_find(argv[1]) : NULL;
	char option[] = "--help";
	char *args[] = { argv[1], option, NULL };

	if (argc > 1 && !c)
		return unknown_command(argv[1]);
	return c ? c->run(c, 2, args) : print_help();
}

static int
run(int argc, char **argv)
{
	const struct command *c = argc > 0 ? command_find(argv[0]) : NULL;

	if (argc == 0) {
		say_error("which command? (see hl7note --help)");
		return EX_USAGE;
	}
	if (c) {
		say_as(c->name);
		return c->run(c, argc, argv);
	}
	if (strcmp(argv[0], "--help") == 0 || strcmp(argv[0], "-h") == 0)
		return print_help();
	if (strcmp(argv[0], "help") == 0)
		return help(argc, argv);
	if (strcmp(argv[0], "--version") == 0 || strcmp(argv[0], "-V") == 0) {
		options_version();
		return EX_OK;
	}
	return unknown_command(argv[0]);
}

/*
 * A file opened while 0, 1 or 2 is free would be taken for standard input or
 * output.  What takes their place fails when it is used, as it should.
 */
static void
hold_standard_files(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0)
			(void)open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

/* Help and versions go through stdio. */
static int
finish_stdout(void)
{
	const bool lost = ferror(stdout);

	if (fflush(stdout) == 0 && !lost)
		return EX_OK;
	if (errno != EPIPE)
		say_error("cannot write standard output: %s", strerror(errno));
	return EX_IOERR;
}

int
main(int argc, char **argv)
{
	int status;

	hold_standard_files();
	/* a reader that went away is an error of write(), not the end of the process */
	signal(SIGPIPE, SIG_IGN);
	memory_for_files();
	status = run(argc > 0 ? argc - 1 : 0, argv + (argc > 0));
	return status == EX_OK || status == OPTIONS_STOP ? finish_stdout() : status;
}
