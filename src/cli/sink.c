/* SPDX-License-Identifier: MIT */
/*
 * cli/sink.c - hl7note sink: a receiver that acknowledges, and misbehaves on request
 *
 * Listens on this machine alone unless told otherwise: what it acknowledges may be
 * kept nowhere.
 */
#include "cli/sink.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/say.h"

enum {
	APPEND = FLAG_LONG,
	CODE,
	COUNT,
	LISTEN,
	PORT_FILE,
	JSON,
	MAX_MESSAGE,
	SEED,
	DELAY,
	REFUSE,
	FAULT, /* and those behind it, in the order of enum sink_fault */
};

static const struct flag flags[] = {
	{ "output", 'o', "DIR", "keep each message in a file of its own" },
	{ "append", APPEND, "FILE", "keep all messages, in frames, in one file" },
	{ "code", CODE, "CODE", "answer AA, AE, AR, CA, CE or CR (default AA)" },
	{ "count", COUNT, "N", "end after so many messages" },
	{ "listen", LISTEN, "ADDRESS", "listen there (default 127.0.0.1; * for all)" },
	{ "port-file", PORT_FILE, "FILE", "write the port there; PORT 0 is any free one" },
	{ "json", JSON, NULL, "the summary as a JSON object" },
	{ "max-message", MAX_MESSAGE, "SIZE", "longest message taken (default 16M)" },
	{ "quiet", 'q', NULL, "no notes, and no summary unless it is JSON" },
	{ "seed", SEED, "N", "begin the chances below elsewhere (default 1)" },
	{ "delay", DELAY, "MIN[-MAX]", "wait before each answer, such as 5ms-20ms" },
	{ "refuse", REFUSE, "CODE:PERCENT", "answer CODE instead; may be given again" },
	{ "close-before-ack", FAULT + SINK_CLOSE_BEFORE, "PERCENT", "close instead of answering" },
	{ "close-after-ack", FAULT + SINK_CLOSE_AFTER, "PERCENT", "close behind the answer" },
	{ "split-ack", FAULT + SINK_SPLIT, "PERCENT", "send the answer in two parts" },
	{ "wrong-id", FAULT + SINK_WRONG_ID, "PERCENT", "answer with another control ID" },
	{ "garbage", FAULT + SINK_GARBAGE, "PERCENT", "send bytes in front of the answer" },
	{ "silent", FAULT + SINK_SILENT, "PERCENT", "do not answer" },
	{ "tls", SECURE_TLS, NULL, "speak TLS" },
	{ "tls-ca", SECURE_CA, "FILE", "CAs that must vouch for senders" },
	{ "tls-cert", SECURE_CERT, "FILE", "our certificate, and its issuers" },
	{ "tls-key", SECURE_KEY, "FILE", "its key (default: in the same file)" },
	{ "tls-crl", SECURE_CRL, "FILE", "what those CAs have revoked" },
	{ "tls-name", SECURE_NAME, "NAME", "the name a sender must have" },
	{ "tls-pin", SECURE_PIN, "PIN", "the key a sender must have: sha256//BASE64" },
};

struct job {
	const struct command *self;
	struct sink_options options;
	struct sink sink;
};

static int
parse_code(struct job *j, const char *text)
{
	if (!sink_code_read(text, strlen(text), &j->options.code))
		return options_misused(j->self, "--code %s: not AA, AE, AR, CA, CE or CR", text);
	return EX_OK;
}

static int
parse_refusal(struct job *j, const char *text)
{
	struct sink_faults *f = &j->options.faults;
	const size_t len = strcspn(text, ":");
	enum sink_code code;
	unsigned percent, sum = 0;

	if (text[len] != ':' || !sink_code_read(text, len, &code) ||
	    !arguments_read_percent(text + len + 1, &percent))
		return options_misused(
		    j->self, "--refuse %s: not CODE:PERCENT, such as AE:5", text);
	if (f->refusal_count == SINK_REFUSALS)
		return options_misused(j->self, "--refuse %s: given too often, %d times at most",
		    text, (int)SINK_REFUSALS);
	f->refusals[f->refusal_count].code = code;
	f->refusals[f->refusal_count++].percent = percent;
	for (unsigned i = 0; i < f->refusal_count; i++)
		sum += f->refusals[i].percent;
	if (sum > ARGUMENTS_ALWAYS)
		return options_misused(j->self, "--refuse %s: more than a hundred in all", text);
	return EX_OK;
}

static int
parse_percent(struct job *j, int letter, const char *text)
{
	char name[32];
	size_t i = 0;

	while (flags[i].letter != letter)
		i++;
	snprintf(name, sizeof(name), "--%s", flags[i].name);
	return arguments_percent(j->self, name, text, &j->options.faults.percent[letter - FAULT]);
}

static int
parse_fault(struct job *j, int letter, const char *text)
{
	struct sink_faults *f = &j->options.faults;

	switch (letter) {
	case SEED:
		return arguments_count(j->self, "--seed", text, 0, UINT64_MAX / 16, &f->seed);
	case DELAY:
		return arguments_durations(
		    j->self, "--delay", text, &f->delay_least, &f->delay_most);
	case REFUSE:
		return parse_refusal(j, text);
	default:
		return parse_percent(j, letter, text);
	}
}

static int
take_option(void *ctx, const struct command *self, int letter)
{
	struct job *j = ctx;
	struct sink_options *o = &j->options;
	const char *text = optarg;

	(void)self;
	if (secure_option(&o->secure, letter, text))
		return EX_OK;
	switch (letter) {
	case 'o':
		j->sink.keep.dir = text;
		return EX_OK;
	case APPEND:
		j->sink.keep.file = text;
		return EX_OK;
	case CODE:
		return parse_code(j, text);
	case COUNT:
		return arguments_count(j->self, "--count", text, 1, UINT64_MAX / 16, &o->count);
	case LISTEN:
		o->listen = text;
		return EX_OK;
	case PORT_FILE:
		o->port_file = text;
		return EX_OK;
	case JSON:
		o->json = true;
		return EX_OK;
	case MAX_MESSAGE:
		return arguments_max_message(j->self, text, &o->limit);
	case 'q':
		o->quiet = true;
		say_quietly();
		return EX_OK;
	default:
		return parse_fault(j, letter, text);
	}
}

static int
parse(struct job *j, int argc, char **argv)
{
	uint64_t port;
	int status = options_each(j->self, argc, argv, take_option, j);

	if (status != EX_OK)
		return status;
	if (optind == argc)
		return options_misused(
		    j->self, "which PORT? such as 2575, or 0 for any that is free");
	if (optind + 1 < argc)
		return options_misused(j->self, "%s: one PORT is all it takes", argv[optind + 1]);
	j->options.port = argv[optind];
	return arguments_count(j->self, "PORT", argv[optind], 0, 65535, &port);
}

static int
run(const struct command *self, int argc, char **argv)
{
	struct job j = { .self = self };
	struct sink_keep *keep = &j.sink.keep;
	int status, closed;

	j.options = (struct sink_options){
		.listen = "127.0.0.1", .code = SINK_ASKED, .limit = INPUT_LIMIT, .faults.seed = 1
	};
	j.sink.options = &j.options;
	status = parse(&j, argc, argv);
	if (status == EX_OK)
		status = secure_context(&j.options.secure, self, NULL, &j.sink.tls);
	if (status != EX_OK)
		return status;
	status = sink_keep_open(keep);
	if (status == EX_OK)
		status = sink_run(&j.sink);
	closed = sink_keep_close(keep);
	net_tls_release(j.sink.tls);
	return status == EX_OK ? closed : status;
}

const struct command command_sink = {
	.name = "sink",
	.synopsis = "[OPTION...] PORT",
	.summary = "receive messages over MLLP and acknowledge them",
	.about = "Acknowledges every message that arrives at the port, keeps it if asked to, and\n"
		 "sums up at the end, which is a signal (INT or TERM) or --count.  With chances\n"
		 "given it misbehaves, in the same way each time it is run with the same seed.\n",
	.flags = flags,
	.flag_count = sizeof(flags) / sizeof(flags[0]),
	.run = run,
};
