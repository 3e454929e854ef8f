/* SPDX-License-Identifier: MIT */
/*
 * Few options are ours; what a feed can be told is told by conf_flag(), in the words of the
 * configuration file.
 */
#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/nearest.h"
#include "config.h"

static const char help[] =
    "usage: hl7noted --listen [ADDRESS:]PORT --forward HOST:PORT [--mapping FILE]...\n"
    "       hl7noted --config FILE [--check]\n"
    "\n"
    "Relays HL7 v2 messages over MLLP and annotates ORU^R01 results on the way.\n"
    "\n"
    "  -c, --config FILE          feeds from a file, see hl7noted.conf(5)\n"
    "      --check                validate configuration and mappings, then exit\n"
    "  -l, --listen [ADDR:]PORT   one feed: where senders connect\n"
    "  -f, --forward HOST:PORT    one feed: the receiver\n"
    "  -m, --mapping FILE         mapping of the feed; may be given again\n"
    "      --mode MODE            relay (default) or store\n"
    "      --store DIRECTORY      where messages of --mode store are kept\n"
    "      --on-failure WHAT      close (default) or reject\n"
    "      --annotate HOW         live (default), shadow or off\n"
    "      --in-flight N          messages outstanding on a connection (default 1)\n"
    "      --ack-timeout TIME     for the receiver's answer (default 30s)\n"
    "      --log-format FORMAT    json (default), logfmt or journal\n"
    "      --log-level LEVEL      error, warning, info (default) or debug\n"
    "      --log-file FILE        instead of standard error\n"
    "      --metrics [ADDR:]PORT  serve /metrics, /healthz and /readyz\n"
    "      --control SOCKET       where hl7note status and queue ask\n"
    "      --debuggable           allow core dumps, debuggers and all system calls\n"
    "      --help, --version\n"
    "\n"
    "HUP reloads, TERM drains and stops, USR1 opens the log file again.\n";

/* Options with one value: three for us, the others for conf_flag(). */
static const char *const texts[] = { "config", "listen", "forward", "mode", "store", "on-failure",
	"annotate", "in-flight", "ack-timeout", "log-format", "log-level", "log-file", "metrics",
	"control" };

enum {
	TEXTS = sizeof(texts) / sizeof(texts[0]),
	PLAIN = 5,      /* those that are not among them */
	OPT_TEXT = 256, /* plus the place in texts */
	OPT_MAPPING = OPT_TEXT + TEXTS,
	OPT_CHECK,
	OPT_DEBUGGABLE,
	OPT_HELP,
	OPT_VERSION,
};

static int
usage(const char *format, const char *what)
{
	fputs("hl7noted: ", stderr);
	fprintf(stderr, format, what);
	fputs("; see hl7noted --help\n", stderr);
	return EX_USAGE;
}

static int
unknown(const char *word)
{
	const char *names[TEXTS + PLAIN] = { "mapping", "check", "debuggable", "help", "version" },
				  *near;
	const char *bare = word + strspn(word, "-");
	const struct span name = span_of(bare, strcspn(bare, "="));
	char begun[512];

	for (size_t i = 0; i < TEXTS; i++)
		names[i + PLAIN] = texts[i];
	if (name.len && nearest_begun(name, names, TEXTS + PLAIN, begun, sizeof(begun)) > 1) {
		fprintf(stderr, "hl7noted: option --%.*s may be %s; see hl7noted --help\n",
		    (int)name.len, name.ptr, begun);
		return EX_USAGE;
	}
	near = nearest_word(name, names, TEXTS + PLAIN);
	fprintf(stderr, "hl7noted: unknown option %s", word);
	if (near)
		fprintf(stderr, "; did you mean --%s?", near);
	fputs("; see hl7noted --help\n", stderr);
	return EX_USAGE;
}

static int
set_text(struct options *o, unsigned index)
{
	const char **const ours[] = { &o->config, &o->listen, &o->forward };

	if (index < sizeof(ours) / sizeof(ours[0])) {
		if (*ours[index]) /* the first would be left out without a word */
			return usage("--%s is given twice; one file holds all feeds, with their "
				     "listeners and receivers",
			    texts[index]);
		*ours[index] = optarg;
		return -1;
	}
	if (o->flag_count == OPTIONS_FLAGS)
		return usage("too many options: --%s", texts[index]);
	o->flags[o->flag_count].name = texts[index];
	o->flags[o->flag_count++].value = optarg;
	return -1;
}

static int
add_mapping(struct options *o)
{
	if (o->mapping_count == OPTIONS_MAPPINGS)
		return usage("too many mappings: %s", optarg);
	o->mappings[o->mapping_count++] = optarg;
	return -1;
}

static int
check_together(const struct options *o, int argc, char **argv)
{
	if (optind < argc)
		return usage("unexpected argument %s", argv[optind]);
	if (o->config && (o->listen || o->forward || o->mapping_count))
		return usage("%s", "--config does not go with --listen, --forward and --mapping");
	if (!o->config && (!o->listen || !o->forward))
		return usage("%s", "give --config, or --listen and --forward");
	return -1;
}

static int
take(struct options *o, int c, const char *word)
{
	switch (c) {
	case 'c':
	case 'l':
	case 'f':
		return set_text(o, c == 'c' ? 0 : c == 'l' ? 1 : 2);
	case 'm':
	case OPT_MAPPING:
		return add_mapping(o);
	case OPT_CHECK:
		o->check = true;
		return -1;
	case OPT_DEBUGGABLE:
		o->debuggable = true;
		return -1;
	case OPT_HELP:
		fputs(help, stdout);
		return EX_OK;
	case OPT_VERSION:
		puts(PACKAGE_NAME " " PACKAGE_VERSION);
		return EX_OK;
	case ':':
		return usage("option %s needs a value", word);
	case '?':
		if (optopt >= OPT_TEXT) /* known, with a value behind = */
			return usage("option %s: it takes no value", word);
		return optopt ? usage("unknown option -%s", (char[]){ (char)optopt, '\0' })
			      : unknown(word);
	default:
		return set_text(o, (unsigned)(c - OPT_TEXT));
	}
}

int
options_read(struct options *o, int argc, char **argv)
{
	struct option longs[TEXTS + PLAIN + 1] = { { "mapping", required_argument, NULL,
						       OPT_MAPPING },
		{ "check", no_argument, NULL, OPT_CHECK },
		{ "debuggable", no_argument, NULL, OPT_DEBUGGABLE },
		{ "help", no_argument, NULL, OPT_HELP },
		{ "version", no_argument, NULL, OPT_VERSION } };
	int c, status = -1;

	*o = (struct options){ 0 };
	for (int i = 0; i < TEXTS; i++)
		longs[PLAIN + i] = (struct option){ texts[i], required_argument, NULL,
			OPT_TEXT + i };
	opterr = 0;
	while (status < 0 && (c = getopt_long(argc, argv, ":c:l:f:m:", longs, NULL)) != -1) {
		bool empty = optarg && !*optarg;
		const char *word = argv[optind - 1];

		status = take(o, empty ? ':' : c, *word ? word : argv[optind - 2]);
	}
	return status < 0 ? check_together(o, argc, argv) : status;
}
