/* SPDX-License-Identifier: MIT */
/*
 * cli/check.c - hl7note check: is this file fit to be used?
 *
 * The same reading, proving and running of examples that every use of a mapping
 * begins with, with all faults told and a summary of what the file holds.  Of a
 * configuration, the settings and then each mapping it names.
 */
#include "cli/command.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/mappings.h"
#include "cli/output.h"
#include "cli/say.h"
#include "cli/text.h"
#include "conf/conf.h"
#include "mapping/mapping.h"

struct check {
	struct output out;
	bool quiet;
	size_t most_faults; /* told of one file */
};

static void
summarise(struct output *o, const char *path, const struct mapping *m)
{
	unsigned rules[] = { [RULE_ON] = 0, [RULE_SHADOW] = 0, [RULE_OFF] = 0 };

	for (unsigned i = 0; i < m->rule_count; i++)
		rules[m->rules[i]->state]++;
	output_printf(o, "%s: mapping ", path);
	text_show(o, m->id);
	output_text(o, " ");
	text_show(o, m->version);
	output_printf(o, ", %s: ", mapping_status_word(m->status));
	output_printf(o, "%u observation%s, %u code%s; rules: %u on, %u in shadow, %u off; ",
	    m->observation_count, plural(m->observation_count), m->claim_count,
	    plural(m->claim_count), rules[RULE_ON], rules[RULE_SHADOW], rules[RULE_OFF]);
	if (m->example_count == 0)
		output_text(o, "no examples\n");
	else if (m->example_count == 1)
		output_text(o, "1 example, which holds\n");
	else
		output_printf(o, "%u examples, all hold\n", m->example_count);
}

static int
check_mapping(struct check *c, const char *path, struct span bytes)
{
	int status;
	struct mapping *m = mappings_compile(path, bytes, c->most_faults, &status);

	if (m && !c->quiet)
		summarise(&c->out, path, m);
	mapping_destroy(m);
	return status;
}

/* ---- configurations ---- */

/* A file that cannot be read has no place; the one that names it has. */
static int
tell_unreadable(const struct conf *conf, const struct conf_mapping *m, int error)
{
	struct faults faults;

	if (error == ENOMEM)
		return say_unreadable(m->file, error);
	faults_init(&faults, conf->file);
	faults_add(
	    &faults, m->at, "name a file that can be read", "%s: %s", m->file, strerror(error));
	faults_print(&faults, stderr);
	faults_finish(&faults);
	return EX_NOINPUT;
}

static int
check_named(struct check *c, const struct conf *conf, const struct conf_mapping *m)
{
	struct buffer bytes;
	int status, error;

	buffer_init(&bytes, 0);
	error = mappings_bytes(m->file, &bytes);
	if (error)
		status = tell_unreadable(conf, m, -error);
	else
		status = check_mapping(c, m->file, buffer_span(&bytes));
	buffer_finish(&bytes);
	return status;
}

/* Has a feed before `f`, or a mapping before `at` in it, named the file already? */
static bool
is_checked(const struct conf *conf, const struct conf_feed *f, unsigned at)
{
	const char *file = f->mappings[at].file;

	for (const struct conf_feed *g = conf->feeds; g <= f; g++)
		for (unsigned i = 0; i < (g == f ? at : g->mapping_count); i++)
			if (strcmp(g->mappings[i].file, file) == 0)
				return true;
	return false;
}

static int
check_mappings(struct check *c, const struct conf *conf)
{
	int status = EX_OK;

	for (const struct conf_feed *f = conf->feeds; f < conf->feeds + conf->feed_count; f++)
		for (unsigned i = 0; i < f->mapping_count; i++) {
			int got = EX_OK;

			if (!is_checked(conf, f, i))
				got = check_named(c, conf, &f->mappings[i]);
			status = status == EX_OK ? got : status;
		}
	return status;
}

static void
summarise_conf(struct output *o, const char *path, const struct conf *conf)
{
	unsigned listens = 0;

	for (unsigned i = 0; i < conf->feed_count; i++)
		listens += conf->feeds[i].listen_count;
	output_printf(o,
	    "%s: configuration: %u feed%s, %u listener%s; before use: hl7noted --check --config "
	    "%s\n",
	    path, conf->feed_count, plural(conf->feed_count), listens, plural(listens), path);
}

static int
check_conf(struct check *c, const char *path, struct span bytes)
{
	struct faults faults;
	struct conf *conf;
	int status;

	faults_init(&faults, path);
	conf = conf_create(bytes, path, &faults);
	status = faults.no_memory ? EX_OSERR : EX_CONFIG;
	faults_sort(&faults);
	faults_print_first(&faults, c->most_faults, stderr);
	faults_finish(&faults);
	if (conf && !c->quiet)
		summarise_conf(&c->out, path, conf);
	if (conf)
		status = check_mappings(c, conf);
	conf_destroy(conf);
	return status;
}

/* ---- files ---- */

static int
check_file(struct check *c, const char *path)
{
	struct buffer bytes;
	int status, error;

	buffer_init(&bytes, 0);
	error = mappings_bytes(path, &bytes);
	if (error)
		status = say_unreadable(path, -error);
	else if (conf_is_configuration(buffer_span(&bytes)))
		status = check_conf(c, path, buffer_span(&bytes));
	else
		status = check_mapping(c, path, buffer_span(&bytes));
	buffer_finish(&bytes);
	return status;
}

enum { OPTION_ALL = FLAG_LONG };

static int
take_option(void *ctx, const struct command *self, int letter)
{
	struct check *c = ctx;

	(void)self;
	if (letter == 'q')
		c->quiet = true;
	else /* OPTION_ALL */
		c->most_faults = FAULTS_MOST;
	return EX_OK;
}

static int
run(const struct command *self, int argc, char **argv)
{
	struct check c = { .most_faults = MAPPINGS_FAULTS };
	int status = options_each(self, argc, argv, take_option, &c);

	if (status != EX_OK)
		return status;
	if (optind == argc)
		return options_misused(self, "which FILE? mappings or configurations");
	output_init(&c.out, STDOUT_FILENO, "standard output");
	for (int i = optind; i < argc; i++) {
		const int got = check_file(&c, argv[i]);

		status = status == EX_OK ? got : status;
	}
	return output_finish(&c.out) == EX_OK ? status : EX_IOERR;
}

static const struct flag flags[] = {
	{ "all", OPTION_ALL, NULL, "tell up to 1000 faults of a file, not 50" },
	{ "quiet", 'q', NULL, "no summary when all is well" },
};

const struct command command_check = {
	.name = "check",
	.synopsis = "[OPTION...] FILE...",
	.summary = "validate mapping and configuration files, run examples",
	.about = "Reads mapping files as every use of them would, tells their faults as\n"
		 "file:line:column, runs their examples, and says what they hold.  Of a\n"
		 "configuration of hl7noted, the settings and then each mapping it names;\n"
		 "only hl7noted --check looks at the files of TLS, at names of ports, and at\n"
		 "whether a feed may use its mappings: approved ones, one for each code and day.\n",
	.flags = flags,
	.flag_count = sizeof(flags) / sizeof(flags[0]),
	.run = run,
};
