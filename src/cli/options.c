/* SPDX-License-Identifier: MIT */
/*
 * cli/options.c - options from a table
 *
 * getopt_long does the parsing; its messages are ours, because an unknown option
 * should name the nearest known one.
 */
#include "cli/command.h"

#include "config.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/nearest.h"
#include "cli/say.h"

static const struct flag common[] = {
	{ "help", 'h', NULL, "say how to use it" },
	{ "version", 'V', NULL, "say which version this is" },
};
enum { COMMON = sizeof(common) / sizeof(common[0]), FLAGS_MOST = 32 };

/* The command's own options, then those that every command has. */
static const struct flag *
flag_at(const struct command *c, size_t i)
{
	return i < c->flag_count ? &c->flags[i] : &common[i - c->flag_count];
}

static size_t
flag_count(const struct command *c)
{
	return c->flag_count + COMMON;
}

/* As getopt_long() wants them. */
struct options {
	char letters[2 * FLAGS_MOST + 2];
	struct option longs[FLAGS_MOST + 1];
};

static void
spell(struct options *ret, const struct command *c)
{
	char *p = ret->letters;

	*ret = (struct options){ 0 };
	*p++ = ':'; /* a missing argument is told from an unknown option */
	for (size_t i = 0; i < flag_count(c); i++) {
		const struct flag *f = flag_at(c, i);

		ret->longs[i] = (struct option){ f->name,
			f->argument ? required_argument : no_argument, NULL, f->letter };
		if (f->letter < FLAG_LONG)
			*p++ = (char)f->letter;
		if (f->letter < FLAG_LONG && f->argument)
			*p++ = ':';
	}
}

void
options_version(void)
{
	puts("hl7note " PACKAGE_VERSION);
}

/* As it is given; its length. */
static int
spell_flag(const struct flag *f, char *buf, size_t size)
{
	char letter[8] = "    ";

	if (f->letter < FLAG_LONG)
		snprintf(letter, sizeof(letter), "-%c, ", f->letter);
	return snprintf(buf, size, "%s--%s%s%s", letter, f->name, f->argument ? " " : "",
	    f->argument ? f->argument : "");
}

static void
print_flags(const struct command *c)
{
	char left[64];
	int width = 0;

	for (size_t i = 0; i < flag_count(c); i++) {
		const int len = spell_flag(flag_at(c, i), left, sizeof(left));

		width = len > width ? len : width;
	}
	for (size_t i = 0; i < flag_count(c); i++) {
		spell_flag(flag_at(c, i), left, sizeof(left));
		printf("  %-*s  %s\n", width, left, flag_at(c, i)->help);
	}
}

static void
print_help(const struct command *c)
{
	printf("usage: hl7note %s %s\n\n%s\n", c->name, c->synopsis, c->about);
	print_flags(c);
	printf("\nMore in hl7note(1).\n");
}

int
options_misused(const struct command *c, const char *format, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	say_error("%s (see hl7note %s --help)", line, c->name);
	return EX_USAGE;
}

static const struct flag *
flag_of(const struct command *c, int letter)
{
	for (size_t i = 0; i < flag_count(c); i++)
		if (flag_at(c, i)->letter == letter)
			return flag_at(c, i);
	return NULL;
}

/* optopt is 0 for an unknown long option, the letter of an unknown short one, and that of a known
 * one which was given an argument it does not take. */
static int
unknown(const struct command *c, const char *name)
{
	const struct flag *known = optopt ? flag_of(c, optopt) : NULL;
	const char *names[FLAGS_MOST];
	char hint[512];
	struct span word;

	if (known)
		return options_misused(c, "option --%s takes no argument", known->name);
	if (optopt)
		return options_misused(c, "unknown option -%c", optopt);
	name += strspn(name, "-");
	word = span_of(name, strcspn(name, "="));
	for (size_t i = 0; i < flag_count(c); i++)
		names[i] = flag_at(c, i)->name;
	if (word.len && nearest_begun(word, names, flag_count(c), hint, sizeof(hint)) > 1)
		return options_misused(c, "option --%.*s may be %s", (int)word.len, name, hint);
	say_nearest("--", nearest_word(word, names, flag_count(c)), hint, sizeof(hint));
	return options_misused(c, "unknown option --%.*s%s", (int)word.len, name, hint);
}

static int
incomplete(const struct command *c, int letter)
{
	const struct flag *f = flag_of(c, letter);

	return options_misused(c, "option --%s needs an argument: %s", f->name, f->argument);
}

int
options_each(const struct command *c, int argc, char **argv, options_take *take, void *ctx)
{
	struct options o;
	int letter, status = EX_OK;

	spell(&o, c);
	opterr = 0;
	optind = 1;
	while (
	    status == EX_OK && (letter = getopt_long(argc, argv, o.letters, o.longs, NULL)) != -1) {
		switch (letter) {
		case 'h':
			print_help(c);
			return OPTIONS_STOP;
		case 'V':
			options_version();
			return OPTIONS_STOP;
		case ':':
			return incomplete(c, optopt);
		case '?':
			return unknown(c, argv[optind - 1]);
		default:
			if (optarg && !*optarg)
				return incomplete(c, letter);
			status = take(ctx, c, letter);
		}
	}
	return status;
}
