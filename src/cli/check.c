/* SPDX-License-Identifier: MIT */
/*
 * cli/check.c - hl7note check: is this mapping fit to be used?
 *
 * The same reading, proving and running of examples that every use of a mapping
 * begins with, with all faults told and a summary of what the file holds.
 */
#include "cli/command.h"

#include <getopt.h>
#include <stdio.h>
#include <sysexits.h>
#include <unistd.h>

#include "annotate/examples.h"
#include "cli/mappings.h"
#include "cli/output.h"
#include "cli/say.h"
#include "cli/text.h"
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
check_file(struct output *o, const char *path, bool quiet)
{
	int status;
	struct mapping *m = mappings_read(path, &status);

	if (!m)
		return status;
	status = check_examples(path, m);
	if (status == EX_OK && !quiet)
		summarise(o, path, m);
	mapping_destroy(m);
	return status;
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
		return options_misused(self, "which mapping files?");
	output_init(&out, STDOUT_FILENO, "standard output");
	for (int i = optind; i < argc; i++) {
		const int got = check_file(&out, argv[i], quiet);

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
	.summary = "validate mapping files and run their examples",
	.about = "Reads mapping files as every use of them would, tells all their faults as\n"
		 "file:line:column, runs their examples, and says what they hold.\n",
	.flags = flags,
	.flag_count = sizeof(flags) / sizeof(flags[0]),
	.run = run,
};
