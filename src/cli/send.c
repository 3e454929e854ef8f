/* SPDX-License-Identifier: MIT */
/*
 * cli/send.c - hl7note send: replay messages over MLLP and check every answer
 */
#include "cli/send.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/command.h"
#include "cli/input.h"
#include "cli/say.h"

enum {
	CONNECTIONS = FLAG_LONG,
	RATE,
	REPEAT,
	COUNT,
	FRESH_IDS,
	IN_FLIGHT,
	TIMEOUT,
	RESEND,
	KEEP_GOING,
	ONE_SHOT,
	MLLP_SPLIT,
	SEED,
	CR,
	MAX_MESSAGE,
	PROGRESS,
	JSON,
};

static const struct flag flags[] = {
	{ "connections", CONNECTIONS, "N", "so many at once; a message takes a free one" },
	{ "in-flight", IN_FLIGHT, "N", "unanswered messages on a connection (default 1)" },
	{ "rate", RATE, "N", "messages a second in all (default: no limit)" },
	{ "repeat", REPEAT, "N", "send everything so many times" },
	{ "count", COUNT, "N", "N in all, over and over without --repeat" },
	{ "fresh-ids", FRESH_IDS, NULL, "give each message a control ID of its own (MSH-10)" },
	{ "timeout", TIMEOUT, "TIME", "for answers and connecting (default 30s)" },
	{ "resend", RESEND, "N", "send lost or unanswered messages again, N times" },
	{ "keep-going", KEEP_GOING, NULL, "do not stop at the first failure" },
	{ "one-shot", ONE_SHOT, NULL, "a new connection for each message" },
	{ "mllp-split", MLLP_SPLIT, "N|random", "write N bytes at a time" },
	{ "seed", SEED, "N", "begin random sizes elsewhere (default 1)" },
	{ "cr", CR, NULL, "end segments with CR, whatever the file has" },
	{ "max-message", MAX_MESSAGE, "SIZE", "leave longer messages out (default 16M)" },
	{ "progress", PROGRESS, NULL, "every second, how far it is; always on a terminal" },
	{ "json", JSON, NULL, "the summary as a JSON object" },
	{ "tls", SECURE_TLS, NULL, "speak TLS" },
	{ "tls-ca", SECURE_CA, "FILE", "CAs that may vouch for the receiver" },
	{ "tls-cert", SECURE_CERT, "FILE", "our certificate, and its issuers" },
	{ "tls-key", SECURE_KEY, "FILE", "its key (default: in the same file)" },
	{ "tls-crl", SECURE_CRL, "FILE", "what those CAs have revoked" },
	{ "tls-name", SECURE_NAME, "NAME", "the receiver's name (default HOST)" },
	{ "tls-pin", SECURE_PIN, "PIN", "the receiver's key: sha256//BASE64" },
	{ "quiet", 'q', NULL, "no notes, and no summary when all is well" },
};

static int
parse_split(const struct command *self, const char *text, struct send_options *o)
{
	uint64_t n = 0;
	int status = EX_OK;

	if (strcmp(text, "random") != 0)
		status = arguments_count(self, "--mllp-split", text, 1, INT32_MAX, &n);
	o->split = n ? (int64_t)n : SEND_SPLIT_RANDOM;
	return status;
}

static int
parse_number(const struct command *self, int letter, const char *text, struct send_options *o)
{
	const uint64_t most = UINT64_MAX / 16;

	switch (letter) {
	case CONNECTIONS:
		return arguments_count(
		    self, "--connections", text, 1, SEND_CONNECTIONS_MOST, &o->connections);
	case IN_FLIGHT:
		return arguments_count(
		    self, "--in-flight", text, 1, SEND_IN_FLIGHT_MOST, &o->in_flight);
	case RATE:
		return arguments_count(self, "--rate", text, 1, 100000000, &o->rate);
	case REPEAT:
		return arguments_count(self, "--repeat", text, 1, UINT32_MAX, &o->repeat);
	case COUNT:
		return arguments_count(self, "--count", text, 1, most, &o->count);
	case RESEND:
		return arguments_count(self, "--resend", text, 1, 1000000, &o->resend);
	case SEED:
		return arguments_count(self, "--seed", text, 0, most, &o->seed);
	case TIMEOUT:
		return arguments_duration(self, "--timeout", text, &o->timeout);
	case MLLP_SPLIT:
		return parse_split(self, text, o);
	default:
		return arguments_max_message(self, text, &o->limit);
	}
}

static int
take_option(void *ctx, const struct command *self, int letter)
{
	struct send_options *o = ctx;
	const char *text = optarg;

	if (secure_option(&o->secure, letter, text))
		return EX_OK;
	switch (letter) {
	case FRESH_IDS:
		o->fresh_ids = true;
		return EX_OK;
	case KEEP_GOING:
		o->keep_going = true;
		return EX_OK;
	case ONE_SHOT:
		o->one_shot = true;
		return EX_OK;
	case CR:
		o->cr = true;
		return EX_OK;
	case PROGRESS:
		o->progress = true;
		return EX_OK;
	case JSON:
		o->json = true;
		return EX_OK;
	case 'q':
		o->quiet = true;
		say_quietly();
		return EX_OK;
	default:
		return parse_number(self, letter, text, o);
	}
}

static int
parse(const struct command *self, int argc, char **argv, struct send_options *ret)
{
	int status;

	*ret = (struct send_options){ .connections = 1,
		.in_flight = 1,
		.timeout = UINT64_C(30000000000),
		.seed = 1,
		.limit = INPUT_LIMIT };
	status = options_each(self, argc, argv, take_option, ret);
	if (status != EX_OK)
		return status;
	if (!ret->quiet && isatty(STDERR_FILENO))
		ret->progress = true;
	if (ret->timeout == 0)
		return options_misused(self, "--timeout 0: there has to be some time");
	if (ret->one_shot && ret->in_flight > 1)
		return options_misused(self,
		    "--in-flight %llu: --one-shot has one message on a connection",
		    (unsigned long long)ret->in_flight);
	if (optind == argc)
		return options_misused(self, "where to? HOST:PORT");
	return arguments_peer(self, argv[optind++], &ret->peer);
}

/* So many in all; more than 2^60 are as good as endless. */
static uint64_t
total_of(const struct send_options *o, uint64_t shots)
{
	const uint64_t repeat = o->repeat ? o->repeat : 1;
	const uint64_t whole = shots > (UINT64_C(1) << 60) / repeat ? UINT64_C(1) << 60
								    : shots * repeat;

	if (!o->count)
		return whole;
	return o->repeat && whole < o->count ? whole : o->count;
}

static int
run(const struct command *self, int argc, char **argv)
{
	static struct send_run r;
	struct net_tls *tls = NULL;
	struct send_load load = { .count = 0 };
	struct send_options o;
	int loaded, status = parse(self, argc, argv, &o);

	if (status == EX_OK)
		status = secure_context(&o.secure, self, o.peer.host, &tls);
	if (status != EX_OK)
		return status;
	loaded = send_load_files(&load, &o, argv + optind);
	if (load.count > 0 && loaded != EX_OSERR) {
		r = (struct send_run){ .options = &o, .load = &load, .tls = tls };
		r.total = total_of(&o, load.count);
		status = send_report(&r, send_run(&r));
	}
	send_load_finish(&load);
	net_tls_release(tls);
	/* what was wrong with the files came first */
	return loaded == EX_OK || status == EX_IOERR ? status : loaded;
}

const struct command command_send = {
	.name = "send",
	.synopsis = "[OPTION...] HOST:PORT [FILE...]",
	.summary = "replay messages over MLLP and check the answers",
	.about = "Sends the messages in the files, or in standard input, and sums up how they\n"
		 "were answered and how long that took.  Each message takes whichever connection\n"
		 "is free next.\n",
	.flags = flags,
	.flag_count = sizeof(flags) / sizeof(flags[0]),
	.run = run,
};
