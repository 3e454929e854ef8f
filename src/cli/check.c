/* SPDX-License-Identifier: MIT */
/*
 * cli/check.c - hl7note check: is this file fit to be used?
 *
 * The same reading, proving and running of examples that every use of a mapping
 * begins with, with all faults told and a summary of what the file holds.  Of a
 * configuration, the settings and then each mapping it names.
 */
#include "cli/command.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "annotate/examples.h"
#include "cli/mappings.h"
#include "cli/output.h"
#include "cli/say.h"
#include "cli/text.h"
#include "conf/conf.h"
#include "mapping/mapping.h"

static const char *
status_word(enum mapping_status status)
{
	return status == MAPPING_APPROVED  ? "approved"
	       : status == MAPPING_RETIRED ? "retired"
					   : "draft";
}

static const char *
plural(unsigned n)
{
	return n == 1 ? "" : "s";
}

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
	output_printf(o, ", %s: ", status_word(m->status));
	output_printf(o, "%u observation%s, %u code%s; rules: %u on, %u in shadow, %u off; ",
	    m->observation_count, plural(m->observation_count), m->claim_count,
	    plural(m->claim_count), rules[RULE_ON], rules[RULE_SHADOW], rules[RULE_OFF]);
	if (m->example_count == 0)
		output_text(o, "no examples\n");
	else
		output_printf(
		    o, "%u example%s, all hold\n", m->example_count, plural(m->example_count));
}

static int
check_examples(const char *path, const struct mapping *m)
{
	struct faults faults;
	bool held;

	faults_init(&faults, path);
	held = examples_run(m, &faults);
	faults_sort(&faults);
	faults_print(&faults, stderr);
	faults_finish(&faults);
	return held ? EX_OK : EX_CONFIG;
}

static int
check_mapping(struct output *o, const char *path, struct span bytes, bool quiet)
{
	int status;
	struct mapping *m = mappings_compile(path, bytes, &status);

	if (!m)
		return status;
	status = check_examples(path, m);
	if (status == EX_OK && !quiet)
		summarise(o, path, m);
	mapping_destroy(m);
	return status;
}

/* ---- configurations ---- */

typedef int check_bytes(struct output *o, const char *path, struct span bytes, bool quiet);

static int
check_read(struct output *o, const char *path, bool quiet, check_bytes *check)
{
	struct buffer bytes;
	int status = EX_NOINPUT, error;

	buffer_init(&bytes, 0);
	error = mappings_bytes(path, &bytes);
	if (error)
		say_error("cannot read %s: %s", path, strerror(-error));
	else
		status = check(o, path, buffer_span(&bytes), quiet);
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
check_mappings(struct output *o, const struct conf *conf, bool quiet)
{
	int status = EX_OK;

	for (const struct conf_feed *f = conf->feeds; f < conf->feeds + conf->feed_count; f++)
		for (unsigned i = 0; i < f->mapping_count; i++) {
			int got = EX_OK;

			if (!is_checked(conf, f, i))
				got = check_read(o, f->mappings[i].file, quiet, check_mapping);
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
	output_printf(o, "%s: configuration: %u feed%s, %u listener%s\n", path, conf->feed_count,
	    plural(conf->feed_count), listens, plural(listens));
}

static int
check_conf(struct output *o, const char *path, struct span bytes, bool quiet)
{
	struct faults faults;
	struct conf *conf;
	int status = EX_CONFIG;

	faults_init(&faults, path);
	conf = conf_create(bytes, path, &faults);
	faults_sort(&faults);
	faults_print(&faults, stderr);
	faults_finish(&faults);
	if (conf && !quiet)
		summarise_conf(o, path, conf);
	if (conf)
		status = check_mappings(o, conf, quiet);
	conf_destroy(conf);
	return status;
}

static int
check_either(struct output *o, const char *path, struct span bytes, bool quiet)
{
	return (conf_is_configuration(bytes) ? check_conf : check_mapping)(o, path, bytes, quiet);
}

static int
run(const struct command *self, int argc, char **argv)
{
	struct output out;
	struct options o;
	bool quiet = false;
	int letter, status = EX_OK;

	options_init(&o, self, argc, argv);
	while ((letter = options_next(&o)) != OPTIONS_END) {
		if (letter != 'q')
			return o.status;
		quiet = true;
	}
	if (optind == argc)
		return options_misused(self, "which mapping or configuration files?");
	output_init(&out, STDOUT_FILENO, "standard output");
	for (int i = optind; i < argc; i++) {
		const int got = check_read(&out, argv[i], quiet, check_either);

		status = status == EX_OK ? got : status;
	}
	return output_finish(&out) == EX_OK ? status : EX_IOERR;
}

static const struct flag flags[] = {
	{ "quiet", 'q', NULL, "no summary when all is well" },
};

const struct command command_check = {
	.name = "check",
	.synopsis = "[OPTION...] FILE...",
	.summary = "validate mapping and configuration files, run examples",
	.about = "Reads mapping files as every use of them would, tells all their faults as\n"
		 "file:line:column, runs their examples, and says what they hold.  Of a\n"
		 "configuration of hl7noted, the settings and then each mapping it names.\n",
	.flags = flags,
	.flag_count = sizeof(flags) / sizeof(flags[0]),
	.run = run,
};
